#include "net/retry.hpp"

#include <poll.h>

#include <algorithm>
#include <charconv>

#include "net/curl.hpp"

namespace net {
namespace {

using std::chrono::milliseconds;

bool may_pass(const Answer& answer) {
  if (answer.trouble)
    return answer.trouble->kind == Trouble::Kind::unreachable ||
           answer.trouble->kind == Trouble::Kind::silent ||
           answer.trouble->kind == Trouble::Kind::dropped;
  switch (answer.response.status) {
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      return false;
  }
}

// Source: RFC 9110, 10.2.3: a number of seconds or a date.
milliseconds retry_after(const Answer& answer, std::chrono::system_clock::time_point now) {
  const std::string text = answer.response.header("retry-after");
  if (text.empty()) return milliseconds(0);
  long seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    const time_t date = curl().getdate(text.c_str(), nullptr);
    if (date == -1) return milliseconds(0);
    seconds = static_cast<long>(date - std::chrono::system_clock::to_time_t(now));
  }
  return milliseconds(std::clamp(seconds, 0L, 86400L) * 1000);
}

}  // namespace

std::optional<milliseconds> wait_before_next(const Retry& retry, int attempt, const Answer& answer,
                                             std::chrono::system_clock::time_point now) {
  if (attempt >= retry.attempts || !may_pass(answer)) return std::nullopt;
  const milliseconds doubled = retry.first_wait * (1L << std::min(attempt - 1, 16));
  const milliseconds wait = std::max(doubled, retry_after(answer, now));
  if (wait > retry.longest_wait) return std::nullopt;
  return wait;
}

bool wait_for(milliseconds wait, const std::function<bool()>& stop) {
  const auto end = std::chrono::steady_clock::now() + wait;
  for (;;) {
    if (stop()) return false;
    const auto left =
        std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    ::poll(nullptr, 0, static_cast<int>(std::min<long>(left.count(), 100)));
  }
}

}  // namespace net
