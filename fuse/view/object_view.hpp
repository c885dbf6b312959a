// The view of objects in a store as files, with the rules of a mount profile.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/path.hpp"
#include "fuse/view/file_system.hpp"
#include "fuse/view/profile.hpp"
#include "store/object_store.hpp"

namespace fuse {

struct ObjectViewOptions {
  Profile profile;
  bool read_only = false;
  bool see_everything = false;  // the kernel may keep nothing, so that every operation arrives
  std::string only;             // the one name of the root that is to be seen; "" for all
  fs::path cache;               // made here; for local copies
  fs::path unsent;  // made when needed; what a crash or a failing store leaves behind lies here
  // Told why an operation was refused: what, at which file and offset, what would allow it.
  std::function<void(const std::string&)> log;
  // Whether a signal is ending a task: base::is_ended_by_signal. Empty: never.
  std::function<bool(pid_t)> is_ended_by_signal;
};

// `store` is used by the view's threads for as long as it lives.
std::unique_ptr<FileSystem> make_object_view(store::ObjectStore& store, ObjectViewOptions);

}  // namespace fuse
