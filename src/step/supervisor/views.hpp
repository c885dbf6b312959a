// Read-only views of inputs, inside the command's mount namespace.
#pragma once

#include <string>

#include "step/supervisor/order.hpp"

namespace supervisor {

// Makes them all; returns why it could not, or "".
std::string make_views(const Order&);

// Shows a folder, and what is mounted in it, at a path below /mnt that need not be there. What /mnt
// holds otherwise stays. Returns why it could not, or "".
std::string show_root(const View&);

}  // namespace supervisor
