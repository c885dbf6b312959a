// A mount process, as amlocal holds it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/process.hpp"
#include "fuse/server/order.hpp"

namespace fuse {

class MountProcess {
 public:
  // Starts the process, which then waits for its order: so its start can go on beside what has to
  // be made ready for the order. Throws unavailable when the program is missing.
  static MountProcess spawn();
  // Hands it the order and waits until every mount is ready. Throws what went wrong there, and
  // unavailable when the process died.
  void mount(const Order&);
  // Both.
  static MountProcess start(const Order&);
  MountProcess(MountProcess&&) noexcept;
  MountProcess& operator=(MountProcess&&) = delete;
  // Kills the process; what only it has mounted goes with it.
  ~MountProcess();

  // Its namespaces, for a command that is to see the mounts: /proc/PID/ns/user and mnt. Empty where
  // it has none of its own: then all of the user's processes see them.
  std::vector<base::Fd> namespaces() const;
  int pid() const;

  // Sends what is unsent (not with `send` false) and unmounts; waits for that at most so long. The
  // process then ends by itself, at the latest with this object.
  // Throws unavailable when the process died before, and io when it did not come to an end.
  Finished finish(std::chrono::milliseconds patience, bool send = true);
  // For an order with a state folder: it goes on alone. Returns its process id.
  int let_go();

 private:
  struct State;
  explicit MountProcess(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

// The program beside amlocal, in ../libexec/amlocal, or where AMLOCAL_MOUNT says. Throws
// unavailable.
fs::path mount_program();

// The mount points in `folder`, the innermost first. Throws io.
std::vector<fs::path> mounts_below(const fs::path& folder);
// Takes away a mount whose server has died; harmless where there is none.
void unmount_left_over(const fs::path& point);

// Whether this machine can mount at all, tried by mounting an empty folder below `scratch`; asked
// once. Nothing when it can, else the reason with its hint.
const std::optional<base::Error>& why_not_mount(const fs::path& scratch);

}  // namespace fuse
