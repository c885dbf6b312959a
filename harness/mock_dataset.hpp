// v1's Dataset as an input: the step is given the id of its definition, which the workspace keeps.
#pragma once

#include <optional>
#include <string>

#include "engine/plan.hpp"
#include "workspace/workspace.hpp"

namespace harness {

// The definition of the dataset whose id the input is given; nothing of any other input.
std::optional<std::string> dataset_definition(const engine::PlannedInput&,
                                              const workspace::Layout&);

// The id of one that is read in the same way, of other data. The workspace keeps it.
model::Literal dataset_of(const std::string& definition, const fs::path& data,
                          const workspace::Layout&);

}  // namespace harness
