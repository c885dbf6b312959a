// Completion: the scripts of the shells are a few lines each, and ask the hidden verb `__complete`,
// so that they follow the table of verbs by themselves.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "cli/mocks_here.hpp"
#include "cli/project.hpp"
#include "cli/verb.hpp"
#include "definition/definition.hpp"
#include "engine/plan.hpp"
#include "harness/mock.hpp"
#include "history/models.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

struct Args {
  std::string shell;
};

void declare(Options& options, Args& args) {
  options.argument("shell", args.shell);
}

// Each asks for the candidates of the last word; the answer ":files" means the shell's own
// completion of file names. Bash would split words at ':' and '=', which names here contain, so the
// line up to the cursor is split at blanks alone.
constexpr std::string_view bash_script = R"script(_amlocal() {
  local line=${COMP_LINE:0:COMP_POINT} words answer current
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=${words[-1]}
  COMPREPLY=()
  while IFS= read -r answer; do
    if [[ $answer == :files ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    COMPREPLY+=("$answer")
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  # What the shell takes for the current word begins after its last ':' or '='.
  local cut=${current%"${current##*[:=]}"} n
  if [[ -n $cut ]]; then
    for n in "${!COMPREPLY[@]}"; do COMPREPLY[n]=${COMPREPLY[n]#"$cut"}; done
  fi
}
complete -F _amlocal amlocal
)script";

constexpr std::string_view zsh_script = R"script(#compdef amlocal
_amlocal() {
  local -a answers
  answers=("${(@f)$("${words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ ${answers[1]} == :files ]]; then
    _files
  else
    compadd -- "${(@)answers:#}"
  fi
}
# As a file of fpath this is the first call of the function itself; sourced, it is not called yet.
if [[ ${funcstack[1]} == _amlocal ]]; then _amlocal; else compdef _amlocal amlocal; fi
)script";

constexpr std::string_view fish_script = R"script(function __amlocal_answers
  set -l words (commandline -opc) (commandline -ct)
  set -l answers ($words[1] __complete $words[2..-1] 2>/dev/null)
  if test "$answers[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\n' $answers
  end
end
complete -c amlocal -f -a '(__amlocal_answers)'
)script";

int print_script(const Args& args, App& app) {
  const std::vector<std::pair<std::string, std::string_view>> scripts{
      {"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
  std::vector<std::string> known;
  for (const auto& [shell, script] : scripts) {
    if (shell == args.shell) {
      app.out << script;
      return 0;
    }
    known.push_back(shell);
  }
  throw base::Error(base::Code::usage, fmt::format("there is no completion for '{}'", args.shell))
      .hint(text::did_you_mean(args.shell, known));
}

using Candidates = std::vector<std::string>;

Candidates run_names(const Project& project) {
  Candidates names{"@last"};
  for (const auto& run : history::list_runs(project.layout)) names.push_back(run.name);
  return names;
}

// "RUN" or, after the slash, "RUN/STEP".
Candidates steps_of_run(const Project& project, const std::string& current) {
  const auto slash = current.find('/');
  if (slash == std::string::npos) return run_names(project);
  const std::string run = current.substr(0, slash);
  Candidates steps;
  for (const auto& step : history::read_run(project.layout, run).steps)
    steps.push_back(run + "/" + step.path);
  return steps;
}

// The steps of the definition that stands on the line.
Candidates steps_of_file(const Candidates& words, App& app) {
  for (const auto& word : words) {
    if (!word.ends_with(".yml") && !word.ends_with(".yaml")) continue;
    const fs::path file = fs::absolute(word, app.here);
    text::Diagnostics ignored;
    const auto job =
        definition::load_job(file, {}, open_project(file.parent_path()).catalogue, ignored);
    if (!job) return {};
    Candidates steps;
    for (const auto& step : engine::make_plan(*job).steps) steps.push_back(step.path);
    return steps;
  }
  return {};
}

template <class Map>
Candidates keys_of(const Map& map) {
  Candidates keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

Candidates model_names(const Project& project) {
  Candidates names;
  for (const auto& model : history::models(project.layout, "")) names.push_back(model.name);
  return names;
}

Candidates candidates_of(Words words, const std::string& current, App& app) {
  switch (words) {
    case Words::nothing:
      return {};
    case Words::files:
      return {":files"};
    case Words::mocks: {
      Candidates names;
      for (const auto& file : mocks_here("", app).files) names.push_back(harness::mock_name(file));
      return names;
    }
    default:
      break;
  }
  const Project project = open_project(app.here);
  switch (words) {
    case Words::runs:
      return run_names(project);
    case Words::steps:
      return steps_of_run(project, current);
    case Words::data:
      return project.catalogue.data_asset_names();
    case Words::datastores:
      return project.catalogue.datastore_names();
    case Words::models:
      return model_names(project);
    case Words::components:
      return keys_of(project.settings.components);
    case Words::environments: {
      auto names = keys_of(project.settings.environments);
      names.push_back("default");
      return names;
    }
    default:
      return {};
  }
}

const OptionRow* find_option(const std::vector<OptionRow>& options, const std::string& word) {
  for (const auto& option : options)
    if (std::find(option.names.begin(), option.names.end(), word) != option.names.end())
      return &option;
  return nullptr;
}

Candidates after_option(const std::string& option, const Candidates& words, App& app) {
  if (option == "--resume" || option == "--run" || option == "--at")
    return run_names(open_project(app.here));
  if (option == "--pause") return {"before", "after", "error"};
  if (option == "--only" || option == "--until") return steps_of_file(words, app);
  if (option == "--type") return {"uri_file", "uri_folder", "mltable"};
  if (option == "--file" || option == "-f" || option == "--path" || option == "--dir" ||
      option == "--to" || option == "--pipeline")
    return {":files"};
  return {};
}

Candidates first_words(const std::vector<Verb>& verbs) {
  Candidates words{"--help", "--version"};
  for (const auto& verb : verbs)
    if (!verb.hidden) words.push_back(verb.words.substr(0, verb.words.find(' ')));
  return words;
}

Candidates second_words(const std::vector<Verb>& verbs, const std::string& first) {
  Candidates words;
  for (const auto& verb : verbs)
    if (verb.words.starts_with(first + " ")) words.push_back(verb.words.substr(first.size() + 1));
  return words;
}

// `words`: what stands on the line after "amlocal"; the last one is being typed.
Candidates complete(Candidates words, App& app) {
  const auto verbs = all_verbs();
  if (words.size() <= 1) return first_words(verbs);
  words = without_aliases(std::move(words));
  const FoundVerb found = find_verb(verbs, words);
  if (!found.verb || words.size() <= found.length) return second_words(verbs, words[0]);
  const std::string& current = words.back();
  const auto options = found.verb->options();
  if (current.starts_with("-")) {
    Candidates names{"--help"};
    for (const auto& option : options) names.push_back(option.names.back());
    return names;
  }
  const std::string& before = words[words.size() - 2];
  if (const auto* option = find_option(options, before); option && option->takes_value)
    return after_option(before, words, app);
  return candidates_of(found.verb->takes, current, app);
}

int answer(App& app, const std::vector<std::string>& words) {
  try {
    const std::string current = words.empty() ? "" : words.back();
    Candidates found = complete(words, app);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    for (const auto& word : found)
      if (word.starts_with(current) || word == ":files") app.out << word << "\n";
  } catch (const base::Error&) {
    // Half a command line may well be wrong; a shell that completes wants no complaint.
  }
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_completion() {
  Verb hidden{"__complete", "completion", answer, [] { return std::vector<OptionRow>{}; }};
  hidden.hidden = true;
  return {make_verb<Args>("completion", "completion", declare, print_script), std::move(hidden)};
}

}  // namespace cli
