// Columns for people: aligned, the last one ragged.
#pragma once

#include <string>
#include <vector>

namespace cli {

// Each row has as many cells as the first. Cells are padded by their number of characters (UTF-8).
// Lines have no trailing blanks.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace cli
