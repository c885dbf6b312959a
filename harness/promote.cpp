#include "harness/promote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "data/drift.hpp"
#include "engine/earlier.hpp"
#include "engine/prepare.hpp"
#include "engine/remote.hpp"
#include "harness/alone.hpp"
#include "harness/exported.hpp"
#include "harness/mock_drift.hpp"
#include "history/assets.hpp"

namespace harness {
namespace {

const engine::PlannedStep& step_of(const Climb& climb) {
  return climb.plan.steps[climb.step];
}

Attempt refused(std::string what) {
  return {false, "", {std::move(what)}};
}

Attempt attempt_isolated(const Climb& climb) {
  climb.say("its step tests");
  const TestSum sum = climb.run_tests();
  if (sum.passed + sum.failed.size() == 0)
    return refused(
        fmt::format("it has no step test: amlocal test new {} --from-run @last", climb.named));
  Attempt attempt;
  for (const auto& name : sum.failed)
    attempt.missing.push_back(fmt::format("test failed: {}", name));
  attempt.earned = attempt.missing.empty();
  attempt.how = fmt::format("{} test{}", sum.passed, sum.passed == 1 ? "" : "s");
  return attempt;
}

// Data of this machine under the name of an asset, in the bench's own records.
engine::Given registered(const Supply& supply, const Bench& bench, const base::Clock& clock) {
  const auto* data = std::get_if<model::DataPath>(&supply.given);
  if (!data || data->kind != model::DataPath::Kind::local) return supply.given;
  boost::system::error_code ignored;
  const bool folder = fs::is_directory(data->text, ignored);
  history::register_asset(
      bench.layout(),
      {clock.now(), events::AssetRegistered{supply.input, "1", folder ? "uri_folder" : "uri_file",
                                            data->text, "", ""}},
      false);
  return model::DataPath{model::DataPath::Kind::asset, supply.input + ":1"};
}

std::string failure_of(const Bench& bench) {
  for (const auto& run : history::list_runs(bench.layout()))
    for (const auto& step : run.steps)
      if (step.ended && step.ended->failure)
        return fmt::format("{}{}{}", step.ended->failure->summary,
                           step.ended->failure->exception.empty() ? "" : ": ",
                           step.ended->failure->exception);
  return "it did not complete";
}

Attempt attempt_single_step(const Climb& climb) {
  climb.say("a pipeline of this step alone");
  const Workshop workshop =
      workshop_for(*climb.plan.steps[climb.step].component, climb.here, climb.surroundings);
  std::vector<Supply> supplies;
  try {
    supplies =
        supply(climb.job, climb.plan, climb.step, {}, climb.mocks, workshop, climb.surroundings);
  } catch (const base::Error& error) {
    if (error.code() != base::Code::not_found) throw;
    return refused(error.message());
  }
  const Bench bench(climb.surroundings.layout,
                    bench_key(climb.job, step_of(climb).path) + "-pipeline");
  std::map<std::string, engine::Given> given;
  for (const auto& supply : supplies)
    given.emplace(supply.input, registered(supply, bench, climb.surroundings.clock));
  const history::Catalogue catalogue(bench.layout(), climb.surroundings.settings);
  const engine::Surroundings apart{bench.layout(), climb.surroundings.settings, catalogue,
                                   climb.surroundings.shell, climb.surroundings.clock};
  engine::Options options = climb.options;
  options.outputs_to = bench.outputs();
  const auto status = engine::execute(climb.job, engine::isolate(climb.plan, climb.step, given),
                                      options, apart, climb.listeners);
  if (status != model::Status::completed)
    return refused(fmt::format("alone in a pipeline it fails: {}; amlocal step debug {}",
                               failure_of(bench), climb.named));
  return {true, fmt::format("with {}", describe(supplies)), {}};
}

// Two fingerprints but for what their inputs hold.
bool same_step(engine::Fingerprint a, engine::Fingerprint b) {
  a.inputs.clear();
  b.inputs.clear();
  return a == b;
}

std::optional<std::string> completed_run(const Climb& climb, const Basis& today) {
  for (const auto& run : history::list_runs(climb.surroundings.layout)) {
    if (!engine::is_run_of(run, climb.job) || run.status != model::Status::completed) continue;
    const auto* record = run.find_step(step_of(climb).path);
    if (!record || record->fingerprint.empty()) continue;
    try {
      if (same_step(engine::fingerprint_from_json(record->fingerprint), today.step))
        return run.name;
    } catch (const base::Error&) {  // of another version of amlocal
    }
  }
  return std::nullopt;
}

Attempt attempt_pipeline(const Climb& climb) {
  const Basis today =
      basis_today(climb.job, climb.plan, climb.step, climb.mocks, {}, climb.surroundings);
  auto run = completed_run(climb, today);
  if (!run) {
    climb.say("the whole pipeline: no completed run has the step as it is today");
    if (engine::execute(climb.job, climb.options, climb.surroundings, climb.listeners) !=
        model::Status::completed)
      return refused(fmt::format("the pipeline does not complete: amlocal run {}",
                                 base::display_path(climb.job.file)));
    run = completed_run(climb, today);
    if (!run) return refused("the step changed while the pipeline ran: promote it again");
  }
  Attempt attempt{true, "run " + *run, {}};
  for (auto& line :
       mock_drift(climb.job, climb.plan, climb.step, climb.mocks, climb.surroundings, true))
    attempt.missing.push_back(std::move(line));
  attempt.earned = attempt.missing.empty();
  return attempt;
}

Attempt attempt_export(const Climb& climb) {
  engine::Plan alone;
  alone.steps.push_back(step_of(climb));
  alone.steps.front().inputs.clear();
  const auto prepared = engine::prepare(alone, {true}, climb.surroundings,
                                        engine::only_fetched_before(climb.surroundings));
  const auto& own = prepared.steps.front();
  const auto& shell = climb.surroundings.shell;
  Attempt attempt;
  if (own.snapshot)
    for (const auto& call : management_calls(own.snapshot->folder, own.interpreter.python, shell))
      attempt.missing.push_back(
          call +
          ": in the cloud that asks for a login; use Run.get_context().experiment.workspace");
  if (!attempt.missing.empty()) return attempt;
  const fs::path cache = climb.surroundings.layout.cache();
  const fs::path python = python_with_azure_ai_ml(own.interpreter.python, cache, shell, [&] {
    climb.say("installing azure-ai-ml into an environment of its own (once, about a minute)");
  });
  climb.say("v2 YAML, loaded by the real azure-ai-ml");
  fs::create_directories(cache);
  const base::TempDir place(cache, "export-");
  const auto exported =
      export_job(climb.job.file, place.path() / "job", climb.surroundings.catalogue);
  const auto verdict = ask_sdk(exported.job, python, shell);
  for (const auto& error : verdict.errors)
    attempt.missing.push_back(fmt::format("azure-ai-ml {} says: {}", verdict.version, error));
  attempt.earned = attempt.missing.empty();
  attempt.how = "azure-ai-ml " + verdict.version;
  return attempt;
}

}  // namespace

Attempt attempt(const Climb& climb, Rung rung) {
  switch (rung) {
    case Rung::isolated:
      return attempt_isolated(climb);
    case Rung::single_step:
      return attempt_single_step(climb);
    case Rung::pipeline:
      return attempt_pipeline(climb);
    case Rung::exported:
      return attempt_export(climb);
  }
  return {};
}

std::vector<std::string> management_calls(const fs::path& code, const fs::path& python,
                                          const base::Variables& shell) {
  const std::string source(export_files().at("management.py"));
  const auto ended =
      base::run_captured({python.native(), "-I", "-c", source, code.native()}, shell);
  const auto value = nlohmann::json::parse(ended.out, nullptr, false);
  if (ended.status != 0 || !value.is_object())
    throw base::Error(base::Code::unavailable, fmt::format("{} cannot read the step's code: {}",
                                                           python.native(), ended.err));
  std::vector<std::string> calls;
  for (const auto& call : value.at("calls"))
    calls.push_back(fmt::format("{}:{} calls {}", call.at("file").get<std::string>(),
                                call.at("line").get<int>(), call.at("what").get<std::string>()));
  return calls;
}

std::vector<std::string> mock_drift(const model::Job& job, const engine::Plan& plan, std::size_t n,
                                    const std::vector<Mock>& mocks,
                                    const engine::Surroundings& surroundings, bool breaking) {
  std::vector<std::string> lines;
  for (const auto& input : plan.steps[n].inputs) {
    const auto* from = std::get_if<engine::Upstream>(&input.source);
    const Mock* mock = find_mock(mocks, plan, n, input);
    if (!from || !mock) continue;
    const fs::path real =
        newest_output(job, plan.steps[from->step].path, from->output, surroundings.layout);
    if (real.empty()) continue;
    try {
      const MockTarget target{from->step, from->output, input, n};
      for (const auto& line : drift_of(*mock, target, plan, real, surroundings))
        if (!breaking || line.severity == data::Severity::breaks) lines.push_back(line.text);
    } catch (const base::Error& error) {
      lines.push_back(error.message());
    }
  }
  return lines;
}

}  // namespace harness
