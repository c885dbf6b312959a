// How verbs that run steps are stopped, and what they say of it to the shell.
#pragma once

#include "model/types.hpp"

namespace cli {

// The engine takes Ctrl-C from a descriptor: it must reach no thread as a signal.
void block_signals();

// 0 for Completed, 130 for Canceled, else 1.
int exit_status(model::Status);

}  // namespace cli
