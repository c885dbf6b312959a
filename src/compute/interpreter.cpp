#include "compute/interpreter.hpp"

#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "compute/activation.hpp"

namespace compute {
namespace {

using nlohmann::json;

constexpr std::string_view standard_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Absolute and without "." and "..", but through no link: a venv's python is a link to the base
// interpreter, and only its own name makes Python find the venv's packages.
fs::path unresolved(const fs::path& path) {
  return fs::absolute(path).lexically_normal();
}

struct Choice {
  fs::path given;  // an executable, or the folder of an environment
  std::string why;
};

std::optional<Choice> choose(const std::string& name,
                             const std::map<std::string, std::string>& environments,
                             const base::Variables& shell) {
  for (const std::string& key : {name, std::string("default")}) {
    const auto found = environments.find(key);
    if (!key.empty() && found != environments.end())
      return Choice{found->second, "amlocal.yml says so for '" + key + "'"};
  }
  if (const auto python = base::variable(shell, "AMLOCAL_PYTHON"); !python.empty())
    return Choice{python, "amlocal was started from it"};
  if (const auto folder = base::variable(shell, "VIRTUAL_ENV"); !folder.empty())
    return Choice{folder, "the active venv"};
  if (const auto folder = base::variable(shell, "CONDA_PREFIX"); !folder.empty())
    return Choice{folder, "the active conda environment"};
  const fs::path found = base::find_program("python3", base::variable(shell, "PATH"));
  if (!found.empty()) return Choice{found, "python3 on PATH"};
  return std::nullopt;
}

base::Error no_interpreter(const std::string& name, const std::string& problem) {
  const std::string label = name.empty() ? "the inline environment" : "environment '" + name + "'";
  const std::string key = name.empty() ? "default" : name;
  return base::Error(base::Code::unavailable, "no Python for " + label + ": " + problem)
      .hint("make one with 'python3 -m venv .venv' and name it: amlocal env use " + key + " .venv");
}

fs::path executable_of(const std::string& name, const fs::path& given,
                       const base::Variables& shell) {
  // A bare word is a program of the user's PATH, a folder of that name in the project excepted.
  if (given.native().find('/') == std::string::npos && !fs::is_directory(given)) {
    const fs::path found = base::find_program(given.native(), base::variable(shell, "PATH"));
    if (!found.empty()) return unresolved(found);
  }
  fs::path path = unresolved(given);
  if (fs::is_directory(path)) {
    for (const char* program : {"bin/python", "bin/python3"})
      if (fs::exists(path / program)) return path / program;
    throw no_interpreter(name, "there is no bin/python in " + path.native());
  }
  if (!fs::exists(path)) throw no_interpreter(name, "there is no " + path.native());
  return path;
}

struct Answer {
  std::string executable;  // sys.executable: what a pyenv shim hides
  std::string version;
};

Answer ask(const std::string& name, const fs::path& python, const base::Variables& shell) {
  static const std::string question =
      "import sys; print(sys.executable); print('.'.join(map(str, sys.version_info[:3])))";
  // -I: neither PYTHONPATH nor a module of the current folder may answer in Python's stead.
  base::Captured said;
  try {
    said = base::run_captured({python.native(), "-I", "-c", question}, shell);
  } catch (const base::Error& error) {
    throw no_interpreter(name, error.message());
  }
  const auto first = said.out.find('\n');
  const auto second = first == std::string::npos ? first : said.out.find('\n', first + 1);
  if (!WIFEXITED(said.status) || WEXITSTATUS(said.status) != 0 || second == std::string::npos) {
    const std::string detail = said.err.substr(0, said.err.find('\n'));
    throw no_interpreter(name,
                         python.native() + " does not run" + (detail.empty() ? "" : ": " + detail));
  }
  return {said.out.substr(0, first), said.out.substr(first + 1, second - first - 1)};
}

// A pyenv shim is a script whose answer depends on the shell and the folder, not on its own age.
bool is_shim(const fs::path& python) {
  return python.parent_path().filename() == "shims";
}

// The time of the program itself, and of the link to it: either changes when an environment is
// remade.
std::string age(const fs::path& python) {
  std::string text;
  struct stat status {};
  for (auto* look : {&::stat, &::lstat}) {
    if (look(python.c_str(), &status) != 0) throw base::os_error("look at", python.native());
    text +=
        std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + " ";
  }
  return text;
}

// A cache that cannot be read or written costs time and nothing else.
std::optional<Answer> remembered(const fs::path& file, const fs::path& python,
                                 const std::string& age) {
  try {
    const json kept = json::parse(base::read_file(file));
    if (kept.at("path") != python.native() || kept.at("age") != age) return std::nullopt;
    return Answer{kept.at("executable").get<std::string>(), kept.at("version").get<std::string>()};
  } catch (const base::Error&) {
    return std::nullopt;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

void remember(const fs::path& file, const fs::path& python, const std::string& age,
              const Answer& answer) {
  try {
    const json kept = {{"path", python.native()},
                       {"age", age},
                       {"executable", answer.executable},
                       {"version", answer.version}};
    base::write_file_atomically(file, kept.dump() + "\n");
  } catch (const base::Error&) {
  } catch (const json::exception&) {
  }
}

bool passes(const std::string& name, const std::vector<std::string>& pass) {
  static constexpr std::array<std::string_view, 19> names = {
      "HOME",          "USER",         "LOGNAME",
      "TMPDIR",        "TZ",           "LANG",
      "LANGUAGE",      "HTTP_PROXY",   "HTTPS_PROXY",
      "NO_PROXY",      "ALL_PROXY",    "http_proxy",
      "https_proxy",   "no_proxy",     "all_proxy",
      "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
      "CURL_CA_BUNDLE"};
  static constexpr std::array<std::string_view, 3> prefixes = {"LC_", "CUDA_", "NVIDIA_"};
  return std::find(names.begin(), names.end(), name) != names.end() ||
         std::any_of(prefixes.begin(), prefixes.end(),
                     [&](auto head) { return name.starts_with(head); }) ||
         std::find(pass.begin(), pass.end(), name) != pass.end();
}

}  // namespace

Interpreter find_interpreter(const std::string& name,
                             const std::map<std::string, std::string>& environments,
                             const base::Variables& shell, const fs::path& cache_folder) {
  const auto choice = choose(name, environments, shell);
  if (!choice)
    throw no_interpreter(name, "no environment is active and there is no python3 on PATH");
  const fs::path asked = executable_of(name, choice->given, shell);

  std::optional<Answer> answer;
  if (is_shim(asked)) {
    answer = ask(name, asked, shell);
  } else {
    const std::string now = age(asked);
    const fs::path file = cache_folder / ("python-" + base::hash_text(asked.native()) + ".json");
    answer = remembered(file, asked, now);
    if (!answer) {
      answer = ask(name, asked, shell);
      // A project's hidden folder is made by what writes records; looking at things makes none.
      if (fs::exists(cache_folder.parent_path())) remember(file, asked, now, *answer);
    }
  }

  Interpreter found;
  found.python = answer->executable.empty() ? asked : fs::path(answer->executable);
  found.bin = found.python.parent_path();
  found.version = answer->version;
  found.activation = activation_of(found.bin.parent_path(), shell, cache_folder);
  found.why = choice->why;
  return found;
}

base::Variables clean_environment(const base::Variables& shell,
                                  const std::vector<std::string>& pass) {
  base::Variables clean;
  const bool own_path = std::find(pass.begin(), pass.end(), "PATH") != pass.end();
  for (const auto& [name, value] : shell)
    if (passes(name, pass)) clean.emplace_back(name, value);
  // LD_LIBRARY_PATH stays out unless asked for: it would replace libraries of the environment's
  // own.
  if (!own_path || base::variable(clean, "PATH").empty()) {
    std::erase_if(clean, [](const auto& entry) { return entry.first == "PATH"; });
    clean.emplace_back("PATH", std::string(standard_path));
  }
  return clean;
}

}  // namespace compute
