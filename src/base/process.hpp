// Children: spawned without copying the parent's memory, and never left unreaped.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/fd.hpp"

namespace base {

using Variables = std::vector<std::pair<std::string, std::string>>;

struct Spawn {
  std::vector<std::string> argv;  // argv[0] is looked up on PATH unless it holds a '/'
  Variables environment;          // the whole environment of the child
  std::vector<std::pair<int, int>> descriptors;  // {ours, the child's}; all others are closed
  bool own_group = false;  // a process group of its own: the terminal's Ctrl-C spares it
};

// A child that this object must wait for. The destructor kills (SIGKILL) and reaps what still runs.
class Child {
 public:
  // posix_spawn; throws os_error naming argv[0].
  static Child spawn(const Spawn&);
  Child(Child&&) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  int pid() const { return pid_; }
  // Waits for the end and returns waitpid's status.
  int wait();
  void kill(int signal) const;
  // Gives it up: it lives on and is waited for by nobody here. Returns its process id.
  int release();

 private:
  explicit Child(int pid) : pid_(pid) {}
  int pid_ = -1;
};

struct Captured {
  int status = 0;  // waitpid's
  std::string out;
  std::string err;
};
// Runs a short command to its end with stdin closed and both outputs captured.
Captured run_captured(const std::vector<std::string>& argv, const Variables& environment);

// Whether a signal is ending the task (a process or one of its threads): then what the kernel
// closes for it, the program did not close. False where the task cannot be looked at.
bool is_ended_by_signal(int task);

// This process's environment.
Variables current_environment();
// The value, or "" where it is not set.
std::string variable(const Variables&, const std::string& name);

// The absolute path of an executable found on `search_path` ("a:b:c"), or empty.
fs::path find_program(const std::string& name, const std::string& search_path);

// The folder this executable lies in, for the helper programs beside it.
fs::path own_folder();

}  // namespace base
