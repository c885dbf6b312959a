#include "cli/step_result.hpp"

#include <boost/filesystem/operations.hpp>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/io_record.hpp"
#include "cli/metric_value.hpp"
#include "cli/render.hpp"
#include "history/models.hpp"
#include "history/tracking.hpp"
#include "meter/cost_profile.hpp"

namespace cli {
namespace {

using nlohmann::json;

// Of a metric with more points only the last are told.
constexpr std::size_t most_points = 10000;

json metrics_of(history::Tracking& tracking, const std::string& id) {
  json metrics = json::object();
  for (const auto& [point, count] : tracking.latest(id)) {
    json points = json::array();
    std::uint64_t seen = 0;
    tracking.each_metric(id, point.name, [&, &count = count](const model::MetricPoint& each) {
      if (++seen + most_points <= count) return;
      points.push_back(
          {{"value", value_of(each)}, {"step", each.step ? json(*each.step) : json()}});
    });
    metrics[point.name] = {{"kind", point.kind},
                           {"value", value_of(point)},
                           {"step", point.step ? json(*point.step) : json()},
                           {"count", count},
                           {"points", std::move(points)}};
  }
  return metrics;
}

// What the script logged of itself; nothing where it logged nothing.
void add_logged(json& object, const fs::path& file, const std::string& id) {
  object["metrics"] = object["tags"] = object["properties"] = object["params"] = json::object();
  boost::system::error_code ignored;
  if (!fs::exists(file, ignored)) return;
  history::Tracking tracking(file);
  object["metrics"] = metrics_of(tracking, id);
  const auto run = tracking.find(id);
  if (!run) return;
  object["tags"] = run->tags;
  object["properties"] = run->properties;
  object["params"] = run->params;
}

json models_of(const workspace::Layout& layout, const std::string& run) {
  json models = json::array();
  for (const auto& model : history::models(layout, "")) {
    const std::string own = model.path.lexically_relative(layout.records()).native();
    if (!layout.apart.empty() ? own.starts_with("..") : model.run != run) continue;
    models.push_back({{"name", model.name},
                      {"version", model.version},
                      {"type", model.type},
                      {"path", model.path.native()},
                      {"description", model.description},
                      {"tags", model.tags},
                      {"properties", model.properties}});
  }
  return models;
}

// "KeyError: 'fare'" and "train.py:88" in their parts.
json failure_json(const events::Failure& failure, const std::string& log) {
  const auto colon = failure.exception.find(": ");
  json object = {{"kind", failure.kind},
                 {"summary", failure.summary},
                 {"type", failure.exception.substr(0, colon)},
                 {"message", colon == std::string::npos ? "" : failure.exception.substr(colon + 2)},
                 {"file", failure.place.substr(0, failure.place.rfind(':'))},
                 {"line", nullptr},
                 {"hint", failure.hint},
                 {"log_tail", failure.log_tail},
                 {"text", failure_text(failure, log)}};
  if (const auto at = failure.place.rfind(':'); at != std::string::npos) {
    int line = 0;
    const char* end = failure.place.data() + failure.place.size();
    if (std::from_chars(failure.place.data() + at + 1, end, line).ec == std::errc())
      object["line"] = line;
  }
  return object;
}

json io_of(const Project& project, const std::string& run, const std::string& step,
           const std::string& cost) {
  std::optional<IoRecord> record;
  try {
    record = read_one_io(project, run + "/" + step);
  } catch (const base::Error& error) {
    if (error.code() != base::Code::not_found) throw;
    return nullptr;
  }
  const auto& ledger = record->ledger;
  json report = json::parse(meter::report_json(report_of(*record, meter::load_cost_profile(cost))),
                            nullptr, false);
  std::map<std::pair<std::string, std::string>, std::pair<std::uint64_t, std::uint64_t>> moved;
  std::uint64_t uploads = 0, downloads = 0;
  for (const auto& entry : ledger.entries) {
    if (entry.result != meter::Result::ok || entry.session >= ledger.sessions.size() ||
        entry.name >= ledger.names.size())
      continue;
    auto& file = moved[{ledger.sessions[entry.session], ledger.names[entry.name]}];
    if (entry.op == meter::Op::put) ++file.first, ++uploads;
    if (entry.op == meter::Op::get) ++file.second, ++downloads;
  }
  for (auto& file : report["files"]) {
    const auto& [up, down] =
        moved[{file["session"].get<std::string>(), file["path"].get<std::string>()}];
    file["uploads"] = up;
    file["downloads"] = down;
  }
  report["total"]["uploads"] = uploads;
  report["total"]["downloads"] = downloads;
  return report;
}

json inputs_of(const std::vector<harness::Supply>& supplies) {
  json inputs = json::object();
  for (const auto& supply : supplies) {
    json input = {{"from", supply.from}};
    if (const auto* literal = std::get_if<model::Literal>(&supply.given))
      input["value"] = literal->text;
    else
      input["data"] = std::get<model::DataPath>(supply.given).text;
    inputs[supply.input] = std::move(input);
  }
  return inputs;
}

}  // namespace

void StepResult::on(const events::Stamped& stamped) {
  now_ = stamped.time;
  if (const auto* run = std::get_if<events::RunStarted>(&stamped.event)) run_ = run->run;
  if (const auto* started = std::get_if<events::StepStarted>(&stamped.event))
    if (started->step == step_) started_ = *started;
  if (const auto* output = std::get_if<events::OutputPublished>(&stamped.event))
    if (output->step == step_) outputs_.push_back(*output);
  if (const auto* ended = std::get_if<events::StepEnded>(&stamped.event))
    if (ended->step == step_) ended_ = *ended;
  if (const auto* asset = std::get_if<events::AssetRegistered>(&stamped.event))
    assets_.push_back(*asset);
}

std::string StepResult::json(const harness::Isolated& isolated, const Project& project,
                             const std::string& cost) const {
  const auto& bench = isolated.bench;
  const workspace::Layout layout = bench ? bench->layout() : project.layout;
  const fs::path folder = layout.run(run_) / "steps" / step_;
  nlohmann::json object = {{"event", "step_result"},
                           {"time", base::to_iso(now_)},
                           {"version", AMLOCAL_VERSION},
                           {"step", step_},
                           {"run", run_},
                           {"status", ended_ ? ended_->status : "Canceled"},
                           {"exit_code", ended_ ? ended_->exit_code : -1},
                           {"seconds", ended_ ? ended_->seconds : 0},
                           {"cpu_seconds", ended_ ? ended_->cpu_seconds : 0},
                           {"peak_bytes", ended_ ? ended_->peak_bytes : 0},
                           {"folder", bench ? bench->folder().native() : layout.run(run_).native()},
                           {"log", started_.log},
                           {"artifacts", (folder / "artifacts").native()},
                           {"inputs", inputs_of(isolated.supplies)},
                           {"outputs", nlohmann::json::object()},
                           {"models", models_of(layout, run_)},
                           {"data", nlohmann::json::array()},
                           {"failure", nullptr}};
  for (const auto& output : outputs_)
    object["outputs"][output.output] = {
        {"path", output.path}, {"type", output.type}, {"mode", output.mode}, {"uri", output.uri}};
  for (const auto& asset : assets_)
    object["data"].push_back({{"name", asset.name},
                              {"version", asset.version},
                              {"type", asset.type},
                              {"path", asset.path}});
  if (ended_ && ended_->failure) object["failure"] = failure_json(*ended_->failure, started_.log);
  add_logged(object, history::tracking_path(layout, run_), started_.id);
  const Project apart{layout, project.settings, project.catalogue};
  object["io"] = io_of(apart, run_, step_, cost.empty() ? usual_cost : cost);
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace cli
