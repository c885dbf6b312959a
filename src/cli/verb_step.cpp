#include <memory>
#include <ostream>

#include "base/error.hpp"
#include "cli/render.hpp"
#include "cli/step_alone.hpp"
#include "cli/step_result.hpp"
#include "cli/stop.hpp"
#include "cli/verb.hpp"

namespace cli {
namespace {

struct Args : StepArgs {
  bool json = false;
};

void declare_run(Options& options, Args& args) {
  declare_step(options, args);
  options.value("--bench", args.bench);
  options.flag("--keep", args.keep);
  options.flag("--check", args.check);
  options.flag("--json", args.json);
}

int run(const Args& args, App& app) {
  if (args.keep && !args.bench.empty())
    throw base::Error(base::Code::usage, "--keep and --bench exclude each other")
        .hint("--keep records the step in the history, --bench in a folder of its own");
  const Bound bound(args, app);
  const auto isolated = bound.isolate(args, app);
  if (args.check) check_before(isolated, bound.surroundings, app);
  std::unique_ptr<events::Sink> renderer;
  if (args.json) {
    renderer = std::make_unique<JsonLines>(app.out);
  } else {
    show_beginning(isolated, app);
    renderer = std::make_unique<Alone>(app);
  }
  block_signals();
  StepResult result(isolated.step().path);
  const auto status = harness::run(isolated, bound.surroundings, {renderer.get(), &result});
  if (args.json)
    app.out << result.json(isolated, bound.project, args.mounting.cost) << "\n";
  else
    show_outputs(isolated, app);
  const bool whole =
      !args.check || args.json || status != model::Status::completed || check_after(isolated, app);
  return whole ? exit_status(status) : 1;
}

}  // namespace

std::vector<Verb> verbs_of_step() {
  std::vector<Verb> verbs = {make_verb<Args>("step run", "step", declare_run, run, Words::files)};
  for (auto& verb : verbs_of_step_debug()) verbs.push_back(std::move(verb));
  return verbs;
}

}  // namespace cli
