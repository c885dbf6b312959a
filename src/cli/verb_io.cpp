// What the record of a step's mounts tells.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/io_record.hpp"
#include "cli/verb.hpp"
#include "meter/cost_profile.hpp"
#include "meter/report.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

struct Args {
  std::string run;
  std::string cost = usual_cost;
  std::string by;
  bool markdown = false;
  bool json = false;
  std::string plot;
};

void declare(Options& options, Args& args) {
  options.argument("run", args.run, false);
  options.value("--cost", args.cost);
  options.value("--by", args.by);
  options.flag("--markdown", args.markdown);
  options.flag("--json", args.json);
  options.value("--plot", args.plot);
}

meter::By by_of(const Args& args) {
  const std::vector<std::string> known{"file", "line", "op"};
  if (args.by.empty()) return meter::By::all;
  const auto found = std::find(known.begin(), known.end(), args.by);
  if (found == known.end())
    throw base::Error(base::Code::usage,
                      fmt::format("--by takes file, line or op, not '{}'", args.by))
        .hint(text::did_you_mean(args.by, known));
  return static_cast<meter::By>(1 + (found - known.begin()));
}

struct StepReport {
  std::string step;
  meter::Report report;
};

// Of one step an object; of several an array of them.
std::string json_of(const std::vector<StepReport>& steps) {
  nlohmann::json all = nlohmann::json::array();
  for (const auto& [step, report] : steps) {
    all.push_back(nlohmann::json::parse(meter::report_json(report)));
    all.back()["step"] = step;
  }
  return (steps.size() == 1 ? all[0] : all).dump(2) + "\n";
}

// Of each step the file with the most bytes.
void plot(const std::vector<StepReport>& steps, const fs::path& file) {
  std::vector<meter::Series> drawn;
  for (const auto& [step, report] : steps) {
    if (report.growth.empty()) continue;
    drawn.push_back(report.growth.front());
    if (steps.size() > 1) drawn.back().session.insert(0, step + ".");
  }
  if (drawn.empty())
    throw base::Error(base::Code::not_found,
                      fmt::format("no file of step '{}' was sent or fetched three times or more",
                                  steps.front().step))
        .hint("there is nothing that could grow");
  if (!fs::is_directory(file.parent_path()))
    throw base::Error(base::Code::not_found, fmt::format("there is no folder '{}' for the plot",
                                                         base::display_path(file.parent_path())))
        .hint(fmt::format("make it first: mkdir -p {}", base::display_path(file.parent_path())));
  base::write_file_atomically(file, meter::plot_svg(drawn));
}

void check(const Args& args) {
  if (args.json && args.markdown)
    throw base::Error(base::Code::usage, "--json and --markdown are two formats of one report")
        .hint("give one of them, and the other in a second call");
}

int report(const Args& args, App& app) {
  check(args);
  const Project project = open_project(app.here);
  const meter::Show show{by_of(args), 20};  // checked before anything is printed
  const auto profile = meter::load_cost_profile(args.cost);
  std::vector<StepReport> steps;
  for (const auto& record : read_io(project, args.run))
    steps.push_back({record.step, report_of(record, profile)});
  if (args.json) app.out << json_of(steps);
  for (const auto& [step, made] : steps) {
    if (args.json) break;
    if (args.markdown)
      app.out << fmt::format("## {}\n\n", step) << meter::report_markdown(made, show);
    else
      app.out << fmt::format("step {}\n", step) << meter::report_table(made, show);
  }
  if (!args.plot.empty()) plot(steps, fs::absolute(args.plot, app.here));
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_io_report() {
  return {make_verb<Args>("io report", "io", declare, report, Words::runs)};
}

}  // namespace cli
