#include "cli/step_alone.hpp"

#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/render.hpp"
#include "harness/debug.hpp"
#include "harness/definition.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

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

harness::Order order_of(const StepArgs& args, const FileAndStep& named, const Project& project,
                        const App& app) {
  harness::Order order;
  order.file = named.file;
  order.step = named.step;
  order.arguments = args.arguments;
  order.at = args.at;
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

}  // namespace

harness::Isolated Bound::isolate(const StepArgs& args, App& app) const {
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

void declare_step(Options& options, StepArgs& args) {
  options.argument("file", args.file);
  options.values("--in", args.in);
  options.values("--set", args.set);
  options.values("--mode", args.mode);
  options.values("--env", args.env);
  options.value("--to", args.to);
  options.values("--pass-env", args.pass_env);
  declare(options, args.mounting);
  options.value("--sdk", args.sdk);
  options.arguments("arguments", args.arguments, false);
}

Bound::Bound(const StepArgs& args, App& app)
    : named(split_file(args.file, app.here)),
      project(open_project(named.file.parent_path())),
      surroundings{project.layout, project.settings, project.catalogue, app.environment,
                   app.clock} {
  if (args.sdk != "shim" && args.sdk != "real")
    throw base::Error(base::Code::usage,
                      fmt::format("--sdk takes shim or real, not '{}'", args.sdk))
        .hint(text::did_you_mean(args.sdk, {"shim", "real"}));
  if (!args.arguments.empty() && !harness::is_script(named.file))
    throw base::Error(base::Code::usage, fmt::format("amlocal step: '{}' is one word too many",
                                                     args.arguments.front()))
        .hint("only a definition in Python takes arguments: pipeline.py#STEP -- ARGS");
}

void check_before(const harness::Isolated& isolated, const engine::Surroundings& surroundings,
                  App& app) {
  const auto problems = harness::check(isolated, surroundings);
  if (problems.empty()) return;
  for (const auto& [file, line, text] : problems)
    app.err << (line == 0 ? fmt::format("{}{}{}\n", file, file.empty() ? "" : ": ", text)
                          : fmt::format("{}:{}: {}\n", file, line, text));
  throw base::Error(
      base::Code::bad_input,
      fmt::format("step '{}' would fail: {} problem{}; nothing was run", isolated.step().path,
                  problems.size(), problems.size() == 1 ? "" : "s"))
      .hint("mend the script or the pipeline, or leave --check out");
}

bool check_after(const harness::Isolated& isolated, App& app) {
  bool whole = true;
  if (isolated.outputs.empty()) return whole;
  for (const auto& output : isolated.step().outputs) {
    const fs::path place = isolated.outputs / output.name;
    boost::system::error_code ignored;
    if (fs::exists(place, ignored) && !fs::is_empty(place, ignored)) continue;
    app.out << fmt::format("output '{}' ({}) is declared, and nothing was written to it\n",
                           output.name, to_string(output.type));
    whole = false;
  }
  return whole;
}

void show_beginning(const harness::Isolated& isolated, App& app) {
  app.out << fmt::format("{} alone: {}\n", isolated.step().path,
                         harness::describe(isolated.supplies));
  app.out.flush();
}

void show_outputs(const harness::Isolated& isolated, App& app) {
  if (isolated.outputs.empty()) return;
  std::string names;
  for (const auto& output : isolated.step().outputs)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", output.name);
  if (!names.empty())
    app.out << fmt::format("outputs ({}): {}\n", names, base::display_path(isolated.outputs));
}

void Alone::on(const events::Stamped& stamped) {
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

void Alone::draw(const events::StepEnded& ended) {
  app_.out << report_line(ended, ended.step.size(), app_.colour) << "\n";
  if (ended.failure) app_.out << failure_text(*ended.failure, log_);
}

}  // namespace cli
