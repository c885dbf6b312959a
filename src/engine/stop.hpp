// Requests to stop a run: Ctrl-C here, `runs cancel` in another terminal.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "workspace/workspace.hpp"

namespace engine {

// SIGINT and SIGTERM, which must be blocked in every thread.
class SignalWatch {
 public:
  SignalWatch();
  const base::Fd& fd() const { return fd_; }  // readable when one has come
  // How many have come since the last call; never waits.
  int take();

 private:
  base::Fd fd_;
};

// A file in the run's folder that asks it to stop (history::request_cancel leaves it).
class CancelWatch {
 public:
  CancelWatch(const workspace::Layout&, const std::string& run);
  int poll_fd() const { return fd_.get(); }
  // Whether the file is there by now; never waits.
  bool take();

 private:
  fs::path file_;
  base::Fd fd_;
};

}  // namespace engine
