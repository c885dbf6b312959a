// A command under the supervisor (src/step/supervisor), from its start to its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.hpp"
#include "base/path.hpp"
#include "base/process.hpp"

namespace step {

struct Launch {
  std::vector<std::string> argv;
  fs::path cwd;                 // absolute
  base::Variables environment;  // the whole environment
  // Read-only views: what lies at `first` is seen at `second`, which exists (a folder or an empty
  // file).
  std::vector<std::pair<fs::path, fs::path>> read_only;
  // A folder with all that is mounted in it, and where below /mnt it is seen; none where empty.
  std::pair<fs::path, fs::path> root;
  // One process each (a distribution has several): its log, appended to, and its own variables.
  struct Process {
    fs::path log;
    base::Variables own;
  };
  std::vector<Process> processes;
  std::vector<base::Fd> join;  // namespaces that the command lives in: a user one first
  std::optional<double> timeout_seconds;
  double grace_seconds = 5;  // between SIGTERM and SIGKILL
};

struct Supervised {
  std::vector<int> statuses;      // waitpid's, one a process
  double cpu_seconds = 0;         // of all descendants
  std::uint64_t peak_bytes = 0;   // resident, of the largest single process
  std::vector<std::string> left;  // names of background processes that were still there, now killed
  bool timed_out = false;
  bool canceled = false;
  bool out_of_memory = false;  // the kernel killed a process of this machine for want of memory
  std::string error;           // the command could not be started: why
};

// Runs the command; returns when no descendant of it lives any more, however many sessions and
// forks away it is. Throws unavailable when the supervisor is missing.
Supervised supervise(const Launch&, const base::Cancel&);

// Whether read-only views can be made on this machine (a mount namespace is allowed). Asked once.
bool can_make_views();
// Whether a folder can be shown below /mnt: with a mount namespace, and a /mnt. Asked once.
bool can_show_root();

// The supervisor beside the program, in ../libexec/amlocal, or where AMLOCAL_SUPERVISOR says.
fs::path supervisor_program();

}  // namespace step
