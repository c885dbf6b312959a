// A verb is a row in a table: its words, its page and what it does.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/app.hpp"
#include "cli/options.hpp"

namespace cli {

// What the words after a verb are, for completion.
enum class Words {
  nothing,
  files,
  runs,
  steps,
  data,
  datastores,
  components,
  environments,
  models,
  mocks
};

struct Verb {
  std::string words;  // "run", "runs list"
  std::string page;   // its help: the page of verb_<page>.md
  std::function<int(App&, const std::vector<std::string>&)> run;
  std::function<std::vector<OptionRow>()> options;
  Words takes = Words::nothing;
  bool hidden = false;  // for programs: in no list and without a page
};

template <class Args>
Verb make_verb(std::string words, std::string page, void (*declare)(Options&, Args&),
               int (*run)(const Args&, App&), Words takes = Words::nothing) {
  return {words, std::move(page),
          [=](App& app, const std::vector<std::string>& given) {
            Args args;
            Options options(words);
            declare(options, args);
            options.parse(given);
            return run(args, app);
          },
          [=] {
            Args args;
            Options options(words);
            declare(options, args);
            return options.rows();
          },
          takes};
}

// Each in its own verb_<page>.cpp.
std::vector<Verb> verbs_of_run();
std::vector<Verb> verbs_of_step();
std::vector<Verb> verbs_of_step_ask();
std::vector<Verb> verbs_of_test_new();
std::vector<Verb> verbs_of_test();
std::vector<Verb> verbs_of_mock();
std::vector<Verb> verbs_of_promote();
std::vector<Verb> verbs_of_validate();
std::vector<Verb> verbs_of_export();
std::vector<Verb> verbs_of_runs();
std::vector<Verb> verbs_of_resubmit();
std::vector<Verb> verbs_of_logs();
std::vector<Verb> verbs_of_metrics();
std::vector<Verb> verbs_of_data();
std::vector<Verb> verbs_of_model();
std::vector<Verb> verbs_of_secret();
std::vector<Verb> verbs_of_datastore();
std::vector<Verb> verbs_of_component();
std::vector<Verb> verbs_of_env();
std::vector<Verb> verbs_of_init();
std::vector<Verb> verbs_of_mount();
std::vector<Verb> verbs_of_io_report();
std::vector<Verb> verbs_of_io_compare();
std::vector<Verb> verbs_of_io_advise();
std::vector<Verb> verbs_of_doctor();
std::vector<Verb> verbs_of_completion();
std::vector<Verb> verbs_of_gateway();

// All of them, in the order of `amlocal --help`.
std::vector<Verb> all_verbs();

// The words after the aliases of `az ml` and of habit are put right: "job stream x" is "runs logs
// x --follow".
std::vector<std::string> without_aliases(std::vector<std::string> words);

// The verb that the words begin with, and how many of them name it; null where there is none.
struct FoundVerb {
  const Verb* verb = nullptr;
  std::size_t length = 0;
};
FoundVerb find_verb(const std::vector<Verb>&, const std::vector<std::string>& words);

// The text of verb_<name>.md, or of help.md for "help". Made from the files at build time.
std::string_view page(std::string_view name);

}  // namespace cli
