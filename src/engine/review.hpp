// Asks whoever was given to a run what he thinks of a step's outputs.
#pragma once

#include "engine/decide.hpp"

namespace engine {

// What Options::review says of them. What goes wrong in looking is a notice, and refuses nothing.
Review review_of(const PlannedStep&, const Outputs&, const Options&);

}  // namespace engine
