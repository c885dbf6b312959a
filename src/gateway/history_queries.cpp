// azureml-core's questions about experiments and runs that it does not name. Source: as in
// run_services.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "gateway/run_filter.hpp"
#include "gateway/service_path.hpp"

namespace gateway {
namespace {

using nlohmann::json;

#define HISTORY "/history/v1.0/" WORKSPACE

// An experiment's id is its name.
json experiment_named(const std::string& name) {
  return {
      {"experimentId", name}, {"name", name}, {"description", nullptr}, {"tags", json::object()}};
}

net::Reply get_experiment(Call& call) {
  const std::string& name = call.words[first_word];
  for (const auto& known : call.store.experiments())
    if (known == name) return reply(experiment_named(name));
  throw base::Error(base::Code::not_found, fmt::format("there is no experiment '{}'", name));
}

// It is there as soon as a run is in it; until then its name is all there is to it.
net::Reply make_experiment(Call& call) {
  return reply(experiment_named(call.words[first_word]));
}

net::Reply list_experiments(Call& call) {
  json list = json::array();
  for (const auto& name : call.store.experiments()) list.push_back(experiment_named(name));
  return reply({{"value", std::move(list)}, {"continuationToken", nullptr}});
}

net::Reply get_run(Call& call) {
  const auto run = call.store.run(call.words[first_word]);
  return reply(run_as_service(run, run.experiment));
}

void add_with_children(RunStore& store, model::TrackedRun run,
                       std::vector<model::TrackedRun>& list) {
  auto children = store.children(run.id);
  list.push_back(std::move(run));
  for (auto& child : children) add_with_children(store, std::move(child), list);
}

net::Reply query_runs(Call& call) {
  const json body = call.json();
  const auto text = [&](const char* name) {
    const auto found = body.find(name);
    return found != body.end() && found->is_string() ? found->get<std::string>() : "";
  };
  std::vector<model::TrackedRun> all;
  for (auto& run : call.store.runs_of(call.words[first_word]))
    add_with_children(call.store, std::move(run), all);
  const std::string order = text("orderby");
  if (order.starts_with("StartTimeUtc") || order.starts_with("CreatedUtc")) {
    const bool oldest_first = !order.ends_with(" desc");
    std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
      return oldest_first ? a.started < b.started : a.started > b.started;
    });
  }
  const std::string filter = text("filter");
  json list = json::array();
  for (const auto& run : all)
    if (passes(run, filter)) list.push_back(run_as_service(run, run.experiment));
  return reply({{"value", std::move(list)}, {"continuationToken", nullptr}});
}

constexpr Route routes[] = {
    {"GET", HISTORY "/experiments/{}", get_experiment},
    {"POST", HISTORY "/experiments/{}", make_experiment},
    {"GET", HISTORY "/experimentids/{}", get_experiment},
    {"POST", HISTORY "/experiments:query", list_experiments},
    {"POST", HISTORY "/experiments/{}/runs:query", query_runs},
    {"GET", HISTORY "/runs/{}", get_run},
};

}  // namespace

Dialect history_queries() {
  return {routes, refuse_as_service};
}

}  // namespace gateway
