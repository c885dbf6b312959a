// A step that runs alone with somebody beside it.
#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/step_alone.hpp"
#include "cli/stop.hpp"
#include "cli/verb.hpp"
#include "harness/debug.hpp"
#include "harness/terminal.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

using How = harness::Attending::How;

struct Args : StepArgs {
  bool wait = false;
  bool pdb = false;
  std::string pause;
  int port = 0;
  bool in_place = false;
};

void declare_debug(Options& options, Args& args) {
  declare_step(options, args);
  options.flag("--wait", args.wait);
  options.flag("--pdb", args.pdb);
  options.value("--pause", args.pause);
  options.number("--port", args.port);
  options.flag("--in-place", args.in_place);
  options.flag("--check", args.check);
}

void declare_shell(Options& options, Args& args) {
  declare_step(options, args);
  options.value("--at", args.at);
}

void check_words(const Args& args) {
  if (int{args.wait} + int{args.pdb} + int{!args.pause.empty()} > 1)
    throw base::Error(base::Code::usage, "--wait, --pdb and --pause exclude each other")
        .hint("give one of them");
  if (!args.pause.empty() && args.pause != "before" && args.pause != "after" &&
      args.pause != "error")
    throw base::Error(base::Code::usage,
                      fmt::format("--pause takes before, after or error, not '{}'", args.pause))
        .hint(text::did_you_mean(args.pause, {"before", "after", "error"}));
  if (args.port < 0 || args.port > 65535)
    throw base::Error(base::Code::usage,
                      fmt::format("--port takes a number from 1 to 65535, not {}", args.port))
        .hint("without --port: one that is free");
}

How how_of(const Args& args, const harness::Isolated& isolated,
           const engine::Surroundings& surroundings) {
  if (args.pause == "before") return How::pause_before;
  if (args.pause == "after") return How::pause_after;
  if (args.pause == "error") return How::pause_error;
  if (args.wait) return How::wait;
  if (args.pdb) return How::pdb;
  const bool installed = !harness::probe(isolated, surroundings).debugpy.empty();
  return installed || !harness::has_terminal() ? How::wait : How::pdb;
}

void show_ready(const harness::Ready& ready, const std::string& step, const std::string& target,
                App& app) {
  app.out << (ready.enter.empty()
                  ? fmt::format("{} ({}) waits for a debugger at 127.0.0.1:{}; in VS Code: F5 on "
                                "'{}', which is in {}\n",
                                step, target, ready.port, ready.entry,
                                base::display_path(ready.launch_json))
                  : fmt::format("{} is paused; a shell in it, with whose end it goes on: {}\n",
                                step, ready.enter));
  app.out.flush();
}

model::Status attend(harness::Isolated& isolated, const harness::Attending& how, const Bound& bound,
                     App& app) {
  block_signals();
  show_beginning(isolated, app);
  std::string target;
  harness::Attendant attendant(isolated, how, bound.surroundings, [&](const harness::Ready& ready) {
    show_ready(ready, isolated.step().path, target, app);
  });
  target = attendant.target();
  Alone renderer(app);
  const auto status = harness::run(isolated, bound.surroundings, {&attendant, &renderer});
  show_outputs(isolated, app);
  return status;
}

int debug(const Args& args, App& app) {
  check_words(args);
  const Bound bound(args, app);
  auto isolated = bound.isolate(args, app);
  const auto how = how_of(args, isolated, bound.surroundings);
  if (args.check) check_before(isolated, bound.surroundings, app);
  const auto status = attend(isolated, {how, args.port, args.in_place, app.here}, bound, app);
  const bool whole =
      !args.check || status != model::Status::completed || check_after(isolated, app);
  return whole ? exit_status(status) : 1;
}

int shell(const Args& args, App& app) {
  const Bound bound(args, app);
  auto isolated = bound.isolate(args, app);
  const auto status = attend(isolated, {How::shell, 0, false, app.here}, bound, app);
  // What the last command in it ended with is no failure of the shell.
  return status == model::Status::canceled ? exit_status(status) : 0;
}

}  // namespace

std::vector<Verb> verbs_of_step_debug() {
  return {make_verb<Args>("step debug", "step_debug", declare_debug, debug, Words::files),
          make_verb<Args>("step shell", "step_shell", declare_shell, shell, Words::files)};
}

}  // namespace cli
