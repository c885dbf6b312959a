// The values given to the inputs and outputs of a job or a step: literals, paths, bindings.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include "definition/reading.hpp"
#include "model/reference.hpp"
#include "text/position.hpp"

namespace definition {
namespace {

bool is_url(const std::string& text) {
  return text.find("://") != std::string::npos;
}

// `${{parent.…}}` as written in a step; the older spelling leaves out `parent.`.
std::optional<model::InputSource> source_of(std::vector<std::string> words) {
  if (words[0] == "parent") words.erase(words.begin());
  if (words.size() == 2 && words[0] == "inputs") return model::ParentInput{words[1]};
  if (words.size() == 3 && words[0] == "inputs" && words[2] == "path")
    return model::ParentInput{words[1]};
  if (words.size() == 4 && words[0] == "jobs" && words[2] == "outputs")
    return model::StepOutput{words[1], words[3]};
  if (words.size() == 4 && words[0] == "jobs" && words[2] == "inputs")
    return model::StepInput{words[1], words[3]};
  // A group's member has a dot in its name.
  if (words.size() > 2 && words[0] == "inputs") {
    std::string name = words[1];
    for (std::size_t n = 2; n < words.size(); ++n) name += "." + words[n];
    return model::ParentInput{name};
  }
  return std::nullopt;
}

std::string hint_for(const model::Reference& reference) {
  const auto& words = reference.words;
  if (words[0] == "parents") return "write 'parent', not 'parents'";
  if (words.size() == 3 && words[0] == "parent" && words[1] == "jobs")
    return fmt::format("say which of its outputs: ${{{{parent.jobs.{}.outputs.NAME}}}}", words[2]);
  return "write ${{parent.inputs.NAME}} or ${{parent.jobs.STEP.outputs.NAME}}";
}

bool holds_expression(const text::Node& value) {
  return value.scalar.find("${{") != std::string::npos;
}

// A step's input that is bound: its source, and the expression's own place.
void read_binding(const text::Node& value, model::Input& input, Reading& reading) {
  const auto source = read_template(value, reading);
  const auto references = source.references();
  input.source = model::Literal{value.scalar, value.scalar};  // where it cannot be understood
  if (references.empty()) {
    input.source.reset();
    input.broken = true;  // said by read_template
    return;
  }
  const auto& first = *references.front();
  input.place = text::place_in_scalar(value, first.offset);
  const auto complain = [&](const std::string& hint) {
    input.source.reset();
    input.broken = true;
    reading.diagnostics.error(
        input.place, fmt::format("Value passed is not a data binding string: {}", value.scalar),
        hint);
  };
  if (!source.as_binding())
    return complain("an input takes one whole expression, with no text around it");
  auto found = source_of(first.words);
  if (!found) return complain(hint_for(first));
  input.source = std::move(found);
}

void read_mapping(const text::Node& value, const fs::path& folder, bool in_step,
                  model::Input& input, Reading& reading) {
  check_keys(value, {"type", "path", "mode", "description", "datastore"},
             in_step ? Unknown::warning : Unknown::error, reading);
  input.type = read_type(value, reading);
  if (input.type && !model::is_data(*input.type)) {
    reading.diagnostics.error(
        value.find("type")->place,
        fmt::format("Value '{}' passed is not in set ['uri_file', 'uri_folder', 'mltable', "
                    "'mlflow_model', 'custom_model', 'triton_model']",
                    to_string(*input.type)),
        fmt::format("a value stands without a mapping: {}: VALUE", input.name));
    input.type.reset();
    input.broken = true;
    return;
  }
  input.v1 = read_v1_port(value, reading);
  input.mode = read_mode(value,
                         input.type == model::DataType::mltable || (in_step && !input.type)
                             ? Port::mltable_input
                             : Port::input,
                         reading);
  const auto* path = value.find("path");
  if (!path || path->is_null()) return;
  input.place = path->place;
  if (!path->is_scalar()) {
    reading.diagnostics.error(path->place, "'path' must be a text");
    input.broken = true;
  } else if (in_step && holds_expression(*path)) {
    read_binding(*path, input, reading);
  } else {
    input.source = read_data_path(path->scalar, path->place, folder, reading);
  }
}

std::optional<model::Input> read_input(const text::Entry& entry, const fs::path& folder,
                                       bool in_step, Reading& reading) {
  const auto& value = entry.value;
  model::Input input;
  input.name = entry.key;
  input.name_place = entry.key_place;
  input.place = value.place;
  if (value.is_null()) {
    reading.diagnostics.error(entry.key_place, fmt::format("input '{}' has no value", entry.key),
                              "give it one, or leave the key out");
    return std::nullopt;
  }
  if (value.is_sequence()) {
    reading.diagnostics.error(value.place, fmt::format("input '{}' cannot be a list", entry.key));
    return std::nullopt;
  }
  if (value.is_map()) {
    read_mapping(value, folder, in_step, input, reading);
  } else if (holds_expression(value)) {
    if (in_step) {
      read_binding(value, input, reading);
    } else {
      reading.diagnostics.error(
          value.place, fmt::format("input '{}' of a job cannot be an expression", entry.key),
          "give it a value; only the inputs of steps are bound");
      input.broken = true;
    }
  } else {
    if (value.scalar.starts_with("{inputs.") || value.scalar.starts_with("{parent."))
      reading.diagnostics.warning(
          value.place,
          fmt::format("'{}' is the old form of an expression, taken as a text here", value.scalar),
          fmt::format("write ${{{}}}", value.scalar));
    input.source = make_literal(value);
  }
  return input;
}

void check_output_path(const model::Template& path, Reading& reading) {
  for (const auto* reference : path.references()) {
    const std::string name = reference->to_string();
    if (name == "name" || name == "output_name" || name == "default_datastore") continue;
    reading.diagnostics.error(path.place_of(reference->offset),
                              fmt::format("Invalid data binding expression: {}", name),
                              "an output's path knows ${{name}}, ${{output_name}} and "
                              "${{default_datastore}}");
  }
}

void read_output_mapping(const text::Node& value, bool in_step, model::Output& output,
                         const text::Node*& bound, Reading& reading) {
  check_keys(value, {"type", "mode", "path", "name", "version", "description"}, Unknown::warning,
             reading);
  output.type = read_type(value, reading);
  output.v1 = read_v1_port(value, reading);
  output.mode = read_mode(value, Port::output, reading);
  output.asset_name = read_text(value, "name", reading).value_or("");
  output.asset_version = read_text(value, "version", reading).value_or("");
  if (!output.asset_version.empty() && output.asset_name.empty())
    reading.diagnostics.error(
        value.find("version")->place, "Output name is required when output version is specified.",
        fmt::format("give output '{}' a name, or leave the version out", output.name));
  const auto* path = value.find("path");
  if (!path || !path->is_scalar()) return;
  if (in_step && path->scalar.find("parent.outputs") != std::string::npos) {
    bound = path;
  } else if (!is_url(path->scalar)) {
    reading.diagnostics.error(
        path->place, fmt::format("output '{}': a local path cannot be an output", output.name),
        "give a datastore's: azureml://datastores/workspaceblobstore/paths/…");
  } else {
    output.path = read_template(*path, reading);
    check_output_path(*output.path, reading);
  }
}

}  // namespace

// Source: v2-yaml reference 5.3.
model::DataPath read_data_path(std::string text, const base::Place& place, const fs::path& folder,
                               Reading& reading) {
  using model::DataPath;
  // The documentation writes azureml:wasbs://… too.
  if (text.starts_with("azureml:") && !text.starts_with("azureml:/") && is_url(text))
    text.erase(0, 8);
  if (text.starts_with("file://")) text.erase(0, 7);
  if (const auto reference = model::parse_asset_reference(text)) {
    const bool job_or_model = !reference->collection.empty() && reference->collection != "data";
    if (job_or_model && reference->collection != "models") {
      reading.diagnostics.error(
          place, fmt::format("'{}' names no data: it is one of '{}'", text, reference->collection),
          "give a data asset, a datastore's path or a local one");
      return {DataPath::Kind::local, text};  // nothing more is said of it
    }
    return {DataPath::Kind::asset, reference->short_form()};
  }
  if (text.starts_with("azureml:/") && !is_url(text)) {
    reading.diagnostics.error(
        place,
        fmt::format("Either version or label is not provided for data or the id is not valid: {}",
                    text),
        "write azureml:NAME:VERSION");
    return {DataPath::Kind::url, text};
  }
  if (text.starts_with("azureml:"))
    if (!is_url(text)) {
      reading.diagnostics.error(place, fmt::format("'{}' names no data asset", text),
                                "write azureml:NAME:VERSION");
      return {DataPath::Kind::url, text};
    }
  if (is_url(text)) return {DataPath::Kind::url, text};
  return {DataPath::Kind::local, read_path(text, place, folder, true, reading).native()};
}

std::vector<model::Input> read_inputs(const text::Node* map, const fs::path& folder, bool in_step,
                                      Reading& reading) {
  std::vector<model::Input> inputs;
  if (!map) return inputs;
  check_names(*map, reading);
  for (const auto& entry : map->entries)
    if (auto input = read_input(entry, folder, in_step, reading))
      inputs.push_back(std::move(*input));
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
    if (value.is_map())
      read_output_mapping(value, in_step, output, bound, reading);
    else if (value.is_sequence())
      reading.diagnostics.error(value.place, fmt::format("output '{}' cannot be a list", name));
    if (bound) {
      const auto source = read_template(*bound, reading);
      const auto* reference = source.as_binding();
      const auto references = source.references();
      output.parent_place =
          references.empty() ? bound->place : text::place_in_scalar(*bound, references[0]->offset);
      if (in_step && reference && reference->words.size() == 3 &&
          reference->starts_with({"parent", "outputs"}))
        output.parent_output = reference->words[2];
      else if (in_step && reference && reference->words.size() == 2 &&
               reference->starts_with({"outputs"}))
        output.parent_output = reference->words[1];  // the old form
      else if (!references.empty() || !in_step || bound->scalar.find("${{") == std::string::npos)
        reading.diagnostics.error(
            output.parent_place,
            fmt::format("Value passed is not a data binding string: {}", bound->scalar),
            in_step ? "write ${{parent.outputs.NAME}}, or a mapping with type, mode or path"
                    : "an output is a mapping with type, mode or path, or nothing");
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

}  // namespace definition
