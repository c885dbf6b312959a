#include "engine/isolate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "text/diagnostic.hpp"

namespace engine {
namespace {

void check_kind(const std::string& step, const std::string& input, model::DataType type,
                const Given& given) {
  const bool data = std::holds_alternative<model::DataPath>(given);
  if (data == model::is_data(type)) return;
  throw base::Error(base::Code::bad_input,
                    fmt::format("input '{}' of step '{}' is of type {}, and is given {}", input,
                                step, to_string(type), data ? "data" : "a value"))
      .hint(data ? "give it a value" : "give it a file or folder");
}

void assign(PlannedInput& input, const Given& given) {
  if (const auto* literal = std::get_if<model::Literal>(&given))
    input.source = *literal;
  else
    input.source = std::get<model::DataPath>(given);
}

// What the step declares and nothing in the job gave a value.
PlannedInput declared(const PlannedStep& step, const std::string& name) {
  const auto* declaration = step.component->find_input(name);
  if (!declaration) {
    std::vector<std::string> names;
    for (const auto& each : step.component->inputs) names.push_back(each.name);
    throw base::Error(base::Code::usage,
                      fmt::format("step '{}' has no input '{}'", step.path, name))
        .hint(names.empty() ? "it has none at all" : text::did_you_mean(name, names));
  }
  PlannedInput input;
  input.name = name;
  input.type = declaration->type;
  if (declaration->mode) input.mode = *declaration->mode;
  input.optional = declaration->optional;
  return input;
}

}  // namespace

Plan isolate(const Plan& plan, std::size_t n, const std::map<std::string, Given>& given) {
  PlannedStep step = plan.steps[n];
  step.after.clear();
  for (const auto& entry : given) {
    const std::string& name = entry.first;
    const Given& value = entry.second;
    auto input = std::find_if(step.inputs.begin(), step.inputs.end(),
                              [&](const auto& each) { return each.name == name; });
    if (input == step.inputs.end())
      input = step.inputs.insert(step.inputs.end(), declared(step, name));
    check_kind(step.path, name, input->type, value);
    assign(*input, value);
  }
  for (const auto& input : step.inputs)
    if (std::holds_alternative<Upstream>(input.source))
      throw base::Error(base::Code::internal,
                        fmt::format("input '{}' of step '{}' still waits for another step",
                                    input.name, step.path));
  Plan alone;
  alone.steps.push_back(std::move(step));
  return alone;
}

}  // namespace engine
