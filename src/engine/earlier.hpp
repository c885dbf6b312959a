// What earlier runs have of a step's outputs, and whether it would still be the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/execute.hpp"
#include "engine/locate.hpp"

namespace engine {

// Whether it is a run of that definition. Each run of one in Python has a file of its own; the
// script that made it is the same.
bool is_run_of(const history::RunRecord&, const model::Job&);

struct EarlierOutput {
  std::string run;
  Located where;
  // Why a run today would not make the same, in a user's words: empty where nothing has changed.
  std::vector<std::string> changes;
};

// The output of step `n` as the newest run has it whose fingerprints of the step, and of all it
// needs, are today's; failing that, as the newest has it that finished the step, with what has
// changed since. Nothing where no run of this definition finished it or what it made is gone. Runs
// nothing and fetches nothing. Throws newer_version.
std::optional<EarlierOutput> find_earlier_output(const model::Job&, const Plan&, std::size_t n,
                                                 const std::string& output, const Surroundings&);

}  // namespace engine
