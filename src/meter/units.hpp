// Quantities as people write them: "13 ms", "60 MiB/s", "10MB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meter {

// Cloud time, in nanoseconds.
using Nanos = std::uint64_t;

// Each gives nothing when the text has no number, a negative one, no unit or one of another kind.
// A blank between number and unit is allowed.
std::optional<Nanos> parse_duration(std::string_view);       // us, ms, s, min, h
std::optional<std::uint64_t> parse_bytes(std::string_view);  // B, KB, MB, GB, TB; KiB, MiB, GiB
std::optional<double> parse_bandwidth(std::string_view);     // bytes a second: MB/s, MiB/s, Gbit/s
constexpr std::string_view duration_units = "us, ms, s, min, h";
constexpr std::string_view byte_units =
    "B, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB (of 1024)";
constexpr std::string_view bandwidth_units = "KB/s, MB/s, GB/s, MiB/s, GiB/s, Mbit/s, Gbit/s";

// The whole text as a number, or nothing.
std::optional<double> parse_number(std::string_view);

constexpr double seconds(Nanos n) {
  return static_cast<double>(n) / 1e9;
}

}  // namespace meter
