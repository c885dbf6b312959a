// `--mode middle/train.outputs.logs=upload`: steps of nested pipelines are named by their path.
// Their definitions may stand in files that several steps share, so nothing is written there: the
// job remembers the mode.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "definition/overrides.hpp"
#include "definition/reading.hpp"
#include "text/diagnostic.hpp"

namespace definition {
namespace {

using model::Component;

[[noreturn]] void refuse(const Assignment& assignment, const std::string& what,
                         std::string hint = "") {
  throw base::Error(base::Code::usage,
                    fmt::format("--mode {}={}: {}", assignment.key, assignment.value, what))
      .hint(std::move(hint));
}

// The component of the step of that path.
const Component& component_at(const Component& job, const std::string& path,
                              const Assignment& assignment) {
  const Component* at = &job;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string above = path.substr(0, begin);
    const model::Step* step = at->find_step(path.substr(begin, end - begin));
    if (step == nullptr) {
      std::vector<std::string> names;
      for (const auto& other : at->steps) names.push_back(above + other.name);
      refuse(assignment, fmt::format("there is no step '{}'", path.substr(0, end)),
             names.empty() ? fmt::format("'{}' is no pipeline", path.substr(0, begin - 1))
                           : text::did_you_mean(path.substr(0, end), names));
    }
    at = step->component.get();
    begin = end + 1;
  }
  if (at->kind == Component::Kind::pipeline) {
    std::vector<std::string> names;
    for (const auto& step : at->steps) names.push_back(path + "/" + step.name);
    refuse(assignment, fmt::format("'{}' is a pipeline", path),
           fmt::format("name one of its steps: {}", fmt::join(names, ", ")));
  }
  return *at;
}

Port port_of(const Component& component, const std::string& path, bool input,
             const std::string& name, const Assignment& assignment) {
  std::vector<std::string> names;
  for (const auto& declared : component.inputs) {
    if (!input || !model::is_data(declared.type)) continue;
    if (declared.name == name)
      return declared.type == model::DataType::mltable ? Port::mltable_input : Port::input;
    names.push_back(declared.name);
  }
  for (const auto& declared : component.outputs) {
    if (input) continue;
    if (declared.name == name) return Port::output;
    names.push_back(declared.name);
  }
  refuse(assignment,
         fmt::format("step '{}' has no {} '{}'", path, input ? "data input" : "output", name),
         text::did_you_mean(name, names));
}

}  // namespace

bool is_of_nested_step(const Assignment& assignment) {
  return assignment.key.find('/') < assignment.key.find('.');
}

void read_nested_modes(model::Job& job, const Overrides& overrides, Reading& reading) {
  for (const auto& assignment : overrides.mode) {
    if (!is_of_nested_step(assignment)) continue;
    const std::size_t dot = assignment.key.find('.');
    const std::string path = assignment.key.substr(0, dot);
    const std::string rest = dot == std::string::npos ? "" : assignment.key.substr(dot + 1);
    const bool input = rest.starts_with("inputs.");
    if (!input && !rest.starts_with("outputs."))
      refuse(assignment, "it names no input or output of a step",
             fmt::format("write {}.outputs.NAME=upload, or {}.inputs.NAME=download", path, path));
    const std::string name = rest.substr(rest.find('.') + 1);
    const Component& component = component_at(*job.pipeline, path, assignment);
    const Port port = port_of(component, path, input, name, assignment);
    const base::Place place{std::make_shared<base::SourceText>(base::SourceText{
                                fmt::format("--mode {}={}", assignment.key, assignment.value), ""}),
                            0, 0};
    text::Node map{text::Kind::map, "", place, {}, {}};
    map.entries.push_back({"mode", place, {text::Kind::string, assignment.value, place, {}, {}}});
    if (const auto mode = read_mode(map, port, reading))
      job.modes.push_back({path, input, name, *mode});
  }
}

}  // namespace definition
