// Read-only views of inputs, inside the command's mount namespace.
#pragma once

#include <string>

#include "step/supervisor/order.hpp"

namespace supervisor {

// Makes them all; returns why it could not, or "".
std::string make_views(const Order&);

}  // namespace supervisor
