// The parts of difference(): internal to the room.
#pragma once

#include "data/difference.hpp"

namespace data {

bool same_bytes(const fs::path& expected, const fs::path& actual);
// At most 32 MiB: what is compared in memory.
bool fits_memory(const fs::path&);
// Rows of cells below each other in columns, each line indented by two; ends with a newline.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace data
