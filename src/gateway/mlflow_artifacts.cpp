// MLflow's dialect: artifacts, and the models that 3.x logs beside them. A logged model is a folder
// of its run's artifacts, as in 2.x; a document of the workspace knows its id.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/files.hpp"
#include "base/names.hpp"
#include "gateway/mlflow.hpp"

namespace gateway {
namespace mlflow {

using nlohmann::json;

namespace {

constexpr const char* models_kind = "mlflow-logged-model";
constexpr const char* scheme = "mlflow-artifacts:";

std::string next_word(std::string_view& path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  const auto end = std::min(path.find('/'), path.size());
  const std::string word(path.substr(0, end));
  path.remove_prefix(end);
  while (path.starts_with('/')) path.remove_prefix(1);
  return word;
}

fs::path below(const fs::path& folder, std::string_view rest) {
  while (rest.ends_with('/')) rest.remove_suffix(1);
  return rest.empty() ? folder : inside(folder, std::string(rest));
}

struct Place {
  fs::path path;
  bool fixed = false;  // of a registered version, which never changes
};

// runs/RUN/artifacts/…, logged/ID/…, models/NAME/VERSION/…
Place place_of(RunStore& store, std::string_view path) {
  const std::string whole(path);
  const std::string first = next_word(path);
  const std::string name = next_word(path);
  if (first == "runs") {
    if (next_word(path) == "artifacts") return {below(store.artifacts(name), path)};
  } else if (first == "logged") {
    return {below(store.loose_artifacts() / name, path)};
  } else if (first == "models") {
    const std::string version = next_word(path);
    for (const auto& model : store.models(name))
      if (model.version == version) return {below(model.path, path), true};
    throw base::Error(base::Code::not_found,
                      fmt::format("Model Version (name={}, version={}) not found", name, version));
  }
  throw base::Error(base::Code::bad_input,
                    fmt::format("'{}' is no address of an artifact here", whole))
      .hint(fmt::format("a run's begin with {}/runs/RUN/artifacts/", scheme));
}

json list_of(const fs::path& folder, const std::string& before) {
  std::vector<std::tuple<std::string, bool, std::uint64_t>> entries;
  boost::system::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored)) {
    const bool is_folder = fs::is_directory(entry->path(), ignored);
    entries.emplace_back(entry->path().filename().native(), is_folder,
                         is_folder ? 0 : fs::file_size(entry->path(), ignored));
  }
  std::sort(entries.begin(), entries.end());
  json files = json::array();
  for (const auto& [name, is_folder, size] : entries) {
    json file = {{"path", before.empty() ? name : before + "/" + name}, {"is_dir", is_folder}};
    if (!is_folder) file["file_size"] = size;
    files.push_back(std::move(file));
  }
  return files;
}

net::Reply list_run(Call& call) {
  const json given = arguments(call);
  const std::string run = required(given, text_of(given, "run_id").empty() ? "run_uuid" : "run_id");
  const std::string path = text_of(given, "path");
  return reply({{"root_uri", artifact_uri(run)},
                {"files", list_of(below(call.store.artifacts(run), path), path)}});
}

net::Reply list_artifacts(Call& call) {
  const std::string path = call.request.parameter("path");
  return reply({{"files", list_of(place_of(call.store, path).path, "")}});
}

net::Reply get_artifact(Call& call) {
  const Place place = place_of(call.store, call.words[0]);
  boost::system::error_code ignored;
  if (!fs::is_regular_file(place.path, ignored))
    throw base::Error(base::Code::not_found,
                      fmt::format("there is no artifact '{}'", call.words[0]));
  net::Reply answer;
  answer.type = "application/octet-stream";
  answer.file = place.path;
  return answer;
}

void refuse_fixed(const Place& place, const std::string& path) {
  if (place.fixed)
    throw base::Error(
        base::Code::bad_input,
        fmt::format("'{}' belongs to a registered version, which never changes", path))
        .hint("register another version");
}

net::Reply put_artifact(Call& call) {
  const Place place = place_of(call.store, call.words[0]);
  refuse_fixed(place, call.words[0]);
  receive_file(call.body, place.path);
  return reply(json::object());
}

net::Reply delete_artifact(Call& call) {
  const Place place = place_of(call.store, call.words[0]);
  refuse_fixed(place, call.words[0]);
  boost::system::error_code ignored;
  if (!fs::exists(place.path, ignored))
    throw base::Error(base::Code::not_found,
                      fmt::format("there is no artifact '{}'", call.words[0]));
  base::remove_tree(place.path);
  return reply(json::object());
}

// {"name", "experiment_id", "run", "uri", "type", "status", "created", "updated", "tags", "params"}
json logged_model(RunStore& store, const std::string& id) {
  const auto kept = store.documents(models_kind, id);
  json model = kept.empty() ? json() : json::parse(kept.back().content, nullptr, false);
  if (!model.is_object())
    throw base::Error(base::Code::not_found,
                      fmt::format("Logged model with ID '{}' not found.", id));
  return model;
}

void keep(Call& call, const std::string& id, json& model) {
  model["updated"] = milliseconds(call.clock.now());
  call.store.put_document(models_kind, {id, "1", model.dump()});
}

Found describe(const std::string& id, const json& model) {
  const auto tags = model.value("tags", model::Words());
  const auto params = model.value("params", model::Words());
  json info = {{"model_id", id},
               {"experiment_id", model["experiment_id"]},
               {"name", model["name"]},
               {"creation_timestamp_ms", model["created"]},
               {"last_updated_timestamp_ms", model["updated"]},
               {"artifact_uri", model["uri"]},
               {"status", model["status"]},
               {"model_type", model["type"]},
               {"source_run_id", model["run"]},
               {"status_message", ""},
               {"tags", pairs(tags)}};
  return {{{{"name", model["name"]},
            {"model_id", id},
            {"model_type", model["type"]},
            {"status", model["status"]},
            {"source_run_id", model["run"]},
            {"creation_timestamp", model["created"].dump()},
            {"creation_time", model["created"].dump()},
            {"last_updated_timestamp", model["updated"].dump()}},
           params,
           tags,
           {}},
          {{"info", std::move(info)},
           {"data", {{"params", pairs(params)}, {"metrics", json::array()}}}}};
}

net::Reply answer_model(const std::string& id, const json& model) {
  return reply({{"model", describe(id, model).value}});
}

// The folder of that name, or with the id behind it where another model has it.
std::string uri_of(RunStore& store, const std::string& run, const std::string& name,
                   const std::string& id) {
  if (run.empty()) return fmt::format("{}/logged/{}", scheme, id);
  boost::system::error_code ignored;
  const bool taken = fs::exists(inside(store.artifacts(run), name), ignored);
  return fmt::format("{}/{}", artifact_uri(run), taken ? name + "-" + id : name);
}

net::Reply create_logged_model(Call& call) {
  const json given = arguments(call);
  const std::string id = "m-" + base::random_id(32), run = text_of(given, "source_run_id");
  std::string name = text_of(given, "name");
  if (name.empty()) name = base::random_run_name();
  json model = {{"name", name},
                {"experiment_id", text_of(given, "experiment_id")},
                {"run", run},
                {"uri", uri_of(call.store, run, name, id)},
                {"type", text_of(given, "model_type")},
                {"status", "LOGGED_MODEL_PENDING"},
                {"created", milliseconds(call.clock.now())},
                {"tags", words_of(given.value("tags", json::array()))},
                {"params", words_of(given.value("params", json::array()))}};
  keep(call, id, model);
  return answer_model(id, model);
}

net::Reply get_logged_model(Call& call) {
  return answer_model(call.words[0], logged_model(call.store, call.words[0]));
}

net::Reply finish_logged_model(Call& call) {
  json model = logged_model(call.store, call.words[0]);
  constexpr const char* states[] = {"LOGGED_MODEL_UNSPECIFIED", "LOGGED_MODEL_PENDING",
                                    "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"};
  const json given = arguments(call);
  // protobuf's JSON may have the number in the name's place.
  const json& status = given.value("status", json());
  if (status.is_number_unsigned() && status.get<std::size_t>() < std::size(states))
    model["status"] = states[status.get<std::size_t>()];
  else
    model["status"] = required(given, "status");
  keep(call, call.words[0], model);
  return answer_model(call.words[0], model);
}

net::Reply delete_logged_model(Call& call) {
  logged_model(call.store, call.words[0]);
  call.store.remove_document(models_kind, call.words[0], "");
  return reply(json::object());
}

net::Reply add_words(Call& call, const char* what) {
  json model = logged_model(call.store, call.words[0]);
  for (const auto& [key, value] : words_of(arguments(call).value(what, json::array())))
    model[what][key] = value;
  keep(call, call.words[0], model);
  return answer_model(call.words[0], model);
}
net::Reply add_tags(Call& call) {
  return add_words(call, "tags");
}
net::Reply add_params(Call& call) {
  return add_words(call, "params");
}

net::Reply delete_tag(Call& call) {
  json model = logged_model(call.store, call.words[0]);
  model["tags"].erase(call.words[1]);
  keep(call, call.words[0], model);
  return reply(json::object());
}

net::Reply list_logged_model(Call& call) {
  const std::string uri = logged_model(call.store, call.words[0])["uri"];
  const std::string path = text_of(arguments(call), "artifact_directory_path");
  return reply(
      {{"root_uri", uri}, {"files", list_of(below(located(call.store, uri), path), path)}});
}

net::Reply search_logged_models(Call& call) {
  const json given = arguments(call);
  const auto experiments = texts_of(given, "experiment_ids");
  std::vector<Found> all;
  for (const auto& document : call.store.documents(models_kind, "")) {
    const json model = json::parse(document.content, nullptr, false);
    if (!model.is_object()) continue;
    const bool meant = experiments.empty() ||
                       std::find(experiments.begin(), experiments.end(), model["experiment_id"]) !=
                           experiments.end();
    if (meant) all.push_back(describe(document.name, model));
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return comes_before({{"attribute", "creation_time", true}}, a.subject, b.subject);
  });
  return reply(page_of(std::move(all), given, "models", 100));
}

constexpr Route routes[] = {
    {"GET", "/api/2.0/mlflow/artifacts/list", list_run},
    {"GET", "/api/2.0/mlflow-artifacts/artifacts", list_artifacts},
    {"GET", "/api/2.0/mlflow-artifacts/artifacts/{*}", get_artifact},
    {"PUT", "/api/2.0/mlflow-artifacts/artifacts/{*}", put_artifact},
    {"DELETE", "/api/2.0/mlflow-artifacts/artifacts/{*}", delete_artifact},
    {"POST", "/api/2.0/mlflow/logged-models", create_logged_model},
    {"POST", "/api/2.0/mlflow/logged-models/search", search_logged_models},
    {"GET", "/api/2.0/mlflow/logged-models/{}", get_logged_model},
    {"PATCH", "/api/2.0/mlflow/logged-models/{}", alone<finish_logged_model>},
    {"DELETE", "/api/2.0/mlflow/logged-models/{}", alone<delete_logged_model>},
    {"PATCH", "/api/2.0/mlflow/logged-models/{}/tags", alone<add_tags>},
    {"DELETE", "/api/2.0/mlflow/logged-models/{}/tags/{}", alone<delete_tag>},
    {"POST", "/api/2.0/mlflow/logged-models/{}/params", alone<add_params>},
    {"GET", "/api/2.0/mlflow/logged-models/{}/artifacts/directories", list_logged_model},
};

}  // namespace

std::string artifact_uri(const std::string& run) {
  return fmt::format("{}/runs/{}/artifacts", scheme, run);
}

fs::path located(RunStore& store, const std::string& uri) {
  std::string_view rest = uri;
  const auto begins = [&](std::string_view word) {
    if (!rest.starts_with(word)) return false;
    rest.remove_prefix(word.size());
    return true;
  };
  if (begins(scheme)) {
    // Also with a server: mlflow-artifacts://127.0.0.1:5000/runs/…
    if (begins("//")) rest.remove_prefix(std::min(rest.find('/'), rest.size()));
    return place_of(store, rest).path;
  }
  if (begins("runs:")) {
    const std::string run = next_word(rest);
    return below(store.artifacts(run), rest);
  }
  if (begins("models:")) {
    const std::string name = next_word(rest), version = next_word(rest);
    if (version.empty()) return located(store, logged_model(store, name)["uri"]);
    return place_of(store, "models/" + name + "/" + version).path;
  }
  if (begins("file://") && rest.starts_with("localhost/")) rest.remove_prefix(9);
  if (rest.starts_with('/')) return fs::path(std::string(rest));
  throw base::Error(base::Code::bad_input, fmt::format("there are no artifacts at '{}'", uri))
      .hint("give runs:/RUN/PATH, models:/NAME/VERSION or an absolute path");
}

}  // namespace mlflow

Dialect mlflow_artifacts() {
  return {mlflow::routes, mlflow::refuse};
}

}  // namespace gateway
