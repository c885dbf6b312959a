// One step of a plan, alone: what came from other steps is given to it.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "engine/plan.hpp"

namespace engine {

// What an input is given: a value, or data that lies somewhere. Of data only `uri` counts, and
// `asset` where it is a registered one.
using Given = std::variant<model::Literal, model::DataPath>;

// A plan of nothing but that step, under its own path. Inputs that `given` names get what it holds,
// in the type and mode they have; one that the step declares and the job gave no value is added.
// Every input that came from another step must be among them. Throws usage, with did-you-mean, for
// a name in `given` that is no input of the step, and bad_input for a value where data is wanted or
// data where a value is.
Plan isolate(const Plan&, std::size_t step, const std::map<std::string, Given>& given);

}  // namespace engine
