#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cctype>
#include <limits>
#include <memory>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/checked_job.hpp"
#include "cli/definition_script.hpp"
#include "cli/explain_logs.hpp"
#include "cli/io_record.hpp"
#include "cli/mounting_options.hpp"
#include "cli/project.hpp"
#include "cli/render.hpp"
#include "cli/shell_words.hpp"
#include "cli/stop.hpp"
#include "cli/verb.hpp"
#include "definition/definition.hpp"
#include "engine/execute.hpp"
#include "harness/mock_drift.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

constexpr int not_given = std::numeric_limits<int>::min();

struct Args {
  std::string file;
  std::vector<std::string> set;
  std::vector<std::string> mode;
  int jobs = not_given;
  std::string name;
  std::string experiment;
  std::vector<std::string> only;
  std::string until;
  std::string resume;
  std::vector<std::string> pass_env;
  MountingOptions mounting;
  bool dry_run = false;
  bool json = false;
  std::string sdk = "shim";
  bool explain_logs = false;
  std::string on_failure = "documented";
  bool tls = false;
  bool check_mocks = false;
  std::vector<std::string> arguments;  // of a definition in Python
};

void declare(Options& options, Args& args) {
  options.argument("file", args.file);
  options.values("--set", args.set);
  options.values("--mode", args.mode);
  options.number("-j,--jobs", args.jobs);
  options.value("--name", args.name);
  options.value("--experiment-name", args.experiment);
  options.values("--only", args.only);
  options.value("--until", args.until);
  options.value("--resume", args.resume);
  options.values("--pass-env", args.pass_env);
  declare(options, args.mounting);
  options.flag("--dry-run", args.dry_run);
  options.flag("--json", args.json);
  options.value("--sdk", args.sdk);
  options.flag("--explain-logs", args.explain_logs);
  options.value("--on-failure", args.on_failure);
  options.flag("--tls", args.tls);
  options.flag("--check-mocks", args.check_mocks);
  options.arguments("arguments", args.arguments, false);
}

// The options that running it again repeats.
std::vector<std::string> repeated_options(const Args& args) {
  std::vector<std::string> words;
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  for (const auto& word : args.set) add("--set", word);
  for (const auto& word : args.mode) add("--mode", word);
  for (const auto& word : args.pass_env) add("--pass-env", word);
  add("--until", args.until);
  for (auto& word : words_of(args.mounting)) words.push_back(std::move(word));
  if (args.sdk != "shim") add("--sdk", args.sdk);
  if (args.explain_logs) words.emplace_back("--explain-logs");
  if (args.tls) words.emplace_back("--tls");
  if (args.check_mocks) words.emplace_back("--check-mocks");
  if (args.on_failure != "documented") add("--on-failure", args.on_failure);
  return words;
}

// The command to repeat a failed run with: the same but for the run's name, --only, and the faults,
// which would strike again.
std::string retry_command(const Args& args) {
  std::string command = "amlocal run " + shell_word(base::display_path(args.file));
  for (const auto& word : repeated_options(args)) command += " " + shell_word(word);
  return command;
}

// What a script's runs are started with, beside that.
std::vector<std::string> options_for_script(const Args& args) {
  auto words = repeated_options(args);
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  if (args.jobs != not_given) add("--jobs", std::to_string(args.jobs));
  for (const auto& word : args.only) add("--only", word);
  add("--resume", args.resume);
  add("--experiment-name", args.experiment);
  for (const auto& word : args.mounting.faults) add("--fault", word);
  return words;
}

Afterwards afterwards_of(const Args& args, const workspace::Settings& settings) {
  Afterwards afterwards;
  afterwards.retry = retry_command(args);
  if (!settings.faults.empty())
    afterwards.caveat = "the faults of amlocal.yml strike again";
  else if (!args.mounting.faults.empty())
    afterwards.caveat = "its faults left out";
  if (!args.mounting.cost.empty() && args.mounting.cost != "none") {
    afterwards.report = "amlocal io report @last";
    if (args.mounting.cost != usual_cost)
      afterwards.report += " --cost " + shell_word(args.mounting.cost);
  }
  return afterwards;
}

void check_choice(const char* option, const std::string& given, const char* one,
                  const char* other) {
  if (given == one || given == other) return;
  throw base::Error(base::Code::usage,
                    fmt::format("{} takes {} or {}, not '{}'", option, one, other, given))
      .hint(text::did_you_mean(given, {one, other}));
}

definition::Overrides overrides_of(const Args& args) {
  definition::Overrides overrides;
  for (const auto& word : args.set) {
    auto [key, value] = split_assignment("--set", word);
    overrides.set.push_back({std::move(key), std::move(value)});
  }
  for (const auto& word : args.mode) {
    auto [key, value] = split_assignment("--mode", word);
    overrides.mode.push_back({std::move(key), std::move(value)});
  }
  return overrides;
}

model::Job load(const Args& args, const Project& project, App& app) {
  text::Diagnostics diagnostics;
  // Of a part of the job only that part's needs count; the engine looks at them.
  const bool whole = args.only.empty() && args.until.empty();
  const fs::path file = fs::absolute(args.file, app.here);
  auto job = whole ? load_checked(file, overrides_of(args), project, app, diagnostics)
                   : definition::load_job(file, overrides_of(args), project.catalogue, diagnostics);
  diagnostics.sort();
  for (const auto& diagnostic : diagnostics.all()) app.err << text::render(diagnostic, app.colour);
  if (!job || !diagnostics.ok())
    throw base::Error(base::Code::bad_definition,
                      fmt::format("{} has {} error{}; nothing was run", args.file,
                                  diagnostics.errors(), diagnostics.errors() == 1 ? "" : "s"))
        .hint(fmt::format("mend {}, then check with: amlocal validate {}",
                          diagnostics.errors() == 1 ? "it" : "them", args.file));
  if (!args.experiment.empty()) job->experiment_name = args.experiment;
  if (job->experiment_name.empty()) job->experiment_name = app.here.filename().native();
  return std::move(*job);
}

void show_plan(const std::vector<engine::Decision>& decisions, App& app) {
  using Action = engine::Decision::Action;
  for (const auto& decision : decisions) {
    app.out << fmt::format("{}  {}\n",
                           decision.action == Action::run    ? "run  "
                           : decision.action == Action::keep ? "keep "
                                                             : "leave",
                           decision.step);
    for (const auto& reason : decision.reasons) app.out << fmt::format("         {}\n", reason);
  }
  app.out << engine::roll_up(decisions) << "\n";
}

void refuse_settings(const fs::path& file) {
  if (!is_settings_file(file)) return;
  throw base::Error(base::Code::usage,
                    fmt::format("{} is a project's settings, no job", base::display_path(file)))
      .hint("give the YAML file of a pipeline or command: amlocal run pipeline.yml");
}

// `run FILE#STEP` is `run FILE --only STEP`.
Args with_step_of_file(Args args, App& app) {
  refuse_settings(args.file);
  const FileAndStep named = split_file(args.file, app.here);
  if (named.step.empty()) return args;
  args.file.resize(args.file.find_last_of("#:", args.file.size() - named.step.size() - 1));
  while (args.file.ends_with(":")) args.file.pop_back();
  args.only.push_back(named.step);
  return args;
}

// CI services set CI to true; some people set it to 0 or false where it is none.
bool in_ci(const base::Variables& environment) {
  const std::string ci = base::variable(environment, "CI");
  return !ci.empty() && ci != "0" && ci != "false";
}

// Made up where --name is not given.
struct RunName final : events::Sink {
  std::string name;
  void on(const events::Stamped& stamped) override {
    if (const auto* started = std::get_if<events::RunStarted>(&stamped.event)) name = started->run;
  }
};

int run(const Args& given, App& app) {
  const Args args = with_step_of_file(given, app);
  const fs::path file = fs::absolute(args.file, app.here);
  if (args.explain_logs && args.json)
    throw base::Error(base::Code::usage, "--explain-logs draws a table, and --json has none")
        .hint("leave out one of them; the calls are in steps/STEP/logging-calls.jsonl of the run");
  check_choice("--sdk", args.sdk, "shim", "real");
  check_choice("--on-failure", args.on_failure, "documented", "observed");
  if (is_script(file))
    return run_script(file, args.arguments, options_for_script(args), args.sdk == "real", app);
  if (!args.arguments.empty())
    throw base::Error(base::Code::usage,
                      fmt::format("amlocal run: '{}' is one word too many", args.arguments.front()))
        .hint("only a definition in Python takes arguments: amlocal run pipeline.py -- ARGS");
  const Project project = open_project(file.parent_path());
  const model::Job job = load(args, project, app);
  if (args.jobs != not_given && args.jobs < 1)
    throw base::Error(
        base::Code::usage,
        fmt::format("--jobs takes a number of steps side by side from 1 on, not {}", args.jobs))
        .hint("without --jobs: one a core, fewer where memory is short");
  engine::Options options;
  options.name = args.name;
  options.jobs = std::max(args.jobs, 0);
  options.only = args.only;
  options.until = args.until;
  options.resume = args.resume;
  options.pass_env = args.pass_env;
  options.real_sdk = args.sdk == "real";
  options.watch_logs = args.explain_logs;
  options.tls = args.tls;
  options.command = {retry_command(args)};
  if (args.on_failure == "observed") options.on_failure = step::OnFailure::observed;
  options.mounting = mounting_of(args.mounting, project.settings);
  const engine::Surroundings surroundings{project.layout, project.settings, project.catalogue,
                                          app.environment, app.clock};
  if (args.dry_run) {
    const auto decisions = engine::decide(job, options, surroundings);
    if (args.json)
      app.out << to_json(decisions) << "\n";
    else
      show_plan(decisions, app);
    return 0;
  }
  options.review =
      harness::mock_reviewer(job, surroundings, args.check_mocks || in_ci(app.environment));
  block_signals();
  std::unique_ptr<events::Sink> renderer;
  if (args.json) {
    renderer = std::make_unique<JsonLines>(app.out);
  } else {
    const auto idle = definition::without_effect(file);
    if (!idle.empty())
      app.out << fmt::format("without effect on one machine: {}\n", fmt::join(idle, "; "));
    renderer = std::make_unique<Lines>(app, afterwards_of(args, project.settings));
  }
  RunName name;
  const auto status = engine::execute(job, options, surroundings, {renderer.get(), &name});
  if (args.explain_logs) show_ways_of_logs(app, project.layout, name.name);
  return exit_status(status);
}

}  // namespace

std::vector<Verb> verbs_of_run() {
  return {make_verb<Args>("run", "run", declare, run, Words::files)};
}

}  // namespace cli
