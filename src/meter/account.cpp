#include "meter/account.hpp"

#include <algorithm>
#include <cmath>

namespace meter {
namespace {

constexpr Nanos burst = 1'000'000'000;

// The pipe's next free moment after `bytes` that are ready at `ready`.
Nanos through(Nanos& free_at, Nanos ready, std::uint64_t bytes, double bytes_per_second) {
  if (bytes == 0 || bytes_per_second <= 0) return ready;
  free_at = std::max(free_at, ready) +
            static_cast<Nanos>(std::llround(static_cast<double>(bytes) * 1e9 / bytes_per_second));
  return free_at;
}

}  // namespace

std::optional<Nanos> Account::admit(Nanos now) {
  if (profile_.requests_per_second <= 0) return now;
  const auto each = static_cast<Nanos>(std::llround(1e9 / profile_.requests_per_second));
  const std::lock_guard lock(mutex_);
  const Nanos used = std::max(all_used_until_, now);
  if (used + each <= now + burst) {
    all_used_until_ = used + each;
    return now;
  }
  if (profile_.over_limit == CostProfile::OverLimit::refuse) return std::nullopt;
  all_used_until_ = used + each;
  return used + each - burst;
}

Nanos Account::finish(Nanos start, const Cost& cost) {
  const Nanos ready = start + cost.latency;
  if (cost.up == 0 && cost.down == 0) return ready;
  const std::lock_guard lock(mutex_);
  return std::max({ready + cost.transfer,
                   through(up_free_at_, ready, cost.up, profile_.bandwidth.all_up),
                   through(down_free_at_, ready, cost.down, profile_.bandwidth.all_down)});
}

}  // namespace meter
