// The table of `run --explain-logs`: where each line that the steps logged went, and why nowhere.
#pragma once

#include <string>

#include "cli/app.hpp"
#include "cli/project.hpp"

namespace cli {

void show_ways_of_logs(App&, const workspace::Layout&, const std::string& run);

}  // namespace cli
