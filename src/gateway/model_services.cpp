// The services that azureml-core calls for models and data assets. Source: as in run_services.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/files.hpp"
#include "gateway/containers.hpp"
#include "gateway/service_path.hpp"

namespace gateway {
namespace {

using nlohmann::json;

#define MODELS "/modelmanagement/v1.0/" WORKSPACE "/models"
#define ASSETS "/modelmanagement/v1.0/" WORKSPACE "/assets"
#define DATA "/data/v1.0/" WORKSPACE "/dataversion"

constexpr std::string_view asset_scheme = "aml://asset/";

std::string text_in(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}
model::Words words_in(const json& body, const char* name) {
  const auto found = body.find(name);
  model::Words words;
  if (found == body.end() || !found->is_object()) return words;
  for (const auto& [key, value] : found->items())
    words[key] = value.is_string() ? value.get<std::string>() : value.dump();
  return words;
}

// An asset says only which artifacts a model is made of. Nothing of it is kept: its id is that, in
// hexadecimal digits.
std::string asset_id(const std::string& prefix) {
  std::string id;
  for (const char c : prefix) id += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return id;
}
std::string prefix_of(const std::string& id) {
  std::string prefix;
  for (std::size_t at = 0; at + 1 < id.size(); at += 2) {
    const std::string digits = id.substr(at, 2);
    if (digits.find_first_not_of("0123456789abcdef") != std::string::npos)
      throw base::Error(base::Code::not_found, fmt::format("there is no asset '{}'", id));
    prefix += static_cast<char>(std::stoi(digits, nullptr, 16));
  }
  return prefix;
}

json asset(const std::string& name, const std::string& prefix) {
  return {{"id", asset_id(prefix)},
          {"name", name},
          {"artifacts", {{{"prefix", prefix}}}},
          {"createdTime", nullptr}};
}

net::Reply post_asset(Call& call) {
  const json body = call.json();
  const json& artifacts = body.at("artifacts");
  if (!artifacts.is_array() || artifacts.size() != 1)
    throw base::Error(base::Code::bad_input,
                      "amlocal takes a model of one file or folder, not of several artifacts");
  std::string prefix = text_in(artifacts[0], "prefix");
  if (prefix.empty()) prefix = text_in(artifacts[0], "id");
  return reply(asset(text_in(body, "name"), prefix));
}
net::Reply get_asset(Call& call) {
  const std::string prefix = prefix_of(call.words[first_word]);
  return reply(asset(prefix.substr(prefix.rfind('/') + 1), prefix));
}

json to_json(const model::RegisteredModel& model) {
  const Container own = container_of(model);
  const std::string prefix =
      fmt::format("{}/{}/{}", own.origin, own.name, model.path.filename().native());
  return {{"id", own.name},
          {"name", model.name},
          {"version", std::stoll(model.version)},
          {"framework", model.framework.empty() ? json("Custom") : json(model.framework)},
          {"frameworkVersion", nullptr},
          {"datasets", json::array()},
          {"url", std::string(asset_scheme) + asset_id(prefix)},
          {"mimeType", "application/json"},
          {"description", model.description},
          {"createdTime", base::to_iso(model.created)},
          {"modifiedTime", base::to_iso(model.created)},
          {"unpack", false},
          {"runId", model.run.empty() ? json() : json(model.run)},
          {"experimentName", nullptr},
          {"kvTags", model.tags},
          {"properties", model.properties},
          {"derivedModelIds", json::array()}};
}

// "NAME:VERSION"
model::RegisteredModel model_of(Call& call) {
  const std::string& id = call.words[first_word];
  const auto colon = id.rfind(':');
  if (colon != std::string::npos)
    for (auto& model : call.store.models(id.substr(0, colon)))
      if (model.version == id.substr(colon + 1)) return std::move(model);
  throw base::Error(base::Code::not_found, fmt::format("there is no model '{}'", id));
}

net::Reply get_model(Call& call) {
  return reply(to_json(model_of(call)));
}

// "a=1,b": a tag of that value, and one of any.
bool has(const model::Words& words, std::string_view wanted) {
  while (!wanted.empty()) {
    const auto end = std::min(wanted.find(','), wanted.size());
    const std::string_view one = wanted.substr(0, end);
    const auto equals = one.find('=');
    const auto found = words.find(std::string(one.substr(0, equals)));
    if (found == words.end()) return false;
    if (equals != std::string_view::npos && found->second != one.substr(equals + 1)) return false;
    wanted.remove_prefix(std::min(end + 1, wanted.size()));
  }
  return true;
}

net::Reply list_models(Call& call) {
  const auto asked = [&](const char* name) { return call.request.parameter(name); };
  const std::string framework = asked("framework"), run = asked("runId");
  const bool latest = asked("latestVersionOnly") == "true";
  std::vector<model::RegisteredModel> found;
  try {
    found = call.store.models(asked("name"));
  } catch (const base::Error& error) {
    if (error.code() != base::Code::not_found) throw;  // of that name there are none
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.created > b.created; });
  const std::size_t most = asked("count").empty() ? found.size() : std::stoul("0" + asked("count"));
  json list = json::array();
  std::vector<std::string> names;
  for (const auto& model : found) {
    if (list.size() == most) break;
    if (!framework.empty() && model.framework != framework) continue;
    if (!run.empty() && model.run != run) continue;
    if (!has(model.tags, asked("tags")) || !has(model.properties, asked("properties"))) continue;
    if (latest && std::find(names.begin(), names.end(), model.name) != names.end()) continue;
    names.push_back(model.name);
    list.push_back(to_json(model));
  }
  return reply({{"value", std::move(list)}, {"nextLink", nullptr}});
}

net::Reply post_model(Call& call) {
  const json body = call.json();
  NewModel model;
  model.name = body.at("name");
  model.description = text_in(body, "description");
  model.framework = text_in(body, "framework");
  model.tags = words_in(body, "kvTags");
  model.properties = words_in(body, "properties");
  model.run = text_in(body, "runId");
  const std::string url = text_in(body, "url");
  if (!url.starts_with(asset_scheme))
    throw base::Error(base::Code::bad_input, fmt::format("'{}' is no asset's address", url));
  const std::string prefix = prefix_of(url.substr(asset_scheme.size()));
  const auto first = prefix.find('/'), second = prefix.find('/', first + 1);
  if (second == std::string::npos)
    throw base::Error(base::Code::bad_input, fmt::format("'{}' is no artifact", prefix));
  model.path =
      find_in(call.store, {prefix.substr(0, first), prefix.substr(first + 1, second - first - 1)},
              prefix.substr(second + 1));
  boost::system::error_code ignored;
  if (fs::is_regular_file(model.path / "MLmodel", ignored)) model.type = "mlflow_model";
  return reply(to_json(call.store.register_model(model)));
}

// JSON Patch, of which azureml-core sends `replace` and `add`.
net::Reply patch_model(Call& call) {
  const auto model = model_of(call);
  const json operations = json::parse(net::read_all(call.body, 1 << 20), nullptr, false);
  if (!operations.is_array())
    throw base::Error(base::Code::bad_input, "a model is changed by a JSON list of operations");
  model::RunChange change;
  for (const auto& operation : operations) {
    const std::string path = operation.at("path");
    const json& value = operation.at("value");
    if (path == "/kvTags") {
      for (const auto& [name, text] : model.tags) change.tags[name] = std::nullopt;
      for (const auto& [name, text] : words_in(operation, "value")) change.tags[name] = text;
    } else if (path == "/properties") {
      change.properties = words_in(operation, "value");
    } else if (path == "/description") {
      change.name = value.get<std::string>();  // where the store has a model's description
    } else {
      throw base::Error(base::Code::bad_input,
                        fmt::format("amlocal does not keep '{}' of a model", path.substr(1)));
    }
  }
  call.store.change_model(model.name, model.version, change);
  return get_model(call);
}

net::Reply delete_model(Call& call) {
  const auto model = model_of(call);
  call.store.remove_model(model.name, model.version);
  return reply(json::object());
}

// azureml-core reads a data asset through the MLTable in the folder that it is told of.
fs::path mltable_of(RunStore& store, const model::DataAsset& asset) {
  if (asset.type == model::DataType::mltable) return asset.path;
  const fs::path folder = store.loose_artifacts() / "mltables" / asset.name / asset.version;
  fs::create_directories(folder);
  const std::string place =
      asset.path.find("://") == std::string::npos ? "file://" + asset.path : asset.path;
  base::write_file_atomically(
      folder / "MLTable",
      fmt::format("type: mltable\npaths:\n  - {}: {}\n",
                  model::is_file(asset.type) ? "file" : "folder", json(place).dump()));
  return folder;
}

net::Reply get_data(Call& call) {
  const std::string &name = call.words[first_word], &version = call.words[first_word + 1];
  const bool newest = version == "None" || version == "latest" || version.empty();
  std::optional<model::DataAsset> found;
  for (auto& asset : call.store.data_assets())
    if (asset.name == name && (newest || asset.version == version)) found = std::move(asset);
  if (!found)
    throw base::Error(base::Code::not_found, fmt::format("there is no data asset '{}'", name));
  return reply({{"entityMetadata", json::object()},
                {"dataVersion",
                 {{"dataContainerName", found->name},
                  {"versionId", found->version},
                  {"dataType", "MLTable"},
                  {"dataUri", mltable_of(call.store, *found).native()}}}});
}

constexpr Route routes[] = {
    {"POST", ASSETS, post_asset},           {"GET", ASSETS "/{}", get_asset},
    {"GET", MODELS, list_models},           {"POST", MODELS, post_model},
    {"GET", MODELS "/{}", get_model},       {"PATCH", MODELS "/{}", patch_model},
    {"DELETE", MODELS "/{}", delete_model}, {"GET", DATA "/{}/versions/{}", get_data},
};

}  // namespace

Dialect model_services() {
  return {routes, refuse_as_service};
}

}  // namespace gateway
