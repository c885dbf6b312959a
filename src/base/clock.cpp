#include "base/clock.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstdio>

#include "base/error.hpp"

namespace base {

using namespace std::chrono;

Time SystemClock::now() const {
  return floor<microseconds>(system_clock::now());
}

std::string to_iso(Time time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Time from_iso(const std::string& text) {
  int y = 0, us = 0;
  unsigned mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u.%6dZ", &y, &mo, &d, &h, &mi, &s, &us) !=
          7 ||
      !(year(y) / month(mo) / day(d)).ok() || h > 23 || mi > 59 || s > 60 || us < 0)
    throw Error(Code::bad_input, fmt::format("'{}' is not a time", text));
  return sys_days(year(y) / month(mo) / day(d)) + hours(h) + minutes(mi) + seconds(s) +
         microseconds(us);
}

std::string duration_text(double seconds) {
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = std::lround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* next : {"kB", "MB", "GB", "TB", "PB"}) {
    if (value < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, unit);
}

std::optional<std::uint64_t> parse_bytes(const std::string& text) {
  std::size_t used = 0;
  double number = -1;
  try {
    number = std::stod(text, &used);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  if (used < text.size() && text[used] == ' ') ++used;
  static constexpr std::pair<std::string_view, double> units[] = {
      {"", 1}, {"B", 1}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}};
  for (const auto& [unit, scale] : units)
    if (text.substr(used) == unit && number >= 0 && number * scale < 1e18)
      return static_cast<std::uint64_t>(number * scale);
  return std::nullopt;
}

}  // namespace base
