#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <memory>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/mounting_options.hpp"
#include "cli/project.hpp"
#include "cli/render.hpp"
#include "cli/step_result.hpp"
#include "cli/stop.hpp"
#include "cli/verb.hpp"
#include "harness/alone.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

struct Args {
  std::string file;
  std::vector<std::string> in;
  std::vector<std::string> set;
  std::vector<std::string> mode;
  std::vector<std::string> env;
  std::string bench;
  std::string to;
  bool keep = false;
  std::vector<std::string> pass_env;
  MountingOptions mounting;
  std::string sdk = "shim";
  bool json = false;
};

void declare(Options& options, Args& args) {
  options.argument("file", args.file);
  options.values("--in", args.in);
  options.values("--set", args.set);
  options.values("--mode", args.mode);
  options.values("--env", args.env);
  options.value("--bench", args.bench);
  options.value("--to", args.to);
  options.flag("--keep", args.keep);
  options.values("--pass-env", args.pass_env);
  declare(options, args.mounting);
  options.value("--sdk", args.sdk);
  options.flag("--json", args.json);
}

harness::Words assignments(const char* option, const std::vector<std::string>& words) {
  harness::Words assignments;
  for (const auto& word : words) assignments.push_back(split_assignment(option, word));
  return assignments;
}

// A step like it, with variables in the place of its own of the same name.
void set_variables(engine::PlannedStep& step, const harness::Words& variables) {
  if (variables.empty()) return;
  auto component = std::make_shared<model::Component>(*step.component);
  for (const auto& [name, value] : variables) {
    std::erase_if(component->environment_variables,
                  [&, &key = name](const auto& known) { return known.first == key; });
    model::Template text;
    text.text = value;
    text.segments.push_back({value});
    component->environment_variables.emplace_back(name, std::move(text));
  }
  step.component = std::move(component);
}

// A place that somebody else has made and will remove: what lies there is not amlocal's to replace.
std::unique_ptr<harness::Bench> bench_in(const fs::path& folder, const Project& project) {
  boost::system::error_code ignored;
  if (fs::exists(folder, ignored) && !fs::is_empty(folder, ignored))
    throw base::Error(
        base::Code::exists,
        fmt::format("--bench {}: it is there already and not empty", base::display_path(folder)))
        .hint("name a new folder");
  workspace::ensure(project.layout);
  return std::make_unique<harness::Bench>(project.layout, folder);
}

harness::Order order_of(const Args& args, const FileAndStep& named, const Project& project,
                        const App& app) {
  harness::Order order;
  order.file = named.file;
  order.step = named.step;
  order.in = assignments("--in", args.in);
  order.set = assignments("--set", args.set);
  order.mode = assignments("--mode", args.mode);
  order.here = app.here;
  if (!args.to.empty()) order.to = fs::absolute(args.to, app.here).lexically_normal();
  order.keep = args.keep;
  if (!args.bench.empty())
    order.bench = bench_in(fs::absolute(args.bench, app.here).lexically_normal(), project);
  order.options.pass_env = args.pass_env;
  order.options.real_sdk = args.sdk == "real";
  order.options.mounting = mounting_of(args.mounting, project.settings);
  return order;
}

harness::Isolated isolate(const Args& args, const FileAndStep& named,
                          const engine::Surroundings& surroundings, const Project& project,
                          App& app) {
  text::Diagnostics diagnostics;
  auto isolated = harness::isolate(order_of(args, named, project, app), surroundings, diagnostics);
  diagnostics.sort();
  for (const auto& diagnostic : diagnostics.all()) app.err << text::render(diagnostic, app.colour);
  if (isolated) {
    set_variables(isolated->plan.steps.front(), assignments("--env", args.env));
    return std::move(*isolated);
  }
  const std::string file = base::display_path(named.file);
  throw base::Error(base::Code::bad_definition,
                    fmt::format("{} has {} error{}; nothing was run", file, diagnostics.errors(),
                                diagnostics.errors() == 1 ? "" : "s"))
      .hint(fmt::format("mend {}, then check with: amlocal validate {}",
                        diagnostics.errors() == 1 ? "it" : "them", file));
}

// Draws a step that runs alone: no run to speak of, and nothing to resume.
class Alone final : public events::Sink {
 public:
  explicit Alone(App& app) : app_(app) {}
  void on(const events::Stamped& stamped) override {
    if (const auto* notice = std::get_if<events::Notice>(&stamped.event))
      app_.out << fmt::format("note: {}\n", notice->text);
    else if (const auto* started = std::get_if<events::StepStarted>(&stamped.event))
      log_ = started->log;
    else if (const auto* ended = std::get_if<events::StepEnded>(&stamped.event))
      draw(*ended);
    else if (const auto* asset = std::get_if<events::AssetRegistered>(&stamped.event))
      app_.out << fmt::format("would register azureml:{}:{}\n", asset->name, asset->version);
    app_.out.flush();
  }

 private:
  void draw(const events::StepEnded& ended) {
    app_.out << report_line(ended, ended.step.size(), app_.colour) << "\n";
    if (ended.failure) app_.out << failure_text(*ended.failure, log_);
  }

  App& app_;
  std::string log_;
};

void show_outputs(const harness::Isolated& isolated, App& app) {
  if (isolated.outputs.empty()) return;
  std::string names;
  for (const auto& output : isolated.step().outputs)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", output.name);
  if (!names.empty())
    app.out << fmt::format("outputs ({}): {}\n", names, base::display_path(isolated.outputs));
}

int run(const Args& args, App& app) {
  if (args.sdk != "shim" && args.sdk != "real")
    throw base::Error(base::Code::usage,
                      fmt::format("--sdk takes shim or real, not '{}'", args.sdk))
        .hint(text::did_you_mean(args.sdk, {"shim", "real"}));
  if (args.keep && !args.bench.empty())
    throw base::Error(base::Code::usage, "--keep and --bench exclude each other")
        .hint("--keep records the step in the history, --bench in a folder of its own");
  const FileAndStep named = split_file(args.file, app.here);
  const Project project = open_project(named.file.parent_path());
  const engine::Surroundings surroundings{project.layout, project.settings, project.catalogue,
                                          app.environment, app.clock};
  const auto isolated = isolate(args, named, surroundings, project, app);
  std::unique_ptr<events::Sink> renderer;
  if (args.json) {
    renderer = std::make_unique<JsonLines>(app.out);
  } else {
    app.out << fmt::format("{} alone: {}\n", isolated.step().path,
                           harness::describe(isolated.supplies));
    app.out.flush();
    renderer = std::make_unique<Alone>(app);
  }
  block_signals();
  StepResult result(isolated.step().path);
  const auto status = harness::run(isolated, surroundings, {renderer.get(), &result});
  if (args.json)
    app.out << result.json(isolated, project, args.mounting.cost) << "\n";
  else
    show_outputs(isolated, app);
  return exit_status(status);
}

}  // namespace

std::vector<Verb> verbs_of_step() {
  return {make_verb<Args>("step run", "step", declare, run, Words::files)};
}

}  // namespace cli
