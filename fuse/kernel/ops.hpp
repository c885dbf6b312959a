// libfuse's table of operations, each a line that asks the view and replies.
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "fuse/view/file_system.hpp"

namespace fuse {

// The table for a session whose user data is a Connection (device.hpp). The kernel is told not to
// ask for what the traits make needless.
fuse_lowlevel_ops operations(const Traits&);

}  // namespace fuse
