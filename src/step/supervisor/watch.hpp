// The watch over the command: from its start until nobody whom it started lives.
#pragma once

#include "step/supervisor/order.hpp"

namespace supervisor {

// Makes the views, starts the processes, tells their ends, ends what they left. Returns 0.
int run(Order&);

}  // namespace supervisor
