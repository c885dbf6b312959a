// The options that say how mounted inputs and outputs are reached, for every verb that runs steps.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"
#include "step/step.hpp"
#include "workspace/workspace.hpp"

namespace cli {

struct MountingOptions {
  std::string data_access = "auto";
  std::string profile;
  std::string cost;
  std::string clock;
  std::string trace = "off";
  std::vector<std::string> faults;
};

void declare(Options&, MountingOptions&);

// The words that say the same again, without the faults: they would strike again.
std::vector<std::string> words_of(const MountingOptions&);

// Everything is looked at before anything starts: a misspelt profile must not end the third step.
// Throws usage, with did-you-mean, and as meter's readers of profiles, clocks and faults do.
step::Mounting mounting_of(const MountingOptions&, const workspace::Settings&);

}  // namespace cli
