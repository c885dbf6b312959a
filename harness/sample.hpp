// A smaller copy of data for a mock: tables with fewer rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/path.hpp"

namespace harness {

// Copies a file or folder to `to`, which must not exist. Of each table (delimited text, JSON lines)
// with more than `rows` rows, as many are taken, spread evenly over it, byte by byte as they are,
// below its header; 0 takes all. Gives a line for each table that was cut, and for each that would
// have been but can only be copied whole. Throws as base::private_copy.
std::vector<std::string> copy_sample(const fs::path& from, const fs::path& to, std::uint64_t rows);

}  // namespace harness
