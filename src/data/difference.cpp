#include "data/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <set>

#include "base/error.hpp"
#include "data/difference_parts.hpp"
#include "data/observe.hpp"
#include "data/parquet.hpp"

namespace data {
namespace {

// Characters, not bytes.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// Its values are not read: what the footers tell, or that the bytes differ.
std::string parquet_difference(const fs::path& expected, const fs::path& actual) {
  const std::string bytes = binary_difference(expected, actual);
  if (bytes.empty()) return "";
  const Table a = look_at_parquet(expected);
  const Table b = look_at_parquet(actual);
  std::string text;
  if (a.rows != b.rows) text += fmt::format("rows: expected {}, actual {}\n", a.rows, b.rows);
  const auto names = [](const Table& table) {
    std::string list;
    for (const Column& column : table.columns)
      list += fmt::format("{}{}: {}", list.empty() ? "" : ", ", column.name, column.dtype());
    return list;
  };
  if (names(a) != names(b))
    text += fmt::format("columns: expected {}\n         actual   {}\n", names(a), names(b));
  return text.empty() ? "the same columns and number of rows; the values of Parquet files are not "
                        "compared, but their bytes: " +
                            bytes
                      : text;
}

std::string file_difference(const fs::path& expected, const fs::path& actual,
                            const Comparing& how) {
  if (same_bytes(expected, actual)) return "";
  const Format a = format_of(expected, fs::file_size(expected));
  const Format b = format_of(actual, fs::file_size(actual));
  const auto is_json = [](Format format) {
    return format == Format::json || format == Format::json_lines;
  };
  const auto is_text = [](Format format) {
    return format != Format::binary && format != Format::image && format != Format::parquet;
  };
  try {
    if (a == Format::delimited && b == Format::delimited)
      return table_difference(expected, actual, how);
    if (is_json(a) && is_json(b)) return json_difference(expected, actual, how);
    if (a == Format::parquet && b == Format::parquet) return parquet_difference(expected, actual);
  } catch (const base::Error& error) {
    // What cannot be read as what its name says can still be compared; a wrong wish cannot.
    if (error.code() != base::Code::bad_input || !how.keys.empty() || how.any_order) throw;
    return error.message() + "\n" +
           (is_text(a) ? text_difference(expected, actual, how)
                       : binary_difference(expected, actual));
  }
  if (is_text(a) && is_text(b)) return text_difference(expected, actual, how);
  return binary_difference(expected, actual);
}

std::set<std::string> files_below(const fs::path& root) {
  std::set<std::string> files;
  for (fs::recursive_directory_iterator entry(root), end; entry != end; ++entry)
    if (fs::is_regular_file(entry->status()))
      files.insert(entry->path().lexically_relative(root).native());
  return files;
}

std::string indented(const std::string& text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
    result += "  " + text.substr(at, end + 1 - at);
    at = end + 1;
  }
  return result;
}

std::string folder_difference(const fs::path& expected, const fs::path& actual,
                              const Comparing& how) {
  const auto before = files_below(expected);
  const auto now = files_below(actual);
  std::set<std::string> all = before;
  all.insert(now.begin(), now.end());
  std::string text;
  std::size_t count = 0;
  for (const std::string& name : all) {
    std::string found;
    if (!now.count(name))
      found = fmt::format("{}: missing\n", name);
    else if (!before.count(name))
      found = fmt::format("{}: not expected\n", name);
    else if (std::string difference = file_difference(expected / name, actual / name, how);
             !difference.empty())
      found = fmt::format("{}:\n{}", name, indented(difference));
    if (!found.empty() && ++count <= how.shown) text += found;
  }
  if (count > how.shown) text += fmt::format("… and {} more files differ\n", count - how.shown);
  return text;
}

}  // namespace

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t n = 0; n < row.size(); ++n) widths[n] = std::max(widths[n], width_of(row[n]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t n = 0; n < row.size(); ++n) {
      line += "  " + row[n];
      line += std::string(widths[n] - width_of(row[n]), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string difference(const fs::path& expected, const fs::path& actual, const Comparing& how) {
  const auto is_folder = [](const fs::path& path) {
    boost::system::error_code failed;
    const auto status = fs::status(path, failed);
    if (!fs::exists(status))
      throw base::Error(base::Code::not_found, fmt::format("no such file: {}", path.native()));
    return fs::is_directory(status);
  };
  const bool folder = is_folder(expected);
  if (folder != is_folder(actual))
    return folder ? "expected a folder, actual is a file\n"
                  : "expected a file, actual is a folder\n";
  return (folder ? folder_difference : file_difference)(expected, actual, how);
}

}  // namespace data
