#include "cli/checked_job.hpp"

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "compute/interpreter.hpp"
#include "workspace/cloud_code.hpp"

namespace cli {

void check_against_project(const model::Job& job, const Project& project, const App& app,
                           text::Diagnostics& diagnostics) {
  for (const auto& needed : definition::needed_environments(job)) {
    try {
      compute::find_interpreter(needed.name, project.settings.environments, app.environment,
                                project.layout.cache());
    } catch (const base::Error& error) {
      diagnostics.error(needed.place, error.message(), error.hint());
    }
  }
  for (const auto& needed : definition::needed_code(job)) {
    boost::system::error_code absent;
    if (!fs::exists(needed.code, absent)) continue;  // the definition's own check says so
    try {
      for (const auto& warning :
           workspace::code_warnings(project.layout, needed.code, needed.includes))
        diagnostics.warning(needed.place, warning.what, warning.hint);
    } catch (const base::Error& error) {
      diagnostics.error(needed.place, error.message(), error.hint());
    }
  }
}

std::optional<model::Job> load_checked(const fs::path& file, const definition::Overrides& overrides,
                                       const Project& project, const App& app,
                                       text::Diagnostics& diagnostics) {
  auto job = definition::load_job(file, overrides, project.catalogue, diagnostics);
  if (job) check_against_project(*job, project, app, diagnostics);
  return job;
}

}  // namespace cli
