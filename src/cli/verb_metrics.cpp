// runs metrics: what scripts logged, whichever client they logged it with.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/metric_value.hpp"
#include "cli/project.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "history/tracking.hpp"

namespace cli {
namespace {

using nlohmann::json;

struct Args {
  std::string run;
  bool json = false;
};

// A run with its metrics; `depth`: how far it stands below what was asked for.
struct Logged {
  std::string id;
  std::string name;
  std::string parent;
  std::size_t depth = 0;
  std::vector<history::Tracking::Latest> metrics;
};

void add_with_children(history::Tracking& tracking, Logged run, std::vector<Logged>& all) {
  const std::string id = run.id;
  const std::size_t depth = run.depth + 1;
  run.metrics = tracking.latest(id);
  all.push_back(std::move(run));
  for (const auto& child : tracking.children(id))
    add_with_children(tracking, {child.id, child.name, id, depth, {}}, all);
}

std::vector<Logged> logged_in(const workspace::Layout& layout, const history::RunRecord& run,
                              const std::string& step_path) {
  std::vector<Logged> all;
  boost::system::error_code ignored;
  const fs::path file = history::tracking_path(layout, run.name);
  const auto* only = step_path.empty() ? nullptr : &find_step(run, step_path);
  if (!fs::exists(file, ignored)) return all;
  history::Tracking tracking(file);
  if (only) {
    add_with_children(tracking, {only->id, only->path, run.name, 0, {}}, all);
    return all;
  }
  add_with_children(tracking, {run.name, run.name, "", 0, {}}, all);
  for (const auto& step : run.steps)
    if (!step.id.empty()) add_with_children(tracking, {step.id, step.path, run.name, 1, {}}, all);
  return all;
}

std::string text_of(const model::MetricPoint& point) {
  constexpr std::size_t longest = 40;
  if (point.number) return fmt::format("{:.6g}", *point.number);
  if (point.kind != "scalar") return point.kind;
  return point.json.size() <= longest ? point.json : point.json.substr(0, longest) + "…";
}

std::string to_json(const std::string& run, const std::vector<Logged>& all) {
  json list = json::array();
  for (const auto& one : all) {
    json metrics = json::array();
    for (const auto& [point, count] : one.metrics)
      metrics.push_back({{"name", point.name},
                         {"kind", point.kind},
                         {"value", value_of(point)},
                         {"step", point.step ? json(*point.step) : json()},
                         {"time", base::to_iso(point.time)},
                         {"points", count}});
    list.push_back({{"id", one.id},
                    {"name", one.name},
                    {"parent", one.parent.empty() ? json() : json(one.parent)},
                    {"metrics", std::move(metrics)}});
  }
  return json{{"run", run}, {"runs", std::move(list)}}.dump(-1, ' ', false,
                                                            json::error_handler_t::replace);
}

bool has_any(const std::vector<Logged>& all) {
  for (const auto& one : all)
    if (!one.metrics.empty()) return true;
  return false;
}

void declare_metrics(Options& options, Args& args) {
  options.argument("run", args.run, false);
  options.flag("--json", args.json);
}

int metrics(const Args& args, App& app) {
  const Project project = open_project(app.here);
  const auto [name, step] = split_run(args.run.empty() ? "@last" : args.run);
  const auto run = history::read_run(project.layout, name);
  const auto all = logged_in(project.layout, run, step);
  if (args.json) {
    app.out << to_json(run.name, all) << "\n";
    return 0;
  }
  if (!has_any(all)) {
    app.out << fmt::format(
        "{} has no metrics; a script logs one with run.log(\"loss\", 0.5) or "
        "mlflow.log_metric(\"loss\", 0.5)\n",
        step.empty() ? "run " + run.name : run.name + "/" + step);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"METRIC", "LAST", "STEP", "POINTS"}};
  for (const auto& one : all) {
    rows.push_back({std::string(2 * one.depth, ' ') + one.name, "", "", ""});
    for (const auto& [point, count] : one.metrics)
      rows.push_back({std::string(2 * one.depth + 2, ' ') + point.name, text_of(point),
                      point.step ? std::to_string(*point.step) : "-", std::to_string(count)});
  }
  app.out << format_table(rows);
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_metrics() {
  return {make_verb<Args>("runs metrics", "runs", declare_metrics, metrics, Words::steps)};
}

}  // namespace cli
