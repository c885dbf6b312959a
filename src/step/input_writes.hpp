// What a step's Pythons tried to change in its inputs, with the line of theirs that did it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fuse/server/order.hpp"
#include "step/audit.hpp"
#include "step/bind.hpp"

namespace step {

struct InputWrite {
  std::string binding;  // "inputs.raw"
  std::string path;     // in it
  std::string line;     // "train.py:8", or "an unseen line"
  std::size_t times = 0;
};

// Of attempts at anything, those at inputs: each line, input and path once. Whether one came off,
// the hook cannot know.
std::vector<InputWrite> writes_to_inputs(const std::vector<AuditRecord>&);

// For a step's end: what it wrote to an input that its mount lets it write, and what was refused
// although it went on. `changed` is what its mounts told.
std::vector<std::string> notices_of_writes(const Request&, const Bindings&,
                                           const std::vector<fuse::Changed>& changed,
                                           bool succeeded);

}  // namespace step
