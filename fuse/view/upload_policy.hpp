// When a change travels to the store: the one place that decides it. The slowdown lives here.
#pragma once

#include <cstdint>

#include "fuse/view/profile.hpp"

namespace fuse {

// What is known of a handle and its file when it is closed or synced.
struct WriteState {
  bool wrote = false;         // this handle wrote or truncated, ever
  bool wrote_since = false;   // since its last upload
  bool created = false;       // this handle made the file, and nothing was uploaded since
  bool time_changed = false;  // the local copy's modification time is not that of the last upload
};

enum class Occasion { close, fsync };

// Whether the whole object goes to the store now.
bool must_upload(const Profile&, Occasion, const WriteState&);

}  // namespace fuse
