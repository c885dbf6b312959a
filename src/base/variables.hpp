// Changing a list of environment variables.
#pragma once

#include <string>

#include "base/process.hpp"

namespace base {

// One entry of that name, the last; an earlier one goes.
void set(Variables&, const std::string& name, const std::string& value);

}  // namespace base
