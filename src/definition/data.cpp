#include <fmt/format.h>

#include <algorithm>

#include "definition/reading.hpp"

namespace definition {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Words of letters, digits and '_' that begin with no digit; dots between them make groups.
bool is_parameter_name(std::string_view name) {
  bool first = true;
  for (const char c : name) {
    if (c == '.' && !first) {
      first = true;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 127 || !(c == '_' || (first ? std::isalpha(byte) : std::isalnum(byte))))
      return false;
    first = false;
  }
  return !first;
}

// Each input and output becomes a variable of the step's environment: these would replace the
// shell's own. Source: reference-yaml-component-command.
bool is_reserved(const std::string& name) {
  static constexpr std::string_view reserved[] = {
      "path", "ld_library_path", "user", "logname", "home", "pwd", "shell"};
  return std::find(std::begin(reserved), std::end(reserved), lower(name)) != std::end(reserved);
}

}  // namespace

void check_names(const text::Node& map, Reading& reading) {
  std::vector<std::string> seen;
  for (const auto& entry : map.entries) {
    check_twice(map, entry, reading);
    if (is_reserved(entry.key))
      reading.diagnostics.error(
          entry.key_place,
          fmt::format("the name '{}' is reserved: it would replace a variable of the shell",
                      entry.key),
          fmt::format("call it {}_value, for example", entry.key));
    if (!is_parameter_name(entry.key))
      reading.diagnostics.error(
          entry.key_place,
          fmt::format("'{}' is not a valid parameter name, must be composed letters, "
                      "numbers, and underscores.",
                      entry.key));
    for (const auto& other : seen)
      if (other != entry.key && lower(other) == lower(entry.key))
        reading.diagnostics.error(
            entry.key_place, fmt::format("'{}' and '{}' are equal ignore case.", other, entry.key));
    seen.push_back(entry.key);
  }
}

model::Literal parse_literal(const std::string& text) {
  return make_literal(text::parse_scalar(text));
}

model::Literal make_literal(const text::Node& node) {
  switch (node.kind) {
    case text::Kind::boolean:
      return {node.as_bool(), node.as_bool() ? "True" : "False"};
    case text::Kind::integer:
      return {static_cast<std::int64_t>(node.as_integer()), node.scalar};
    case text::Kind::real:
      return {node.as_real(), node.scalar};
    default:
      return {node.scalar, node.scalar};
  }
}

std::optional<model::DataType> read_type(const text::Node& map, Reading& reading) {
  const auto word = read_text(map, "type", reading);
  if (!word) return std::nullopt;
  const auto type = model::parse_data_type(*word);
  if (!type)
    reading.diagnostics.error(
        map.find("type")->place,
        fmt::format(
            "Value '{}' passed is not in set ['uri_file', 'uri_folder', 'mltable', 'mlflow_model', "
            "'custom_model', 'triton_model', 'string', 'number', 'integer', 'boolean']",
            *word),
        text::did_you_mean(*word, {"uri_file", "uri_folder", "mltable", "string", "number",
                                   "integer", "boolean"}));
  return type;
}

std::optional<model::AccessMode> read_mode(const text::Node& map, Port port, Reading& reading) {
  using enum model::AccessMode;
  const auto word = read_text(map, "mode", reading);
  if (!word) return std::nullopt;
  // What the SDK's schemas take. A component may say more than a value given to one may.
  std::vector<std::string> set{"ro_mount", "download", "direct"};
  if (port == Port::mltable_input)
    set = {"ro_mount", "download", "direct", "eval_mount", "eval_download"};
  else if (port == Port::declared_input)
    set = {"ro_mount", "rw_mount", "mount", "download", "direct", "eval_mount", "eval_download"};
  else if (port == Port::output)
    set = {"rw_mount", "mount", "upload", "direct"};
  else if (port == Port::declared_output)
    set = {"rw_mount", "mount", "upload", "direct", "link"};
  const auto mode = model::parse_access_mode(*word);
  if (mode && std::find(set.begin(), set.end(), lower(*word)) != set.end())
    return *mode == rw_mount && port == Port::declared_input && lower(*word) == "mount" ? ro_mount
                                                                                        : *mode;
  reading.diagnostics.error(
      map.find("mode")->place,
      fmt::format("Value '{}' passed is not in set ['{}']", *word, fmt::join(set, "', '")),
      lower(*word).starts_with("eval_") ? "eval modes are for type: mltable"
                                        : text::did_you_mean(*word, set));
  return std::nullopt;
}

std::vector<model::InputDeclaration> read_input_declarations(const text::Node* map,
                                                             Reading& reading) {
  std::vector<model::InputDeclaration> declarations;
  if (!map) return declarations;
  check_names(*map, reading);
  for (const auto& [name, place, value] : map->entries) {
    model::InputDeclaration declared;
    declared.name = name;
    declared.place = place;
    if (!value.is_map()) {
      reading.diagnostics.error(
          value.place, fmt::format("input '{}' must be declared by a mapping with a type", name));
      continue;
    }
    check_keys(value,
               {"type", "description", "default", "optional", "min", "max", "enum", "mode",
                "datastore", "is_resource"},
               Unknown::warning, reading);
    if (!value.find("type")) report_missing(value, "type", reading);
    declared.type = read_type(value, reading).value_or(model::DataType::uri_folder);
    declared.mode = read_mode(value, Port::declared_input, reading);
    declared.optional = read_boolean(value, "optional", reading).value_or(false);
    declared.min = read_number(value, "min", reading);
    declared.max = read_number(value, "max", reading);
    declared.description = read_text(value, "description", reading).value_or("");
    if (declared.min && declared.max && *declared.min > *declared.max)
      reading.diagnostics.error(value.find("min")->place,
                                fmt::format("input '{}': min is above max", name));
    if (const auto* allowed = value.find("enum"); allowed && allowed->is_sequence())
      for (const auto& item : allowed->items) declared.allowed.push_back(make_literal(item).text);
    if ((declared.min || declared.max) && declared.type != model::DataType::integer &&
        declared.type != model::DataType::number)
      reading.diagnostics.error(value.find(declared.min ? "min" : "max")->place,
                                fmt::format("input '{}' is a {}: only an integer or a number has "
                                            "min and max",
                                            name, to_string(declared.type)));
    if (const auto* given = value.find("default"); given && given->is_scalar()) {
      declared.default_value = make_literal(*given);
      declared.default_place = given->place;
      check_literal(*declared.default_value, given->place, fmt::format("input '{}'", name),
                    declared, reading);
    }
    declarations.push_back(std::move(declared));
  }
  return declarations;
}

std::vector<model::OutputDeclaration> read_output_declarations(const text::Node* map,
                                                               Reading& reading) {
  std::vector<model::OutputDeclaration> declarations;
  if (!map) return declarations;
  check_names(*map, reading);
  for (const auto& [name, place, value] : map->entries) {
    model::OutputDeclaration declared{name, place, model::DataType::uri_folder, {}, ""};
    if (value.is_map()) {
      check_keys(value,
                 {"type", "description", "mode", "path", "name", "version", "optional",
                  "is_control", "early_available"},
                 Unknown::warning, reading);
      declared.type = read_type(value, reading).value_or(model::DataType::uri_folder);
      declared.mode = read_mode(value, Port::declared_output, reading);
      declared.description = read_text(value, "description", reading).value_or("");
      if (value.find("optional"))
        reading.diagnostics.error(value.find("optional")->place,
                                  fmt::format("output '{}' cannot be optional", name));
    }
    declarations.push_back(std::move(declared));
  }
  return declarations;
}

}  // namespace definition
