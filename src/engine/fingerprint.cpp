#include "engine/fingerprint.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace engine {

using nlohmann::json;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Fingerprint, code, command, environment, inputs, outputs,
                                   settings)

std::string to_json(const Fingerprint& fingerprint) {
  json j;
  to_json(j, fingerprint);
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

Fingerprint fingerprint_from_json(const std::string& text) {
  try {
    return json::parse(text).get<Fingerprint>();
  } catch (const json::exception& problem) {
    throw base::Error(base::Code::corrupt, std::string("not a fingerprint: ") + problem.what());
  }
}

namespace {

using Part = std::map<std::string, std::string>;

void compare(const std::string& what, const Part& now, const Part& before, bool show_values,
             std::vector<std::string>& lines) {
  for (const auto& [name, value] : now) {
    const auto old = before.find(name);
    if (old == before.end())
      lines.push_back(fmt::format("{}{} is new", what, name));
    else if (old->second != value)
      lines.push_back(show_values ? fmt::format("{}{}: {}, was {}", what, name, value, old->second)
                                  : fmt::format("{}{} changed", what, name));
  }
  for (const auto& [name, value] : before)
    if (!now.contains(name)) lines.push_back(fmt::format("{}{} is gone", what, name));
}

}  // namespace

std::vector<std::string> differences(const Fingerprint& now, const Fingerprint& before) {
  std::vector<std::string> lines;
  compare("code: ", now.code, before.code, false, lines);
  if (now.command != before.command) lines.push_back("the command changed");
  if (now.environment != before.environment)
    lines.push_back(fmt::format("environment: {}, was {}", now.environment, before.environment));
  compare("input ", now.inputs, before.inputs, true, lines);
  compare("output ", now.outputs, before.outputs, true, lines);
  compare("setting ", now.settings, before.settings, true, lines);
  return lines;
}

Fingerprint make_fingerprint(const PlannedStep& step, const workspace::Snapshot* snapshot,
                             const std::string& interpreter,
                             const std::map<std::string, std::string>& identities) {
  const model::Component& component = *step.component;
  Fingerprint fingerprint;
  if (snapshot)
    for (const auto& file : snapshot->files) fingerprint.code[file.path] = file.hash;
  fingerprint.command = component.command.text;
  fingerprint.environment = interpreter;
  if (component.environment)
    fingerprint.environment +=
        " for " + (component.environment->reference.empty() ? component.environment->canonical
                                                            : component.environment->reference);
  for (const auto& input : step.inputs) {
    const auto identity = identities.find(input.name);
    fingerprint.inputs[input.name] =
        fmt::format("{} {} {}", model::to_string(input.type),
                    model::is_data(input.type) ? model::to_string(input.mode) : "literal",
                    identity == identities.end() ? "" : identity->second);
  }
  for (const auto& output : step.outputs)
    fingerprint.outputs[output.name] =
        fmt::format("{} {} {}", model::to_string(output.type), model::to_string(output.mode),
                    output.path ? output.path->text : "default path");
  for (const auto& [name, value] : component.environment_variables)
    fingerprint.settings["environment_variables." + name] = value.text;
  if (component.distribution)
    fingerprint.settings["distribution"] =
        fmt::format("{} × {}", static_cast<int>(component.distribution->kind),
                    component.distribution->process_count_per_instance);
  if (component.limits.timeout_seconds)
    fingerprint.settings["limits.timeout"] = fmt::format("{}", *component.limits.timeout_seconds);
  return fingerprint;
}

}  // namespace engine
