#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/colour.hpp"
#include "cli/project.hpp"
#include "cli/render.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "engine/recover.hpp"
#include "history/gc.hpp"
#include "step/step.hpp"
#include "store/fetch.hpp"

namespace cli {
namespace {

struct RunArgs {
  std::string run;
  bool json = false;
};

void declare_list(Options& options, RunArgs& args) {
  options.flag("--json", args.json);
}

int list(const RunArgs& args, App& app) {
  const Project project = open_project(app.here);
  const auto runs = history::list_runs(project.layout);
  if (args.json) {
    for (const auto& run : runs) app.out << to_json(run) << "\n";
    return 0;
  }
  if (runs.empty()) {
    app.out << "no runs yet; start one with: amlocal run PIPELINE.yml\n";
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"RUN", "STATUS", "STARTED", "TOOK", "DEFINITION"}};
  for (const auto& run : runs) {
    // A run that was killed before its first record: nobody knows when.
    const bool has_begun = run.started != base::Time{};
    rows.push_back({run.name, paint(to_string(run.status), app.colour),
                    has_begun ? base::to_iso(run.started).substr(0, 19) + "Z" : "-",
                    has_begun ? base::duration_text(run.seconds) : "-",
                    has_begun ? base::display_path(run.definition) : "-"});
  }
  app.out << format_table(rows);
  return 0;
}

void declare_show(Options& options, RunArgs& args) {
  options.argument("run", args.run, false);
  options.flag("--json", args.json);
}

// What a step wrote to its mounts and no close has sent.
std::string unsent_text(const fs::path& folder) {
  constexpr std::size_t named = 5;
  const auto files = step::unsent_files(folder);
  if (files.empty()) return "";
  std::string text =
      fmt::format("  not sent, kept in {}:\n", base::display_path(folder / "unsent"));
  for (std::size_t n = 0; n < std::min(files.size(), named); ++n)
    text += fmt::format("    {}\n", files[n]);
  if (files.size() > named) text += fmt::format("    and {} more\n", files.size() - named);
  return text;
}

int show(const RunArgs& args, App& app) {
  const Project project = open_project(app.here);
  const auto run = history::read_run(project.layout, args.run.empty() ? "@last" : args.run);
  if (args.json) {
    app.out << to_json(run) << "\n";
    return 0;
  }
  app.out << fmt::format("run {}  {}  ({})\n", run.name, paint(to_string(run.status), app.colour),
                         base::display_path(run.definition));
  for (const auto& notice : run.notices) app.out << fmt::format("note: {}\n", notice);
  std::size_t width = 0;
  for (const auto& step : run.steps) width = std::max(width, step.path.size());
  for (const auto& step : run.steps) {
    if (step.ended) {
      app.out << report_line(*step.ended, width, app.colour) << "\n";
      if (step.ended->failure) app.out << failure_text(*step.ended->failure, step.log);
    } else {
      app.out << passed_over_line(step, width, app.colour) << "\n";
    }
    app.out << unsent_text(project.layout.run(run.name) / "steps" / step.path);
  }
  if (!run.outputs.empty()) app.out << "outputs:\n" << outputs_table(run.outputs);
  const bool over = run.status == model::Status::failed || run.status == model::Status::canceled ||
                    run.status == model::Status::interrupted;
  if (over && !run.command.empty())
    app.out << fmt::format("run the rest with:\n  {} --resume {}\n", run.command.front(), run.name);
  return 0;
}

struct OutputArgs {
  std::string run;
  std::string to;
};

void declare_outputs(Options& options, OutputArgs& args) {
  options.argument("run", args.run, false);
  options.value("--to", args.to);
}

int outputs(const OutputArgs& args, App& app) {
  const Project project = open_project(app.here);
  const auto [name, step] = split_run(args.run.empty() ? "@last" : args.run);
  const auto run = history::read_run(project.layout, name);
  std::vector<events::RunOutput> found;
  if (step.empty())
    found = run.outputs;
  else
    for (const auto& output : find_step(run, step).outputs)
      found.push_back({output.output, output.type, output.uri, output.path, ""});
  if (found.empty()) {
    app.out << fmt::format(
        "run {} has no outputs of its own; see one step's: amlocal runs outputs {}/STEP\n",
        run.name, run.name);
    return 0;
  }
  if (args.to.empty()) {
    app.out << outputs_table(found);
    return 0;
  }
  for (const auto& output : found) {
    const fs::path target = fs::absolute(args.to, app.here) / output.name;
    if (fs::exists(target))
      throw base::Error(base::Code::exists,
                        fmt::format("'{}' is already there", base::display_path(target)))
          .hint("choose another folder with --to");
    fs::create_directories(target.parent_path());
    base::copy_tree(output.path, target);
    app.out << base::display_path(target) << "\n";
  }
  return 0;
}

void declare_cancel(Options& options, RunArgs& args) {
  options.argument("run", args.run);
}

int cancel(const RunArgs& args, App& app) {
  const Project project = open_project(app.here);
  const auto run = history::read_run(project.layout, args.run);
  history::request_cancel(project.layout, run);
  app.out << fmt::format("asked run {} to stop\n", run.name);
  return 0;
}

struct DeleteArgs {
  std::vector<std::string> runs;
};

void declare_delete(Options& options, DeleteArgs& args) {
  options.arguments("runs", args.runs);
}

int remove(const DeleteArgs& args, App& app) {
  const Project project = open_project(app.here);
  engine::recover(project.layout, app.clock);
  for (const auto& name : args.runs) {
    // A damaged journal must not keep its run from being deleted.
    const auto run = history::read_run(project.layout, name, history::Damage::keep_good_part);
    history::delete_run(project.layout, run);
    app.out << fmt::format("deleted {}\n", run.name);
  }
  return 0;
}

struct GcArgs {
  int keep = 20;
  std::string max_bytes;
};

void declare_gc(Options& options, GcArgs& args) {
  options.number("--keep", args.keep);
  options.value("--max-bytes", args.max_bytes);
}

std::uint64_t limit_of(const std::string& text) {
  if (text.empty()) return 0;
  const auto bytes = base::parse_bytes(text);
  if (!bytes)
    throw base::Error(base::Code::usage,
                      fmt::format("--max-bytes takes a size such as 500MB, not '{}'", text));
  return *bytes;
}

int gc(const GcArgs& args, App& app) {
  const Project project = open_project(app.here);
  const std::uint64_t max_bytes = limit_of(args.max_bytes);
  engine::recover(project.layout, app.clock);
  const auto result =
      history::gc(project.layout, static_cast<std::size_t>(std::max(args.keep, 0)), max_bytes);
  const auto fetched = store::trim_fetched(project.layout.cache(), app.clock,
                                           max_bytes > 0 ? max_bytes : project.settings.max_bytes);
  app.out << fmt::format("removed {} runs, {} snapshots and {} fetched files, freed {}\n",
                         result.runs, result.snapshots, fetched.copies,
                         base::bytes_text(result.bytes + fetched.bytes));
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_runs() {
  return {make_verb<RunArgs>("runs list", "runs", declare_list, list),
          make_verb<RunArgs>("runs show", "runs", declare_show, show, Words::runs),
          make_verb<OutputArgs>("runs outputs", "runs", declare_outputs, outputs, Words::steps),
          make_verb<RunArgs>("runs cancel", "runs", declare_cancel, cancel, Words::runs),
          make_verb<DeleteArgs>("runs delete", "runs", declare_delete, remove, Words::runs),
          make_verb<GcArgs>("runs gc", "runs", declare_gc, gc)};
}

}  // namespace cli
