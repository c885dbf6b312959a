#include "cli/definition_script.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include <signal.h>
#include <sys/wait.h>

#include "cli/project.hpp"

namespace cli {
namespace {

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

int run_script(const fs::path& file, const std::vector<std::string>& arguments,
               const std::vector<std::string>& options, bool real_sdk, App& app,
               base::Variables more) {
  const Project project = open_project(file.parent_path());
  more.emplace_back("AMLOCAL_RUN_OPTIONS", nlohmann::json(options).dump());
  if (real_sdk) more.emplace_back("AMLOCAL_SDK", "real");
  auto spawn =
      harness::start_of(file, arguments, project.layout, project.settings, app.environment, more);
  spawn.descriptors = {{0, 0}, {1, 1}, {2, 2}};
  app.out.flush();

  auto script = base::Child::spawn(spawn);
  const IgnoreInterrupt ignoring;  // after it: a Python that inherits this knows no Ctrl-C
  const int status = script.wait();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace cli
