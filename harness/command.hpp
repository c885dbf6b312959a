// Short commands of a test: its set-up and tear-down, its predicates.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.hpp"
#include "base/process.hpp"

namespace harness {

struct CommandEnd {
  int status = 0;        // waitpid's
  bool stopped = false;  // its whole group was killed, because `stop` was requested
  std::string output;    // stdout and stderr as they came
};

// Runs it to its end with stdin closed, in a process group of its own; `output` is a file it may
// write to meanwhile. Throws os_error where it cannot be started.
CommandEnd run_command(std::vector<std::string> argv, const base::Variables& environment,
                       const fs::path& folder, const fs::path& output, const base::Cancel& stop);

// "exit status 2", "killed by signal 9": of waitpid's status.
std::string how_it_ended(int status);

}  // namespace harness
