// The shim's own dialect, second half: the workspace. docs/gateway.md.
#include <fmt/format.h>

#include <algorithm>

#include "gateway/route.hpp"

namespace gateway {
namespace {

using nlohmann::json;

constexpr const char* nobody = "00000000-0000-0000-0000-000000000000";

net::Reply get_workspace(Call& call) {
  const auto stores = call.store.datastores();
  return reply({{"name", call.store.workspace_name()},
                {"subscription_id", nobody},
                {"resource_group", "local"},
                {"location", "local"},
                {"root", call.store.workspace_root().native()},
                {"default_datastore", stores.empty() ? "" : stores.front().name}});
}

json to_json(const Datastore& store, bool first) {
  return {{"name", store.name}, {"folder", store.folder.native()}, {"default", first}};
}

net::Reply get_datastores(Call& call) {
  json list = json::array();
  for (const auto& store : call.store.datastores()) list.push_back(to_json(store, list.empty()));
  return reply({{"datastores", std::move(list)}});
}

net::Reply get_datastore(Call& call) {
  bool first = true;
  for (const auto& store : call.store.datastores()) {
    if (store.name == call.words[0]) return reply(to_json(store, first));
    first = false;
  }
  throw base::Error(base::Code::not_found, fmt::format("there is no datastore '{}'", call.words[0]))
      .hint(fmt::format("amlocal datastore create {} --path FOLDER", call.words[0]));
}

json to_json(const model::DataAsset& asset) {
  return {{"name", asset.name},
          {"version", asset.version},
          {"type", std::string(to_string(asset.type))},
          {"path", asset.path}};
}

net::Reply get_data(Call& call) {
  json list = json::array();
  for (const auto& asset : call.store.data_assets()) list.push_back(to_json(asset));
  return reply({{"data", std::move(list)}});
}

net::Reply get_data_asset(Call& call) {
  const std::string version = call.request.parameter("version");
  const auto assets = call.store.data_assets();
  // The one registered last comes last.
  const auto found = std::find_if(assets.rbegin(), assets.rend(), [&](const auto& asset) {
    return asset.name == call.words[0] &&
           (version.empty() || version == "latest" || asset.version == version);
  });
  if (found == assets.rend())
    throw base::Error(base::Code::not_found,
                      fmt::format("there is no data asset '{}'{}", call.words[0],
                                  version.empty() ? "" : " in version " + version))
        .hint(fmt::format("amlocal data create --name {} --path …", call.words[0]));
  return reply(to_json(*found));
}

net::Reply post_data(Call& call) {
  const json body = call.json();
  model::DataAsset asset;
  asset.name = body.at("name");
  asset.version = body.value("version", "");
  const std::string type = body.value("type", "uri_folder");
  const auto known = model::parse_data_type(type);
  if (!known || !model::is_data(*known))
    throw base::Error(base::Code::bad_input, fmt::format("'{}' is no type of data", type));
  asset.type = *known;
  asset.path = body.at("path");
  return reply(to_json(call.store.register_data(std::move(asset))));
}

json to_json(const model::RegisteredModel& model) {
  return {{"name", model.name},
          {"version", model.version},
          {"type", model.type},
          {"path", model.path.native()},
          {"run", model.run},
          {"description", model.description},
          {"framework", model.framework},
          {"created", std::chrono::duration<double>(model.created.time_since_epoch()).count()},
          {"tags", model.tags},
          {"properties", model.properties}};
}

net::Reply get_models(Call& call) {
  json list = json::array();
  for (const auto& model : call.store.models(call.request.parameter("name")))
    list.push_back(to_json(model));
  return reply({{"models", std::move(list)}});
}

net::Reply get_model(Call& call) {
  for (const auto& model : call.store.models(call.words[0]))
    if (model.version == call.words[1]) return reply(to_json(model));
  throw base::Error(base::Code::not_found, fmt::format("there is no model '{}' in version {}",
                                                       call.words[0], call.words[1]));
}

net::Reply post_model(Call& call) {
  const json body = call.json();
  NewModel model;
  model.name = body.at("name");
  model.type = body.value("type", "custom_model");
  model.description = body.value("description", "");
  model.framework = body.value("framework", "");
  model.tags = body.value("tags", model::Words());
  model.properties = body.value("properties", model::Words());
  model.run = body.value("run", "");
  if (body.contains("artifact"))
    model.path = inside(call.store.artifacts(model.run), body["artifact"]);
  else
    model.path = body.at("path").get<std::string>();
  return reply(to_json(call.store.register_model(model)));
}

// A tag with null is removed.
net::Reply patch_model(Call& call) {
  const json body = call.json();
  model::RunChange change;
  const json tags = body.value("tags", json::object());
  for (const auto& [name, value] : tags.items())
    change.tags[name] = value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
  change.properties = body.value("properties", model::Words());
  if (body.contains("description"))
    change.name = body["description"].get<std::string>();  // where the store has a model's
  call.store.change_model(call.words[0], call.words[1], change);
  return get_model(call);
}

net::Reply delete_model(Call& call) {
  call.store.remove_model(call.words[0], call.words[1]);
  return reply(json::object());
}

json to_json(const Document& document) {
  return {{"name", document.name},
          {"version", document.version},
          {"content", json::parse(document.content, nullptr, false)}};
}

net::Reply get_documents(Call& call) {
  json list = json::array();
  for (const auto& document : call.store.documents(call.words[0], ""))
    list.push_back(to_json(document));
  return reply({{"documents", std::move(list)}});
}

net::Reply get_document(Call& call) {
  const std::string version = call.request.parameter("version");
  const auto all = call.store.documents(call.words[0], call.words[1]);
  const auto found = std::find_if(all.rbegin(), all.rend(), [&](const auto& document) {
    return version.empty() || document.version == version;
  });
  if (found == all.rend())
    throw base::Error(base::Code::not_found,
                      fmt::format("there is no {} '{}'{}", call.words[0], call.words[1],
                                  version.empty() ? "" : " in version " + version));
  json value = to_json(*found);
  json versions = json::array();
  for (const auto& document : all) versions.push_back(document.version);
  value["versions"] = std::move(versions);
  return reply(value);
}

net::Reply put_document(Call& call) {
  const json body = call.json();
  Document document{call.words[1], call.request.parameter("version"), body.dump()};
  document.version = call.store.put_document(call.words[0], document);
  return reply({{"name", document.name}, {"version", document.version}});
}

net::Reply delete_document(Call& call) {
  call.store.remove_document(call.words[0], call.words[1], call.request.parameter("version"));
  return reply(json::object());
}

net::Reply get_secrets(Call& call) {
  return reply({{"names", call.store.secret_names()}});
}
net::Reply get_secret(Call& call) {
  return reply({{"value", call.store.secret(call.words[0])}});
}
net::Reply put_secret(Call& call) {
  call.store.put_secret(call.words[0], call.json().at("value"));
  return reply(json::object());
}
net::Reply delete_secret(Call& call) {
  call.store.remove_secret(call.words[0]);
  return reply(json::object());
}

constexpr Route routes[] = {
    {"GET", "/amlocal/1/workspace", get_workspace},
    {"GET", "/amlocal/1/datastores", get_datastores},
    {"GET", "/amlocal/1/datastores/{}", get_datastore},
    {"GET", "/amlocal/1/data", get_data},
    {"POST", "/amlocal/1/data", post_data},
    {"GET", "/amlocal/1/data/{}", get_data_asset},
    {"GET", "/amlocal/1/models", get_models},
    {"POST", "/amlocal/1/models", post_model},
    {"GET", "/amlocal/1/models/{}/{}", get_model},
    {"PATCH", "/amlocal/1/models/{}/{}", patch_model},
    {"DELETE", "/amlocal/1/models/{}/{}", delete_model},
    {"GET", "/amlocal/1/documents/{}", get_documents},
    {"GET", "/amlocal/1/documents/{}/{}", get_document},
    {"PUT", "/amlocal/1/documents/{}/{}", put_document},
    {"DELETE", "/amlocal/1/documents/{}/{}", delete_document},
    {"GET", "/amlocal/1/secrets", get_secrets},
    {"GET", "/amlocal/1/secrets/{}", get_secret},
    {"PUT", "/amlocal/1/secrets/{}", put_secret},
    {"DELETE", "/amlocal/1/secrets/{}", delete_secret},
};

}  // namespace

Dialect shim_workspace() {
  return {routes, refuse_as_service};
}

}  // namespace gateway
