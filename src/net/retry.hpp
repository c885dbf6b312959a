// When a request is made once more, and after which wait.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "net/http.hpp"

namespace net {

// Tried again: no connection, silence, a connection that ended too soon, and the statuses 408, 429,
// 500, 502, 503 and 504. Not tried again: an unknown host, TLS, every other status.
// The wait doubles from `first_wait`; a Retry-After (seconds or a date) replaces it where it is
// longer, up to `longest_wait`: beyond that there is no further attempt.
struct Retry {
  int attempts = 1;  // in all, the first one included; a caller that makes headway counts anew
  std::chrono::milliseconds first_wait{500};
  std::chrono::milliseconds longest_wait{60000};
};

// Nothing else to fall back on: 5 attempts, waits of 0.5, 1, 2 and 4 s.
inline constexpr Retry patient{5, std::chrono::milliseconds(500), std::chrono::seconds(60)};
// There is a copy to fall back on: 2 attempts, 0.2 s between them.
inline constexpr Retry quick{2, std::chrono::milliseconds(200), std::chrono::seconds(2)};

// How long to wait after the `attempt`th one (from 1), or nothing: it is final. `now` is what a
// date in Retry-After is compared with.
std::optional<std::chrono::milliseconds> wait_before_next(
    const Retry&, int attempt, const Answer&, std::chrono::system_clock::time_point now);

// Waits; returns early, with false, when `stop` says so.
bool wait_for(std::chrono::milliseconds, const std::function<bool()>& stop);

}  // namespace net
