#include "harness/definition.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/variables.hpp"
#include "compute/interpreter.hpp"
#include "definition/definition.hpp"
#include "harness/bench.hpp"
#include "text/diagnostic.hpp"

namespace harness {
namespace {

using base::set;

std::vector<Submitted> jobs_in(const fs::path& folder) {
  std::vector<Submitted> jobs;
  for (const auto& job : fs::directory_iterator(folder))
    for (const auto& file : fs::directory_iterator(job.path())) {
      const std::string stem = file.path().stem().native();
      const auto ending = file.path().extension();
      // Beside it lie the files that it needs.
      if (job.path().filename().native().starts_with(stem) &&
          (ending == ".json" || ending == ".yml"))
        jobs.push_back({job.path().filename().native(), file.path()});
    }
  std::sort(jobs.begin(), jobs.end(),
            [](const Submitted& a, const Submitted& b) { return a.name < b.name; });
  return jobs;
}

// What it printed last, indented: the error of a script is at its end.
std::string tail(const std::string& text) {
  constexpr std::size_t most = 15;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::string shown;
  for (std::size_t n = lines.size() > most ? lines.size() - most : 0; n < lines.size(); ++n)
    shown += "\n  " + lines[n];
  return shown;
}

[[noreturn]] void refuse_empty(const fs::path& script, const base::Captured& ended) {
  const std::string name = base::display_path(script);
  if (ended.status == 0)
    throw base::Error(
        base::Code::bad_definition,
        fmt::format("{} submitted nothing, so that there are no steps{}", name, tail(ended.out)))
        .hint("it must submit its pipeline, script or job when it is run with these arguments");
  throw base::Error(base::Code::bad_definition,
                    fmt::format("{} failed before it submitted anything (exit status {}):{}", name,
                                WIFEXITED(ended.status) ? WEXITSTATUS(ended.status)
                                                        : 128 + WTERMSIG(ended.status),
                                tail(ended.err.empty() ? ended.out : ended.err)))
      .hint(fmt::format("mend it, or give it its own words behind --; alone it runs with: amlocal "
                        "run {}",
                        name));
}

std::vector<std::string> steps_of(const Submitted& job, const engine::Surroundings& surroundings) {
  text::Diagnostics diagnostics;
  std::vector<std::string> paths;
  const auto loaded = definition::load_steps(job.file, {}, surroundings.catalogue, diagnostics);
  if (loaded && diagnostics.ok())
    for (const auto& step : engine::make_plan(*loaded).steps) paths.push_back(step.path);
  return paths;
}

bool fits(const std::string& path, const std::string& name) {
  return name.empty() || path == name || path.ends_with("/" + name);
}

}  // namespace

bool is_script(const fs::path& file) {
  return file.extension() == ".py" || file.extension() == ".ipynb";
}

base::Spawn start_of(const fs::path& script, const std::vector<std::string>& arguments,
                     const workspace::Layout& layout, const workspace::Settings& settings,
                     const base::Variables& shell, const base::Variables& more) {
  boost::system::error_code ignored;
  if (!fs::is_regular_file(script, ignored))
    throw base::Error(base::Code::not_found, "no such file: " + base::display_path(script));
  workspace::ensure(layout);
  const auto interpreter =
      compute::find_interpreter("", settings.environments, shell, layout.cache());
  const fs::path shim = step::write_shim(layout.cache());
  base::Spawn spawn;
  spawn.environment = shell;
  for (const auto& [name, value] : interpreter.activation) set(spawn.environment, name, value);
  const std::string theirs = base::variable(shell, "PYTHONPATH");
  set(spawn.environment, "PYTHONPATH", shim.native() + (theirs.empty() ? "" : ":" + theirs));
  set(spawn.environment, "AMLOCAL", "1");
  set(spawn.environment, "AMLOCAL_PROGRAM", fs::read_symlink("/proc/self/exe").native());
  set(spawn.environment, "AMLOCAL_DEFINITION", script.native());
  for (const auto& [name, value] : more) set(spawn.environment, name, value);
  spawn.argv = {interpreter.python.native(), "-m", "amlocal", script.native()};
  spawn.argv.insert(spawn.argv.end(), arguments.begin(), arguments.end());
  return spawn;
}

Definition collect(const fs::path& script, const std::vector<std::string>& arguments,
                   const engine::Surroundings& surroundings) {
  const fs::path folder =
      surroundings.layout.cache() / "definitions" /
      fmt::format("{}-{}", script.stem().native(), base::hash_text(script.native()).substr(0, 8));
  const auto start = start_of(script, arguments, surroundings.layout, surroundings.settings,
                              surroundings.shell, {{"AMLOCAL_COLLECT", folder.native()}});
  fs::create_directories(folder.parent_path());
  Definition definition{base::FileLock::wait(folder.native() + ".lock"), script, {}};
  base::remove_tree(folder);
  fs::create_directories(folder);
  const auto ended = base::run_captured(start.argv, start.environment);
  definition.jobs = jobs_in(folder);
  if (definition.jobs.empty()) refuse_empty(script, ended);
  return definition;
}

const Submitted& find_job(const Definition& definition, std::string& step,
                          const engine::Surroundings& surroundings) {
  const auto& jobs = definition.jobs;
  if (jobs.size() == 1 && !step.starts_with(jobs.front().name + "/")) return jobs.front();
  for (const auto& job : jobs)
    if (step.starts_with(job.name + "/")) {
      step.erase(0, job.name.size() + 1);
      return job;
    }
  std::vector<std::string> all, found;
  const Submitted* holder = nullptr;
  for (const auto& job : jobs) {
    bool holds = false;
    for (const auto& path : steps_of(job, surroundings)) {
      all.push_back(job.name + "/" + path);
      if (!fits(path, step)) continue;
      found.push_back(all.back());
      holds = true;
    }
    if (holds) holder = &job;
  }
  const bool one_job = holder && std::all_of(found.begin(), found.end(), [&](const auto& each) {
                         return each.starts_with(holder->name + "/");
                       });
  if (one_job) return *holder;
  const std::string name = base::display_path(definition.script);
  if (found.empty())
    throw base::Error(
        base::Code::usage,
        fmt::format("none of the {} jobs that {} submits has a step '{}'", jobs.size(), name, step))
        .hint(text::did_you_mean(step, all));
  throw base::Error(base::Code::usage,
                    fmt::format("{} submits {} jobs, and more than one has {}", name, jobs.size(),
                                step.empty() ? "steps" : fmt::format("a step '{}'", step)))
      .hint(fmt::format("name the job too: {}#{}", name, fmt::join(found, ", #")));
}

fs::path Definitions::job_of(const fs::path& definition, std::string& step) {
  if (!is_script(definition)) return definition;
  const std::lock_guard lock(mutex_);
  const std::string content = base::hash_text(base::read_file(definition));
  Known& known = known_[definition];
  if (!known.definition || known.content != content) {
    known.definition.reset();  // gives up its lock, which collecting takes
    known.definition.emplace(collect(definition, {}, surroundings_));
    known.content = content;
  }
  return find_job(*known.definition, step, surroundings_).file;
}

}  // namespace harness
