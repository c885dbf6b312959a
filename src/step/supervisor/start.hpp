// The command's processes, from fork to exec.
#pragma once

#include <string>

#include "step/supervisor/order.hpp"

namespace supervisor {

// Starts every process of the order; returns why one could not be started, or "".
std::string start_all(Order&);

}  // namespace supervisor
