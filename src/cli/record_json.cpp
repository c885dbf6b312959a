#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/metric_value.hpp"
#include "cli/render.hpp"

namespace cli {

using nlohmann::json;

namespace {

json to_object(const history::StepRecord& step) {
  json object = {{"step", step.path},
                 {"id", step.id},
                 {"status", to_string(step.status)},
                 {"log", step.log},
                 {"outputs", json::array()}};
  if (!step.from_run.empty()) object["from_run"] = step.from_run;
  if (!step.reason.empty()) object["reason"] = step.reason;
  for (const auto& output : step.outputs)
    object["outputs"].push_back({{"name", output.output},
                                 {"type", output.type},
                                 {"mode", output.mode},
                                 {"uri", output.uri},
                                 {"path", output.path}});
  if (step.ended) {
    object["exit_code"] = step.ended->exit_code;
    object["seconds"] = step.ended->seconds;
    object["cpu_seconds"] = step.ended->cpu_seconds;
    object["peak_bytes"] = step.ended->peak_bytes;
    // The error as the cloud records it.
    if (step.ended->failure && !step.ended->failure->json.empty())
      object["error"] = json::parse(step.ended->failure->json, nullptr, false);
  }
  return object;
}

}  // namespace

std::string to_json(const history::RunRecord& run) {
  json object = {{"run", run.name},
                 {"status", to_string(run.status)},
                 {"experiment", run.experiment},
                 {"display_name", run.display_name},
                 {"definition", run.definition},
                 {"started", base::to_iso(run.started)},
                 {"seconds", run.seconds},
                 {"notices", run.notices},
                 {"steps", json::array()},
                 {"outputs", json::array()}};
  for (const auto& step : run.steps) object["steps"].push_back(to_object(step));
  for (const auto& output : run.outputs)
    object["outputs"].push_back({{"name", output.name},
                                 {"type", output.type},
                                 {"uri", output.uri},
                                 {"path", output.path},
                                 {"value", output.value}});
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_json(const std::vector<engine::Decision>& decisions) {
  using Action = engine::Decision::Action;
  json object = {{"steps", json::array()}};
  for (const auto& decision : decisions) {
    json step = {{"step", decision.step},
                 {"action", decision.action == Action::run    ? "run"
                            : decision.action == Action::keep ? "keep"
                                                              : "leave"},
                 {"reasons", decision.reasons}};
    if (!decision.from_run.empty()) step["from_run"] = decision.from_run;
    object["steps"].push_back(std::move(step));
  }
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

json value_of(const model::MetricPoint& point) {
  if (!point.number) return json::parse(point.json, nullptr, false);
  if (std::isnan(*point.number)) return "NaN";
  if (std::isinf(*point.number)) return *point.number > 0 ? "Infinity" : "-Infinity";
  return *point.number;
}

}  // namespace cli
