// A job, read and held against what this project and machine have.
#pragma once

#include <optional>

#include "cli/project.hpp"
#include "definition/definition.hpp"

namespace cli {

// Reads the job as definition::load_job does. Beside the definition's own problems it reports, in
// the same list, every interpreter that is missing and what the cloud would say of the code.
std::optional<model::Job> load_checked(const fs::path& file, const definition::Overrides&,
                                       const Project&, const App&, text::Diagnostics&);
// The same of a job that is read already.
void check_against_project(const model::Job&, const Project&, const App&, text::Diagnostics&);

}  // namespace cli
