// Where the logging calls and prints of a step's Pythons go: the watch of `run --explain-logs`.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/path.hpp"
#include "base/process.hpp"
#include "step/step.hpp"

namespace step {

// The watch's files by name.
std::map<std::string, std::string_view> log_watch_files();

// One JSON line a call, as python/logs/_amlocal_logs.py says; not there where nothing was logged.
fs::path log_watch_path(const fs::path& step_folder);

// Makes `hook` with the watch in it, and puts it before what PYTHONPATH has. `work`: the step's
// working folder, whose files are the user's. Throws os_error.
base::Variables with_log_watch(base::Variables environment, const fs::path& hook,
                               const fs::path& step_folder, const fs::path& work);

}  // namespace step
