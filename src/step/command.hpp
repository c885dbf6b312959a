// The command line and the variables of a step.
#pragma once

#include "step/bind.hpp"
#include "step/supervise.hpp"

namespace step {

// `bash -c` and the command with its expressions put in; no quotes are added, as in the cloud,
// where the expressions become variables of the shell.
std::vector<std::string> command_line(const Request&, const Bindings&);

// The whole environment of the step. Source: v2-yaml reference, section 10; docs/environment.md.
base::Variables variables(const Request&, const Folder&, const Bindings&);

// What differs from process to process of a distribution.
base::Variables rank_variables(const model::Component&, int rank, int count, int port);

// A TCP port of this machine that is free at this moment.
int free_port();

}  // namespace step
