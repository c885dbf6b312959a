#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <unordered_map>

#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Component;

std::shared_ptr<const Component> read_inline(const text::Node& map, const fs::path& folder,
                                             const std::string& type, const model::Step& step,
                                             Reading& reading) {
  if (type == "sweep") return read_sweep_component(map, folder, step.inputs, step.outputs, reading);
  auto component = std::make_shared<Component>();
  component->place = map.place;
  component->type_text = type;
  for (const auto& input : step.inputs) component->inputs.push_back(declaration_of(input));
  for (const auto& output : step.outputs)
    component->outputs.push_back({output.name, output.place,
                                  output.type.value_or(model::DataType::uri_folder), output.mode,
                                  ""});
  if (type == "command") {
    read_command_keys(map, folder, *component, reading);
    if (!map.find("command")) report_missing(map, "command", reading);
    if (!map.find("environment")) report_missing(map, "environment", reading);
    check_command(*component, component->command, reading);
  } else if (type == "parallel") {
    component->kind = Component::Kind::parallel;
    read_parallel_keys(map, folder, *component, reading);
  } else if (const auto kind = other_kind(type)) {
    component->kind = *kind;
    read_other_keys(map, *kind, reading);
  } else if (type == "pipeline") {
    reading.diagnostics.error(map.place, "a pipeline step must reference a component",
                              "put its steps into a file and name it with component:");
    component->kind = Component::Kind::other;
  } else {
    reading.diagnostics.error(
        map.find("type")->place,
        fmt::format("Value '{}' passed is not in set ['command', 'import', 'sweep', 'parallel', "
                    "'pipeline', "
                    "'automl', 'spark', 'data_transfer']",
                    type),
        text::did_you_mean(type, {"command", "sweep", "parallel", "pipeline", "automl", "spark"}));
    component->kind = Component::Kind::other;
  }
  return component;
}

// What a step says beside its component wins over it.
std::shared_ptr<const Component> with_overrides(std::shared_ptr<const Component> component,
                                                const text::Node& map, const fs::path& folder,
                                                Reading& reading) {
  bool any = false;
  for (const char* key :
       {"environment", "environment_variables", "limits", "resources", "distribution", "compute"})
    any = any || map.find(key);
  if (!any) {
    check_services(map, reading);
    return component;
  }
  auto copy = std::make_shared<Component>(*component);
  const auto variables = std::exchange(copy->environment_variables, {});
  text::Node allowed = map;
  std::erase_if(allowed.entries,
                [](const text::Entry& e) { return e.key == "command" || e.key == "code"; });
  read_command_keys(allowed, folder, *copy, reading);
  for (const auto& variable : variables) {
    const bool replaced =
        std::any_of(copy->environment_variables.begin(), copy->environment_variables.end(),
                    [&](const auto& other) { return other.first == variable.first; });
    if (!replaced) copy->environment_variables.push_back(variable);
  }
  return copy;
}

// A text given for a data input is taken as its path.
void take_texts_as_paths(model::Step& step, const fs::path& folder, Reading& reading) {
  for (auto& input : step.inputs) {
    const auto* declared = step.component->find_input(input.name);
    const auto* literal = input.source ? std::get_if<model::Literal>(&*input.source) : nullptr;
    if (!declared || !literal || !model::is_data(declared->type)) continue;
    if (!std::holds_alternative<std::string>(literal->value)) continue;
    input.source = read_data_path(std::string(literal->text), input.place, folder, reading);
  }
}

bool is_step_name(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

// Source: v2-yaml reference, sections 2 and 3; azure-ai-ml _schema/pipeline.
void check_step_keys(const text::Node& map, const std::string& type, Reading& reading) {
  // Their keys are many and have no effect here.
  if (type != "command" && type != "parallel" && type != "pipeline" && type != "sweep") return;
  check_keys(map,
             {"$schema",
              "type",
              "component",
              "trial",
              "command",
              "code",
              "environment",
              "environment_variables",
              "inputs",
              "outputs",
              "compute",
              "limits",
              "resources",
              "distribution",
              "services",
              "identity",
              "display_name",
              "description",
              "tags",
              "properties",
              "queue_settings",
              "name",
              "input_data",
              "mini_batch_size",
              "partition_keys",
              "mini_batch_error_threshold",
              "error_threshold",
              "logging_level",
              "max_concurrency_per_instance",
              "retry_settings",
              "task",
              "sampling_algorithm",
              "search_space",
              "objective",
              "early_termination",
              "additional_includes",
              "experiment_name",
              "is_deterministic"},
             Unknown::warning, reading);
}

model::Step read_step(const text::Entry& entry, const fs::path& folder, Reading& reading) {
  const text::Node& value = entry.value;
  const std::string type = read_text(value, "type", reading).value_or("command");
  check_step_keys(value, type, reading);
  model::Step step;
  step.name = entry.key;
  step.place = entry.key_place;
  step.display_name = read_text(value, "display_name", reading).value_or("");
  read_v1_step(value, step, reading);
  step.inputs = read_inputs(read_map(value, "inputs", reading), folder, true, reading);
  step.outputs = read_outputs(read_map(value, "outputs", reading), true, reading);
  if (const auto* component = value.find("component")) {
    auto resolved = resolve_component(*component, folder, reading);
    if (resolved) step.component = with_overrides(std::move(resolved), value, folder, reading);
    if (value.find("command"))
      reading.diagnostics.warning(value.find("command")->place,
                                  "the step has a component: this command has no effect",
                                  "leave one of the two out");
  } else {
    step.component = read_inline(value, folder, type, step, reading);
  }
  if (!step.component) {
    // Its problem is reported; an empty stand-in lets the rest be checked.
    auto stand_in = std::make_shared<Component>();
    stand_in->kind = Component::Kind::other;
    step.component = std::move(stand_in);
  }
  take_texts_as_paths(step, folder, reading);
  check_local_data(step.inputs, step.component->inputs, reading);
  return step;
}

}  // namespace

model::InputDeclaration declaration_of(const model::Input& input) {
  model::InputDeclaration declared;
  declared.name = input.name;
  declared.place = input.place;
  declared.mode = input.mode;
  if (input.type)
    declared.type = *input.type;
  else if (input.source) {
    if (const auto* literal = std::get_if<model::Literal>(&*input.source))
      declared.type = model::type_of(*literal);
    else
      declared.inferred = !std::holds_alternative<model::DataPath>(*input.source);
  }
  return declared;
}

// Source: v2-yaml reference, section 2 "Steps".
std::shared_ptr<const Component> resolve_component(const text::Node& value, const fs::path& folder,
                                                   Reading& reading) {
  if (value.is_map()) return read_component(value, folder, reading);
  if (!value.is_scalar()) {
    reading.diagnostics.error(value.place, "'component' must be a file, a reference or a mapping");
    return nullptr;
  }
  if (value.scalar.starts_with("azureml:")) {
    const auto file = reading.catalogue.component(value.scalar);
    if (file) return read_component_file(*file, reading);
    reading.diagnostics.error(
        value.place, fmt::format("the component '{}' cannot be had offline", value.scalar),
        fmt::format("`amlocal component map {} FILE` lets a local file stand for it",
                    value.scalar));
    return nullptr;
  }
  if (value.scalar.find("${{") != std::string::npos) {
    reading.diagnostics.error(value.place, "a component cannot be an expression",
                              "name a file, or a reference that begins with azureml:");
    return nullptr;
  }
  std::string name = value.scalar;
  if (name.starts_with("file:")) name.erase(0, 5);
  const fs::path file = fs::absolute(name, folder).lexically_normal();
  // Most steps share few component files.
  if (const auto known = reading.components.find(file); known != reading.components.end())
    return known->second;
  read_path(value, folder, true, reading);
  boost::system::error_code ignored;
  if (fs::is_regular_file(file, ignored)) return read_component_file(file, reading);
  if (fs::is_directory(file, ignored))
    reading.diagnostics.error(value.place, fmt::format("'{}' is a folder", value.scalar),
                              "name the component's file");
  return nullptr;
}

std::vector<model::Step> read_steps(const text::Node* jobs, const fs::path& folder,
                                    Reading& reading) {
  std::vector<model::Step> steps;
  if (!jobs) return steps;
  steps.reserve(jobs->entries.size());
  std::unordered_map<std::string_view, const text::Entry*> last;
  for (const auto& entry : jobs->entries) {
    const auto [known, first] = last.emplace(entry.key, &entry);
    if (first) continue;
    known->second = &entry;
    reading.diagnostics.warning(entry.key_place,
                                fmt::format("the key '{}' stands here twice", entry.key),
                                "the last one counts");
  }
  for (const auto& entry : jobs->entries) {
    if (last[entry.key] != &entry) continue;
    if (!is_step_name(entry.key))
      reading.diagnostics.error(
          entry.key_place,
          fmt::format(
              "Pipeline node name should be a valid python identifier(lower letters, numbers, "
              "underscore and start with a letter or underscore). Currently got {}.",
              entry.key));
    if (entry.value.is_map())
      steps.push_back(read_step(entry, folder, reading));
    else
      reading.diagnostics.error(entry.value.place,
                                fmt::format("step '{}' must be a mapping", entry.key));
  }
  return steps;
}

}  // namespace definition
