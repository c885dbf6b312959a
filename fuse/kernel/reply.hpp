// From the view's statuses to errno.
#pragma once

#include "fuse/view/status.hpp"

namespace fuse {

int to_errno(Status);

}  // namespace fuse
