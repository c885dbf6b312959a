// The services that azureml-core itself calls in a step, first half: run history and metrics.
// Source: the requests of azureml-core 1.61, its models' names of fields.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "gateway/route.hpp"
#include "gateway/service_path.hpp"

namespace gateway {
namespace {

using nlohmann::json;

#define HISTORY "/history/v1.0/" WORKSPACE
#define METRIC "/metric/v2.0/" WORKSPACE

json iso(const std::optional<base::Time>& time) {
  return time ? json(base::to_iso(*time)) : json();
}

}  // namespace

// Without a runType: azureml-core would make a PipelineRun of it, which asks the pipelines' service
// for a graph.
json run_as_service(const model::TrackedRun& run, const std::string& experiment_id) {
  json fields = {{"runId", run.id},
                 {"runNumber", 1},
                 {"rootRunId", run.root},
                 {"parentRunId", run.parent.empty() ? json() : json(run.parent)},
                 {"experimentId", experiment_id},
                 {"status", std::string(to_string(run.status))},
                 {"createdUtc", iso(run.started)},
                 {"startTimeUtc", iso(run.started)},
                 {"endTimeUtc", iso(run.ended)},
                 {"name", run.name},
                 {"displayName", run.name},
                 {"dataContainerId", "dcid." + run.id},
                 {"target", "local"},
                 {"tags", run.tags},
                 {"properties", run.properties}};
  if (!run.error.empty())
    fields["error"] = {{"error", {{"code", "UserError"}, {"message", run.error}}}};
  return fields;
}

namespace {

const std::string& run_of(const Call& call) {
  return call.words[first_word + 1];
}

json described(Call& call, const model::TrackedRun& run) {
  return run_as_service(run, call.words[first_word]);
}

net::Reply get_run(Call& call) {
  return reply(described(call, call.store.run(run_of(call))));
}

// Of texts only: azureml-core sends null for what it does not set.
model::Words words_in(const json& body, const char* name) {
  model::Words words;
  const json given = body.value(name, json());
  if (!given.is_object()) return words;
  for (const auto& [key, value] : given.items())
    if (!value.is_null()) words[key] = value.get<std::string>();
  return words;
}

std::string text_in(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

model::RunChange change_in(Call& call, const json& body) {
  model::RunChange change;
  for (const auto& [name, value] : words_in(body, "tags")) change.tags[name] = value;
  change.properties = words_in(body, "properties");
  for (const char* name : {"displayName", "name"})
    if (const std::string said = text_in(body, name); !said.empty()) change.name = said;
  if (const auto status = model::parse_status(text_in(body, "status"));
      status && *status != model::Status::not_started) {
    change.status = *status;
    if (*status >= model::Status::completed) change.ended = call.clock.now();
  }
  return change;
}

// A patch of a run that is not there makes it: a child of `parentRunId`.
model::TrackedRun change_or_make(Call& call, const std::string& id, const json& body) {
  try {
    return call.store.change(id, change_in(call, body));
  } catch (const base::Error& error) {
    const std::string parent = text_in(body, "parentRunId");
    if (error.code() != base::Code::not_found || parent.empty()) throw;
    model::TrackedRun run;
    run.id = id;
    run.parent = parent;
    run.name = text_in(body, "name");
    run.started = call.clock.now();
    call.store.create(std::move(run));
    return call.store.change(id, change_in(call, body));
  }
}

net::Reply patch_run(Call& call) {
  const json body = call.json();
  return reply(described(call, change_or_make(call, run_of(call), body)));
}

net::Reply post_runs(Call& call) {
  json made = json::object();
  const json body = call.json();
  for (const auto& run : body.at("runs")) {
    const std::string id = run.at("runId");
    made[id] = described(call, change_or_make(call, id, run));
  }
  return reply({{"runs", made}, {"errors", json::object()}});
}

net::Reply delete_tags(Call& call) {
  const std::string text = net::read_all(call.body, 1 << 20);
  const json names = json::parse(text, nullptr, false);
  if (!names.is_array())
    throw base::Error(base::Code::bad_input, "tags are deleted by a JSON list of their names");
  model::RunChange change;
  for (const auto& name : names) change.tags[name.get<std::string>()] = std::nullopt;
  return reply(described(call, call.store.change(run_of(call), change)));
}

net::Reply get_children(Call& call) {
  json list = json::array();
  for (const auto& run : call.store.children(run_of(call))) list.push_back(described(call, run));
  return reply({{"value", std::move(list)}, {"continuationToken", nullptr}});
}

net::Reply get_details(Call& call) {
  const auto run = call.store.run(run_of(call));
  json details = {{"runId", run.id},
                  {"target", "local"},
                  {"status", std::string(to_string(run.status))},
                  {"startTimeUtc", iso(run.started)},
                  {"endTimeUtc", iso(run.ended)},
                  {"properties", run.properties},
                  {"inputDatasets", json::array()},
                  {"outputDatasets", json::array()},
                  {"runDefinition", json::object()},
                  {"logFiles", json::object()}};
  for (const auto& file : logs_of(call.store, run.id)) {
    const std::string path = file["path"];
    details["logFiles"][path] = content_url(call.self, run.id, path);
  }
  return reply(details);
}

// What happened to a child run, in its script's words. A step's own end is amlocal's to say.
net::Reply post_event(Call& call) {
  const json body = call.json();
  const std::string id = run_of(call), name = text_in(body, "name");
  model::RunChange change;
  const auto end = [&](model::Status status) {
    change.status = status;
    change.ended = call.clock.now();
  };
  if (name.ends_with(".Start"))
    change.status = model::Status::running;
  else if (name.ends_with(".Completed"))
    end(model::Status::completed);
  else if (name.ends_with(".Failed"))
    end(model::Status::failed);
  else if (name.ends_with(".Canceled"))
    end(model::Status::canceled);
  else if (name.ends_with(".Error"))
    change.error = text_in(body.at("data").at("ErrorResponse").at("error"), "message");
  call.store.change(id, change);
  return reply(json::object());
}

// Python writes NaN and Infinity, which JSON does not have, as bare words: put into quotes.
std::string quote_numbers(std::string_view text) {
  std::string result;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '\\' && at + 1 < text.size()) {
      result += c;
      result += text[++at];
      continue;
    }
    if (c == '"') quoted = !quoted;
    std::string_view word;
    if (!quoted && (c == 'N' || c == 'I' || c == '-'))
      for (const std::string_view one : {"NaN", "Infinity", "-Infinity"})
        if (text.substr(at).starts_with(one)) word = one;
    if (word.empty()) {
      result += c;
    } else {
      result += fmt::format("\"{}\"", word);
      at += word.size() - 1;
    }
  }
  return result;
}

base::Time time_in(Call& call, const json& value) {
  // Seconds' fractions have from none to seven digits here.
  std::string text = text_in(value, "createdUtc");
  if (text.size() < 19) return call.clock.now();
  std::string fraction;
  if (text.size() > 20 && text[19] == '.')
    for (std::size_t n = 20; n < text.size() && std::isdigit(static_cast<unsigned char>(text[n]));
         ++n)
      fraction += text[n];
  fraction.resize(6, '0');
  return base::from_iso(text.substr(0, 19) + "." + fraction + "Z");
}

void set_value(model::MetricPoint& point, const json& value) {
  if (value.is_number_integer()) point.json = value.dump();
  if (value.is_number())
    point.number = value.get<double>();
  else if (value == "NaN" || value == "Infinity" || value == "-Infinity")
    point.number = std::stod(value.get<std::string>());
  else
    point.json = value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A metric of one call as the shim logs it: a list is one point with all its elements, a table of
// one row is a row, and a longer one a point of columns.
void add_points(Call& call, const json& metric, std::vector<model::MetricPoint>& points) {
  const std::string name = metric.at("name");
  const std::string type = metric.at("properties").at("uxMetricType");
  const std::string kind = type.substr(type.rfind('.') + 1);
  const json& values = metric.at("value");
  if (values.empty()) return;
  const auto add = [&](const json& place, const json& value, const std::string& what) {
    model::MetricPoint point;
    point.name = name;
    point.kind = what;
    point.time = time_in(call, place);
    if (const auto step = place.find("step"); step != place.end() && step->is_number_integer())
      point.step = step->get<std::int64_t>();
    set_value(point, value);
    points.push_back(std::move(point));
  };
  if (kind == "list") {
    json list = json::array();
    for (const auto& value : values) list.push_back(value.at("data").at(name));
    add(values[0], list, "list");
  } else if (kind == "table" && values.size() == 1) {
    add(values[0], values[0].at("data"), "row");
  } else if (kind == "table") {
    json columns = json::object();
    for (const auto& value : values)
      for (const auto& [column, cell] : value.at("data").items()) columns[column].push_back(cell);
    add(values[0], columns, "table");
  } else {
    for (const auto& value : values) add(value, value.at("data").at(name), kind);
  }
}

net::Reply post_metrics(Call& call) {
  const std::string text = net::read_all(call.body, 64 << 20);
  const json body = json::parse(quote_numbers(text), nullptr, false);
  if (!body.is_object())
    throw base::Error(base::Code::bad_input, "the request's body is no JSON object");
  std::vector<model::MetricPoint> points;
  for (const auto& metric : body.at("values")) add_points(call, metric, points);
  call.store.log(call.words[first_word], points);
  return reply({{"errors", json::array()}});
}

std::string column_type(const json& value) {
  if (value.is_boolean()) return "bool";
  if (value.is_number_integer()) return "int";
  if (value.is_number() || value == "NaN" || value == "Infinity" || value == "-Infinity")
    return "double";
  return value.is_null() ? "none" : "string";
}

// What holds both.
std::string wider(const std::string& one, const std::string& other) {
  const auto is_number = [](const std::string& type) { return type == "int" || type == "double"; };
  if (one == other || other == "none") return one;
  if (one == "none") return other;
  return is_number(one) && is_number(other) ? "double" : "string";
}

json value_of(const model::MetricPoint& point) {
  if (!point.number || !point.json.empty()) return json::parse(point.json, nullptr, false);
  if (std::isfinite(*point.number)) return *point.number;
  if (std::isnan(*point.number)) return "NaN";
  return *point.number > 0 ? "Infinity" : "-Infinity";
}

// The rows of a point: {column: value} each, and what azureml-core calls its kind.
std::vector<json> rows_of(const model::MetricPoint& point, std::string& type) {
  const json value = value_of(point);
  type = "azureml.v1.scalar";
  std::vector<json> rows;
  if (point.kind == "list" && value.is_array()) {
    type = "azureml.v1.list";
    for (const auto& one : value) rows.push_back({{point.name, one}});
  } else if ((point.kind == "row" || point.kind == "table") && value.is_object()) {
    type = "azureml.v1.table";
    std::size_t count = 1;
    for (const auto& [column, cells] : value.items())
      if (cells.is_array()) count = std::max(count, cells.size());
    for (std::size_t n = 0; n < count; ++n) {
      json row = json::object();
      for (const auto& [column, cells] : value.items())
        row[column] = !cells.is_array() ? cells : n < cells.size() ? cells[n] : json();
      rows.push_back(std::move(row));
    }
  } else {
    if (point.kind != "scalar" && value.is_string()) type = "azureml.v2." + point.kind;
    rows.push_back({{point.name, value.is_structured() ? json(value.dump()) : value}});
  }
  return rows;
}

net::Reply list_metrics(Call& call) {
  json list = json::array();
  std::string last;
  call.store.run(call.words[first_word]);
  call.store.each_metric(call.words[first_word], "", [&](const model::MetricPoint& point) {
    if (!list.empty() && point.name == last) return;
    last = point.name;
    list.push_back(
        {{"metricKey", {{"namespace", ""}, {"name", point.name}}}, {"columns", json::object()}});
  });
  return reply({{"value", std::move(list)}, {"continuationToken", nullptr}});
}

net::Reply full_metric(Call& call) {
  const std::string name = call.json().at("metricName"), id = call.words[first_word];
  json values = json::array(), columns = json::object();
  std::string type = "azureml.v1.scalar";
  call.store.run(id);
  call.store.each_metric(id, name, [&](const model::MetricPoint& point) {
    for (auto& row : rows_of(point, type)) {
      for (const auto& [column, cell] : row.items()) {
        auto& known = columns[column];
        known = known.is_null() ? column_type(cell) : wider(known, column_type(cell));
      }
      values.push_back({{"metricId", fmt::format("{}.{}", id, values.size())},
                        {"createdUtc", base::to_iso(point.time)},
                        {"step", point.step ? json(*point.step) : json()},
                        {"data", std::move(row)}});
    }
  });
  return reply({{"dataContainerId", "dcid." + id},
                {"name", name},
                {"columns", columns},
                {"value", values},
                {"properties", {{"uxMetricType", type}}},
                {"continuationToken", nullptr}});
}

// What was logged is kept before its call is answered: there is nothing to wait for.
net::Reply wait_for_metrics(Call& call) {
  call.store.run(run_of(call));
  return reply(json::object());
}

constexpr Route routes[] = {
    {"GET", HISTORY "/experimentids/{}/runs/{}", get_run},
    {"PATCH", HISTORY "/experimentids/{}/runs/{}", patch_run},
    {"GET", HISTORY "/experiments/{}/runs/{}", get_run},
    {"PATCH", HISTORY "/experiments/{}/runs/{}", patch_run},
    {"POST", HISTORY "/experiments/{}/batch/runs", post_runs},
    {"PATCH", HISTORY "/experiments/{}/batch/runs", post_runs},
    {"GET", HISTORY "/experiments/{}/runs/{}/children", get_children},
    {"GET", HISTORY "/experiments/{}/runs/{}/details", get_details},
    {"DELETE", HISTORY "/experiments/{}/runs/{}/tags", delete_tags},
    {"POST", HISTORY "/experiments/{}/runs/{}/events", post_event},
    {"GET", HISTORY "/experiments/{}/runs/{}/metricsingest/wait", wait_for_metrics},
    {"POST", METRIC "/runs/{}/batch", post_metrics},
    {"POST", METRIC "/runs/{}/list", list_metrics},
    {"POST", METRIC "/runs/{}/full", full_metric},
};

}  // namespace

Dialect run_services() {
  return {routes, refuse_as_service};
}

}  // namespace gateway
