// Advisory locks on files: one writer among several amlocal processes.
#pragma once

#include <optional>
#include <utility>

#include "base/fd.hpp"

namespace base {

// An flock(2) on a file, released with the object or with the process, however it ends.
class FileLock {
 public:
  // Waits for the lock. Creates the file where it is missing.
  static FileLock wait(const fs::path&);
  // Takes the lock if nobody holds it.
  static std::optional<FileLock> try_take(const fs::path&);
  // Whether somebody holds it at this moment; false where the file is missing.
  static bool held(const fs::path&);

  FileLock(FileLock&& other) noexcept
      : fd_(std::move(other.fd_)), remove_(std::exchange(other.remove_, {})) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

  // Has the file removed when the lock is given up. Safe with others who wait for or try the same
  // path: whoever locks a file that has lost its name meanwhile tries again.
  void remove_at_end(const fs::path& path) { remove_ = path; }

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
  fs::path remove_;
};

}  // namespace base
