// What the record of a step's mounts tells.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
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

// What the requests were charged under while they were recorded, so that a fault's share is known;
// nothing where the user's own profile is there no more.
std::optional<meter::CostProfile> recorded_under(const IoRecord& record) {
  const std::string name = note_of(record.ledger, 1).cost;
  try {
    if (!name.empty()) return meter::load_cost_profile(name);
  } catch (const base::Error&) {
  }
  return std::nullopt;
}

void report_step(const Args& args, const IoRecord& record, App& app) {
  const auto profile = meter::load_cost_profile(args.cost);
  meter::ReportOptions options;
  options.opened = record.opened;
  options.assumed = record.refused;
  options.assumed.insert(options.assumed.end(), record.assumed.begin(), record.assumed.end());
  const auto charged = recorded_under(record);
  if (charged) options.recorded_under = &*charged;
  options.full_trace = note_of(record.ledger, 1).full_trace;
  const auto report = meter::make_report(record.ledger, profile, options);
  const meter::Show show{by_of(args), 20};
  if (args.json) {
    app.out << meter::report_json(report);
    return;
  }
  if (args.markdown) {
    app.out << fmt::format("## {}\n\n", record.step) << meter::report_markdown(report, show);
  } else {
    app.out << fmt::format("step {}\n", record.step) << meter::report_table(report, show);
  }
  if (args.plot.empty()) return;
  if (report.growth.empty())
    throw base::Error(
        base::Code::not_found,
        fmt::format("no file of step '{}' was sent or fetched three times or more", record.step))
        .hint("there is nothing that could grow");
  base::write_file_atomically(fs::absolute(args.plot, app.here),
                              meter::plot_svg(report.growth.front()));
}

int report(const Args& args, App& app) {
  const Project project = open_project(app.here);
  by_of(args);  // before anything is printed
  for (const auto& record : read_io(project, args.run)) report_step(args, record, app);
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_io_report() {
  return {make_verb<Args>("io report", "io", declare, report, Words::runs)};
}

}  // namespace cli
