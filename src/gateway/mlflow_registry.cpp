// MLflow's dialect: the model registry. A version is a registered model of the workspace, in a copy
// of its own; what only MLflow says of a model (aliases, its tags) is a document beside them.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "gateway/mlflow.hpp"

namespace gateway {
namespace mlflow {
namespace {

using model::RegisteredModel;
using nlohmann::json;

// {"description", "tags", "aliases": {name: version}, "created", "updated"}
constexpr const char* kind = "mlflow-model";
constexpr const char* source_property = "mlflow.source";
constexpr const char* stage_property = "mlflow.stage";

json note_of(RunStore& store, const std::string& name) {
  const auto kept = store.documents(kind, name);
  return kept.empty() ? json() : json::parse(kept.back().content, nullptr, false);
}

void keep(Call& call, const std::string& name, json note) {
  note["updated"] = milliseconds(call.clock.now());
  if (!note.contains("created")) note["created"] = note["updated"];
  call.store.put_document(kind, {name, "1", note.dump()});
}

struct Entry {
  json note;  // an object, perhaps empty
  std::vector<RegisteredModel> versions;
};

std::optional<Entry> find(RunStore& store, const std::string& name) {
  Entry entry{note_of(store, name), store.models(name)};
  if (!entry.note.is_object() && entry.versions.empty()) return std::nullopt;
  if (!entry.note.is_object()) entry.note = json::object();
  return entry;
}

Entry existing(RunStore& store, const std::string& name) {
  if (auto entry = find(store, name)) return std::move(*entry);
  throw base::Error(base::Code::not_found,
                    fmt::format("Registered Model with name={} not found", name));
}

json version_json(const RegisteredModel& model, const json& note) {
  const auto property = [&](const char* name, const std::string& otherwise) {
    const auto found = model.properties.find(name);
    return found == model.properties.end() ? otherwise : found->second;
  };
  json aliases = json::array();
  for (const auto& [alias, version] : note.value("aliases", model::Words()))
    if (version == model.version) aliases.push_back(alias);
  return {{"name", model.name},
          {"version", model.version},
          {"creation_timestamp", milliseconds(model.created)},
          {"last_updated_timestamp", milliseconds(model.created)},
          {"current_stage", property(stage_property, "None")},
          {"description", model.description},
          {"source", property(source_property, "file://" + model.path.native())},
          {"run_id", model.run},
          {"status", "READY"},
          {"tags", pairs(model.tags)},
          {"aliases", std::move(aliases)}};
}

Found describe(const RegisteredModel& model, const json& note) {
  json value = version_json(model, note);
  return {{{{"name", model.name},
            {"version_number", model.version},
            {"run_id", model.run},
            {"source_path", value["source"]},
            {"creation_timestamp", value["creation_timestamp"].dump()},
            {"last_updated_timestamp", value["last_updated_timestamp"].dump()}},
           {},
           model.tags,
           {}},
          std::move(value)};
}

// Of each stage the newest.
json latest(const Entry& entry, const std::vector<std::string>& stages) {
  std::map<std::string, json> newest;
  for (const auto& model : entry.versions) {
    json version = version_json(model, entry.note);
    const std::string stage = version["current_stage"];
    if (stages.empty() || std::find(stages.begin(), stages.end(), stage) != stages.end())
      newest[stage] = std::move(version);
  }
  json list = json::array();
  for (auto& [stage, version] : newest) list.push_back(std::move(version));
  return list;
}

Found describe(const std::string& name, const Entry& entry) {
  const auto first = entry.versions.empty() ? 0 : milliseconds(entry.versions.front().created);
  const auto last = entry.versions.empty() ? 0 : milliseconds(entry.versions.back().created);
  const auto created = entry.note.value("created", first);
  const auto updated = std::max(entry.note.value("updated", last), last);
  const auto tags = entry.note.value("tags", model::Words());
  json aliases = json::array();
  for (const auto& [alias, version] : entry.note.value("aliases", model::Words()))
    aliases.push_back({{"alias", alias}, {"version", version}});
  return {{{{"name", name},
            {"creation_timestamp", std::to_string(created)},
            {"last_updated_timestamp", std::to_string(updated)}},
           {},
           tags,
           {}},
          {{"name", name},
           {"creation_timestamp", created},
           {"last_updated_timestamp", updated},
           {"description", entry.note.value("description", "")},
           {"latest_versions", latest(entry, {})},
           {"tags", pairs(tags)},
           {"aliases", std::move(aliases)}}};
}

net::Reply answer_model(RunStore& store, const std::string& name) {
  return reply({{"registered_model", describe(name, existing(store, name)).value}});
}

RegisteredModel version_of(RunStore& store, const std::string& name, const std::string& version) {
  for (const auto& model : store.models(name))
    if (model.version == version) return model;
  throw base::Error(base::Code::not_found,
                    fmt::format("Model Version (name={}, version={}) not found", name, version));
}

net::Reply answer_version(RunStore& store, const std::string& name, const std::string& version) {
  return reply({{"model_version",
                 version_json(version_of(store, name, version), existing(store, name).note)}});
}

net::Reply create_model(Call& call) {
  const json given = arguments(call);
  const std::string name = required(given, "name");
  if (find(call.store, name))
    throw base::Error(base::Code::exists,
                      fmt::format("Registered Model (name={}) already exists.", name));
  keep(call, name,
       {{"description", text_of(given, "description")},
        {"tags", words_of(given.value("tags", json::array()))}});
  return answer_model(call.store, name);
}

net::Reply get_model(Call& call) {
  return answer_model(call.store, required(arguments(call), "name"));
}

net::Reply update_model(Call& call) {
  const json given = arguments(call);
  const std::string name = required(given, "name");
  Entry entry = existing(call.store, name);
  entry.note["description"] = text_of(given, "description");
  keep(call, name, entry.note);
  return answer_model(call.store, name);
}

net::Reply rename_model(Call& call) {
  const json given = arguments(call);
  const std::string name = required(given, "name"), wanted = required(given, "new_name");
  const Entry entry = existing(call.store, name);
  if (!entry.versions.empty())
    throw base::Error(base::Code::bad_input,
                      fmt::format("amlocal cannot rename model '{}': as in Azure ML, its versions "
                                  "keep their name",
                                  name))
        .hint(fmt::format("register them as '{}'", wanted));
  if (find(call.store, wanted))
    throw base::Error(base::Code::exists,
                      fmt::format("Registered Model (name={}) already exists.", wanted));
  keep(call, wanted, entry.note);
  call.store.remove_document(kind, name, "");
  return answer_model(call.store, wanted);
}

net::Reply delete_model(Call& call) {
  const std::string name = required(arguments(call), "name");
  const Entry entry = existing(call.store, name);
  if (!entry.versions.empty()) call.store.remove_model(name, "");
  if (!entry.note.empty()) call.store.remove_document(kind, name, "");
  return reply(json::object());
}

net::Reply search_models(Call& call) {
  std::vector<std::string> names;
  for (const auto& model : call.store.models("")) names.push_back(model.name);
  for (const auto& document : call.store.documents(kind, "")) names.push_back(document.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<Found> all;
  for (const auto& name : names) all.push_back(describe(name, existing(call.store, name)));
  return reply(page_of(std::move(all), arguments(call), "registered_models", 100));
}

net::Reply latest_versions(Call& call) {
  const json given = arguments(call);
  const Entry entry = existing(call.store, required(given, "name"));
  return reply({{"model_versions", latest(entry, texts_of(given, "stages"))}});
}

// Changes one of a model's `words`, "tags" or "aliases"; without a value it goes.
net::Reply change_words(Call& call, const json& given, const char* words, const char* key,
                        const std::optional<std::string>& value) {
  const std::string name = required(given, "name"), word = required(given, key);
  Entry entry = existing(call.store, name);
  if (value)
    entry.note[words][word] = *value;
  else if (entry.note.contains(words))
    entry.note[words].erase(word);
  keep(call, name, entry.note);
  return reply(json::object());
}

net::Reply set_model_tag(Call& call) {
  const json given = arguments(call);
  return change_words(call, given, "tags", "key", text_of(given, "value"));
}
net::Reply delete_model_tag(Call& call) {
  return change_words(call, arguments(call), "tags", "key", std::nullopt);
}
net::Reply set_alias(Call& call) {
  const json given = arguments(call);
  const std::string version = required(given, "version");
  version_of(call.store, required(given, "name"), version);
  return change_words(call, given, "aliases", "alias", version);
}
net::Reply delete_alias(Call& call) {
  return change_words(call, arguments(call), "aliases", "alias", std::nullopt);
}

net::Reply get_by_alias(Call& call) {
  const json given = arguments(call);
  const std::string name = required(given, "name"), alias = required(given, "alias");
  const auto aliases = existing(call.store, name).note.value("aliases", model::Words());
  const auto found = aliases.find(alias);
  if (found == aliases.end())
    throw base::Error(base::Code::bad_input,
                      fmt::format("Registered model alias {} not found.", alias));
  return answer_version(call.store, name, found->second);
}

net::Reply create_version(Call& call) {
  const json given = arguments(call);
  NewModel made;
  made.name = required(given, "name");
  existing(call.store, made.name);
  const std::string source = required(given, "source");
  made.path = located(call.store, source);
  boost::system::error_code ignored;
  if (fs::exists(made.path / "MLmodel", ignored)) made.type = "mlflow_model";
  made.run = text_of(given, "run_id");
  made.description = text_of(given, "description");
  made.tags = words_of(given.value("tags", json::array()));
  made.properties[source_property] = source;
  if (const std::string id = text_of(given, "model_id"); !id.empty())
    made.properties["mlflow.modelId"] = id;
  const auto model = call.store.register_model(made);
  return answer_version(call.store, model.name, model.version);
}

net::Reply get_version(Call& call) {
  const json given = arguments(call);
  return answer_version(call.store, required(given, "name"), required(given, "version"));
}

net::Reply change_version(Call& call, const json& given, const model::RunChange& change) {
  const std::string name = required(given, "name"), version = required(given, "version");
  version_of(call.store, name, version);
  call.store.change_model(name, version, change);
  return answer_version(call.store, name, version);
}

net::Reply update_version(Call& call) {
  const json given = arguments(call);
  model::RunChange change;
  change.name = text_of(given, "description");
  return change_version(call, given, change);
}

net::Reply transition_stage(Call& call) {
  const json given = arguments(call);
  const std::string stage = required(given, "stage");
  constexpr const char* stages[] = {"None", "Staging", "Production", "Archived"};
  if (std::find(std::begin(stages), std::end(stages), stage) == std::end(stages))
    throw base::Error(base::Code::bad_input,
                      fmt::format("Invalid Model Version stage: {}. Value must be one of None, "
                                  "Staging, Production, Archived.",
                                  stage));
  model::RunChange change;
  change.properties[stage_property] = stage;
  return change_version(call, given, change);
}

net::Reply set_version_tag(Call& call) {
  const json given = arguments(call);
  model::RunChange change;
  change.tags[required(given, "key")] = text_of(given, "value");
  change_version(call, given, change);
  return reply(json::object());
}

net::Reply delete_version_tag(Call& call) {
  const json given = arguments(call);
  model::RunChange change;
  change.tags[required(given, "key")] = std::nullopt;
  change_version(call, given, change);
  return reply(json::object());
}

net::Reply delete_version(Call& call) {
  const json given = arguments(call);
  const std::string name = required(given, "name"), version = required(given, "version");
  version_of(call.store, name, version);
  // The model stays known when its last version goes, and no alias leads to nothing.
  Entry entry = existing(call.store, name);
  if (entry.note.contains("aliases")) {
    auto aliases = entry.note["aliases"].get<model::Words>();
    std::erase_if(aliases, [&](const auto& alias) { return alias.second == version; });
    entry.note["aliases"] = aliases;
  }
  keep(call, name, entry.note);
  call.store.remove_model(name, version);
  return reply(json::object());
}

net::Reply search_versions(Call& call) {
  std::vector<Found> all;
  for (const auto& model : call.store.models("")) {
    const json note = note_of(call.store, model.name);
    all.push_back(describe(model, note.is_object() ? note : json::object()));
  }
  std::reverse(all.begin(), all.end());  // newest first
  return reply(page_of(std::move(all), arguments(call), "model_versions", 10000));
}

net::Reply download_uri(Call& call) {
  const json given = arguments(call);
  const auto model = version_of(call.store, required(given, "name"), required(given, "version"));
  return reply(
      {{"artifact_uri", fmt::format("mlflow-artifacts:/models/{}/{}", model.name, model.version)}});
}

constexpr Route routes[] = {
    {"POST", "/api/2.0/mlflow/registered-models/create", alone<create_model>},
    {"GET", "/api/2.0/mlflow/registered-models/get", get_model},
    {"PATCH", "/api/2.0/mlflow/registered-models/update", alone<update_model>},
    {"POST", "/api/2.0/mlflow/registered-models/rename", alone<rename_model>},
    {"DELETE", "/api/2.0/mlflow/registered-models/delete", alone<delete_model>},
    {"GET", "/api/2.0/mlflow/registered-models/search", search_models},
    {"GET", "/api/2.0/mlflow/registered-models/get-latest-versions", latest_versions},
    {"POST", "/api/2.0/mlflow/registered-models/get-latest-versions", latest_versions},
    {"POST", "/api/2.0/mlflow/registered-models/set-tag", alone<set_model_tag>},
    {"DELETE", "/api/2.0/mlflow/registered-models/delete-tag", alone<delete_model_tag>},
    {"POST", "/api/2.0/mlflow/registered-models/alias", alone<set_alias>},
    {"DELETE", "/api/2.0/mlflow/registered-models/alias", alone<delete_alias>},
    {"GET", "/api/2.0/mlflow/registered-models/alias", get_by_alias},
    {"POST", "/api/2.0/mlflow/model-versions/create", create_version},
    {"GET", "/api/2.0/mlflow/model-versions/get", get_version},
    {"PATCH", "/api/2.0/mlflow/model-versions/update", update_version},
    {"POST", "/api/2.0/mlflow/model-versions/transition-stage", transition_stage},
    {"DELETE", "/api/2.0/mlflow/model-versions/delete", alone<delete_version>},
    {"GET", "/api/2.0/mlflow/model-versions/search", search_versions},
    {"GET", "/api/2.0/mlflow/model-versions/get-download-uri", download_uri},
    {"POST", "/api/2.0/mlflow/model-versions/set-tag", set_version_tag},
    {"DELETE", "/api/2.0/mlflow/model-versions/delete-tag", delete_version_tag},
};

}  // namespace
}  // namespace mlflow

Dialect mlflow_registry() {
  return {mlflow::routes, mlflow::refuse};
}

}  // namespace gateway
