// A definition in Python as a source of steps: what the script submits is kept and not run.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/file_lock.hpp"
#include "base/process.hpp"
#include "engine/execute.hpp"

namespace harness {

// "pipeline.py", "notebook.ipynb".
bool is_script(const fs::path& file);

// How to start a script with the project's default interpreter and amlocal's SDK. `more`: variables
// besides. Throws not_found, and unavailable where there is no interpreter.
base::Spawn start_of(const fs::path& script, const std::vector<std::string>& arguments,
                     const workspace::Layout&, const workspace::Settings&,
                     const base::Variables& shell, const base::Variables& more);

// A job that a script submitted.
struct Submitted {
  std::string name;  // "pipeline"; the second one is "pipeline-2"
  fs::path file;     // as `amlocal run` would be given it, absolute
};

// The jobs of a script, below `.amlocal/cache/definitions`, where they stay until the next
// collection; nobody else collects from this script as long as this lives.
struct Definition {
  base::FileLock lock;
  fs::path script;
  std::vector<Submitted> jobs;  // in the order of their names; at least one
};

// Runs the script to its end, whatever it does after its submissions: each of them succeeds at once
// and makes nothing. Throws bad_definition, with what the script printed, where it submits nothing.
Definition collect(const fs::path& script, const std::vector<std::string>& arguments,
                   const engine::Surroundings&);

// The job that holds `step`, which may be "JOB/STEP", and is then made "STEP". Problems of jobs are
// passed over as long as another has the step. Throws usage, listing JOB/STEP of all that fit or of
// all there are, where none or several have it.
const Submitted& find_job(const Definition&, std::string& step, const engine::Surroundings&);

// The jobs behind many steps: a script is run once, and again when it has changed. May be used by
// several threads. The surroundings must outlive it.
class Definitions {
 public:
  explicit Definitions(const engine::Surroundings& surroundings) : surroundings_(surroundings) {}
  // The file of the job that has `step`, as find_job has it: `definition` itself where that is no
  // script. Throws as collect and find_job do.
  fs::path job_of(const fs::path& definition, std::string& step);

 private:
  struct Known {
    std::string content;  // of the script, as a hash
    std::optional<Definition> definition;
  };
  const engine::Surroundings& surroundings_;
  std::mutex mutex_;
  std::map<fs::path, Known> known_;
};

}  // namespace harness
