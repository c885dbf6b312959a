// A run, from the plan to its end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "engine/plan.hpp"
#include "events/sink.hpp"
#include "history/history.hpp"

namespace engine {

struct Options {
  std::string name;                  // "": one is made up
  int jobs = 0;                      // steps side by side; 0: as many as cores and memory allow
  std::vector<std::string> only;     // run just these; what they need comes from earlier runs
  std::string until;                 // run this step and what it needs
  std::string resume;                // keep what this run finished and what has not changed since
  std::vector<std::string> command;  // as typed, for the record
  std::vector<std::string> pass_env;
};

// What a run needs to know of its surroundings.
struct Surroundings {
  workspace::Layout layout;
  workspace::Settings settings;
  const model::Catalogue& catalogue;
  base::Variables shell;
  const base::Clock& clock;
};

// What a run would do with one step, and why.
struct Decision {
  std::string step;
  enum class Action { run, keep, leave } action = Action::run;
  std::vector<std::string> reasons;  // "code: train.py changed"
  std::string from_run;              // keep: whose outputs stand in
};

// Decides without running anything: for --dry-run, and the first phase of execute.
std::vector<Decision> decide(const model::Job&, const Options&, const Surroundings&);

// Runs the job. Returns Completed, Failed or Canceled; the run's name reaches the listeners in
// RunStarted. Throws before anything is recorded when the run cannot start: exists (the name is
// taken), usage (an unknown step), not_found and unavailable (every missing asset and interpreter
// in one message). SIGINT and SIGTERM must be blocked in the calling thread; the first one stops
// the run cleanly, the second ends the process at once (the supervisors then kill every step).
model::Status execute(const model::Job&, const Options&, const Surroundings&,
                      const std::vector<events::Sink*>& listeners);

}  // namespace engine
