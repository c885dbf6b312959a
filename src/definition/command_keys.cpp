// What a command or parallel component, job or step says of what runs and with what.
#include <fmt/format.h>

#include <algorithm>

#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Component;

void read_distribution(const text::Node& map, Component& component, Reading& reading) {
  const auto* value = read_map(map, "distribution", reading);
  if (!value) return;
  model::Distribution distribution;
  distribution.place = value->place;
  const std::string type = read_text(*value, "type", reading).value_or("");
  if (!value->find("type")) return report_missing(*value, "type", reading);
  const std::vector<std::string> kinds{"mpi", "pytorch", "tensorflow", "ray"};
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const std::string& kind) {
    return std::equal(kind.begin(), kind.end(), type.begin(), type.end(),
                      [](unsigned char a, unsigned char b) { return a == std::tolower(b); });
  });
  if (found == kinds.end()) {
    reading.diagnostics.error(
        value->find("type")->place,
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
  for (const char* key : {"process_count_per_instance", "worker_count"})
    if (read_integer(*value, key, reading).value_or(1) < 1)
      reading.diagnostics.error(value->find(key)->place,
                                fmt::format("'{}' must be at least 1", key));
  component.distribution = distribution;
}

void read_variables(const text::Node& map, Component& component, Reading& reading) {
  for (const auto& entry : map.entries) {
    check_twice(map, entry, reading);
    if (entry.value.is_map() || entry.value.is_sequence()) {
      reading.diagnostics.error(entry.value.place,
                                fmt::format("environment variable '{}' must be a text", entry.key));
      continue;
    }
    std::erase_if(component.environment_variables,
                  [&](const auto& other) { return other.first == entry.key; });
    component.environment_variables.emplace_back(entry.key, read_template(entry.value, reading));
  }
}

}  // namespace

// Source: azure-ai-ml _schema/job/services.py; what it does not know, it passes on.
void check_services(const text::Node& map, Reading& reading) {
  const auto* services = read_map(map, "services", reading);
  if (!services) return;
  const std::vector<std::string> known{"ssh", "tensor_board", "vs_code", "jupyter_lab"};
  for (const auto& entry : services->entries) {
    const auto type = entry.value.is_map() ? read_text(entry.value, "type", reading) : std::nullopt;
    if (type && std::find(known.begin(), known.end(), *type) == known.end())
      reading.diagnostics.warning(entry.value.find("type")->place,
                                  fmt::format("a service of the unknown type '{}'", *type),
                                  text::did_you_mean(*type, known));
  }
}

void check_compute(const text::Node& value, Reading& reading) {
  if (!value.is_scalar() || value.scalar.starts_with("azureml:") ||
      value.scalar.find("${{") != std::string::npos || value.scalar == "serverless" ||
      value.scalar == "local")
    return;
  reading.diagnostics.error(
      value.place,
      fmt::format("In order to specify an existing compute, please provide it prefixed with "
                  "'azureml:': {}",
                  value.scalar),
      fmt::format("write azureml:{}", value.scalar));
}

void read_command_keys(const text::Node& map, const fs::path& folder, Component& component,
                       Reading& reading) {
  if (const auto* command = map.find("command"); command && command->is_scalar())
    component.command = read_template(*command, reading);
  else if (command)
    reading.diagnostics.error(command->place, "'command' must be a text");
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
    read_variables(*variables, component, reading);
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
    if (component.resources.instance_count < 1)
      reading.diagnostics.error(resources->find("instance_count")->place,
                                "'instance_count' must be at least 1");
    const std::string machine = read_text(*resources, "instance_type", reading).value_or("");
    const std::string docker = read_text(*resources, "docker_args", reading).value_or("");
    // Azure's series with GPUs: Standard_NC…, ND…, NG…, NV….
    component.resources.gpu =
        machine.find("_N") != std::string::npos || docker.find("--gpus") != std::string::npos;
  }
  check_services(map, reading);
  if (const auto* compute = map.find("compute")) {
    check_compute(*compute, reading);
    component.compute = compute->scalar;
  }
  component.is_deterministic =
      read_boolean(map, "is_deterministic", reading).value_or(component.is_deterministic);
}

}  // namespace definition
