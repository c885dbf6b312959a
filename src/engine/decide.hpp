// Which steps run, which are kept from an earlier run, and why.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/execute.hpp"
#include "engine/prepare.hpp"

namespace engine {

// Where each output of a step lies, by the output's name.
using Outputs = std::map<std::string, Located>;

struct Decided {
  std::vector<Decision> decisions;  // beside Plan::steps
  std::vector<Outputs> outputs;     // of steps whose outputs an earlier run stands for
  // What the record of such a step says, to be recorded again: so a resumed run can be resumed.
  struct Kept {
    std::string fingerprint;
    std::string snapshot;
  };
  std::vector<Kept> kept;
  std::string resumed;               // the run's name, with --resume
  std::vector<std::string> notices;  // damaged runs that were passed over
};

// The steps that `--only` and `--until` ask for. Throws usage for an unknown name.
std::vector<bool> wanted_steps(const Plan&, const Options&);

// Throws not_found when a step outside `wanted` has no finished outputs in any earlier run although
// one inside needs them, naming the command that makes them. `explain`: looks at earlier runs also
// where nothing depends on them, so that every step that runs has a reason.
Decided decide(const Plan&, const std::vector<bool>& wanted, const Prepared&, const model::Job&,
               const Options&, const Surroundings&, bool explain);

// The identities of a step's inputs once the steps before it are done.
std::map<std::string, std::string> input_identities(const PlannedStep&, const PreparedStep&,
                                                    const std::vector<Outputs>&);

}  // namespace engine
