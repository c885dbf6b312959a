#include "compute/activation.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/variables.hpp"
#include "compute/interpreter.hpp"

namespace compute {
namespace {

using nlohmann::json;

// Bash's own, and what a step gets by other ways.
bool is_private(const std::string& name) {
  static constexpr std::array<std::string_view, 6> names = {"_",      "SHLVL", "PWD",
                                                            "OLDPWD", "PATH",  "PS1"};
  return std::find(names.begin(), names.end(), name) != names.end() || name.starts_with("BASH");
}

std::vector<fs::path> scripts_of(const fs::path& prefix) {
  std::vector<fs::path> scripts;
  boost::system::error_code ignored;
  for (const auto& entry : fs::directory_iterator(prefix / "etc/conda/activate.d", ignored))
    if (entry.path().extension() == ".sh") scripts.push_back(entry.path());
  std::sort(scripts.begin(), scripts.end());  // conda's order
  return scripts;
}

// Where `conda env config vars set` keeps its variables: {"env_vars": {"NAME": "value"}}.
fs::path state_file(const fs::path& prefix) {
  return prefix / "conda-meta/state";
}

base::Variables configured(const fs::path& prefix) {
  base::Variables variables;
  boost::system::error_code ignored;
  if (!fs::exists(state_file(prefix), ignored)) return variables;
  const json state = json::parse(base::read_file(state_file(prefix)), nullptr, false);
  if (!state.is_object() || !state.contains("env_vars") || !state["env_vars"].is_object())
    return variables;
  for (const auto& [name, value] : state["env_vars"].items())
    if (value.is_string() && !is_private(name))
      variables.emplace_back(name, value.get<std::string>());
  return variables;
}

using base::set;

// What `env -0` printed.
base::Variables parse(const std::string& text) {
  base::Variables variables;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    const std::string entry = text.substr(at, end - at);
    if (const auto equals = entry.find('='); equals != std::string::npos)
      variables.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    at = end + 1;
  }
  return variables;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// What the scripts add to `before` or change in it.
base::Variables run_scripts(const std::vector<fs::path>& scripts, const base::Variables& before) {
  std::vector<std::string> command = {
      "/bin/bash", "-c",
      // What a script prints is not part of the answer; that it fails does not stop conda either.
      R"(for script in "$@"; do . "$script" >&2; done; exec /usr/bin/env -0)", "activate"};
  for (const auto& script : scripts) command.push_back(script.native());
  const auto said = base::run_captured(command, before);
  if (!WIFEXITED(said.status) || WEXITSTATUS(said.status) != 0 || said.out.empty())
    throw base::Error(base::Code::unavailable,
                      fmt::format("the activation scripts in '{}' do not run to their end{}{}",
                                  scripts.front().parent_path().native(),
                                  said.err.empty() ? "" : ": ", last_line(said.err)))
        .hint("see what `conda activate` says about that environment");
  base::Variables difference;
  for (const auto& [name, value] : parse(said.out)) {
    const auto same = std::find(before.begin(), before.end(), std::pair(name, value));
    if (same == before.end() && !is_private(name)) difference.emplace_back(name, value);
  }
  return difference;
}

std::string age_of(const std::vector<fs::path>& files) {
  std::string text;
  for (const auto& file : files) {
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0)
      text +=
          fmt::format("{} {}.{}\n", file.native(), status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }
  return text;
}

// A cache that cannot be read or written costs time and nothing else.
std::optional<base::Variables> remembered(const fs::path& file, const std::string& age) {
  try {
    const json kept = json::parse(base::read_file(file));
    if (kept.at("age") != age) return std::nullopt;
    return kept.at("variables").get<base::Variables>();
  } catch (const base::Error&) {
    return std::nullopt;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

void remember(const fs::path& file, const std::string& age, const base::Variables& variables) {
  try {
    base::write_file_atomically(file, json{{"age", age}, {"variables", variables}}.dump() + "\n");
  } catch (const base::Error&) {
  } catch (const json::exception&) {
  }
}

base::Variables conda(const fs::path& prefix, const base::Variables& shell,
                      const fs::path& cache_folder) {
  // An environment in the usual place is known by its name, any other by its path, as conda does.
  const bool named = prefix.parent_path().filename() == "envs";
  base::Variables result = {
      {"CONDA_PREFIX", prefix.native()},
      {"CONDA_DEFAULT_ENV", named ? prefix.filename().native() : prefix.native()},
      {"CONDA_SHLVL", "1"}};
  for (const auto& [name, value] : configured(prefix)) set(result, name, value);
  const auto scripts = scripts_of(prefix);
  if (scripts.empty()) return result;

  base::Variables before = clean_environment(shell, {});
  for (const auto& [name, value] : result) set(before, name, value);
  set(before, "PATH", (prefix / "bin").native() + ":" + base::variable(before, "PATH"));
  auto looked_at = scripts;
  looked_at.push_back(state_file(prefix));
  const std::string age = age_of(looked_at);
  const fs::path file = cache_folder / ("activation-" + base::hash_text(prefix.native()) + ".json");
  auto difference = remembered(file, age);
  if (!difference) {
    difference = run_scripts(scripts, before);
    remember(file, age, *difference);
  }
  for (const auto& [name, value] : *difference) set(result, name, value);
  return result;
}

}  // namespace

base::Variables activation_of(const fs::path& prefix, const base::Variables& shell,
                              const fs::path& cache_folder) {
  boost::system::error_code ignored;
  if (fs::exists(prefix / "pyvenv.cfg", ignored)) return {{"VIRTUAL_ENV", prefix.native()}};
  if (fs::is_directory(prefix / "conda-meta", ignored)) return conda(prefix, shell, cache_folder);
  return {};
}

}  // namespace compute
