#include "cli/definition_script.hpp"

#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include <signal.h>
#include <sys/wait.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/variables.hpp"
#include "cli/project.hpp"
#include "compute/interpreter.hpp"
#include "step/step.hpp"

namespace cli {
namespace {

using base::set;

// The terminal sends Ctrl-C to the script too, which ends its runs in its own way.
class IgnoreInterrupt {
 public:
  IgnoreInterrupt() : before_(::signal(SIGINT, SIG_IGN)) {}
  ~IgnoreInterrupt() { ::signal(SIGINT, before_); }
  IgnoreInterrupt(const IgnoreInterrupt&) = delete;
  IgnoreInterrupt& operator=(const IgnoreInterrupt&) = delete;

 private:
  void (*before_)(int);
};

}  // namespace

bool is_script(const fs::path& file) {
  return file.extension() == ".py" || file.extension() == ".ipynb";
}

int run_script(const fs::path& file, const std::vector<std::string>& arguments,
               const std::vector<std::string>& options, bool real_sdk, App& app,
               const base::Variables& more) {
  boost::system::error_code ignored;
  if (!fs::is_regular_file(file, ignored))
    throw base::Error(base::Code::not_found, "no such file: " + base::display_path(file));
  const Project project = open_project(file.parent_path());
  workspace::ensure(project.layout);
  const auto interpreter = compute::find_interpreter("", project.settings.environments,
                                                     app.environment, project.layout.cache());
  const fs::path shim = step::write_shim(project.layout.cache());

  base::Spawn spawn;
  spawn.environment = app.environment;
  for (const auto& [name, value] : interpreter.activation) set(spawn.environment, name, value);
  const std::string theirs = base::variable(app.environment, "PYTHONPATH");
  set(spawn.environment, "PYTHONPATH", shim.native() + (theirs.empty() ? "" : ":" + theirs));
  set(spawn.environment, "AMLOCAL", "1");
  set(spawn.environment, "AMLOCAL_PROGRAM", fs::read_symlink("/proc/self/exe").native());
  set(spawn.environment, "AMLOCAL_DEFINITION", file.native());
  set(spawn.environment, "AMLOCAL_RUN_OPTIONS", nlohmann::json(options).dump());
  if (real_sdk) set(spawn.environment, "AMLOCAL_SDK", "real");
  for (const auto& [name, value] : more) set(spawn.environment, name, value);
  spawn.argv = {interpreter.python.native(), "-m", "amlocal", file.native()};
  spawn.argv.insert(spawn.argv.end(), arguments.begin(), arguments.end());
  spawn.descriptors = {{0, 0}, {1, 1}, {2, 2}};
  app.out.flush();

  auto script = base::Child::spawn(spawn);
  const IgnoreInterrupt ignoring;  // after it: a Python that inherits this knows no Ctrl-C
  const int status = script.wait();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace cli
