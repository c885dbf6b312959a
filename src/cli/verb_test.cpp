#include <ostream>

#include "base/error.hpp"
#include "cli/stop.hpp"
#include "cli/test_session.hpp"
#include "cli/verb.hpp"

namespace cli {
namespace {

void declare(Options& options, TestArgs& args) {
  options.arguments("path", args.paths, false);
  options.value("-k", args.expression);
  options.number("-n", args.jobs);
  options.flag("--lf", args.last_failed);
  options.value("--changed-since", args.changed_since);
  options.flag("--snapshot-update", args.update);
  options.flag("--ci", args.ci);
  options.value("--junitxml", args.junit);
  options.flag("--markdown", args.markdown);
  options.flag("--json", args.json);
  options.flag("--watch", args.watch);
}

int run(const TestArgs& args, App& app) {
  if (args.jobs < 0) throw base::Error(base::Code::usage, "-n takes a number of at least 1");
  if (args.json && args.markdown)
    throw base::Error(base::Code::usage, "--json and --markdown are one or the other");
  if (args.watch && (args.json || args.markdown))
    throw base::Error(base::Code::usage, "--watch draws for people: without --json and --markdown");
  block_signals();
  TestSession session(args, app);
  if (args.watch) return watch_tests(session, app);
  session.read();
  return session.run(session.selected());
}

}  // namespace

std::vector<Verb> verbs_of_test() {
  return {make_verb<TestArgs>("test", "test", declare, run, Words::files)};
}

}  // namespace cli
