// The shim's own dialect, first half: runs, metrics, files. docs/gateway.md.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cmath>
#include <limits>

#include "base/files.hpp"
#include "gateway/route.hpp"

namespace gateway {
namespace {

using nlohmann::json;

double seconds(base::Time time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}
json seconds(const std::optional<base::Time>& time) {
  return time ? json(seconds(*time)) : json();
}
base::Time time_of(double seconds) {
  return base::Time(std::chrono::microseconds(std::llround(seconds * 1e6)));
}

json to_json(const model::TrackedRun& run) {
  return {{"id", run.id},
          {"name", run.name},
          {"root", run.root},
          {"parent", run.parent.empty() ? json() : json(run.parent)},
          {"experiment", run.experiment},
          {"kind", std::string(to_string(run.kind))},
          {"step", run.step},
          {"status", std::string(to_string(run.status))},
          {"error", run.error},
          {"start", seconds(run.started)},
          {"end", seconds(run.ended)},
          {"tags", run.tags},
          {"properties", run.properties},
          {"params", run.params}};
}

json to_json(const std::vector<model::TrackedRun>& runs) {
  json list = json::array();
  for (const auto& run : runs) list.push_back(to_json(run));
  return {{"runs", std::move(list)}};
}

model::Status status_of(const std::string& word) {
  const auto status = model::parse_status(word);
  if (!status)
    throw base::Error(base::Code::bad_input, fmt::format("'{}' is no status of a run", word));
  return *status;
}

net::Reply get_run(Call& call) {
  return reply(to_json(call.store.run(call.words[0])));
}

net::Reply patch_run(Call& call) {
  const json body = call.json();
  model::RunChange change;
  if (body.contains("name")) change.name = body["name"].get<std::string>();
  if (body.contains("status")) {
    change.status = status_of(body["status"]);
    if (*change.status != model::Status::running) change.ended = call.clock.now();
  }
  if (body.contains("error")) change.error = body["error"].get<std::string>();
  const json tags = body.value("tags", json::object());
  for (const auto& [name, value] : tags.items())
    change.tags[name] = value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
  change.properties = body.value("properties", model::Words());
  change.params = body.value("params", model::Words());
  return reply(to_json(call.store.change(call.words[0], change)));
}

net::Reply post_run(Call& call) {
  const json body = call.json();
  model::TrackedRun run;
  run.id = body.value("id", "");
  run.name = body.value("name", "");
  run.parent = body.value("parent", "");
  run.experiment = body.value("experiment", "");
  run.tags = body.value("tags", model::Words());
  run.started = call.clock.now();
  if (run.parent.empty() && run.experiment.empty())
    throw base::Error(base::Code::bad_input, "a run needs a 'parent' or an 'experiment'");
  return reply(to_json(call.store.create(std::move(run))));
}

net::Reply get_children(Call& call) {
  return reply(to_json(call.store.children(call.words[0])));
}

net::Reply get_experiments(Call& call) {
  return reply({{"experiments", call.store.experiments()}});
}

net::Reply get_experiment_runs(Call& call) {
  return reply(to_json(call.store.runs_of(call.words[0])));
}

// JSON has no numbers for these; they come and go as words.
constexpr std::pair<const char*, double> words_of_numbers[] = {
    {"NaN", std::numeric_limits<double>::quiet_NaN()},
    {"Infinity", std::numeric_limits<double>::infinity()},
    {"-Infinity", -std::numeric_limits<double>::infinity()}};

std::optional<double> beyond_json(const json& value) {
  for (const auto& [word, number] : words_of_numbers)
    if (value == word) return number;
  return std::nullopt;
}

net::Reply post_metrics(Call& call) {
  const json body = call.json();
  std::vector<model::MetricPoint> points;
  for (const auto& entry : body.at("points")) {
    model::MetricPoint point;
    point.name = entry.at("name");
    point.kind = entry.value("kind", "scalar");
    const json& value = entry.at("value");
    if (value.is_number()) {
      point.number = value.get<double>();
      if (value.is_number_integer()) point.json = value.dump();
    } else if (const auto number = beyond_json(value))
      point.number = number;
    else
      point.json = value.dump(-1, ' ', false, json::error_handler_t::replace);
    if (entry.contains("step") && !entry["step"].is_null())
      point.step = entry["step"].get<std::int64_t>();
    point.time = entry.contains("time") ? time_of(entry["time"]) : call.clock.now();
    points.push_back(std::move(point));
  }
  call.store.log(call.words[0], points);
  return reply({{"accepted", points.size()}});
}

json value_of(const model::MetricPoint& point) {
  if (point.number && !point.json.empty()) return json::parse(point.json, nullptr, false);
  if (point.number && std::isfinite(*point.number)) return *point.number;
  if (point.number) {
    for (const auto& [word, number] : words_of_numbers)
      if (std::isnan(*point.number) ? std::isnan(number) : number == *point.number) return word;
  }
  return json::parse(point.json, nullptr, false);
}

net::Reply get_metrics(Call& call) {
  const std::string id = call.words[0];
  call.store.run(id);
  std::string text = R"({"metrics":[)";
  std::string name, kind;
  bool any = false;
  call.store.each_metric(id, call.request.parameter("name"), [&](const model::MetricPoint& point) {
    if (!any || point.name != name || point.kind != kind) {
      text += any ? "]}," : "";
      text += fmt::format(R"({{"name":{},"kind":{},"values":[)", json(point.name).dump(),
                          json(point.kind).dump());
      name = point.name;
      kind = point.kind;
      any = true;
    } else {
      text += ',';
    }
    text += json{{"value", value_of(point)},
                 {"step", point.step ? json(*point.step) : json()},
                 {"time", seconds(point.time)}}
                .dump(-1, ' ', false, json::error_handler_t::replace);
  });
  text += any ? "]}]}" : "]}";
  net::Reply answer;
  answer.body = std::move(text);
  return answer;
}

net::Reply give(const fs::path& folder, const std::string& name) {
  const fs::path file = inside(folder, name);
  boost::system::error_code ignored;
  if (!fs::is_regular_file(file, ignored))
    throw base::Error(base::Code::not_found, fmt::format("the run has no file '{}'", name));
  net::Reply answer;
  answer.type = "application/octet-stream";
  answer.file = file;
  return answer;
}

net::Reply get_files(Call& call) {
  return reply({{"files", files_below(call.store.artifacts(call.words[0]))}});
}
net::Reply get_file(Call& call) {
  return give(call.store.artifacts(call.words[0]), call.words[1]);
}
net::Reply put_file(Call& call) {
  const fs::path file = inside(call.store.artifacts(call.words[0]), call.words[1]);
  receive_file(call.body, file);
  return reply({{"path", call.words[1]}, {"size", fs::file_size(file)}});
}
net::Reply get_logs(Call& call) {
  return reply({{"logs", logs_of(call.store, call.words[0])}});
}
net::Reply get_log(Call& call) {
  return give(call.store.logs(call.words[0]), call.words[1]);
}

net::Reply get_outputs(Call& call) {
  json list = json::array();
  for (const auto& output : call.store.outputs(call.words[0]))
    list.push_back({{"name", output.name},
                    {"type", output.type},
                    {"mode", output.mode},
                    {"uri", output.uri},
                    {"path", output.path.native()}});
  return reply({{"outputs", std::move(list)}});
}

constexpr Route routes[] = {
    {"POST", "/amlocal/1/runs", post_run},
    {"GET", "/amlocal/1/runs/{}", get_run},
    {"PATCH", "/amlocal/1/runs/{}", patch_run},
    {"GET", "/amlocal/1/runs/{}/children", get_children},
    {"POST", "/amlocal/1/runs/{}/metrics", post_metrics},
    {"GET", "/amlocal/1/runs/{}/metrics", get_metrics},
    {"GET", "/amlocal/1/runs/{}/files", get_files},
    {"GET", "/amlocal/1/runs/{}/files/{*}", get_file},
    {"PUT", "/amlocal/1/runs/{}/files/{*}", put_file},
    {"GET", "/amlocal/1/runs/{}/logs", get_logs},
    {"GET", "/amlocal/1/runs/{}/logs/{*}", get_log},
    {"GET", "/amlocal/1/runs/{}/outputs", get_outputs},
    {"GET", "/amlocal/1/experiments", get_experiments},
    {"GET", "/amlocal/1/experiments/{}/runs", get_experiment_runs},
};

}  // namespace

Dialect shim_runs() {
  return {routes, refuse_as_service};
}

}  // namespace gateway
