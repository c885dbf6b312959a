// The control socket to amlocal, and the words for what went wrong.
#pragma once

#include <string>

#include "step/supervisor/order.hpp"

namespace supervisor {

// Sends one line. That amlocal is gone is no error here: the watch sees it too.
void say(const Order&, std::string line);

// "cannot DOING 'WHAT': TEXT OF THE ERROR NUMBER"
std::string reason(const char* doing, const char* what, int number);

}  // namespace supervisor
