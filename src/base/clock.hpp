// Time, as a value that is passed in: tests bring their own clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace base {

// Wall-clock time, in UTC, to the microsecond.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  Time now() const override;
};

// "2026-11-23T08:15:30.123456Z", and back; from_iso throws bad_input on anything else.
std::string to_iso(Time);
Time from_iso(const std::string&);

// For people: "0.4 s", "12 s", "3 min 05 s", "2 h 10 min".
std::string duration_text(double seconds);
// For people: "980 B", "12.3 MB" (powers of 1000).
std::string bytes_text(std::uint64_t bytes);
// The reverse, as people type it: "500MB", "2 GB", "1.5kB", "1000"; nothing for anything else.
std::optional<std::uint64_t> parse_bytes(const std::string&);

}  // namespace base
