// A shape as JSON and back: docs/schemas/data-shape.json.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "data/shape.hpp"

namespace data {
namespace {

using Json = nlohmann::ordered_json;

constexpr int version = 1;
constexpr std::array<std::string_view, 8> formats{"delimited", "json", "json_lines", "parquet",
                                                  "image",     "text", "binary",     "empty"};

Json columns_to_json(const std::vector<Column>& columns) {
  Json list = Json::array();
  for (const Column& column : columns) {
    Json each{{"name", column.name}, {"type", column.type}};
    if (!column.form.empty()) each["form"] = column.form;
    if (column.nulls) each["nulls"] = *column.nulls;
    list.push_back(std::move(each));
  }
  return list;
}

Json table_to_json(const Table& table) {
  Json json{{"rows", table.rows}, {"exact", table.exact}};
  if (table.dialect)
    json["dialect"] = {{"delimiter", std::string(1, table.dialect->delimiter)},
                       {"header", table.dialect->header},
                       {"encoding", to_string(table.dialect->encoding)}};
  json["columns"] = columns_to_json(table.columns);
  return json;
}

Json keys_to_json(const JsonShape& shape) {
  Json kinds = Json::object();
  for (std::size_t n = 0; n < shape.kinds.size(); ++n)
    if (shape.kinds[n] > 0) kinds[to_string(static_cast<JsonShape::Kind>(n))] = shape.kinds[n];
  Json json{{"kinds", std::move(kinds)}};
  if (!shape.keys.empty()) {
    Json keys = Json::object();
    for (const auto& [name, key] : shape.keys) keys[name] = keys_to_json(key);
    json["keys"] = std::move(keys);
  }
  if (shape.open_keys) json["open_keys"] = true;
  if (!shape.items.empty()) json["items"] = keys_to_json(shape.items.front());
  return json;
}

Json group_to_json(const Group& group) {
  Json json{{"pattern", group.pattern},
            {"format", formats[static_cast<std::size_t>(group.format)]},
            {"files", group.files},
            {"bytes", group.bytes}};
  if (group.table) json["table"] = table_to_json(*group.table);
  if (group.json)
    json["json"] = {
        {"records", group.records}, {"exact", group.exact}, {"shape", keys_to_json(*group.json)}};
  if (!group.classes.empty()) json["classes"] = group.classes;
  if (!group.faults.empty()) json["faults"] = group.faults;
  if (!group.notes.empty()) json["notes"] = group.notes;
  return json;
}

[[noreturn]] void refuse(const std::string& what) {
  throw base::Error(base::Code::bad_input, "this record of data's shape cannot be read: " + what)
      .hint("record it anew");
}

std::vector<Column> columns_from_json(const Json& list) {
  std::vector<Column> columns;
  for (const Json& each : list) {
    Column column{each.at("name"), each.at("type"), each.value("form", ""), {}};
    if (const auto nulls = each.find("nulls"); nulls != each.end())
      column.nulls = nulls->get<std::uint64_t>();
    columns.push_back(std::move(column));
  }
  return columns;
}

Table table_from_json(const Json& json) {
  Table table;
  table.rows = json.at("rows");
  table.exact = json.at("exact");
  table.columns = columns_from_json(json.at("columns"));
  if (const auto found = json.find("dialect"); found != json.end()) {
    const std::string delimiter = found->at("delimiter");
    const auto encoding = encoding_named(found->at("encoding").get<std::string>());
    if (delimiter.size() != 1 || !encoding) refuse("the dialect of a table");
    table.dialect = Dialect{delimiter.front(), found->at("header"), *encoding};
  }
  return table;
}

JsonShape keys_from_json(const Json& json, int depth) {
  if (depth > 200) refuse("it is nested too deeply");
  JsonShape shape;
  for (std::size_t n = 0; n < shape.kinds.size(); ++n)
    shape.kinds[n] = json.at("kinds").value(std::string(to_string(static_cast<JsonShape::Kind>(n))),
                                            std::uint64_t{0});
  if (const auto keys = json.find("keys"); keys != json.end())
    for (const auto& [name, key] : keys->items())
      shape.keys.emplace(name, keys_from_json(key, depth + 1));
  shape.open_keys = json.value("open_keys", false);
  if (const auto items = json.find("items"); items != json.end())
    shape.items.push_back(keys_from_json(*items, depth + 1));
  return shape;
}

Group group_from_json(const Json& json) {
  Group group;
  group.pattern = json.at("pattern");
  const std::string format = json.at("format");
  const auto known = std::find(formats.begin(), formats.end(), format);
  if (known == formats.end()) refuse(fmt::format("'{}' is no format", format));
  group.format = static_cast<Format>(known - formats.begin());
  group.files = json.at("files");
  group.bytes = json.at("bytes");
  if (const auto table = json.find("table"); table != json.end())
    group.table = table_from_json(*table);
  if (const auto found = json.find("json"); found != json.end()) {
    group.records = found->at("records");
    group.exact = found->at("exact");
    group.json = keys_from_json(found->at("shape"), 0);
  }
  group.classes = json.value("classes", std::map<std::string, std::uint64_t>());
  group.faults = json.value("faults", std::vector<std::string>());
  group.notes = json.value("notes", std::vector<std::string>());
  return group;
}

}  // namespace

Json to_json(const Shape& shape) {
  Json json{{"version", version}, {"folder", shape.folder}};
  Json& groups = json["files"] = Json::array();
  for (const Group& group : shape.groups) groups.push_back(group_to_json(group));
  if (shape.model)
    json["model"] = {{"path", shape.model->path},
                     {"flavors", shape.model->flavors},
                     {"inputs", columns_to_json(shape.model->inputs)},
                     {"outputs", columns_to_json(shape.model->outputs)}};
  if (shape.mltable)
    json["mltable"] = {{"paths", shape.mltable->paths},
                       {"transformations", shape.mltable->transformations}};
  if (!shape.notes.empty()) json["notes"] = shape.notes;
  return json;
}

Shape shape_from_json(const Json& json) {
  try {
    const int written = json.at("version");
    if (written > version)
      throw base::Error(base::Code::newer_version,
                        fmt::format("this record of data's shape has version {}; this amlocal "
                                    "reads up to {}",
                                    written, version))
          .hint("update amlocal, or record it anew");
    Shape shape;
    shape.folder = json.at("folder");
    for (const Json& group : json.at("files")) shape.groups.push_back(group_from_json(group));
    if (const auto model = json.find("model"); model != json.end())
      shape.model = ModelShape{model->at("path"), model->at("flavors"),
                               columns_from_json(model->at("inputs")),
                               columns_from_json(model->at("outputs"))};
    if (const auto table = json.find("mltable"); table != json.end())
      shape.mltable = TableFileShape{table->at("paths"), table->at("transformations")};
    shape.notes = json.value("notes", std::vector<std::string>());
    return shape;
  } catch (const Json::exception& error) {
    // "[json.exception.out_of_range.403] key 'x' not found"
    const std::string_view text = error.what();
    refuse(std::string(text.substr(text.find(']') + 2)));
  }
}

}  // namespace data
