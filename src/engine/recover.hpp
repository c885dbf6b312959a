// Cleaning up after a crash, in one place: the next command that writes does it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/path.hpp"
#include "workspace/workspace.hpp"

namespace engine {

// A file in `.amlocal/live` for as long as a run's process lives. One whose run holds no lock any
// more tells that the process was killed, and what it may have left.
class LiveMark {
 public:
  // Throws os_error.
  LiveMark(const workspace::Layout&, const std::string& run);
  LiveMark(const LiveMark&) = delete;
  LiveMark& operator=(const LiveMark&) = delete;
  ~LiveMark();
  // An output will be put together beside `destination`. Throws os_error.
  void add(const fs::path& destination);

 private:
  fs::path file_;
};

struct Recovered {
  std::vector<std::string> runs;  // crashed ones that were cleaned up
  std::size_t drafts = 0;         // half-made folders that were removed
};

// Removes what killed processes left: half-made runs, snapshots and removals; working copies and
// private copies of inputs of steps that were running; outputs that were being put together. Keeps
// the journals, logs and everything that was published; whether a run was interrupted is nothing
// that is written down here. Touches nothing that a lock says somebody uses, and leaves for the
// next time what cannot be removed now. Of two processes that ask at once, one does it.
// Throws newer_version like workspace::ensure, and permission where the records are another's.
Recovered recover(const workspace::Layout&, const base::Clock&);

}  // namespace engine
