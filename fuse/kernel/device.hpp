// How a session of libfuse's speaks with /dev/fuse.
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include <atomic>
#include <cstdint>

#include "fuse/view/file_system.hpp"

namespace fuse {

// A session's user data.
struct Connection {
  FileSystem& view;
  const Traits traits;
  std::atomic<std::uint64_t> init{0};  // number of the request whose reply says what we can do
  std::atomic<bool> offers_killpriv{false};
  enum class Phase { starting, ready, ended };
  std::atomic<Phase> phase{Phase::starting};  // ready: INIT was answered

  void enter(Phase next) {
    phase = next;
    phase.notify_all();
  }
};

// Lets the session, which is mounted already, agree with the kernel on what libfuse 3.14 has no
// word for: FUSE_HANDLE_KILLPRIV_V2, where the view drops set-user-id bits on its own. Without it
// the kernel asks for the attribute security.capability before every single write(2). Whether the
// kernel agreed does not matter to the view. Also notes that INIT was answered (Connection::phase).
// The Connection is the session's user data. Throws unavailable.
void speak_for(fuse_session*);

}  // namespace fuse
