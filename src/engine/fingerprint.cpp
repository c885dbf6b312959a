#include "engine/fingerprint.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/hash.hpp"

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
  compare("environment: ", now.environment, before.environment, true, lines);
  compare("input ", now.inputs, before.inputs, true, lines);
  compare("output ", now.outputs, before.outputs, true, lines);
  compare("setting ", now.settings, before.settings, true, lines);
  return lines;
}

namespace {

const char* word(model::Distribution::Kind kind) {
  switch (kind) {
    case model::Distribution::Kind::mpi:
      return "mpi";
    case model::Distribution::Kind::pytorch:
      return "pytorch";
    case model::Distribution::Kind::tensorflow:
      return "tensorflow";
    case model::Distribution::Kind::ray:
      return "ray";
  }
  return "";
}

Part code_part(const workspace::Snapshot& snapshot) {
  Part code;
  for (const auto& file : snapshot.files)
    code[file.path] = file.hash + (file.executable ? " executable" : "");
  for (const auto& [path, target] : snapshot.links) code[path] = "link to " + target;
  return code;
}

Part settings_part(const model::Component& component) {
  Part settings;
  for (const auto& [name, value] : component.environment_variables)
    settings["environment_variables." + name] = value.text;
  if (const auto& distribution = component.distribution) {
    settings["distribution"] = word(distribution->kind);
    if (distribution->kind == model::Distribution::Kind::tensorflow) {
      settings["distribution.worker_count"] = std::to_string(distribution->worker_count);
      settings["distribution.parameter_server_count"] =
          std::to_string(distribution->parameter_server_count);
    } else {
      settings["distribution.process_count_per_instance"] =
          std::to_string(distribution->process_count_per_instance);
    }
  }
  if (component.limits.timeout_seconds)
    settings["limits.timeout"] = fmt::format("{}", *component.limits.timeout_seconds);
  if (component.sweep) settings["sweep"] = component.sweep->text;
  settings["resources.instance_count"] = std::to_string(component.resources.instance_count);
  return settings;
}

}  // namespace

Fingerprint make_fingerprint(const PlannedStep& step, const workspace::Snapshot* snapshot,
                             const std::string& python_version, const fs::path& python,
                             const std::map<std::string, std::string>& identities) {
  const model::Component& component = *step.component;
  Fingerprint fingerprint;
  if (snapshot) fingerprint.code = code_part(*snapshot);
  fingerprint.command = component.command.text;
  fingerprint.environment["python"] = fmt::format("{} at {}", python_version, python.native());
  if (component.environment) {
    fingerprint.environment["reference"] = component.environment->reference;
    // A hash: nobody wants to read two whole conda files in a reason.
    fingerprint.environment["definition"] = base::hash_text(component.environment->canonical);
  }
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
  fingerprint.settings = settings_part(component);
  return fingerprint;
}

}  // namespace engine
