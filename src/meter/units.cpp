#include "meter/units.hpp"

#include <cctype>
#include <charconv>
#include <cmath>
#include <span>
#include <utility>

namespace meter {
namespace {

using Unit = std::pair<std::string_view, double>;

constexpr Unit durations[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}};
constexpr Unit sizes[] = {{"kB", 1e3},     {"B", 1},           {"KB", 1e3},
                          {"MB", 1e6},     {"GB", 1e9},        {"TB", 1e12},
                          {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
constexpr Unit rates[] = {{"kB/s", 1e3},           {"KB/s", 1e3},         {"MB/s", 1e6},
                          {"GB/s", 1e9},           {"KiB/s", 1024.0},     {"MiB/s", 1048576.0},
                          {"GiB/s", 1073741824.0}, {"Mbit/s", 1e6 / 8.0}, {"Gbit/s", 1e9 / 8.0}};

std::optional<double> parse(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const auto& [word, factor] : units)
    if (unit == word) return number * factor;
  return std::nullopt;
}

std::optional<std::uint64_t> whole(std::optional<double> number) {
  // 2^63: what llround can still hold.
  if (!number || *number >= 9.2e18) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(*number));
}

}  // namespace

std::optional<Nanos> parse_duration(std::string_view text) {
  return whole(parse(text, durations));
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  return whole(parse(text, sizes));
}

std::optional<double> parse_bandwidth(std::string_view text) {
  return parse(text, rates);
}

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

}  // namespace meter
