#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.hpp"
#include "base/files.hpp"
#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Component;

// The node as JSON text: two environments are the same when their texts are.
nlohmann::json to_json(const text::Node& node) {
  nlohmann::json j;
  if (node.is_map()) {
    j = nlohmann::json::object();
    for (const auto& entry : node.entries) j[entry.key] = to_json(entry.value);
  } else if (node.is_sequence()) {
    j = nlohmann::json::array();
    for (const auto& item : node.items) j.push_back(to_json(item));
  } else if (!node.is_null()) {
    j = node.scalar;
  }
  return j;
}

std::string bare_name(std::string reference) {
  if (const auto at = reference.find("environments/"); at != std::string::npos) {
    reference = reference.substr(at + 13);
    return reference.substr(0, reference.find('/'));
  }
  if (reference.starts_with("azureml:")) reference.erase(0, 8);
  return reference.substr(0, reference.find_first_of(":@"));
}

model::Environment read_environment(const text::Node& value, const fs::path& folder,
                                    Reading& reading) {
  model::Environment environment;
  environment.place = value.place;
  if (value.is_scalar()) {
    environment.reference = value.scalar;
    if (!value.scalar.starts_with("azureml:") && !value.scalar.starts_with("file:") &&
        !value.scalar.starts_with("AzureML-"))
      reading.diagnostics.error(
          value.place,
          fmt::format(
              "In order to specify an existing environment, please provide it prefixed with "
              "'azureml:': {}",
              value.scalar),
          fmt::format("write azureml:{}", value.scalar));
    environment.name = bare_name(value.scalar);
    return environment;
  }
  environment.canonical =
      to_json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (!value.find("image") && !value.find("build") && !value.find("conda_file") &&
      !value.find("name"))
    reading.diagnostics.error(
        value.place, "an environment needs an image or a build",
        "for example: image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04");
  if (const auto* conda = value.find("conda_file"); conda && conda->is_scalar()) {
    const fs::path file = read_path(*conda, folder, true, reading);
    boost::system::error_code ignored;
    if (fs::is_regular_file(file, ignored)) environment.canonical += base::read_file(file);
  }
  return environment;
}

void read_distribution(const text::Node& map, Component& component, Reading& reading) {
  const auto* value = read_map(map, "distribution", reading);
  if (!value) return;
  model::Distribution distribution;
  distribution.place = value->place;
  const std::string type = read_text(*value, "type", reading).value_or("");
  const std::vector<std::string> kinds{"mpi", "pytorch", "tensorflow", "ray"};
  const auto found = std::find(kinds.begin(), kinds.end(), type == "PyTorch" ? "pytorch" : type);
  if (found == kinds.end()) {
    reading.diagnostics.error(
        value->place,
        fmt::format("Value '{}' passed is not in set ['mpi', 'pytorch', 'tensorflow', 'ray']",
                    type),
        text::did_you_mean(type, kinds));
    return;
  }
  distribution.kind = static_cast<model::Distribution::Kind>(found - kinds.begin());
  distribution.process_count_per_instance =
      read_integer(*value, "process_count_per_instance", reading).value_or(1);
  distribution.worker_count = read_integer(*value, "worker_count", reading).value_or(1);
  distribution.parameter_server_count =
      read_integer(*value, "parameter_server_count", reading).value_or(0);
  component.distribution = distribution;
}

void check_component_name(const text::Node& map, const std::string& name, Reading& reading) {
  static const std::regex valid("[a-z][a-z0-9_]{0,254}");
  if (std::regex_match(name, valid)) return;
  reading.diagnostics.warning(
      map.find("name")->place,
      fmt::format(
          "Component name should only contain lower letter, number, underscore and start with "
          "a lower letter. Currently got {}.",
          name),
      "the cloud's newer tools refuse it");
}

Component::Kind kind_of(const std::string& type) {
  if (type == "command") return Component::Kind::command;
  if (type == "pipeline") return Component::Kind::pipeline;
  if (type == "parallel") return Component::Kind::parallel;
  if (type == "sweep") return Component::Kind::sweep;
  if (type == "automl") return Component::Kind::automl;
  if (type == "spark") return Component::Kind::spark;
  return Component::Kind::other;
}

}  // namespace

void read_command_keys(const text::Node& map, const fs::path& folder, Component& component,
                       Reading& reading) {
  if (const auto* command = map.find("command"); command && command->is_scalar()) {
    component.command = read_template(*command, reading);
  }
  if (const auto* code = map.find("code"); code && code->is_scalar()) {
    component.code_place = code->place;
    if (code->scalar.find("://") != std::string::npos || code->scalar.starts_with("git+") ||
        code->scalar.starts_with("azureml:"))
      reading.diagnostics.error(code->place,
                                fmt::format("code from '{}' is not fetched", code->scalar),
                                "give a local folder");
    else
      component.code = read_path(*code, folder, true, reading);
  }
  if (const auto* includes = map.find("additional_includes"); includes && includes->is_sequence())
    for (const auto& item : includes->items)
      component.additional_includes.push_back(read_path(item, folder, true, reading));
  if (const auto* environment = map.find("environment"); environment && !environment->is_null())
    component.environment = read_environment(*environment, folder, reading);
  if (const auto* variables = read_map(map, "environment_variables", reading))
    for (const auto& [name, place, value] : variables->entries)
      component.environment_variables.emplace_back(name, read_template(value, reading));
  read_distribution(map, component, reading);
  if (const auto* limits = read_map(map, "limits", reading)) {
    const auto timeout = read_number(*limits, "timeout", reading);
    if (timeout && *timeout <= 0)
      reading.diagnostics.error(limits->find("timeout")->place, "'timeout' must be above 0");
    component.limits.timeout_seconds = timeout;
  }
  if (const auto* resources = read_map(map, "resources", reading)) {
    component.resources.instance_count =
        read_integer(*resources, "instance_count", reading).value_or(1);
    const std::string machine = read_text(*resources, "instance_type", reading).value_or("");
    component.resources.gpu =
        machine.find("_N") != std::string::npos;  // Azure's GPU series: NC, ND, NV
  }
  component.is_deterministic =
      read_boolean(map, "is_deterministic", reading).value_or(component.is_deterministic);
}

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
    case Component::Kind::sweep:
    case Component::Kind::automl:
    case Component::Kind::spark:
      break;
  }
  return component;
}

std::shared_ptr<const Component> read_component_file(const fs::path& file, Reading& reading) {
  auto& chain = reading.open_files;
  const auto document = open_document(file, reading);
  if (!document) return nullptr;
  if (std::find(chain.begin(), chain.end(), file) != chain.end()) {
    reading.diagnostics.error(document->root.place,
                              fmt::format("{} contains itself", base::display_path(file)));
    return nullptr;
  }
  chain.push_back(file);
  auto component = read_component(document->root, document->folder(), reading);
  chain.pop_back();
  return component;
}

}  // namespace definition
