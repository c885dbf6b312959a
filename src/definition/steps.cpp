#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <regex>

#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Component;

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
  const fs::path file = read_path(value, folder, true, reading);
  boost::system::error_code ignored;
  return fs::is_regular_file(file, ignored) ? read_component_file(file, reading) : nullptr;
}

// An input of an inline step is declared by the value it is given.
model::InputDeclaration declaration_of(const model::Input& input) {
  model::InputDeclaration declared;
  declared.name = input.name;
  declared.place = input.place;
  declared.mode = input.mode;
  if (input.type)
    declared.type = *input.type;
  else if (input.source) {
    if (const auto* literal = std::get_if<model::Literal>(&*input.source)) {
      static constexpr model::DataType types[] = {model::DataType::string, model::DataType::integer,
                                                  model::DataType::number,
                                                  model::DataType::boolean};
      declared.type = types[literal->value.index()];
    } else {
      declared.inferred = true;
    }
  }
  return declared;
}

std::shared_ptr<const Component> read_inline(const text::Node& map, const fs::path& folder,
                                             const std::string& type, const model::Step& step,
                                             Reading& reading) {
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
  } else if (type == "sweep")
    component->kind = Component::Kind::sweep;
  else if (type == "automl")
    component->kind = Component::Kind::automl;
  else if (type == "spark")
    component->kind = Component::Kind::spark;
  else if (type == "pipeline") {
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
       {"environment", "environment_variables", "limits", "resources", "distribution"})
    any = any || map.find(key);
  if (!any) return component;
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
void take_texts_as_paths(model::Step& step, const fs::path& folder) {
  for (auto& input : step.inputs) {
    const auto* declared = step.component->find_input(input.name);
    const auto* literal = input.source ? std::get_if<model::Literal>(&*input.source) : nullptr;
    if (!declared || !literal || !model::is_data(declared->type)) continue;
    if (!std::holds_alternative<std::string>(literal->value)) continue;
    std::string text = literal->text;
    if (text.find("://") != std::string::npos)
      input.source = model::DataPath{model::DataPath::Kind::url, text};
    else if (text.starts_with("azureml:"))
      input.source = model::DataPath{model::DataPath::Kind::asset, text.substr(8)};
    else
      input.source = model::DataPath{model::DataPath::Kind::local,
                                     fs::absolute(text, folder).lexically_normal().native()};
  }
}

}  // namespace

std::vector<model::Step> read_steps(const text::Node* jobs, const fs::path& folder,
                                    Reading& reading) {
  static const std::regex valid_name("[a-z_][a-z0-9_]*");
  std::vector<model::Step> steps;
  if (!jobs) return steps;
  for (const auto& [name, place, value] : jobs->entries) {
    if (!std::regex_match(name, valid_name))
      reading.diagnostics.error(
          place,
          fmt::format(
              "Pipeline node name should be a valid python identifier(lower letters, numbers, "
              "underscore and start with a letter or underscore). Currently got {}.",
              name));
    if (!value.is_map()) {
      reading.diagnostics.error(value.place, fmt::format("step '{}' must be a mapping", name));
      continue;
    }
    if (std::any_of(steps.begin(), steps.end(),
                    [&, &wanted = name](const auto& s) { return s.name == wanted; }))
      continue;
    check_keys(value,
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
    model::Step step;
    step.name = name;
    step.place = place;
    step.display_name = read_text(value, "display_name", reading).value_or("");
    step.inputs = read_inputs(read_map(value, "inputs", reading), folder, true, reading);
    step.outputs = read_outputs(read_map(value, "outputs", reading), true, reading);
    const std::string type = read_text(value, "type", reading).value_or("command");
    if (const auto* component = value.find("component")) {
      auto resolved = resolve_component(*component, folder, reading);
      if (resolved) step.component = with_overrides(std::move(resolved), value, folder, reading);
    } else {
      step.component = read_inline(value, folder, type, step, reading);
    }
    if (!step.component) {
      // Its problem is reported; an empty stand-in lets the rest be checked.
      auto stand_in = std::make_shared<Component>();
      stand_in->kind = Component::Kind::other;
      step.component = std::move(stand_in);
    }
    take_texts_as_paths(step, folder);
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace definition
