#include "engine/sweep_trial.hpp"

#include <nlohmann/json.hpp>

namespace engine {

std::string metrics_of_trials(RunStore& store, const std::vector<std::string>& trials) {
  using nlohmann::json;
  json all = json::object();
  for (const auto& trial : trials) {
    json metrics = json::object();
    store.each_metric(trial, "", [&](const model::MetricPoint& point) {
      metrics[point.name].push_back(point.number && point.json.empty()
                                        ? json(*point.number)
                                        : json::parse(point.json, nullptr, false));
    });
    all[trial] = std::move(metrics);
  }
  return all.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace engine
