#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/stop.hpp"
#include "cli/test_session.hpp"
#include "cli/verb.hpp"
#include "definition/definition.hpp"
#include "engine/fingerprint.hpp"
#include "harness/draft_test.hpp"
#include "harness/mock_record.hpp"
#include "history/tracking.hpp"

namespace cli {
namespace {

struct Args {
  std::string file;
  std::string run;
  std::string to;
};

void declare(Options& options, Args& args) {
  options.argument("file", args.file);
  options.value("--from-run", args.run);
  options.value("--to", args.to);
}

// The step as its pipeline plans it, from the file as it is now.
engine::Plan plan_of(const fs::path& file, const Project& project, App& app) {
  text::Diagnostics diagnostics;
  const auto job = definition::load_steps(file, {}, project.catalogue, diagnostics);
  diagnostics.sort();
  for (const auto& diagnostic : diagnostics.all()) app.err << text::render(diagnostic, app.colour);
  if (!job || !diagnostics.ok())
    throw base::Error(base::Code::bad_definition,
                      fmt::format("{} has errors; no test was written", base::display_path(file)))
        .hint("mend them, then check with: amlocal validate " + base::display_path(file));
  return engine::make_plan(*job);
}

// Keeps what each input from another step was given in that run as a mock beside the pipeline,
// where there is none yet, and gives the mocks' names.
harness::Words mocks_of(const fs::path& file, const engine::Plan& plan, std::size_t n,
                        const history::RunRecord& run, const engine::Surroundings& surroundings,
                        App& app) {
  const auto& step = plan.steps[n];
  const auto mocks = harness::mocks_beside(file);
  harness::Words inputs;
  std::vector<harness::RecordOrder> orders;
  for (const auto& input : step.inputs) {
    const auto* from = std::get_if<engine::Upstream>(&input.source);
    if (!from) continue;
    if (const auto* mock = harness::find_mock(mocks, plan, n, input)) {
      inputs.emplace_back(input.name, mock->name);
      continue;
    }
    const std::string& producer = plan.steps[from->step].path;
    const auto* record = run.find_step(producer);
    const bool made =
        record && std::any_of(record->outputs.begin(), record->outputs.end(),
                              [&](const auto& output) { return output.output == from->output; });
    if (!made && input.optional) continue;
    if (!made)
      throw base::Error(base::Code::not_found,
                        fmt::format("run {} has no output '{}.{}', which input '{}' needs",
                                    run.name, producer, from->output, input.name))
          .hint("choose a run in which that step completed: amlocal runs list");
    std::string name = producer + "." + from->output;
    std::replace(name.begin(), name.end(), '/', '.');
    inputs.emplace_back(input.name, name);
    orders.push_back({run.name, producer, from->output, name});
  }
  for (const auto& order : orders) {
    const auto recorded = harness::record_mock(order, surroundings);
    app.out << fmt::format("recorded: {} ({} of run {})\n", base::display_path(recorded.file),
                           order.name, run.name);
    for (const auto& notice : recorded.notices) app.out << fmt::format("note: {}\n", notice);
  }
  return inputs;
}

// The value that a literal was given, as make_fingerprint writes it: "number literal 0.1".
std::optional<std::string> literal_of(const engine::Fingerprint& fingerprint,
                                      const std::string& input) {
  constexpr std::string_view mark = " literal ";
  const auto found = fingerprint.inputs.find(input);
  if (found == fingerprint.inputs.end()) return std::nullopt;
  const auto type = found->second.find(' ');
  if (type == std::string::npos || found->second.compare(type, mark.size(), mark) != 0)
    return std::nullopt;
  return found->second.substr(type + mark.size());
}

// Values that the run was given and the file does not say.
harness::Words values_of(const engine::PlannedStep& step, const history::StepRecord& record) {
  harness::Words set;
  if (record.fingerprint.empty()) return set;
  const auto known = engine::fingerprint_from_json(record.fingerprint);
  for (const auto& input : step.inputs) {
    const auto* literal = std::get_if<model::Literal>(&input.source);
    const auto then = literal_of(known, input.name);
    if (literal && then && *then != literal->text) set.emplace_back(input.name, *then);
  }
  return set;
}

harness::Words metrics_of(const Project& project, const history::RunRecord& run,
                          const history::StepRecord& step) {
  harness::Words metrics;
  const fs::path file = history::tracking_path(project.layout, run.name);
  boost::system::error_code missing;
  if (!fs::exists(file, missing)) return metrics;
  for (const auto& metric : history::Tracking(file).latest(step.id))
    if (metric.point.number)
      metrics.emplace_back(metric.point.name, fmt::format("{}", *metric.point.number));
  return metrics;
}

int run(const Args& args, App& app) {
  if (args.run.empty())
    throw base::Error(base::Code::usage, "amlocal test new needs --from-run RUN")
        .hint("for example: --from-run @last; amlocal runs list shows them");
  const FileAndStep named = split_file(args.file, app.here);
  const Project project = open_project(named.file.parent_path());
  const engine::Surroundings surroundings{project.layout, project.settings, project.catalogue,
                                          app.environment, app.clock};
  const auto plan = plan_of(named.file, project, app);
  const std::size_t n = harness::find_step(plan, named.step);
  const auto& step = plan.steps[n];
  const auto record = history::read_run(project.layout, args.run);
  const auto& ran = find_step(record, step.path);
  if (ran.status != model::Status::completed && ran.status != model::Status::reused &&
      ran.status != model::Status::failed)
    throw base::Error(base::Code::bad_input,
                      fmt::format("step '{}' of run {} is {}: there is nothing to expect of it",
                                  step.path, record.name, to_string(ran.status)))
        .hint("choose a run in which it completed or failed: amlocal runs list");

  std::string name = step.path;
  std::replace(name.begin(), name.end(), '/', '.');
  const fs::path file = args.to.empty()
                            ? named.file.parent_path() / (name + std::string(harness::test_suffix))
                            : fs::absolute(args.to, app.here).lexically_normal();
  if (!file.native().ends_with(harness::test_suffix))
    throw base::Error(base::Code::usage, fmt::format("--to {}: files of step tests are called *{}",
                                                     args.to, harness::test_suffix));
  if (boost::system::error_code ignored; fs::exists(file, ignored))
    throw base::Error(base::Code::exists,
                      fmt::format("{} is there already", base::display_path(file)))
        .hint("write it elsewhere with --to FILE, or add a case to it by hand");

  harness::Draft draft;
  draft.definition = named.file.lexically_relative(file.parent_path()).native() + "#" + step.path;
  draft.run = record.name;
  draft.inputs = mocks_of(named.file, plan, n, record, surroundings, app);
  draft.set = values_of(step, ran);
  draft.step = &ran;
  draft.metrics = metrics_of(project, record, ran);
  base::write_file_atomically(file, harness::draft_test(draft));
  app.out << fmt::format("written: {}\n", base::display_path(file));
  app.out.flush();

  block_signals();
  TestArgs once;
  once.paths = {file.native()};
  TestSession session(once, app);
  session.read();
  return session.run(session.selected());
}

}  // namespace

std::vector<Verb> verbs_of_test_new() {
  return {make_verb<Args>("test new", "test_new", declare, run, Words::files)};
}

}  // namespace cli
