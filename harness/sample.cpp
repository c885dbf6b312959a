#include "harness/sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <fstream>
#include <optional>

#include "base/error.hpp"
#include "base/private_copy.hpp"
#include "data/delimited.hpp"
#include "data/observe.hpp"

namespace harness {
namespace {

// Where the records of a table lie in its file; the header lies before the first.
struct Records {
  std::uint64_t header = 0;         // bytes
  std::vector<std::uint64_t> ends;  // of each record, in bytes
};

std::optional<Records> delimited_records(const fs::path& file) {
  data::DelimitedReader reader(file);
  const auto encoding = reader.dialect().encoding;
  std::uint64_t mark = 0;
  if (encoding == data::Encoding::utf8_bom)
    mark = 3;
  else if (encoding != data::Encoding::utf8)
    return std::nullopt;  // positions are those of the text as UTF-8
  Records records;
  if (reader.dialect().header) records.header = mark + reader.position();
  while (reader.next()) records.ends.push_back(mark + reader.position());
  return records;
}

Records line_records(const fs::path& file) {
  Records records;
  std::ifstream stream(file.native(), std::ios::binary);
  std::uint64_t at = 0;
  for (std::string line; std::getline(stream, line);) {
    at += line.size() + (stream.eof() ? 0 : 1);
    if (line.find_first_not_of(" \t\r") != std::string::npos) records.ends.push_back(at);
  }
  return records;
}

// Copies the header and `rows` of the records.
void copy_some(const fs::path& from, const fs::path& to, const Records& records,
               std::uint64_t rows) {
  std::ifstream in(from.native(), std::ios::binary);
  std::ofstream out(to.native(), std::ios::binary | std::ios::trunc);
  std::vector<char> buffer;
  const auto copy = [&](std::uint64_t begin, std::uint64_t end) {
    buffer.resize(end - begin);
    in.seekg(static_cast<std::streamoff>(begin));
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    out.write(buffer.data(), static_cast<std::streamsize>(buffer.size()));
  };
  copy(0, records.header);
  const std::uint64_t all = records.ends.size();
  for (std::uint64_t n = 0; n < all; ++n)
    if ((n + 1) * rows / all > n * rows / all)
      copy(n == 0 ? records.header : records.ends[n - 1], records.ends[n]);
  out.close();
  if (!in || !out) throw base::os_error("copy", from.native());
}

// What is said of a table that was cut or could not be; nothing of what is small enough.
std::optional<std::string> cut(const fs::path& from, const fs::path& to, const std::string& name,
                               std::uint64_t rows) {
  const auto format = data::format_of(from, fs::file_size(from));
  if (format == data::Format::parquet) return fmt::format("{}: whole, as Parquet is not cut", name);
  if (format != data::Format::delimited && format != data::Format::json_lines) return std::nullopt;
  std::optional<Records> records;
  try {
    records = format == data::Format::delimited ? delimited_records(from) : line_records(from);
  } catch (const base::Error& error) {
    if (error.code() != base::Code::bad_input) throw;
    return fmt::format("{}: whole, as its rows cannot be told apart", name);
  }
  if (!records) return fmt::format("{}: whole, as it is not UTF-8", name);
  if (records->ends.size() <= rows) return std::nullopt;
  copy_some(from, to, *records, rows);
  return fmt::format("{}: {} of {} rows", name, rows, records->ends.size());
}

}  // namespace

std::vector<std::string> copy_sample(const fs::path& from, const fs::path& to, std::uint64_t rows) {
  base::private_copy(from, to);
  std::vector<std::string> said;
  if (rows == 0) return said;
  std::vector<std::pair<fs::path, std::string>> files;
  if (fs::is_directory(to))
    for (fs::recursive_directory_iterator entry(to), end; entry != end; ++entry) {
      if (fs::is_regular_file(entry->symlink_status()))
        files.emplace_back(entry->path(), entry->path().lexically_relative(to).native());
    }
  else
    files.emplace_back(to, from.filename().native());
  std::sort(files.begin(), files.end());
  for (const auto& [file, name] : files) {
    const fs::path source = fs::is_directory(to) ? from / name : from;
    if (auto line = cut(source, file, name, rows)) said.push_back(std::move(*line));
  }
  return said;
}

}  // namespace harness
