#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/files.hpp"
#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Component;

void check_component_name(const text::Node& map, const std::string& name, Reading& reading) {
  const bool valid =
      name.size() <= 255 && name[0] >= 'a' && name[0] <= 'z' &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (valid) return;
  reading.diagnostics.warning(
      map.find("name")->place,
      fmt::format(
          "Component name should only contain lower letter, number, underscore and start with "
          "a lower letter. Currently got {}.",
          name),
      "the cloud's newer tools refuse it");
}

void check_version(const text::Node& map, const std::string& version, Reading& reading) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (version.size() <= 255 && version.find_first_not_of(allowed) == std::string::npos) return;
  reading.diagnostics.error(map.find("version")->place,
                            fmt::format("'{}' cannot be a version", version),
                            "letters, digits, '.', '_' and '-' may be in it");
}

Component::Kind kind_of(const std::string& type) {
  if (type == "command") return Component::Kind::command;
  if (type == "pipeline") return Component::Kind::pipeline;
  if (type == "parallel") return Component::Kind::parallel;
  return other_kind(type).value_or(Component::Kind::other);
}

// The documentation: a component's command has no line that ends with a backslash.
// Source: reference-yaml-component-command.
void check_continuation(const model::Template& command, Reading& reading) {
  for (const std::string_view end : {"\\\n", "\\\r\n"})
    if (const auto at = command.text.find(end); at != std::string::npos)
      reading.diagnostics.error(command.place_of(at),
                                "a component's command cannot go on after a backslash",
                                "write the command as a folded text: command: >-");
}

}  // namespace

std::shared_ptr<const Component> read_component(const text::Node& map, const fs::path& folder,
                                                Reading& reading) {
  auto component = std::make_shared<Component>();
  component->place = map.place;
  component->type_text = read_text(map, "type", reading).value_or("command");
  component->kind = kind_of(component->type_text);
  component->name = read_text(map, "name", reading).value_or("");
  component->version = read_text(map, "version", reading).value_or("");
  component->display_name = read_text(map, "display_name", reading).value_or("");
  component->description = read_text(map, "description", reading).value_or("");
  if (!component->name.empty()) check_component_name(map, component->name, reading);
  check_version(map, component->version, reading);
  component->inputs = read_input_declarations(read_map(map, "inputs", reading), reading);
  component->outputs = read_output_declarations(read_map(map, "outputs", reading), reading);
  switch (component->kind) {
    case Component::Kind::command:
      check_keys(map,
                 {"$schema",
                  "type",
                  "name",
                  "version",
                  "display_name",
                  "description",
                  "tags",
                  "properties",
                  "is_deterministic",
                  "command",
                  "code",
                  "environment",
                  "environment_variables",
                  "distribution",
                  "resources",
                  "inputs",
                  "outputs",
                  "additional_includes",
                  "limits",
                  "identity",
                  "compute",
                  "services"},
                 Unknown::warning, reading);
      read_command_keys(map, folder, *component, reading);
      if (!map.find("command")) report_missing(map, "command", reading);
      if (!map.find("environment")) report_missing(map, "environment", reading);
      check_command(*component, component->command, reading);
      check_continuation(component->command, reading);
      break;
    case Component::Kind::parallel:
      read_command_keys(map, folder, *component, reading);
      read_parallel_keys(map, folder, *component, reading);
      break;
    case Component::Kind::pipeline:
      check_keys(map,
                 {"$schema", "type", "name", "version", "display_name", "description", "tags",
                  "inputs", "outputs", "jobs", "settings", "is_deterministic", "properties"},
                 Unknown::warning, reading);
      component->steps = read_steps(read_map(map, "jobs", reading), folder, reading);
      component->pipeline_outputs = read_outputs(read_map(map, "outputs", reading), false, reading);
      check_pipeline(*component, reading);
      break;
    case Component::Kind::other:
      reading.diagnostics.error(
          map.find("type")->place,
          fmt::format("Value '{}' passed is not in set ['command', 'sweep', 'parallel', "
                      "'pipeline', 'automl', 'spark']",
                      component->type_text),
          text::did_you_mean(component->type_text,
                             {"command", "sweep", "parallel", "pipeline", "automl", "spark"}));
      break;
    default:
      read_other_keys(map, component->kind, reading);
      break;
  }
  return component;
}

std::shared_ptr<const Component> read_component_file(const fs::path& file, Reading& reading) {
  if (const auto known = reading.components.find(file); known != reading.components.end())
    return known->second;
  auto& chain = reading.open_files;
  const auto document = open_document(file, reading);
  if (!document) return reading.components[file] = nullptr;
  if (std::find(chain.begin(), chain.end(), file) != chain.end()) {
    reading.diagnostics.error(document->root.place,
                              fmt::format("{} contains itself", base::display_path(file)));
    return nullptr;
  }
  chain.push_back(file);
  auto component = read_component(document->root, document->folder(), reading);
  chain.pop_back();
  reading.components[file] = component;
  return component;
}

}  // namespace definition
