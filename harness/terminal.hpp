// The user's terminal, lent to a step: a terminal of its own, so that Ctrl-C, line editing and job
// control are the step's, with everything passed on between the two.
#pragma once

#include <memory>
#include <string>

#include "base/path.hpp"

namespace harness {

// Whether stdin and stdout are a terminal.
bool has_terminal();

class Terminal {
 public:
  // Takes the user's terminal (descriptors 0 and 1) into raw mode and passes bytes on, from a
  // thread, until it is destroyed; then the terminal is as it was. Throws os_error.
  Terminal();
  ~Terminal();

  // The step's own, "/dev/pts/7". The first session leader that opens it is controlled by it.
  const std::string& name() const;
  // What the step says goes into this log too, from its first byte on.
  void log_to(const fs::path&);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
