// MLflow's dialect: runs, and what is logged to them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gateway/mlflow.hpp"

namespace gateway {
namespace mlflow {
namespace {

using nlohmann::json;

// What MLflow keeps of a run and no other dialect knows: notes of the run.
constexpr const char* deleted_note = "mlflow.deleted";
constexpr const char* inputs_note = "mlflow.inputs";
constexpr const char* outputs_note = "mlflow.outputs";
constexpr const char* run_name_tag = "mlflow.runName";
constexpr const char* parent_tag = "mlflow.parentRunId";

// Source: MLflow's REST API reference, "Log Batch" and "Get Metric History".
constexpr std::size_t most_metrics = 1000, most_words = 100, most_points = 25000;

std::string id_in(const json& given) {
  const std::string id = text_of(given, "run_id");
  return id.empty() ? text_of(given, "run_uuid").empty() ? required(given, "run_id")
                                                         : text_of(given, "run_uuid")
                    : id;
}

const char* status_word(model::Status status) {
  switch (status) {
    case model::Status::not_started:
    case model::Status::preparing:
      return "SCHEDULED";
    case model::Status::running:
    case model::Status::finalizing:
      return "RUNNING";
    case model::Status::failed:
      return "FAILED";
    case model::Status::canceled:
    case model::Status::interrupted:
      return "KILLED";
    default:
      return "FINISHED";
  }
}

model::Status status_of(const std::string& word) {
  if (word == "SCHEDULED" || word == "RUNNING") return model::Status::running;
  if (word == "FINISHED") return model::Status::completed;
  if (word == "FAILED") return model::Status::failed;
  if (word == "KILLED") return model::Status::canceled;
  throw base::Error(base::Code::bad_input, fmt::format("'{}' is no status of a run", word));
}

// The three for which JSON has no number are words.
json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

double number_of(const json& value) {
  if (value.is_number()) return value.get<double>();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (value == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (value == "Infinity") return infinity;
  if (value == "-Infinity") return -infinity;
  throw base::Error(
      base::Code::bad_input,
      fmt::format("Invalid value {} for parameter 'value' supplied: a metric is a number",
                  value.dump()));
}

json to_json(const model::MetricPoint& point) {
  return {{"key", point.name},
          {"value", number(point.number.value_or(0))},
          {"timestamp", milliseconds(point.time)},
          {"step", point.step.value_or(0)}};
}

model::Words tags_of(const model::TrackedRun& run) {
  model::Words tags = run.tags;
  tags.emplace(run_name_tag, run.name);
  if (!run.parent.empty()) tags.emplace(parent_tag, run.parent);
  return tags;
}

json info_of(const model::TrackedRun& run, const model::Words& tags) {
  const auto user = tags.find("mlflow.user");
  json info = {{"run_id", run.id},
               {"run_uuid", run.id},
               {"run_name", tags.at(run_name_tag)},
               {"experiment_id", run.experiment == "Default" ? "0" : run.experiment},
               {"user_id", user == tags.end() ? "" : user->second},
               {"status", status_word(run.status)},
               {"artifact_uri", artifact_uri(run.id)},
               {"lifecycle_stage", run.notes.contains(deleted_note) ? "deleted" : "active"}};
  if (run.started) info["start_time"] = milliseconds(*run.started);
  if (run.ended && run.status != model::Status::running)
    info["end_time"] = milliseconds(*run.ended);
  return info;
}

json note(const model::TrackedRun& run, const char* name) {
  const auto found = run.notes.find(name);
  return found == run.notes.end() ? json::object() : json::parse(found->second, nullptr, false);
}

Found describe(RunStore& store, const model::TrackedRun& run) {
  const auto tags = tags_of(run);
  json info = info_of(run, tags);
  Subject subject{{{"run_id", run.id},
                   {"name", tags.at(run_name_tag)},
                   {"status", info["status"]},
                   {"user_id", info["user_id"]},
                   {"artifact_uri", info["artifact_uri"]},
                   {"experiment_id", info["experiment_id"]}},
                  run.params,
                  tags,
                  {}};
  for (const char* time : {"start_time", "end_time"})
    if (info.contains(time)) subject.attributes[time] = info[time].dump();
  json metrics = json::array();
  for (const auto& point : store.latest_metrics(run.id)) {
    if (!point.number) continue;  // v1's rows, tables and texts
    subject.metrics[point.name] = *point.number;
    metrics.push_back(to_json(point));
  }
  return {
      std::move(subject),
      {{"info", std::move(info)},
       {"data",
        {{"metrics", std::move(metrics)}, {"params", pairs(run.params)}, {"tags", pairs(tags)}}},
       {"inputs", note(run, inputs_note)},
       {"outputs", note(run, outputs_note)}}};
}

net::Reply create_run(Call& call) {
  const json given = arguments(call);
  model::TrackedRun run;
  run.experiment = experiment_name(text_of(given, "experiment_id"));
  run.tags = words_of(given.value("tags", json::array()));
  run.name = text_of(given, "run_name");
  if (run.name.empty() && run.tags.contains(run_name_tag)) run.name = run.tags[run_name_tag];
  if (const auto parent = run.tags.find(parent_tag); parent != run.tags.end())
    run.parent = parent->second;
  if (const std::string user = text_of(given, "user_id"); !user.empty())
    run.tags.emplace("mlflow.user", user);
  run.started =
      given.contains("start_time") ? time_of(integer_of(given["start_time"])) : call.clock.now();
  if (!run.name.empty()) run.tags.emplace(run_name_tag, run.name);
  return reply({{"run", describe(call.store, call.store.create(std::move(run))).value}});
}

net::Reply get_run(Call& call) {
  return reply({{"run", describe(call.store, call.store.run(id_in(arguments(call)))).value}});
}

// The status of a step or pipeline is amlocal's own: the store leaves it alone.
net::Reply update_run(Call& call) {
  const json given = arguments(call);
  model::RunChange change;
  if (const std::string status = text_of(given, "status"); !status.empty()) {
    change.status = status_of(status);
    if (*change.status != model::Status::running)
      change.ended =
          given.contains("end_time") ? time_of(integer_of(given["end_time"])) : call.clock.now();
  }
  if (const std::string name = text_of(given, "run_name"); !name.empty()) {
    change.name = name;
    change.tags[run_name_tag] = name;
  }
  const auto run = call.store.change(id_in(given), change);
  return reply({{"run_info", info_of(run, tags_of(run))}});
}

net::Reply change_run(Call& call, const json& given, const model::RunChange& change) {
  call.store.change(id_in(given), change);
  return reply(json::object());
}

net::Reply delete_run(Call& call) {
  const json given = arguments(call);
  model::RunChange change;
  change.notes[deleted_note] = "true";
  return change_run(call, given, change);
}
net::Reply restore_run(Call& call) {
  const json given = arguments(call);
  model::RunChange change;
  change.notes[deleted_note] = std::nullopt;
  return change_run(call, given, change);
}

model::MetricPoint point_of(const json& given) {
  model::MetricPoint point;
  point.name = required(given, "key");
  if (!given.contains("value"))
    throw base::Error(
        base::Code::bad_input,
        fmt::format("Missing value for required parameter 'value' of metric '{}'", point.name));
  point.number = number_of(given["value"]);
  if (!given.contains("timestamp"))
    throw base::Error(
        base::Code::bad_input,
        fmt::format("Missing value for required parameter 'timestamp' of metric '{}'", point.name));
  point.time = time_of(integer_of(given["timestamp"]));
  point.step = given.contains("step") ? integer_of(given["step"]) : 0;
  return point;
}

net::Reply log_metric(Call& call) {
  const json given = arguments(call);
  call.store.log(id_in(given), {point_of(given)});
  return reply(json::object());
}

void refuse_more(const json& list, std::size_t most, const char* what) {
  if (list.size() > most)
    throw base::Error(
        base::Code::bad_input,
        fmt::format("A batch logging request can contain at most {} {}. Got {} {}. Please split up "
                    "{} across multiple requests and try again.",
                    most, what, list.size(), what, what));
}

net::Reply log_batch(Call& call) {
  const json given = arguments(call), none = json::array();
  const json metrics = given.value("metrics", none), params = given.value("params", none),
             tags = given.value("tags", none);
  refuse_more(metrics, most_metrics, "metrics");
  refuse_more(params, most_words, "params");
  refuse_more(tags, most_words, "tags");
  std::vector<model::MetricPoint> points;
  for (const auto& metric : metrics) points.push_back(point_of(metric));
  model::RunChange change;
  change.params = words_of(params);
  for (const auto& [key, value] : words_of(tags)) change.tags[key] = value;
  const std::string id = id_in(given);
  if (!change.params.empty() || !change.tags.empty()) call.store.change(id, change);
  call.store.log(id, points);
  return reply(json::object());
}

net::Reply log_parameter(Call& call) {
  const json given = arguments(call);
  model::RunChange change;
  change.params[required(given, "key")] = text_of(given, "value");
  return change_run(call, given, change);
}

net::Reply set_tag(Call& call) {
  const json given = arguments(call);
  model::RunChange change;
  change.tags[required(given, "key")] = text_of(given, "value");
  return change_run(call, given, change);
}

net::Reply delete_tag(Call& call) {
  const json given = arguments(call);
  const std::string key = required(given, "key"), id = id_in(given);
  if (!call.store.run(id).tags.contains(key))
    throw base::Error(base::Code::not_found,
                      fmt::format("No tag with name: {} in run with id {}", key, id));
  model::RunChange change;
  change.tags[key] = std::nullopt;
  return change_run(call, given, change);
}

// Adds to the list of that name in a note of the run.
void add_to_note(model::TrackedRun& run, model::RunChange& change, const char* name,
                 const char* list, const json& more) {
  if (more.empty()) return;
  const auto before = run.notes.find(name);
  json content = before == run.notes.end() ? json::object() : json::parse(before->second);
  for (const auto& one : more)
    if (content[list].is_null() ||
        std::find(content[list].begin(), content[list].end(), one) == content[list].end())
      content[list].push_back(one);
  run.notes[name] = content.dump(-1, ' ', false, json::error_handler_t::replace);
  change.notes[name] = run.notes[name];
}

net::Reply log_inputs(Call& call) {
  const json given = arguments(call);
  auto run = call.store.run(id_in(given));
  model::RunChange change;
  add_to_note(run, change, inputs_note, "dataset_inputs", given.value("datasets", json::array()));
  add_to_note(run, change, inputs_note, "model_inputs", given.value("models", json::array()));
  return change_run(call, given, change);
}

net::Reply log_outputs(Call& call) {
  const json given = arguments(call);
  auto run = call.store.run(id_in(given));
  model::RunChange change;
  add_to_note(run, change, outputs_note, "model_outputs", given.value("models", json::array()));
  return change_run(call, given, change);
}

// 2.x: the run lists the models that were logged to it in a tag.
net::Reply log_model(Call& call) {
  const json given = arguments(call);
  constexpr const char* tag = "mlflow.log-model.history";
  const auto run = call.store.run(id_in(given));
  const json added = json::parse(required(given, "model_json"), nullptr, false);
  if (!added.is_object())
    throw base::Error(base::Code::bad_input,
                      "Malformed model info in parameter 'model_json': a JSON object is wanted");
  const auto before = run.tags.find(tag);
  json list =
      before == run.tags.end() ? json::array() : json::parse(before->second, nullptr, false);
  if (!list.is_array()) list = json::array();
  list.push_back(added);
  model::RunChange change;
  change.tags[tag] = list.dump();
  return change_run(call, given, change);
}

net::Reply metric_history(Call& call) {
  const json given = arguments(call);
  const std::string token = text_of(given, "page_token");
  const auto wanted = given.contains("max_results") ? integer_of(given["max_results"])
                                                    : static_cast<std::int64_t>(most_points);
  const auto page = call.store.metric_page(
      id_in(given), required(given, "metric_key"), token.empty() ? 0 : integer_of(token),
      std::min(static_cast<std::size_t>(std::max<std::int64_t>(wanted, 1)), most_points));
  json list = json::array();
  for (const auto& point : page.points) list.push_back(to_json(point));
  json answer = {{"metrics", std::move(list)}};
  if (page.next != 0) answer["next_page_token"] = std::to_string(page.next);
  return reply(answer);
}

// A pipeline's run, its steps, and whatever they made.
void add_tree(RunStore& store, const model::TrackedRun& run, const std::string& view,
              std::vector<Found>& all) {
  const bool deleted = run.notes.contains(deleted_note);
  if (view == "ALL" || deleted == (view == "DELETED_ONLY")) all.push_back(describe(store, run));
  for (const auto& child : store.children(run.id)) add_tree(store, child, view, all);
}

net::Reply search_runs(Call& call) {
  json given = arguments(call);
  std::vector<Found> all;
  for (const auto& id : texts_of(given, "experiment_ids"))
    for (const auto& run : call.store.runs_of(experiment_name(id)))
      add_tree(call.store, run, text_of(given, "run_view_type"), all);
  // Without an order: newest first.
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return comes_before({{"attribute", "start_time", true}}, a.subject, b.subject);
  });
  return reply(page_of(std::move(all), given, "runs", 1000));
}

constexpr Route routes[] = {
    {"POST", "/api/2.0/mlflow/runs/log-metric", log_metric},
    {"POST", "/api/2.0/mlflow/runs/log-batch", log_batch},
    {"POST", "/api/2.0/mlflow/runs/log-parameter", log_parameter},
    {"POST", "/api/2.0/mlflow/runs/set-tag", set_tag},
    {"POST", "/api/2.0/mlflow/runs/delete-tag", delete_tag},
    {"POST", "/api/2.0/mlflow/runs/create", create_run},
    {"GET", "/api/2.0/mlflow/runs/get", get_run},
    {"POST", "/api/2.0/mlflow/runs/update", update_run},
    {"POST", "/api/2.0/mlflow/runs/search", search_runs},
    {"POST", "/api/2.0/mlflow/runs/delete", delete_run},
    {"POST", "/api/2.0/mlflow/runs/restore", restore_run},
    {"POST", "/api/2.0/mlflow/runs/log-inputs", log_inputs},
    {"POST", "/api/2.0/mlflow/runs/outputs", log_outputs},
    {"POST", "/api/2.0/mlflow/runs/log-model", log_model},
    {"GET", "/api/2.0/mlflow/metrics/get-history", metric_history},
};

}  // namespace
}  // namespace mlflow

Dialect mlflow_runs() {
  return {mlflow::routes, mlflow::refuse};
}

}  // namespace gateway
