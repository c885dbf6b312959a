// A verb is a row in a table: its words, its page and what it does.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/app.hpp"
#include "cli/options.hpp"

namespace cli {

struct Verb {
  std::string words;  // "run", "runs list"
  std::string page;   // its help: the page of verb_<page>.md
  std::function<int(App&, const std::vector<std::string>&)> run;
  std::function<std::vector<std::string>()> options;  // its long option names
};

template <class Args>
Verb make_verb(std::string words, std::string page, void (*declare)(Options&, Args&),
               int (*run)(const Args&, App&)) {
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
            return options.names();
          }};
}

// Each in its own verb_<page>.cpp.
std::vector<Verb> verbs_of_run();
std::vector<Verb> verbs_of_validate();
std::vector<Verb> verbs_of_runs();
std::vector<Verb> verbs_of_data();
std::vector<Verb> verbs_of_datastore();
std::vector<Verb> verbs_of_component();
std::vector<Verb> verbs_of_env();
std::vector<Verb> verbs_of_init();
std::vector<Verb> verbs_of_doctor();

// All of them, in the order of `amlocal --help`.
std::vector<Verb> all_verbs();

// The text of verb_<name>.md, or of help.md for "help". Made from the files at build time.
std::string_view page(std::string_view name);

}  // namespace cli
