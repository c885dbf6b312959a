// The files of one pattern, each read as its name and its first bytes say.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "data/cell.hpp"
#include "data/name_pattern.hpp"
#include "data/observe.hpp"
#include "data/parquet.hpp"

namespace data {
namespace {

constexpr std::size_t sampled = 64 << 10;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A file's first bytes as text.
struct Sample {
  std::string text;
  bool whole = false;
};

Sample sample_of(const fs::path& file) {
  DecodedText decoded(file_source(file));
  Sample sample;
  sample.text.resize(sampled);
  std::size_t size = 0;
  while (size + 16 < sampled) {
    const std::size_t count = decoded.read(sample.text.data() + size, sampled - size);
    size += count;
    sample.whole = count == 0;
    if (sample.whole) break;
  }
  sample.text.resize(size);
  return sample;
}

void fault(Group& group, const std::string& text) {
  constexpr std::size_t most = 20;
  if (group.faults.size() < most)
    group.faults.push_back(text);
  else if (group.faults.size() == most)
    group.faults.push_back("more are left out");
}

// An error's message with the file as its folder names it.
std::string own_words(const base::Error& error, const fs::path& file, const std::string& name) {
  std::string text = error.message();
  const auto at = text.find(file.native());
  if (at == std::string::npos) return name + ": " + text;
  return text.replace(at, file.native().size(), name);
}

Table observe_delimited(const fs::path& file, const std::string& name, const Limits& limits,
                        Group& group) {
  DelimitedReader reader(file);
  Table table;
  table.dialect = reader.dialect();
  std::vector<ColumnTally> tallies(reader.columns().size());
  bool odd = false;
  try {
    while (reader.next()) {
      if (table.rows == limits.rows || reader.position() > limits.bytes) {
        table.exact = false;
        break;
      }
      ++table.rows;
      const auto& fields = reader.fields();
      const std::size_t count = std::min(fields.size(), tallies.size());
      for (std::size_t n = 0; n < count; ++n) tallies[n].add(fields[n]);
      for (std::size_t n = count; n < tallies.size(); ++n) tallies[n].add_null();
      if (fields.size() == tallies.size() || odd) continue;
      odd = true;
      fault(group, fmt::format("{}: row {} (line {}) has {} fields, the {} {}", name, reader.row(),
                               reader.line(), fields.size(),
                               reader.dialect().header ? "header" : "first row", tallies.size()));
    }
  } catch (const base::Error& error) {
    fault(group, own_words(error, file, name));
    table.exact = false;
  }
  for (std::size_t n = 0; n < tallies.size(); ++n) {
    const std::string type = tallies[n].type();
    table.columns.push_back({shown_utf8(reader.columns()[n]), type,
                             type == "datetime" ? std::string(tallies[n].form()) : "",
                             tallies[n].nulls()});
  }
  if (const auto at = reader.broken_at())
    fault(group,
          fmt::format("{}: byte {} is not {}", name, *at, to_string(reader.dialect().encoding)));
  return table;
}

void observe_json(const fs::path& file, const std::string& name, const Limits& limits,
                  Group& group) {
  DecodedText text(file_source(file));
  JsonSeen seen = look_at_json(
      text, group.format == Format::json_lines ? JsonLayout::lines : JsonLayout::document,
      limits.rows, limits.bytes);
  if (!seen.broken.empty()) fault(group, fmt::format("{}: not JSON: {}", name, seen.broken));
  if (!group.json) group.json = JsonShape{};
  merge(*group.json, seen.shape);
  group.records += seen.records;
  group.exact = group.exact && seen.exact && seen.broken.empty();
}

void merge_table(Group& group, Table from, const std::string& name, const std::string& first) {
  if (!group.table) {
    group.table = std::move(from);
    return;
  }
  Table& to = *group.table;
  std::set<std::string> added;
  std::set<std::string> missing;
  for (Column& column : to.columns) {
    const auto same = std::find_if(from.columns.begin(), from.columns.end(),
                                   [&](const Column& other) { return other.name == column.name; });
    if (same == from.columns.end()) {
      missing.insert(column.name);
      if (column.nulls) *column.nulls += from.rows;
      continue;
    }
    if (column.form != same->form)
      column.form = column.type.empty() ? same->form : same->type.empty() ? column.form : "mixed";
    column.type = wider_type(column.type, same->type);
    if (column.type != "datetime") column.form.clear();
    if (column.nulls && same->nulls)
      *column.nulls += *same->nulls;
    else
      column.nulls.reset();
  }
  for (Column& column : from.columns) {
    if (std::any_of(to.columns.begin(), to.columns.end(),
                    [&](const Column& other) { return other.name == column.name; }))
      continue;
    added.insert(column.name);
    if (column.nulls) *column.nulls += to.rows;
    to.columns.push_back(std::move(column));
  }
  if (!added.empty() || !missing.empty()) {
    std::string list;
    for (const auto& column : added) list += " +" + column;
    for (const auto& column : missing) list += " -" + column;
    fault(group, fmt::format("{} has other columns than {}:{}", name, first, list));
  }
  if (to.dialect != from.dialect)
    fault(group, fmt::format("{} is delimited, headed or encoded otherwise than {}", name, first));
  to.rows += from.rows;
  to.exact = to.exact && from.exact;
}

void observe_file(const fs::path& file, const FoundFile& found, const std::string& first,
                  const Limits& limits, Group& group) {
  switch (group.format) {
    case Format::delimited:
      return merge_table(group, observe_delimited(file, found.name, limits, group), found.name,
                         first);
    case Format::parquet:
      return merge_table(group, look_at_parquet(file), found.name, first);
    case Format::json:
    case Format::json_lines:
      return observe_json(file, found.name, limits, group);
    default:
      return;
  }
}

}  // namespace

Format format_of(const fs::path& file, std::uint64_t bytes) {
  const std::string extension = extension_of(file.native());
  if (bytes == 0) return Format::empty;
  if (is_one_of(extension, {".csv", ".tsv", ".tab", ".psv"})) return Format::delimited;
  if (is_one_of(extension, {".jsonl", ".ndjson"})) return Format::json_lines;
  if (is_one_of(extension, {".parquet", ".pq"})) return Format::parquet;
  if (is_one_of(extension, {".gz", ".bz2", ".xz", ".zip", ".zst", ".7z", ".tar", ".pkl", ".npy",
                            ".npz", ".h5", ".joblib", ".pt", ".pth", ".onnx", ".so", ".exe"}))
    return Format::binary;
  const Sample sample = sample_of(file);
  if (sample.text.find('\0') != std::string::npos) return Format::binary;
  if (extension == ".json")
    return json_layout(sample.text) == JsonLayout::lines ? Format::json_lines : Format::json;
  if (!is_one_of(extension, {"", ".txt", ".dat", ".data", ".out"})) return Format::text;
  // Prose has commas, too, but not the same number in every line.
  const Sniffed sniffed = sniff(sample.text, sample.whole);
  return sniffed.regular && sniffed.fields > 1 && sniffed.records > 2 ? Format::delimited
                                                                      : Format::text;
}

Group observe_files(const fs::path& root, std::string pattern, const std::vector<FoundFile>& files,
                    const Limits& limits) {
  Group group;
  group.pattern = std::move(pattern);
  group.format = Format::empty;
  std::uint64_t opened = 0;
  std::string first;
  for (const FoundFile& found : files) {
    if (opened == limits.files) {
      group.notes.push_back(fmt::format("{} of {} files were opened", opened, files.size()));
      if (group.table) group.table->exact = false;
      if (group.json) group.exact = false;
      break;
    }
    ++opened;
    const fs::path file = root / found.name;
    try {
      const Format format = format_of(file, found.bytes);
      if (format == Format::empty) continue;
      if (group.format == Format::empty) {
        group.format = format;
        first = found.name;
      }
      if (format != group.format) {
        fault(group, fmt::format("{} is {}, unlike {}", found.name, to_string(format), first));
        continue;
      }
      observe_file(file, found, first, limits, group);
    } catch (const base::Error& error) {
      fault(group, own_words(error, file, found.name));
      if (group.table) group.table->exact = false;
      if (group.json) group.exact = false;
    }
  }
  if (group.format == Format::binary && !first.empty() &&
      is_one_of(extension_of(first), {".gz", ".bz2", ".xz", ".zip", ".zst", ".7z", ".tar"}))
    group.notes.push_back("packed: what is inside was not looked at");
  return group;
}

}  // namespace data
