// How two files or folders differ, for whoever reads a failed test: what was expected, what came.
// Every text is bounded, and so is the memory: files above 32 MiB are compared as they stream by.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/path.hpp"

namespace data {

struct Tolerance {
  double relative = 0;  // of the expected number
  double absolute = 0;
  bool any() const { return relative > 0 || absolute > 0; }
};
// |actual - expected| <= absolute + relative * |expected|, as numpy.isclose; NaN is near NaN.
bool is_near(double expected, double actual, const Tolerance&);

struct Comparing {
  Tolerance tolerance;                // none: cells are compared as text, JSON's numbers by value
  bool any_order = false;             // rows of tables may stand in any order
  std::vector<std::string> keys;      // columns by which rows are matched; implies any order
  std::vector<std::string> ignoring;  // columns
  std::size_t shown = 10;             // rows, paths or hunks; the rest is counted
  std::size_t context = 3;            // lines around a difference of text
};

// Empty: they are equal. Files of the same bytes always are. Delimited text is compared as a table
// (quotes and line ends do not count), JSON by value, text by line, all else by bytes; a folder
// file by file. Throws not_found, permission, io; bad_input where a key column is not there, or
// where a table that does not fit into memory shall be compared in any order.
std::string difference(const fs::path& expected, const fs::path& actual, const Comparing& = {});

// The same of two files of one kind. A table or JSON that cannot be read as such throws bad_input.
std::string table_difference(const fs::path& expected, const fs::path& actual, const Comparing&);
std::string json_difference(const fs::path& expected, const fs::path& actual, const Comparing&);
// A unified diff.
std::string text_difference(const fs::path& expected, const fs::path& actual, const Comparing&);
// Sizes, and where the first byte differs.
std::string binary_difference(const fs::path& expected, const fs::path& actual);

}  // namespace data
