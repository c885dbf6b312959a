// azureml-core's artifacts and the blobs that they are. Source: as in run_services.cpp.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <cctype>

#include "gateway/containers.hpp"
#include "gateway/service_path.hpp"

namespace gateway {
namespace {

using nlohmann::json;

#define ARTIFACTS "/artifact/v2.0/" WORKSPACE "/artifacts"

constexpr std::string_view run_prefix = "dcid.";

// The paths say ORIGIN/CONTAINER and then, perhaps, a path.
Container container_in(const Call& call) {
  return {call.words[first_word], call.words[first_word + 1]};
}
std::string path_in(const Call& call) {
  return call.words.size() > first_word + 2 ? call.words.back() : "";
}

json artifact(const Call& call, const std::string& path) {
  const Container in = container_in(call);
  return {{"artifactId", fmt::format("{}/{}/{}", in.origin, in.name, path)},
          {"origin", in.origin},
          {"container", in.name},
          {"path", path}};
}

json content(const Call& call, const std::string& path) {
  const Container in = container_in(call);
  return {{"contentUri", content_url(call.self, in, path)},
          {"origin", in.origin},
          {"container", in.name},
          {"path", path}};
}

bool is_run(const Container& container) {
  return container.origin == "ExperimentRun" && container.name.starts_with(run_prefix);
}

// A run's files, then its logs.
std::vector<std::string> names_of(Call& call) {
  const Container in = container_in(call);
  std::vector<std::string> names;
  const auto add = [&](const json& files) {
    for (const auto& file : files) names.push_back(file["path"]);
  };
  if (is_run(in)) {
    const std::string run = in.name.substr(run_prefix.size());
    add(files_below(call.store.artifacts(run)));
    add(logs_of(call.store, run));
  } else {
    for (const auto& folder : folders_to_read(call.store, in)) add(files_below(folder));
  }
  return names;
}

template <typename Make>
net::Reply page_of_files(Call& call, Make make) {
  const std::string prefix = path_in(call);
  json list = json::array();
  for (const auto& name : names_of(call))
    if (prefix.empty() || name == prefix || name.starts_with(prefix + "/") ||
        (prefix.ends_with('/') && name.starts_with(prefix)))
      list.push_back(make(call, name));
  return reply({{"value", std::move(list)}, {"continuationToken", nullptr}});
}

net::Reply list_artifacts(Call& call) {
  return page_of_files(call, artifact);
}
net::Reply list_contents(Call& call) {
  return page_of_files(call, content);
}

// Where new files may be sent: nothing is made before they are.
net::Reply new_artifacts(Call& call) {
  const json body = call.json();
  json artifacts = json::object(), contents = json::object();
  const fs::path folder = folder_to_write(call.store, container_in(call));
  for (const auto& entry : body.at("paths")) {
    const std::string path = entry.at("path");
    inside(folder, path);
    artifacts[path] = artifact(call, path);
    contents[path] = content(call, path);
  }
  return reply({{"artifacts", artifacts},
                {"artifactContentInformation", contents},
                {"errors", json::object()}});
}

fs::path existing_file(RunStore& store, const Container& container, const std::string& path) {
  const fs::path file = find_in(store, container, path);
  boost::system::error_code ignored;
  if (fs::is_regular_file(file, ignored)) return file;
  throw base::Error(base::Code::not_found, fmt::format("'{}' is a folder", path));
}

net::Reply get_content_info(Call& call) {
  existing_file(call.store, container_in(call), path_in(call));
  return reply(content(call, path_in(call)));
}
net::Reply get_content(Call& call) {
  net::Reply answer;
  answer.type = "application/octet-stream";
  answer.file = existing_file(call.store, container_in(call), path_in(call));
  return answer;
}

// The last two would take any of the others.
constexpr Route routes[] = {
    {"POST", ARTIFACTS "/batch/metadata/{}/{}", new_artifacts},
    {"GET", ARTIFACTS "/contentinfo/{}/{}/{*}", get_content_info},
    {"GET", ARTIFACTS "/prefix/contentinfo/{}/{}/{*}", list_contents},
    {"GET", ARTIFACTS "/content/{}/{}/{*}", get_content},
    {"GET", ARTIFACTS "/{}/{}", list_artifacts},
    {"GET", ARTIFACTS "/{}/{}/{*}", list_artifacts},
};

// A content URL carries what a SAS would: whoever has it may read and write that file.
void check_signature(Call& call) {
  if (!same(call.request.parameter("sig"), call.self.token))
    throw base::Error(base::Code::permission,
                      "the signature of this address is not the run's: ask for a new one");
}

net::Reply put_blob(Call& call) {
  check_signature(call);
  if (!call.request.parameter("comp").empty())
    throw base::Error(base::Code::bad_input,
                      "amlocal takes a file of azureml-core whole, not in blocks: files above 64 "
                      "MiB belong into ./outputs");
  const fs::path folder = folder_to_write(call.store, {call.words[0], call.words[1]});
  receive_file(call.body, inside(folder, call.words[2]));
  net::Reply answer = reply(json::object(), 201);
  answer.body.clear();
  answer.headers = {{"ETag", "\"0x1\""},
                    {"Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"},
                    {"x-ms-request-server-encrypted", "false"}};
  return answer;
}

net::Reply get_blob(Call& call) {
  check_signature(call);
  net::Reply answer;
  answer.type = "application/octet-stream";
  answer.file = existing_file(call.store, {call.words[0], call.words[1]}, call.words[2]);
  answer.headers = {{"ETag", "\"0x1\""},
                    {"Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"},
                    {"x-ms-blob-type", "BlockBlob"}};
  return answer;
}

constexpr Route blob_routes[] = {
    {"PUT", "/amlocal-blobs/{}/{}/{*}", put_blob},
    {"GET", "/amlocal-blobs/{}/{}/{*}", get_blob},
    {"HEAD", "/amlocal-blobs/{}/{}/{*}", get_blob},
};

std::string escaped(const std::string& path) {
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || std::string_view("-_.~/").find(c) != std::string_view::npos)
      text += c;
    else
      text += fmt::format("%{:02X}", byte);
  }
  return text;
}

base::Error unknown(const Container& container) {
  return {base::Code::not_found,
          fmt::format("there is no container '{}' of {}", container.name, container.origin)};
}

// One segment of a path: no container leads out of its folder.
void check_name(const Container& container) {
  if (container.name.empty() || container.name.front() == '.' ||
      container.name.find('/') != std::string::npos)
    throw unknown(container);
}

fs::path uploads(RunStore& store, const Container& container) {
  check_name(container);
  return store.loose_artifacts() / "uploads" / container.name;
}

// Its files as the model names them: below the name of its file or folder.
fs::path around_model(RunStore& store, const Container& container) {
  const auto colon = container.name.rfind(':');
  if (colon == std::string::npos) throw unknown(container);
  for (const auto& model : store.models(container.name.substr(0, colon)))
    if (model.version == container.name.substr(colon + 1)) return model.path.parent_path();
  throw unknown(container);
}

}  // namespace

Container container_of(const model::RegisteredModel& model) {
  return {model_origin, model.name + ":" + model.version};
}

fs::path folder_to_write(RunStore& store, const Container& container) {
  if (is_run(container)) return store.artifacts(container.name.substr(run_prefix.size()));
  if (container.origin == "LocalUpload") return uploads(store, container);
  if (container.origin == model_origin)
    throw base::Error(base::Code::permission, "the files of a registered model cannot be changed");
  throw unknown(container);
}

std::vector<fs::path> folders_to_read(RunStore& store, const Container& container) {
  if (container.origin == model_origin) return {around_model(store, container)};
  std::vector<fs::path> folders = {folder_to_write(store, container)};
  if (!is_run(container)) return folders;
  const fs::path logs = store.logs(container.name.substr(run_prefix.size()));
  if (!logs.empty()) folders.push_back(logs);
  return folders;
}

fs::path find_in(RunStore& store, const Container& container, const std::string& path) {
  boost::system::error_code ignored;
  for (const auto& folder : folders_to_read(store, container)) {
    const fs::path found = inside(folder, path);
    if (fs::exists(found, ignored)) return found;
  }
  throw base::Error(base::Code::not_found, fmt::format("there is no file '{}'", path));
}

std::string content_url(const Self& self, const Container& container, const std::string& path) {
  return fmt::format("{}/amlocal-blobs/{}/{}/{}?sig={}", self.blobs, container.origin,
                     escaped(container.name), escaped(path), self.token);
}
std::string content_url(const Self& self, const std::string& run, const std::string& path) {
  return content_url(self, Container{"ExperimentRun", std::string(run_prefix) + run}, path);
}

Dialect artifact_services() {
  return {routes, refuse_as_service};
}
Dialect blobs() {
  return {blob_routes, refuse_as_service, true};
}

}  // namespace gateway
