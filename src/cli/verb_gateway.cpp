// For the shim in a definition: the workspace's gateway, for as long as somebody holds its stdin.
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/error.hpp"
#include "cli/project.hpp"
#include "cli/verb.hpp"
#include "engine/run_store.hpp"
#include "gateway/gateway.hpp"
#include "step/step.hpp"

namespace cli {
namespace {

struct Args {};

void declare(Options&, Args&) {}

int run(const Args&, App& app) {
  const Project project = open_project(app.here);
  workspace::ensure(project.layout);
  engine::RunStore store(project.layout, app.environment, app.clock, "");
  const gateway::Gateway gateway(store, app.clock);
  app.out << nlohmann::json{{"endpoint", gateway.endpoint()},
                            {"token", gateway.token()},
                            {"version", AMLOCAL_VERSION},
                            {"root", project.layout.root.native()},
                            {"shim", step::write_shim(project.layout.cache()).native()}}
                 .dump()
          << std::endl;
  std::array<char, 64> ignored;
  while (base::sys("wait", "",
                   [&] { return ::read(STDIN_FILENO, ignored.data(), ignored.size()); }) > 0) {
  }
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_gateway() {
  auto verb = make_verb<Args>("gateway", "gateway", declare, run);
  verb.hidden = true;
  return {verb};
}

}  // namespace cli
