// Mocks held against what the real steps have made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/drift.hpp"
#include "engine/execute.hpp"
#include "harness/mock.hpp"

namespace harness {

// An output that a mock stands for, directly or because an input takes it.
struct MockTarget {
  std::size_t step = 0;  // that makes it
  std::string output;
  engine::PlannedInput input;  // what a mock of it is made for
  std::size_t taker = 0;       // the step whose interpreter a generator runs with
};
// Of all that its `for` names and this plan has.
std::vector<MockTarget> targets_of(const Mock&, const engine::Plan&);

// How one mock stands to the newest real output.
struct MockCheck {
  enum class State {
    same,
    worth_knowing,  // differs in what a script that works on the mock can live with
    breaks,         // differs in more
    broken,         // the mock itself: its recording is gone, its generator fails
    unchecked       // nothing real is there to hold it against
  };
  std::string name;
  fs::path file;
  State state = State::unchecked;
  std::string run;     // whose output it was held against
  std::string output;  // "prepare.train"
  std::vector<data::DriftLine> lines;
  std::string why;   // of broken and unchecked
  std::string next;  // the command that helps
};
std::string_view to_string(MockCheck::State);

// What compares them: the step's name in messages is that of `step`. Shapes are kept by what the
// data is, so that what was looked at once costs no second look. Throws as materialize does.
std::vector<data::DriftLine> drift_of(const Mock&, const MockTarget&, const engine::Plan&,
                                      const fs::path& real, const engine::Surroundings&,
                                      bool run_generators = true);

// Those mocks of the pipelines in `folder` held against the newest run of it that finished what
// they stand for, or against that one of `run`. Throws not_found for the run.
std::vector<MockCheck> check_mocks(const fs::path& folder, const std::vector<fs::path>& files,
                                   const std::string& run, const engine::Surroundings&);

// What looks, in a run of that job, at each step that a mock stands for as soon as it has made its
// outputs: a notice for each difference that breaks; with `refuse`, that is a refusal, and so is a
// mock that is broken. A generator is run for it only with `refuse`. Empty where there are no mocks
// beside the pipeline. The job and the surroundings must outlive it. With `refuse`, throws as
// mocks_beside.
engine::Reviewer mock_reviewer(const model::Job&, const engine::Surroundings&, bool refuse);

}  // namespace harness
