// What the record of a step's mounts tells.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/project.hpp"
#include "cli/verb.hpp"
#include "meter/cost_profile.hpp"
#include "meter/report.hpp"
#include "step/audit.hpp"

namespace cli {
namespace {

struct Args {
  std::string run;
  std::string cost = "blob-standard";
  bool markdown = false;
  bool json = false;
  std::string plot;
};

void declare(Options& options, Args& args) {
  options.argument("run", args.run, false);
  options.value("--cost", args.cost);
  options.flag("--markdown", args.markdown);
  options.flag("--json", args.json);
  options.value("--plot", args.plot);
}

// Which binding a path of the audit's lies in, and where in it: the step sees outputs at
// data/NAME and inputs at data/INPUT_NAME. `data` lay in the step's folder, as the cloud's path or
// behind a link without blanks (step/folder.cpp).
std::optional<std::pair<std::string, std::string>> place_in(const std::string& path) {
  std::size_t begin = std::string::npos;
  for (const std::string_view data : {"/cap/data-capability/wd/", "/wd/"})
    if (begin == std::string::npos && path.find(data) != std::string::npos)
      begin = path.find(data) + data.size();
  if (begin == std::string::npos) return std::nullopt;
  const std::size_t end = std::min(path.find('/', begin), path.size());
  const std::string first = path.substr(begin, end - begin);
  const std::string session =
      first.starts_with("INPUT_") ? "inputs." + first.substr(6) : "outputs." + first;
  return std::pair(session, path.substr(std::min(end + 1, path.size())));
}

std::vector<meter::OpenedAt> opened_at(const fs::path& step, const meter::LedgerText& ledger) {
  std::vector<meter::OpenedAt> opened;
  for (const auto& record : step::read_audit(step / "audit.jsonl").records) {
    if (record.op != "open" || !record.place) continue;
    const auto place = place_in(record.path);
    if (!place || record.time_ns < ledger.origin_ns) continue;
    opened.push_back({place->first, place->second,
                      static_cast<meter::Nanos>(record.time_ns - ledger.origin_ns),
                      fmt::format("{}:{}", record.place->file, record.place->line)});
  }
  return opened;
}

void report_step(const Args& args, const history::StepRecord& step, const fs::path& folder,
                 App& app) {
  const auto ledger = meter::read_ledger(folder / "io");
  const auto opened = opened_at(folder, ledger);
  const auto profile = meter::load_cost_profile(args.cost);
  meter::ReportOptions options;
  options.opened = opened;
  const auto report = meter::make_report(ledger, profile, options);
  if (args.json) {
    app.out << meter::report_json(report);
    return;
  }
  if (args.markdown) {
    app.out << fmt::format("## {}\n\n", step.path) << meter::report_markdown(report);
  } else {
    app.out << fmt::format("step {}\n", step.path) << meter::report_table(report);
  }
  if (args.plot.empty()) return;
  if (report.growth.empty())
    throw base::Error(base::Code::not_found,
                      fmt::format("no file of step '{}' was sent three times or more", step.path))
        .hint("there is nothing that could grow");
  base::write_file_atomically(fs::absolute(args.plot, app.here),
                              meter::plot_svg(report.growth.front()));
}

int report(const Args& args, App& app) {
  const Project project = open_project(app.here);
  const auto [name, wanted] = split_run(args.run.empty() ? "@last" : args.run);
  const auto run = history::read_run(project.layout, name);
  bool any = false;
  for (const auto& step : run.steps) {
    if (!wanted.empty() && step.path != find_step(run, wanted).path) continue;
    const fs::path folder = project.layout.run(run.name) / "steps" / step.path;
    boost::system::error_code ignored;
    if (!fs::exists(folder / "io", ignored)) continue;
    any = true;
    report_step(args, step, folder, app);
  }
  if (!any)
    throw base::Error(base::Code::not_found,
                      fmt::format("run '{}' has no record of mounts", run.name))
        .hint("run it again with --data-access mount");
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_io() {
  return {make_verb<Args>("io report", "io", declare, report)};
}

}  // namespace cli
