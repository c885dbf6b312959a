#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <cmath>
#include <regex>

#include "definition/reading.hpp"

namespace definition {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

void check_names(const text::Node& map, Reading& reading) {
  static const std::regex valid("[a-zA-Z_]+[a-zA-Z0-9_]*(\\.[a-zA-Z_]+[a-zA-Z0-9_]*)*");
  std::vector<std::string> seen;
  for (const auto& entry : map.entries) {
    if (!std::regex_match(entry.key, valid))
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

bool is_url(const std::string& text) {
  return text.find("://") != std::string::npos;
}

// Source: v2-yaml reference 5.3.
model::DataPath read_data_path(const text::Node& value, const fs::path& folder, Reading& reading) {
  using model::DataPath;
  std::string text = value.scalar;
  // The documentation writes azureml:wasbs://… too.
  if (text.starts_with("azureml:") && !text.starts_with("azureml://") && is_url(text))
    text.erase(0, 8);
  if (text.starts_with("file://")) text.erase(0, 7);
  if (is_url(text)) return {DataPath::Kind::url, text};
  if (text.starts_with("azureml:")) return {DataPath::Kind::asset, text.substr(8)};
  return {DataPath::Kind::local, read_path(value, folder, true, reading).native()};
}

std::optional<model::InputSource> read_binding(const text::Node& value, Reading& reading) {
  const auto source = read_template(value, reading);
  const auto references = source.references();
  if (references.empty()) return std::nullopt;
  const auto* binding = source.as_binding();
  const auto complain = [&](const std::string& hint) {
    reading.diagnostics.error(
        value.place, fmt::format("Value passed is not a data binding string: {}", value.scalar),
        hint);
    return std::optional<model::InputSource>(model::Literal{value.scalar, value.scalar});
  };
  if (!binding) return complain("an input takes one whole expression, with no text around it");
  auto words = binding->words;
  if (words[0] == "parent") words.erase(words.begin());
  if (words.size() == 2 && words[0] == "inputs") return model::ParentInput{words[1]};
  if (words.size() == 3 && words[0] == "inputs" && words[2] == "path")
    return model::ParentInput{words[1]};
  if (words.size() == 4 && words[0] == "jobs" && words[2] == "outputs")
    return model::StepOutput{words[1], words[3]};
  if (words.size() == 4 && words[0] == "jobs" && words[2] == "inputs")
    return model::StepInput{words[1], words[3]};
  return complain("write ${{parent.inputs.NAME}} or ${{parent.jobs.STEP.outputs.NAME}}");
}

}  // namespace

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

std::optional<model::AccessMode> read_mode(const text::Node& map, bool output, Reading& reading) {
  using enum model::AccessMode;
  const auto word = read_text(map, "mode", reading);
  if (!word) return std::nullopt;
  const auto mode = model::parse_access_mode(*word);
  const bool fits =
      mode && (output ? *mode == rw_mount || *mode == upload || *mode == direct || *mode == link
                      : *mode != upload && *mode != hdfs);
  if (fits) return mode;
  const std::vector<std::string> set =
      output ? std::vector<std::string>{"rw_mount", "mount", "upload", "direct"}
             : std::vector<std::string>{"ro_mount", "rw_mount",   "download",
                                        "direct",   "eval_mount", "eval_download"};
  reading.diagnostics.error(
      map.find("mode")->place,
      fmt::format("Value '{}' passed is not in set ['{}']", *word, fmt::join(set, "', '")),
      text::did_you_mean(*word, set));
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
    declared.mode = read_mode(value, false, reading);
    declared.optional = read_boolean(value, "optional", reading).value_or(false);
    declared.min = read_number(value, "min", reading);
    declared.max = read_number(value, "max", reading);
    declared.description = read_text(value, "description", reading).value_or("");
    if (declared.min && declared.max && *declared.min > *declared.max)
      reading.diagnostics.error(value.find("min")->place,
                                fmt::format("input '{}': min is above max", name));
    if (const auto* allowed = value.find("enum"); allowed && allowed->is_sequence())
      for (const auto& item : allowed->items) declared.allowed.push_back(make_literal(item).text);
    if (const auto* given = value.find("default"); given && given->is_scalar()) {
      declared.default_value = make_literal(*given);
      model::Input as_given{
          name, given->place, model::InputSource(*declared.default_value), {}, {}};
      check_values({as_given}, {declared}, "the default of", given->place, reading);
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
      declared.type = read_type(value, reading).value_or(model::DataType::uri_folder);
      declared.mode = read_mode(value, true, reading);
      declared.description = read_text(value, "description", reading).value_or("");
      if (value.find("optional"))
        reading.diagnostics.error(value.find("optional")->place,
                                  fmt::format("output '{}' cannot be optional", name));
    }
    declarations.push_back(std::move(declared));
  }
  return declarations;
}

std::vector<model::Input> read_inputs(const text::Node* map, const fs::path& folder, bool in_step,
                                      Reading& reading) {
  std::vector<model::Input> inputs;
  if (!map) return inputs;
  check_names(*map, reading);
  for (const auto& [name, place, value] : map->entries) {
    model::Input input{name, value.place, {}, {}, {}};
    if (value.is_null()) {
      reading.diagnostics.error(place, fmt::format("input '{}' has no value", name),
                                "give it one, or leave the key out");
      continue;
    }
    if (value.is_scalar()) {
      if (in_step && value.scalar.find("${{") != std::string::npos)
        input.source = read_binding(value, reading);
      if (!input.source) input.source = make_literal(value);
    } else if (value.is_map()) {
      check_keys(
          value,
          {"type", "path", "mode", "description", "datastore", "value", "default", "optional"},
          Unknown::warning, reading);
      input.type = read_type(value, reading);
      input.mode = read_mode(value, false, reading);
      const auto* path = value.find("path");
      if (!path) path = value.find("value");
      if (!path) path = value.find("default");
      if (path && path->is_scalar()) {
        if (in_step && path->scalar.find("${{") != std::string::npos)
          input.source = read_binding(*path, reading);
        else if (input.type && !model::is_data(*input.type))
          input.source = make_literal(*path);
        else
          input.source = read_data_path(*path, folder, reading);
        input.place = path->place;
      }
    } else {
      reading.diagnostics.error(value.place, fmt::format("input '{}' cannot be a list", name));
      continue;
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::vector<model::Output> read_outputs(const text::Node* map, bool in_step, Reading& reading) {
  std::vector<model::Output> outputs;
  if (!map) return outputs;
  check_names(*map, reading);
  for (const auto& [name, place, value] : map->entries) {
    model::Output output;
    output.name = name;
    output.place = place;
    const text::Node* bound = value.is_scalar() ? &value : nullptr;
    if (value.is_map()) {
      check_keys(value, {"type", "mode", "path", "name", "version", "description"},
                 Unknown::warning, reading);
      output.type = read_type(value, reading);
      output.mode = read_mode(value, true, reading);
      output.asset_name = read_text(value, "name", reading).value_or("");
      output.asset_version = read_text(value, "version", reading).value_or("");
      if (const auto* path = value.find("path"); path && path->is_scalar()) {
        if (in_step && path->scalar.find("parent.outputs") != std::string::npos)
          bound = path;
        else if (path->scalar.find("://") == std::string::npos)
          reading.diagnostics.error(
              path->place, fmt::format("output '{}': a local path cannot be an output", name),
              "give a datastore's: azureml://datastores/workspaceblobstore/paths/…");
        else
          output.path = read_template(*path, reading);
      }
    }
    if (bound) {
      const auto source = read_template(*bound, reading);
      const auto* reference = source.as_binding();
      if (in_step && reference && reference->words.size() == 3 &&
          reference->starts_with({"parent", "outputs"}))
        output.parent_output = reference->words[2];
      else
        reading.diagnostics.error(
            bound->place,
            fmt::format("Value passed is not a data binding string: {}", bound->scalar),
            in_step ? "write ${{parent.outputs.NAME}}, or a mapping with type, mode or path"
                    : "an output is a mapping with type, mode or path, or nothing");
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

}  // namespace definition
