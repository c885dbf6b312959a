#include "step/log_watch.hpp"

#include <algorithm>

#include "base/files.hpp"
#include "base/variables.hpp"

namespace step {
namespace {

using base::set;

}  // namespace

fs::path log_watch_path(const fs::path& step_folder) {
  return step_folder / "logging-calls.jsonl";
}

base::Variables with_log_watch(base::Variables environment, const fs::path& hook,
                               const fs::path& step_folder, const fs::path& work) {
  for (const auto& [name, text] : log_watch_files()) base::write_file_atomically(hook / name, text);
  set(environment, "AMLOCAL_LOGS_FILE", log_watch_path(step_folder).native());
  set(environment, "AMLOCAL_LOGS_WORK", work.native());
  const std::string theirs = base::variable(environment, "PYTHONPATH");
  set(environment, "PYTHONPATH", hook.native() + (theirs.empty() ? "" : ":" + theirs));
  return environment;
}

}  // namespace step
