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
  std::map<std::string, Located> located;         // data inputs that do not come from a step
  std::map<std::string, std::string> identities;  // of the inputs that are known before the run
};

struct Prepared {
  std::vector<PreparedStep> steps;  // beside Plan::steps; empty ones for steps that are left out
  std::vector<std::string> notices;
};

// `wanted`: which steps will run. Throws one Error that lists everything that is missing.
Prepared prepare(const Plan&, const std::vector<bool>& wanted, const Surroundings&);

}  // namespace engine
