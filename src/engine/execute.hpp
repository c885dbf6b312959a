// A run, from the plan to its end.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.hpp"
#include "base/process.hpp"
#include "engine/plan.hpp"
#include "events/sink.hpp"
#include "history/history.hpp"
#include "step/step.hpp"

namespace engine {

// What somebody outside the engine has to say of what a step made.
struct Review {
  std::vector<std::string> notices;
  std::string refusal;  // why nothing that needs the step may start; "": it may
};
// Asked as soon as a step has completed, or an earlier run stands for it, and before what needs it
// starts; in threads of the steps, so that several may be asked at a time. `outputs`: where each
// lies.
using Reviewer =
    std::function<Review(const PlannedStep&, const std::map<std::string, fs::path>& outputs)>;

struct Options {
  std::string name;  // "": one is made up
  int jobs = 0;      // steps side by side; 0: as many as cores and memory allow
  // Steps, or nested pipelines for all steps in them; an entry may hold several with commas
  // between.
  std::vector<std::string> only;     // run just these; what they need comes from earlier runs
  std::string until;                 // run these and what they need
  std::string resume;                // keep what this run finished and what has not changed since
  std::vector<std::string> command;  // as typed, for the record
  std::vector<std::string> pass_env;
  step::Mounting mounting;  // how mounted inputs and outputs are reached
  bool real_sdk = false;    // steps import the azureml that is installed, not amlocal's
  bool watch_logs = false;  // note where each logging call goes: step/log_watch.hpp
  bool tls = false;         // the gateway takes files over TLS, too
  step::OnFailure on_failure = step::OnFailure::documented;
  fs::path outputs_to;  // absolute: outputs go to a folder of their name in it (one step only)
  Reviewer review;      // empty: nobody is asked
  const base::Cancel* stop = nullptr;  // asks the run to stop, in the place of signals
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
  std::string from_run;              // whose outputs stand in, of a step that is not run
  // The kind of the first reason, for the sum.
  enum class Cause { first, not_asked, unfinished, upstream, changed, gone, kept, left };
  Cause cause = Cause::not_asked;
};

// Decides without running anything: for --dry-run. Every step that would run has a reason.
std::vector<Decision> decide(const model::Job&, const Options&, const Surroundings&);

// All decisions in one line: "3 of 5 steps would run: 1 changed, 2 follow one that runs; 2 are
// kept".
std::string roll_up(const std::vector<Decision>&);

// Cleans up after crashed runs (recover.hpp), then runs the job. Returns Completed, Failed or
// Canceled; the run's name reaches the listeners in RunStarted. Throws before anything is recorded
// when the run cannot start: exists (the name is taken), usage (an unknown step), not_found and
// unavailable (every missing asset and interpreter in one message). SIGINT and SIGTERM must be
// blocked in the calling thread; the first one stops the run cleanly, the second ends the process
// at once (the supervisors then kill every step). When the record can no longer be written (a full
// disk), every step is ended and that error is thrown.
model::Status execute(const model::Job&, const Options&, const Surroundings&,
                      const std::vector<events::Sink*>& listeners);
// The same with a plan that was made of the job, or of a part of it (isolate.hpp). With
// Options::stop it heeds no signal, and several may run side by side in one process.
model::Status execute(const model::Job&, Plan, const Options&, const Surroundings&,
                      const std::vector<events::Sink*>& listeners);

}  // namespace engine
