#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "cli/project.hpp"
#include "cli/shell_words.hpp"
#include "cli/verb.hpp"

namespace cli {
namespace {

struct Args {
  std::string run;
  std::vector<std::string> set;
};

void declare(Options& options, Args& args) {
  options.argument("run", args.run);
  options.values("--set", args.set);
}

// The command of the run as it was typed, with its definition wherever one stands now.
int resubmit(const Args& args, App& app) {
  const Project project = open_project(app.here);
  const auto run = history::read_run(project.layout, args.run);
  auto words = run.command.empty() ? std::vector<std::string>() : words_of(run.command.front());
  if (words.size() < 3)
    throw base::Error(base::Code::bad_input,
                      fmt::format("run '{}' was started by a script's own calls", run.name))
        .hint("run the script again");
  words.erase(words.begin());  // "amlocal"
  words[1] = run.definition;
  for (const auto& word : args.set) words.insert(words.end(), {"--set", word});
  if (!run.experiment.empty()) words.insert(words.end(), {"--experiment-name", run.experiment});
  return main(app, words);
}

}  // namespace

std::vector<Verb> verbs_of_resubmit() {
  return {make_verb<Args>("runs resubmit", "runs", declare, resubmit, Words::runs)};
}

}  // namespace cli
