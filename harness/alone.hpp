// One step, run alone: what `amlocal step` and every step test do.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "events/sink.hpp"
#include "harness/bench.hpp"
#include "text/diagnostic.hpp"

namespace harness {

using Words = std::vector<std::pair<std::string, std::string>>;  // KEY=VALUE, as typed

struct Order {
  fs::path file;  // a job or a component in YAML, or a Python definition; absolute
  std::vector<std::string> arguments;               // of a Python definition
  std::string step;                                 // "": the only one
  Words in;                                         // input → mock, as typed
  std::vector<std::pair<std::string, Mock>> mocks;  // input → mock, written out
  Words set;                                        // an input of the step, else a value of the job
  Words mode;                                       // "outputs.model" → access mode
  std::vector<Supply> supplies;                     // given besides, and before all others
  std::string at;                // a run whose code, values and upstream outputs it gets; "": none
  fs::path here;                 // relative paths start there, absolute
  fs::path to;                   // where outputs go, absolute; "": below the bench
  bool keep = false;             // a run of the history, with outputs in its datastores
  std::unique_ptr<Bench> bench;  // null: the step's own place
  // How it runs: mounting, pass_env, real_sdk, watch_logs, stop. The rest is chosen here.
  engine::Options options;
};

// Ready to run: everything is looked up, nothing has been started.
struct Isolated {
  model::Job job;
  engine::Plan plan;  // of one step
  std::vector<Supply> supplies;
  std::unique_ptr<Bench> bench;  // null with Order::keep
  fs::path outputs;              // OUTPUT lies at outputs/OUTPUT; "" where datastores have them
  engine::Options options;

  const engine::PlannedStep& step() const { return plan.steps.front(); }
};

// Problems of the definition go to the diagnostics; with errors among them nothing is returned.
// Throws usage for an unknown step, input, key or mode, exists for a folder of --to that holds
// something else, and as supply does.
std::optional<Isolated> isolate(Order, const engine::Surroundings&, text::Diagnostics&);

// Runs it, as engine::execute does, and gives how it ended.
model::Status run(const Isolated&, const engine::Surroundings&,
                  const std::vector<events::Sink*>& listeners);

}  // namespace harness
