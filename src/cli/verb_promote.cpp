// The ladder: where the steps of a definition stand, and how one gets further.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/project.hpp"
#include "cli/stop.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "definition/definition.hpp"
#include "engine/earlier.hpp"
#include "harness/bench.hpp"
#include "harness/definition.hpp"
#include "harness/promote.hpp"
#include "harness/step_tests.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

using harness::Rung;

struct Args {
  std::string file;
  std::string to;
  bool all = false;
  bool json = false;
};

void declare(Options& options, Args& args) {
  options.argument("file", args.file);
  options.value("--to", args.to);
  options.flag("--all", args.all);
  options.flag("--json", args.json);
}

// A definition with what is needed to judge its steps.
struct Opened {
  model::Job job;
  engine::Plan plan;
  std::vector<harness::Mock> mocks;
};

Opened open(const fs::path& file, const Project& project, App& app) {
  text::Diagnostics diagnostics;
  auto job = definition::load_job(file, {}, project.catalogue, diagnostics);
  diagnostics.sort();
  for (const auto& diagnostic : diagnostics.all()) app.err << text::render(diagnostic, app.colour);
  if (!job || !diagnostics.ok())
    throw base::Error(base::Code::bad_definition,
                      fmt::format("{} has errors; nothing was run", base::display_path(file)))
        .hint("mend them, then check with: amlocal validate " + base::display_path(file));
  auto plan = engine::make_plan(*job);
  if (job->experiment_name.empty()) job->experiment_name = app.here.filename().native();
  auto mocks = harness::mocks_beside(job->script.empty() ? job->file : job->script);
  return {std::move(*job), std::move(plan), std::move(mocks)};
}

// One row of the table.
struct Row {
  std::string step;
  std::vector<harness::Standing> standings;
  std::vector<std::string> drift;
  bool mocked = false;
  std::string failure;  // of the newest run that failed in it, where no later one completed it
};

std::string last_failure(const Opened& opened, const std::string& step,
                         const workspace::Layout& layout) {
  for (const auto& run : history::list_runs(layout)) {
    if (!engine::is_run_of(run, opened.job)) continue;
    const auto* record = run.find_step(step);
    if (!record || !record->ended) continue;
    if (!record->ended->failure) return "";
    const auto& failure = *record->ended->failure;
    return fmt::format("{}: {}", run.name,
                       failure.exception.empty() ? failure.summary : failure.exception);
  }
  return "";
}

Row row_of(const Opened& opened, std::size_t n, const harness::Ladder& ladder,
           const engine::Surroundings& surroundings) {
  const std::string& step = opened.plan.steps[n].path;
  Row row{step, {}, {}, false, last_failure(opened, step, surroundings.layout)};
  const auto today = harness::basis_today(opened.job, opened.plan, n, opened.mocks,
                                          harness::tests_of(opened.job, step), surroundings);
  row.mocked = !today.mocks.empty();
  row.standings = ladder.standings(step, today);
  row.drift = harness::mock_drift(opened.job, opened.plan, n, opened.mocks, surroundings, false);
  return row;
}

std::string rung_text(const Row& row) {
  const auto rung = harness::highest(row.standings);
  return rung ? std::string(to_string(*rung)) : "-";
}

nlohmann::json to_json(const Row& row) {
  nlohmann::json rungs = nlohmann::json::array();
  for (const auto& standing : row.standings)
    rungs.push_back({{"rung", to_string(standing.rung)},
                     {"holds", standing.holds},
                     {"how", standing.how},
                     {"lost", standing.lost}});
  return {{"step", row.step},
          {"rung", rung_text(row) == "-" ? nlohmann::json() : nlohmann::json(rung_text(row))},
          {"rungs", rungs},
          {"mock_drift", row.drift},
          {"last_failure", row.failure}};
}

// Why a step does not stand higher: the first rung that was lost.
std::string lost_text(const Row& row) {
  for (const auto& standing : row.standings)
    if (!standing.holds && !standing.lost.empty())
      return fmt::format("  {}: {} is lost: {}\n", row.step, to_string(standing.rung),
                         fmt::join(standing.lost, "; "));
  return "";
}

int show_table(const Opened& opened, bool json, const harness::Ladder& ladder,
               const engine::Surroundings& surroundings, App& app) {
  std::vector<Row> rows;
  for (std::size_t n = 0; n < opened.plan.steps.size(); ++n)
    rows.push_back(row_of(opened, n, ladder, surroundings));
  if (json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& row : rows) list.push_back(to_json(row));
    app.out << list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return 0;
  }
  std::vector<std::vector<std::string>> table = {
      {"STEP", "RUNG", "TESTS", "MOCKS", "LAST FAILURE"}};
  for (const auto& row : rows) {
    const auto& isolated = row.standings.front();
    table.push_back({row.step, rung_text(row), isolated.holds ? isolated.how : "-",
                     !row.mocked         ? "-"
                     : row.drift.empty() ? "like the real data"
                                         : "drifted",
                     row.failure});
  }
  app.out << format_table(table);
  for (const auto& row : rows) {
    app.out << lost_text(row);
    for (const auto& line : row.drift) app.out << fmt::format("  {}: {}\n", row.step, line);
  }
  return 0;
}

// Draws little: a rung is one line, and only what fails is shown.
class Quiet final : public events::Sink {
 public:
  explicit Quiet(App& app) : app_(app) {}
  void on(const events::Stamped& stamped) override {
    if (const auto* ended = std::get_if<events::StepEnded>(&stamped.event); ended && ended->failure)
      app_.out << fmt::format(
          "  {}: {}\n", ended->step,
          ended->failure->exception.empty() ? ended->failure->summary : ended->failure->exception);
  }

 private:
  App& app_;
};

// Climbs one step as far as `to`; whether it got there.
bool climb(const Opened& opened, std::size_t n, Rung to, harness::Ladder& ladder,
           const engine::Surroundings& surroundings, harness::Definitions& definitions,
           const std::string& named, App& app) {
  const std::string& step = opened.plan.steps[n].path;
  Quiet quiet(app);
  harness::Climb climb{
      opened.job,
      opened.plan,
      n,
      named,
      opened.mocks,
      surroundings,
      {},
      {&quiet},
      [&] { return harness::run_tests_of(opened.job, step, surroundings, definitions); },
      [&](const std::string& what) {
        app.out << fmt::format("{}: {}\n", step, what);
        app.out.flush();
      },
      app.here};
  for (const Rung rung : harness::all_rungs) {
    if (rung > to) break;
    const auto today = harness::basis_today(opened.job, opened.plan, n, opened.mocks,
                                            harness::tests_of(opened.job, step), surroundings);
    const auto standing = ladder.standings(step, today)[static_cast<std::size_t>(rung)];
    if (standing.holds) {
      app.out << fmt::format("{}: {} holds ({})\n", step, to_string(rung), standing.how);
      continue;
    }
    for (const auto& lost : standing.lost)
      app.out << fmt::format("{}: {} was lost: {}\n", step, to_string(rung), lost);
    const auto attempt = harness::attempt(climb, rung);
    if (!attempt.earned) {
      for (const auto& missing : attempt.missing)
        app.out << fmt::format("{}: not {}: {}\n", step, to_string(rung), missing);
      return false;
    }
    // The pipeline's run may have made new outputs: what the neighbours promise is looked at again.
    ladder.earn(step, {rung,
                       harness::basis_today(opened.job, opened.plan, n, opened.mocks,
                                            harness::tests_of(opened.job, step), surroundings),
                       attempt.how, base::to_iso(app.clock.now())});
    app.out << fmt::format("{}: {} earned ({})\n", step, to_string(rung), attempt.how);
  }
  return true;
}

// The rung after the highest that holds.
Rung next_rung(const Opened& opened, std::size_t n, const harness::Ladder& ladder,
               const engine::Surroundings& surroundings) {
  const auto rung = harness::highest(row_of(opened, n, ladder, surroundings).standings);
  if (!rung) return Rung::isolated;
  return *rung == Rung::exported ? Rung::exported : static_cast<Rung>(static_cast<int>(*rung) + 1);
}

std::optional<Rung> wanted_rung(const Args& args) {
  if (args.to.empty()) return args.all ? std::optional(Rung::exported) : std::nullopt;
  const auto rung = harness::parse_rung(args.to);
  if (!rung)
    throw base::Error(base::Code::usage, fmt::format("--to {}: there is no such rung", args.to))
        .hint(text::did_you_mean(args.to, {"isolated", "single-step", "pipeline", "export"}));
  return rung;
}

int run(const Args& args, App& app) {
  const auto wanted = wanted_rung(args);
  const FileAndStep named = split_file(args.file, app.here);
  const Project project = open_project(named.file.parent_path());
  const engine::Surroundings surroundings{project.layout, project.settings, project.catalogue,
                                          app.environment, app.clock};
  harness::Definitions definitions(surroundings);
  std::string step = named.step;
  const Opened opened = open(definitions.job_of(named.file, step), project, app);
  harness::Ladder ladder(project.layout, opened.job);
  if (named.step.empty() && !args.all) {
    if (wanted)
      throw base::Error(base::Code::usage, "--to takes one step up the ladder: which?")
          .hint(fmt::format("amlocal promote {}#STEP --to {}, or --all for every step", args.file,
                            args.to));
    return show_table(opened, args.json, ladder, surroundings, app);
  }
  block_signals();
  std::vector<std::size_t> steps;
  if (args.all)
    for (std::size_t n = 0; n < opened.plan.steps.size(); ++n) steps.push_back(n);
  else
    steps.push_back(harness::find_step(opened.plan, step));
  bool reached = true;
  for (const std::size_t n : steps) {
    const std::string full = base::display_path(named.file) + "#" + opened.plan.steps[n].path;
    const Rung to = wanted ? *wanted : next_rung(opened, n, ladder, surroundings);
    reached = climb(opened, n, to, ladder, surroundings, definitions, full, app) && reached;
  }
  return reached ? 0 : 1;
}

}  // namespace

std::vector<Verb> verbs_of_promote() {
  return {make_verb<Args>("promote", "promote", declare, run, Words::files)};
}

}  // namespace cli
