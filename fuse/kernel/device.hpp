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
};

// Lets the session, which is mounted already, agree with the kernel on what libfuse 3.14 has no
// word for: FUSE_HANDLE_KILLPRIV_V2, where the view drops set-user-id bits on its own. Without it
// the kernel asks for the attribute security.capability before every single write(2). Whether it
// worked does not matter to the view. The Connection is the session's user data.
void speak_for(fuse_session*);

}  // namespace fuse
