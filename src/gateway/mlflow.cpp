// MLflow's dialect: arguments, errors, and experiments.
#include "gateway/mlflow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <charconv>

namespace gateway {
namespace mlflow {

using nlohmann::json;

namespace {

// Experiments that have no run yet, and what is said of any: {"tags", "created", "deleted"}.
constexpr const char* experiments_kind = "mlflow-experiment";

std::pair<const char*, int> error_code(base::Code code) {
  using base::Code;
  switch (code) {
    case Code::not_found:
      return {"RESOURCE_DOES_NOT_EXIST", 404};
    case Code::exists:
      return {"RESOURCE_ALREADY_EXISTS", 400};
    case Code::usage:
    case Code::bad_definition:
    case Code::bad_input:
    case Code::conflict:
      return {"INVALID_PARAMETER_VALUE", 400};
    case Code::permission:
      return {"PERMISSION_DENIED", 403};
    case Code::unavailable:
      return {"TEMPORARILY_UNAVAILABLE", 503};
    default:
      return {"INTERNAL_ERROR", 500};
  }
}

json note_of(RunStore& store, const std::string& name) {
  const auto kept = store.documents(experiments_kind, name);
  if (kept.empty()) return json();
  return json::parse(kept.back().content, nullptr, false);
}

void keep(RunStore& store, const std::string& name, const json& note) {
  store.put_document(experiments_kind, {name, "1", note.dump()});
}

std::vector<std::string> names(RunStore& store) {
  auto all = store.experiments();
  for (const auto& document : store.documents(experiments_kind, "")) all.push_back(document.name);
  all.emplace_back("Default");
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::erase(all, "");
  return all;
}

Found describe(RunStore& store, const std::string& name) {
  const json note = note_of(store, name);
  const bool deleted = note.is_object() && note.value("deleted", false);
  const std::int64_t created = note.is_object() ? note.value("created", std::int64_t{0}) : 0;
  const auto tags = note.is_object() ? note.value("tags", model::Words()) : model::Words();
  const std::string id = name == "Default" ? "0" : name;
  const char* stage = deleted ? "deleted" : "active";
  return {{{{"experiment_id", id},
            {"name", name},
            {"creation_time", std::to_string(created)},
            {"last_update_time", std::to_string(created)},
            {"lifecycle_stage", stage}},
           {},
           tags,
           {}},
          {{"experiment_id", id},
           {"name", name},
           {"artifact_location", "mlflow-artifacts:/runs"},
           {"lifecycle_stage", stage},
           {"creation_time", created},
           {"last_update_time", created},
           {"tags", pairs(tags)}}};
}

std::string existing(RunStore& store, const std::string& name) {
  const auto all = names(store);
  if (std::find(all.begin(), all.end(), name) == all.end())
    throw base::Error(base::Code::not_found,
                      fmt::format("Could not find experiment with name '{}'", name));
  return name;
}

std::string existing_by_id(Call& call, const json& given) {
  return existing(call.store, experiment_name(required(given, "experiment_id")));
}

net::Reply create_experiment(Call& call) {
  const json given = arguments(call);
  const std::string name = required(given, "name");
  const auto all = names(call.store);
  if (std::find(all.begin(), all.end(), name) != all.end())
    throw base::Error(base::Code::exists, fmt::format("Experiment '{}' already exists.", name));
  keep(call.store, name,
       {{"created", milliseconds(call.clock.now())},
        {"tags", words_of(given.value("tags", json::array()))}});
  return reply({{"experiment_id", name}});
}

net::Reply get_experiment(Call& call) {
  const std::string name = existing_by_id(call, arguments(call));
  return reply({{"experiment", describe(call.store, name).value}});
}

net::Reply get_experiment_by_name(Call& call) {
  const std::string name = existing(call.store, required(arguments(call), "experiment_name"));
  return reply({{"experiment", describe(call.store, name).value}});
}

net::Reply search_experiments(Call& call) {
  const json given = arguments(call);
  const std::string view = text_of(given, "view_type");
  std::vector<Found> all;
  for (const auto& name : names(call.store)) {
    auto found = describe(call.store, name);
    const bool deleted = found.subject.attributes["lifecycle_stage"] == "deleted";
    if (view == "ALL" || deleted == (view == "DELETED_ONLY")) all.push_back(std::move(found));
  }
  return reply(page_of(std::move(all), given, "experiments", 1000));
}

// A note of the experiment, as it is or new.
json note_to_change(Call& call, const std::string& name) {
  json note = note_of(call.store, name);
  if (!note.is_object()) note = {{"created", milliseconds(call.clock.now())}};
  return note;
}

net::Reply mark_deleted(Call& call, bool deleted) {
  const std::string name = existing_by_id(call, arguments(call));
  json note = note_to_change(call, name);
  note["deleted"] = deleted;
  keep(call.store, name, note);
  return reply(json::object());
}
net::Reply delete_experiment(Call& call) {
  return mark_deleted(call, true);
}
net::Reply restore_experiment(Call& call) {
  return mark_deleted(call, false);
}

net::Reply update_experiment(Call& call) {
  const json given = arguments(call);
  const std::string name = existing_by_id(call, given), wanted = text_of(given, "new_name");
  if (!wanted.empty() && wanted != name)
    throw base::Error(base::Code::bad_input,
                      fmt::format("amlocal cannot rename experiment '{}': its runs keep the name "
                                  "they began with",
                                  name));
  return reply(json::object());
}

net::Reply set_experiment_tag(Call& call) {
  const json given = arguments(call);
  const std::string name = existing_by_id(call, given);
  json note = note_to_change(call, name);
  note["tags"][required(given, "key")] = text_of(given, "value");
  keep(call.store, name, note);
  return reply(json::object());
}

net::Reply delete_experiment_tag(Call& call) {
  const json given = arguments(call);
  const std::string name = existing_by_id(call, given);
  json note = note_to_change(call, name);
  if (note.contains("tags")) note["tags"].erase(required(given, "key"));
  keep(call.store, name, note);
  return reply(json::object());
}

net::Reply unknown(Call& call) {
  return reply({{"error_code", "ENDPOINT_NOT_FOUND"},
                {"message", fmt::format("amlocal does not answer {} {}", call.request.method,
                                        call.request.path)}},
               404);
}

constexpr Route routes[] = {
    {"POST", "/api/2.0/mlflow/experiments/create", alone<create_experiment>},
    {"GET", "/api/2.0/mlflow/experiments/get", get_experiment},
    {"GET", "/api/2.0/mlflow/experiments/get-by-name", get_experiment_by_name},
    {"POST", "/api/2.0/mlflow/experiments/search", search_experiments},
    {"GET", "/api/2.0/mlflow/experiments/search", search_experiments},
    {"GET", "/api/2.0/mlflow/experiments/list", search_experiments},
    {"POST", "/api/2.0/mlflow/experiments/delete", alone<delete_experiment>},
    {"POST", "/api/2.0/mlflow/experiments/restore", alone<restore_experiment>},
    {"POST", "/api/2.0/mlflow/experiments/update", alone<update_experiment>},
    {"POST", "/api/2.0/mlflow/experiments/set-experiment-tag", alone<set_experiment_tag>},
    {"POST", "/api/2.0/mlflow/experiments/delete-experiment-tag", alone<delete_experiment_tag>},
};

// Behind all other tables: what newer clients try first and do without.
constexpr Route unanswered[] = {
    {"GET", "/api/2.0/{*}", unknown},    {"POST", "/api/2.0/{*}", unknown},
    {"PUT", "/api/2.0/{*}", unknown},    {"PATCH", "/api/2.0/{*}", unknown},
    {"DELETE", "/api/2.0/{*}", unknown}, {"GET", "/api/3.0/{*}", unknown},
    {"POST", "/api/3.0/{*}", unknown},   {"PUT", "/api/3.0/{*}", unknown},
    {"PATCH", "/api/3.0/{*}", unknown},  {"DELETE", "/api/3.0/{*}", unknown},
};

}  // namespace

net::Reply refuse(const base::Error& error) {
  const auto [word, status] = error_code(error.code());
  const std::string text =
      error.hint().empty() ? error.message() : error.message() + "; " + error.hint();
  return reply({{"error_code", word}, {"message", text}}, status);
}

json arguments(Call& call) {
  json given = json::object();
  for (const auto& [name, value] : call.request.query) {
    if (!given.contains(name)) {
      given[name] = value;
      continue;
    }
    if (!given[name].is_array()) given[name] = json::array({given[name]});
    given[name].push_back(value);
  }
  // DELETE has its arguments in either place.
  const bool may_be_empty = call.request.method == "GET" || call.request.method == "DELETE";
  if (may_be_empty && call.request.header("content-length").empty()) return given;
  if (may_be_empty && call.request.header("content-length") == "0") return given;
  given.update(call.json());
  return given;
}

std::string text_of(const json& given, const char* name) {
  if (!given.contains(name) || given[name].is_null()) return "";
  const json& value = given[name];
  if (value.is_string()) return value;
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  throw base::Error(base::Code::bad_input,
                    fmt::format("Invalid value {} for parameter '{}' supplied: a text is wanted",
                                value.dump(), name));
}

std::string required(const json& given, const char* name) {
  std::string text = text_of(given, name);
  if (text.empty())
    throw base::Error(base::Code::bad_input,
                      fmt::format("Missing value for required parameter '{}'", name));
  return text;
}

std::int64_t integer_of(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return static_cast<std::int64_t>(value.get<double>());
  std::int64_t number = 0;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc() && end == text.data() + text.size()) return number;
  }
  throw base::Error(
      base::Code::bad_input,
      fmt::format("Invalid value {} supplied: a whole number is wanted", value.dump()));
}

std::vector<std::string> texts_of(const json& given, const char* name) {
  if (!given.contains(name) || given[name].is_null()) return {};
  if (!given[name].is_array()) return {text_of(given, name)};
  std::vector<std::string> texts;
  for (const auto& one : given[name])
    texts.push_back(one.is_string() ? one.get<std::string>() : one.dump());
  return texts;
}

json pairs(const model::Words& words) {
  json list = json::array();
  for (const auto& [key, value] : words) list.push_back({{"key", key}, {"value", value}});
  return list;
}

model::Words words_of(const json& pairs) {
  model::Words words;
  for (const auto& pair : pairs) words[required(pair, "key")] = text_of(pair, "value");
  return words;
}

std::int64_t milliseconds(base::Time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
base::Time time_of(std::int64_t milliseconds) {
  return base::Time(std::chrono::milliseconds(milliseconds));
}

std::string experiment_name(const std::string& id) {
  return id == "0" || id.empty() ? "Default" : id;
}

base::FileLock hold_documents(RunStore& store) {
  const fs::path folder = store.loose_artifacts();
  fs::create_directories(folder);
  return base::FileLock::wait(folder / ".documents.lock");
}

void remember_experiment(RunStore& store, const std::string& name, const base::Clock& clock) {
  if (note_of(store, name).is_null()) keep(store, name, {{"created", milliseconds(clock.now())}});
}

}  // namespace mlflow

Dialect mlflow_experiments() {
  return {mlflow::routes, mlflow::refuse};
}
Dialect mlflow_unanswered() {
  return {mlflow::unanswered, mlflow::refuse};
}

}  // namespace gateway
