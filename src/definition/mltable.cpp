// MLTable files: paths and the transformations of their rows. Source: reference-yaml-mltable.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <functional>

#include "definition/reading.hpp"

namespace definition {
namespace {

using text::Node;

// The text and, if it is not one of `words`, an error with them.
std::string read_word(const Node& map, std::string_view key, const std::vector<std::string>& words,
                      Reading& reading) {
  const auto word = read_text(map, key, reading);
  if (!word) return words.front();
  if (std::find(words.begin(), words.end(), *word) != words.end()) return *word;
  reading.diagnostics.error(
      map.find(key)->place,
      fmt::format("Value '{}' passed is not in set ['{}']", *word, fmt::join(words, "', '")),
      text::did_you_mean(*word, words));
  return words.front();
}

std::string read_encoding(const Node& map, Reading& reading) {
  return read_word(
      map, "encoding",
      {"utf8", "iso88591", "latin1", "ascii", "utf16", "utf32", "utf8bom", "windows1252"}, reading);
}

std::vector<std::string> read_words(const Node& value, std::string_view what, Reading& reading) {
  std::vector<std::string> words;
  if (value.is_scalar()) return {value.scalar};
  for (const auto& item : value.items) {
    if (item.is_scalar())
      words.push_back(item.scalar);
    else
      reading.diagnostics.error(item.place, fmt::format("'{}' lists names", what));
  }
  if (words.empty())
    reading.diagnostics.error(value.place, fmt::format("'{}' needs at least one name", what),
                              "write a name, or a list of them");
  return words;
}

std::int64_t read_count(const Node& value, std::string_view what, Reading& reading) {
  if (value.kind == text::Kind::integer && value.as_integer() >= 0) return value.as_integer();
  reading.diagnostics.error(value.place, fmt::format("'{}' must be a number of rows", what),
                            fmt::format("for example: {}: 100", what));
  return 0;
}

using What = decltype(model::MLTableTransformation::what);

What read_delimited(const Node& value, Reading& reading) {
  check_keys(value,
             {"delimiter", "encoding", "header", "infer_column_types", "empty_as_string",
              "include_path_column", "support_multi_line", "partition_size", "path_column"},
             Unknown::error, reading);
  model::ReadDelimited read;
  read.delimiter = read_text(value, "delimiter", reading).value_or(",");
  if (read.delimiter.empty())
    reading.diagnostics.error(value.find("delimiter")->place, "'delimiter' is empty",
                              "for example: delimiter: ','");
  read.encoding = read_encoding(value, reading);
  const std::vector<std::string> headers{"all_files_same_headers", "no_header", "from_first_file",
                                         "all_files_different_headers"};
  const std::string header = read_word(value, "header", headers, reading);
  using Header = model::ReadDelimited::Header;
  if (header == "no_header") read.header = Header::none;
  if (header == "from_first_file") read.header = Header::from_first_file;
  if (header == "all_files_different_headers") read.header = Header::all_files_different;
  // A mapping here gives types column by column; then nothing is inferred for the others either.
  const auto* infer = value.find("infer_column_types");
  if (infer && !infer->is_map())
    read.infer_column_types = read_boolean(value, "infer_column_types", reading).value_or(true);
  read.empty_as_string = read_boolean(value, "empty_as_string", reading).value_or(false);
  read.include_path_column = read_boolean(value, "include_path_column", reading).value_or(false);
  read.support_multi_line = read_boolean(value, "support_multi_line", reading).value_or(false);
  return read;
}

What read_parquet(const Node& value, Reading& reading) {
  check_keys(value, {"include_path_column", "path_column"}, Unknown::error, reading);
  return model::ReadParquet{read_boolean(value, "include_path_column", reading).value_or(false)};
}

What read_json_lines(const Node& value, Reading& reading) {
  check_keys(value, {"encoding", "invalid_lines", "include_path_column", "path_column"},
             Unknown::error, reading);
  return model::ReadJsonLines{
      read_encoding(value, reading),
      read_word(value, "invalid_lines", {"error", "drop"}, reading) == "drop",
      read_boolean(value, "include_path_column", reading).value_or(false)};
}

What read_delta_lake(const Node& value, Reading& reading) {
  check_keys(value, {"timestamp_as_of", "version_as_of", "include_path_column"}, Unknown::error,
             reading);
  model::ReadDeltaLake read;
  read.timestamp_as_of = read_text(value, "timestamp_as_of", reading).value_or("");
  if (const auto version = read_integer(value, "version_as_of", reading))
    read.version_as_of = *version;
  if (!read.timestamp_as_of.empty() && read.version_as_of)
    reading.diagnostics.error(value.find("version_as_of")->place,
                              "a delta lake is read as of a time or as of a version, not both",
                              "leave one of them out");
  read.include_path_column = read_boolean(value, "include_path_column", reading).value_or(false);
  return read;
}

What read_sample(const Node& value, Reading& reading) {
  model::TakeRandomSample sample;
  if (!value.is_map()) {
    reading.diagnostics.error(value.place, "'take_random_sample' needs a mapping",
                              "for example: take_random_sample: {probability: 0.1, seed: 7}");
    return sample;
  }
  check_keys(value, {"probability", "seed"}, Unknown::error, reading);
  const auto probability = read_number(value, "probability", reading);
  if (!probability && !value.find("probability")) report_missing(value, "probability", reading);
  sample.probability = probability.value_or(1);
  if (!(sample.probability >= 0 && sample.probability <= 1))
    reading.diagnostics.error(value.find("probability")->place,
                              "'probability' must be from 0 to 1");
  if (const auto seed = read_integer(value, "seed", reading)) sample.seed = *seed;
  return sample;
}

void read_column_type(const Node& value, model::ConvertColumnTypes::Conversion& conversion,
                      Reading& reading) {
  using Type = model::ConvertColumnTypes::Type;
  static constexpr std::pair<std::string_view, Type> types[] = {
      {"int", Type::integer},     {"float", Type::real},        {"string", Type::string},
      {"boolean", Type::boolean}, {"datetime", Type::datetime}, {"stream_info", Type::stream_info}};
  const bool detailed = value.is_map() && value.entries.size() == 1;
  const std::string name = detailed ? value.entries[0].key : value.scalar;
  const auto* found = std::find_if(std::begin(types), std::end(types),
                                   [&](const auto& each) { return each.first == name; });
  if (found == std::end(types)) {
    std::vector<std::string> names;
    for (const auto& each : types) names.emplace_back(each.first);
    reading.diagnostics.error(
        detailed ? value.entries[0].key_place : value.place,
        fmt::format("Value '{}' passed is not in set ['{}']", name, fmt::join(names, "', '")),
        text::did_you_mean(name, names));
    return;
  }
  conversion.type = found->second;
  const Node* details = detailed ? &value.entries[0].value : nullptr;
  if (conversion.type == Type::datetime) {
    const Node* formats = details && details->is_map() ? details->find("formats") : nullptr;
    if (!formats)
      reading.diagnostics.error(value.place, "a datetime needs its formats",
                                "for example: datetime: {formats: ['%Y-%m-%d']}");
    else
      conversion.formats = read_words(*formats, "formats", reading);
  }
  if (conversion.type == Type::boolean && details && details->is_map()) {
    if (const auto* values = details->find("true_values"))
      conversion.true_values = read_words(*values, "true_values", reading);
    if (const auto* values = details->find("false_values"))
      conversion.false_values = read_words(*values, "false_values", reading);
    conversion.mismatch_as =
        read_word(*details, "mismatch_as", {"error", "true", "false"}, reading);
  }
}

What read_conversions(const Node& value, Reading& reading) {
  model::ConvertColumnTypes convert;
  if (!value.is_sequence())
    reading.diagnostics.error(value.place, "'convert_column_types' needs a list",
                              "for example: - columns: [age]\n      column_type: int");
  for (const auto& item : value.items) {
    if (!item.is_map()) {
      reading.diagnostics.error(item.place, "a conversion needs columns and a column_type");
      continue;
    }
    check_keys(item, {"columns", "column_type"}, Unknown::error, reading);
    model::ConvertColumnTypes::Conversion conversion;
    if (const auto* columns = item.find("columns"))
      conversion.columns = read_words(*columns, "columns", reading);
    else
      report_missing(item, "columns", reading);
    if (const auto* type = item.find("column_type"))
      read_column_type(*type, conversion, reading);
    else
      report_missing(item, "column_type", reading);
    convert.conversions.push_back(std::move(conversion));
  }
  return convert;
}

What read_filter(const Node& value, Reading& reading) {
  if (!value.is_scalar() || value.scalar.find("col(") == std::string::npos)
    reading.diagnostics.error(value.place, "'filter' must be an expression over columns",
                              "for example: filter: 'col(\"age\") > 30'");
  return model::FilterRows{value.scalar};
}

What read_partition_format(const Node& value, Reading& reading) {
  const Node* format = &value;
  if (value.is_map()) format = value.find("partition_format");
  if (!format || !format->is_scalar()) {
    reading.diagnostics.error(value.place, "'partition_format' is missing",
                              "for example: '{store}/{brand}/{file}.csv'");
    return model::ExtractColumns{};
  }
  const auto open = std::count(format->scalar.begin(), format->scalar.end(), '{');
  const auto close = std::count(format->scalar.begin(), format->scalar.end(), '}');
  if (open == 0 || open != close)
    reading.diagnostics.error(format->place,
                              fmt::format("'{}' is no partition format", format->scalar),
                              "name each column in braces: '{store}/{brand}/{file}.csv'");
  return model::ExtractColumns{format->scalar};
}

struct Reader {
  std::string_view name;
  What (*read)(const Node&, Reading&);
};

constexpr Reader readers[] = {
    {"read_delimited", read_delimited},
    {"read_parquet", read_parquet},
    {"read_json_lines", read_json_lines},
    {"read_delta_lake", read_delta_lake},
    {"take",
     [](const Node& v, Reading& r) -> What { return model::TakeRows{read_count(v, "take", r)}; }},
    {"skip",
     [](const Node& v, Reading& r) -> What { return model::SkipRows{read_count(v, "skip", r)}; }},
    {"take_random_sample", read_sample},
    {"drop_columns",
     [](const Node& v, Reading& r) -> What {
       return model::DropColumns{read_words(v, "drop_columns", r)};
     }},
    {"keep_columns",
     [](const Node& v, Reading& r) -> What {
       return model::KeepColumns{read_words(v, "keep_columns", r)};
     }},
    {"convert_column_types", read_conversions},
    {"filter", read_filter},
    {"extract_columns_from_partition_format", read_partition_format},
};

void read_transformation(const Node& item, model::MLTable& table, Reading& reading) {
  // `- read_parquet` alone, or `- read_delimited: {…}`.
  const bool bare = item.is_scalar();
  if (!bare && !(item.is_map() && item.entries.size() == 1)) {
    reading.diagnostics.error(item.place, "a transformation is one name, with its arguments",
                              "for example: - read_delimited: {delimiter: ','}");
    return;
  }
  const std::string& name = bare ? item.scalar : item.entries[0].key;
  const base::Place& place = bare ? item.place : item.entries[0].key_place;
  const auto* reader = std::find_if(std::begin(readers), std::end(readers),
                                    [&](const Reader& each) { return each.name == name; });
  if (reader == std::end(readers)) {
    std::vector<std::string> names;
    for (const auto& each : readers) names.emplace_back(each.name);
    reading.diagnostics.error(place, fmt::format("there is no transformation '{}'", name),
                              text::did_you_mean(name, names));
    return;
  }
  const bool reads_files = name.starts_with("read_");
  if (reads_files && std::any_of(table.transformations.begin(), table.transformations.end(),
                                 [](const auto& other) { return other.what.index() < 4; }))
    reading.diagnostics.error(place, "a table reads its files in one way",
                              "leave only one of the read_… lines");
  Node nothing;
  nothing.place = item.place;
  const Node& arguments = bare ? nothing : item.entries[0].value;
  if (reads_files && !arguments.is_map() && !arguments.is_null()) {
    reading.diagnostics.error(arguments.place, fmt::format("'{}' needs a mapping", name));
    return;
  }
  table.transformations.push_back({reader->read(arguments, reading), place});
}

void read_table_path(const Node& item, model::MLTable& table, Reading& reading) {
  static constexpr std::pair<std::string_view, model::MLTablePath::Kind> kinds[] = {
      {"file", model::MLTablePath::Kind::file},
      {"folder", model::MLTablePath::Kind::folder},
      {"pattern", model::MLTablePath::Kind::pattern}};
  const auto* kind =
      item.is_map() && item.entries.size() == 1
          ? std::find_if(std::begin(kinds), std::end(kinds),
                         [&](const auto& each) { return each.first == item.entries[0].key; })
          : std::end(kinds);
  if (kind == std::end(kinds) || !item.entries[0].value.is_scalar()) {
    const bool misspelt = item.is_map() && item.entries.size() == 1;
    reading.diagnostics.error(
        misspelt ? item.entries[0].key_place : item.place,
        "a path is a file, a folder or a pattern",
        misspelt ? text::did_you_mean(item.entries[0].key, {"file", "folder", "pattern"})
                 : "for example: - file: ./rows.csv");
    return;
  }
  const Node& value = item.entries[0].value;
  model::MLTablePath path{kind->second, value.scalar, false, value.place};
  path.is_uri =
      value.scalar.find("://") != std::string::npos || value.scalar.starts_with("azureml:");
  if (!path.is_uri && path.kind != model::MLTablePath::Kind::pattern) {
    const fs::path local = read_path(value, table.file.parent_path(), true, reading);
    boost::system::error_code ignored;
    const bool folder = fs::is_directory(local, ignored);
    if (path.kind == model::MLTablePath::Kind::file && folder)
      reading.diagnostics.error(value.place, fmt::format("'{}' is a folder", value.scalar),
                                "write folder: instead of file:");
    if (path.kind == model::MLTablePath::Kind::folder && !folder && fs::exists(local, ignored))
      reading.diagnostics.error(value.place, fmt::format("'{}' is a file", value.scalar),
                                "write file: instead of folder:");
  }
  table.paths.push_back(std::move(path));
}

// The list under `key`, or null; anything else is an error.
const Node* read_list(const Node& map, std::string_view key, Reading& reading) {
  const Node* value = map.find(key);
  if (!value || value->is_null() || value->is_sequence()) return value;
  reading.diagnostics.error(value->place, fmt::format("'{}' must be a list", key));
  return nullptr;
}

}  // namespace

std::optional<model::MLTable> read_mltable(const fs::path& file, Reading& reading) {
  const auto document = open_document(file, reading);
  if (!document) return std::nullopt;
  const Node& root = document->root;
  check_keys(root,
             {"$schema", "type", "paths", "transformations", "metadata", "traits", "name",
              "version", "description"},
             Unknown::error, reading);
  if (const auto type = read_text(root, "type", reading); type && *type != "mltable")
    reading.diagnostics.error(root.find("type")->place,
                              fmt::format("Value '{}' passed is not in set ['mltable']", *type));
  model::MLTable table;
  table.file = file;
  if (const auto* paths = read_list(root, "paths", reading); paths && !paths->items.empty())
    for (const auto& item : paths->items) read_table_path(item, table, reading);
  else if (!root.find("paths") || paths)
    report_missing(root, "paths", reading);
  if (const auto* steps = read_list(root, "transformations", reading))
    for (const auto& item : steps->items) read_transformation(item, table, reading);
  return table;
}

}  // namespace definition
