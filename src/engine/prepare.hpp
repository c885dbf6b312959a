// Everything a run needs to have at hand before its first step starts: all that is missing is found
// at once, and code is frozen as it is at this moment.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compute/interpreter.hpp"
#include "engine/execute.hpp"
#include "engine/fingerprint.hpp"
#include "engine/locate.hpp"
#include "workspace/snapshot.hpp"

namespace engine {

struct PreparedStep {
  std::shared_ptr<const workspace::Snapshot> snapshot;  // null: no code
  compute::Interpreter interpreter;
  // Data inputs that do not come from a step. An https one has no path where `remote` has none, or
  // where its mode is `direct`.
  std::map<std::string, Located> located;
  std::map<std::string, std::string> identities;  // of the inputs that are known before the run
};

struct Prepared {
  std::vector<PreparedStep> steps;  // beside Plan::steps; empty ones for steps that are left out
  std::vector<std::string> notices;
};

// `wanted`: which steps will run. Throws one Error that lists everything that is missing. Only when
// all else is there are https inputs asked of `remote`; its `canceled` goes through at once.
Prepared prepare(const Plan&, const std::vector<bool>& wanted, const Surroundings&,
                 const Remote& remote);

}  // namespace engine
