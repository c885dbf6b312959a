#include <fmt/format.h>
#include <sys/wait.h>

#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/variables.hpp"
#include "harness/debug.hpp"
#include "harness/debug_parts.hpp"
#include "workspace/snapshot.hpp"

namespace harness {
namespace {

// As the step would be given it, as far as imports depend on it.
base::Variables environment_of(const Isolated& isolated, const compute::Interpreter& interpreter,
                               const engine::Surroundings& surroundings) {
  auto variables = compute::clean_environment(surroundings.shell, isolated.options.pass_env);
  const auto set = [&](const std::string& name, const std::string& value) {
    base::set(variables, name, value);
  };
  for (const auto& [name, value] : interpreter.activation) set(name, value);
  for (const auto& [name, value] : isolated.step().component->environment_variables)
    if (name == "PYTHONPATH") set(name, value.text);
  if (!isolated.options.real_sdk) {
    const std::string theirs = base::variable(variables, "PYTHONPATH");
    const fs::path shim = step::write_shim(surroundings.layout.cache());
    set("PYTHONPATH", shim.native() + (theirs.empty() ? "" : ":" + theirs));
  }
  return variables;
}

nlohmann::json answer_of(const std::vector<std::string>& words, const fs::path& folder,
                         const base::Variables& environment) {
  // The helper looks at the current folder, and a child begins in ours.
  std::vector<std::string> argv = {"/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder.native()};
  argv.insert(argv.end(), words.begin(), words.end());
  const auto ended = base::run_captured(argv, environment);
  try {
    return nlohmann::json::parse(ended.out.substr(ended.out.rfind('\n', ended.out.size() - 2) + 1));
  } catch (const nlohmann::json::exception&) {
    throw base::Error(base::Code::unavailable,
                      fmt::format("{} did not say what it has: {}", words.front(), ended.err))
        .hint("amlocal doctor tells more of this interpreter");
  }
}

// A file of the frozen code as the user has it.
fs::path own_file(const model::Component& component, const std::string& relative) {
  if (!component.code) return relative;
  boost::system::error_code ignored;
  const fs::path own =
      fs::is_directory(*component.code, ignored) ? *component.code / relative : *component.code;
  if (fs::exists(own, ignored)) return own;
  for (const auto& include : component.additional_includes) {
    const auto name = include.filename().native();
    if (relative == name) return include;
    if (relative.starts_with(name + "/")) return include.parent_path() / relative;
  }
  return own;
}

}  // namespace

fs::path write_helper(const engine::Surroundings& surroundings) {
  const fs::path folder = surroundings.layout.cache() / "debug";
  fs::create_directories(folder);
  for (const auto& [name, text] : debug_files()) {
    boost::system::error_code ignored;
    if (!fs::is_regular_file(folder / name, ignored) || base::read_file(folder / name) != text)
      base::write_file_atomically(folder / name, text);
  }
  return folder / "_amlocal_debug.py";
}

compute::Interpreter interpreter_of(const Isolated& isolated,
                                    const engine::Surroundings& surroundings) {
  const auto& component = *isolated.step().component;
  return compute::find_interpreter(component.environment ? component.environment->name : "",
                                   surroundings.settings.environments, surroundings.shell,
                                   surroundings.layout.cache());
}

Probe probe(const Isolated& isolated, const engine::Surroundings& surroundings) {
  Probe probe;
  probe.interpreter = interpreter_of(isolated, surroundings);
  const auto answer = answer_of(
      {probe.interpreter.python.native(), write_helper(surroundings).native(), "probe"},
      surroundings.layout.root, environment_of(isolated, probe.interpreter, surroundings));
  if (answer["debugpy"].is_string()) probe.debugpy = answer["debugpy"];
  for (const auto& folder : answer["editable"])
    probe.editable.emplace_back(folder.get<std::string>());
  return probe;
}

std::vector<Problem> check(const Isolated& isolated, const engine::Surroundings& surroundings) {
  const auto& component = *isolated.step().component;
  const auto commands = python_commands(component.command.text);
  std::vector<Problem> problems;
  if (commands.empty() || !component.code) return problems;
  const auto snapshot =
      workspace::take_snapshot(surroundings.layout, *component.code, component.additional_includes);
  const auto interpreter = interpreter_of(isolated, surroundings);
  std::vector<std::string> words = {interpreter.python.native(),
                                    write_helper(surroundings).native(), "check"};
  const auto& target = commands.back().words;
  words.insert(words.end(), target.begin(), target.end());
  const auto answer =
      answer_of(words, snapshot.folder, environment_of(isolated, interpreter, surroundings));
  for (const auto& one : answer["problems"]) {
    const std::string file = one["file"];
    problems.push_back({file.empty() ? "" : base::display_path(own_file(component, file)),
                        one["line"], one["text"]});
  }
  return problems;
}

}  // namespace harness
