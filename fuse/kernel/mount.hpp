// One mounted file system, from its INIT to its unmount.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/path.hpp"
#include "fuse/view/file_system.hpp"

namespace fuse {

struct MountOptions {
  fs::path point;    // an existing, empty folder; absolute
  std::string name;  // what mount(8) shows as the source
  bool read_only = false;
  bool for_others = false;  // other users may use it (allow_other): needs root or user_allow_other
  bool ends_with_process = false;  // unmounted also when this process is killed; needs fusermount3
};

class Mount {
 public:
  // Mounts; the folder is ready for use after wait_ready(). Throws not_found, conflict (not empty,
  // already mounted), permission or unavailable (no /dev/fuse), each with what to do.
  static Mount start(FileSystem&, const MountOptions&);
  // Until the kernel and the view have agreed (INIT). Several mounts agree side by side. Throws
  // os_error.
  void wait_ready() const;
  Mount(Mount&&) noexcept;
  Mount& operator=(Mount&&) = delete;
  // Unmounts lazily and waits for the threads a moment; what is unsent stays where it is.
  ~Mount();

  // Unmounts and ends the threads that serve it. What had not reached the store is sent before, or
  // with `send` false left where it is. Returns the files that did not reach it. Busy folders are
  // unmounted lazily.
  std::vector<FileSystem::Unsent> finish(bool send = true);
  // Whether somebody unmounted it from outside, or the kernel gave it up.
  bool ended() const;

 private:
  struct State;
  explicit Mount(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace fuse
