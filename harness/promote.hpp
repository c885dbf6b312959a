// Climbing the ladder: what each rung takes is done, and what is missing is said precisely.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "events/sink.hpp"
#include "harness/ladder.hpp"
#include "harness/mock.hpp"

namespace harness {

// How the tests of one step went.
struct TestSum {
  std::size_t passed = 0;
  std::vector<std::string> failed;  // their names
};

// What climbing needs. All of it must outlive the attempts.
struct Climb {
  const model::Job& job;
  const engine::Plan& plan;
  std::size_t step = 0;
  std::string named;  // "pipeline.yml#train", as a user types it
  const std::vector<Mock>& mocks;
  const engine::Surroundings& surroundings;
  engine::Options options;                      // how steps run: mounting and so on
  std::vector<events::Sink*> listeners;         // of runs
  std::function<TestSum()> run_tests;           // of this step
  std::function<void(const std::string&)> say;  // what is being done, a line each
  fs::path here;                                // where relative paths start
};

struct Attempt {
  bool earned = false;
  std::string how;                   // as Earned::how
  std::vector<std::string> missing;  // one a line, each with what to do
};

// isolated: runs the step's tests, of which there must be one at least. single_step: runs a
// pipeline of this step alone, what stands for its data registered as assets. pipeline: takes the
// newest completed run of the whole with the step as it is today, else makes one; and holds the
// mocks of its inputs against what their steps have made. exported: refuses a step that calls the
// workspace's management; writes the definition as export_job does and has the real azure-ai-ml
// load it. Throws where amlocal itself cannot go on.
Attempt attempt(const Climb&, Rung);

// Calls in the code that only somebody who is logged in may make: "train.py:7 calls
// Workspace.from_config(…)". `python` is the step's interpreter. Throws unavailable.
std::vector<std::string> management_calls(const fs::path& code, const fs::path& python,
                                          const base::Variables& shell);

// What the mocks of the step's inputs and the newest outputs of their steps disagree in, in words;
// `breaking`: only what a consumer would stumble over.
std::vector<std::string> mock_drift(const model::Job&, const engine::Plan&, std::size_t step,
                                    const std::vector<Mock>&, const engine::Surroundings&,
                                    bool breaking);

}  // namespace harness
