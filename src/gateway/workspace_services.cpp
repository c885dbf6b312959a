// The services that azureml-core itself calls in a step, second half: discovery, artifacts,
// datastores, experiments, key vault. Source: as in run_services.cpp.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include "gateway/route.hpp"
#include "gateway/service_path.hpp"

namespace gateway {
namespace {

using nlohmann::json;

#define ARTIFACTS "/artifact/v2.0/" WORKSPACE "/artifacts"
#define SECRETS "/credential/v2.0/" WORKSPACE "/secrets"
#define DATASTORES "/datastore/v1.0/" WORKSPACE
#define EXPERIMENTS "/history/v1.0/" WORKSPACE "/experiments"

constexpr std::string_view container_prefix = "dcid.";

// Every service is this one.
net::Reply discovery(Call& call) {
  json services = json::object();
  for (const char* name :
       {"api", "history", "experimentation", "metrics", "pipelines", "modelmanagement",
        "hyperdrive", "mlflow", "datastore", "dataset", "artifacts", "execution", "studio"})
    services[name] = call.self.endpoint;
  return reply(services);
}

// "dcid.RUN", as the run's dataContainerId said.
std::string run_of_container(const std::string& container) {
  if (!container.starts_with(container_prefix))
    throw base::Error(base::Code::not_found, fmt::format("there is no container '{}'", container));
  return container.substr(container_prefix.size());
}
std::string run_of(const Call& call) {
  return run_of_container(call.words[first_word]);
}

json artifact(const Call& call, const std::string& path) {
  const std::string& container = call.words[first_word];
  return {{"artifactId", fmt::format("ExperimentRun/{}/{}", container, path)},
          {"origin", "ExperimentRun"},
          {"container", container},
          {"path", path}};
}

json content(const Call& call, const std::string& path) {
  return {{"contentUri", content_url(call.self, run_of(call), path)},
          {"origin", "ExperimentRun"},
          {"container", call.words[first_word]},
          {"path", path}};
}

// A run's files, then its logs.
std::vector<std::string> names_of(Call& call) {
  std::vector<std::string> names;
  const std::string run = run_of(call);
  for (const auto& list : {files_below(call.store.artifacts(run)), logs_of(call.store, run)})
    for (const auto& file : list) names.push_back(file["path"]);
  return names;
}

template <typename Make>
net::Reply page_of_files(Call& call, const std::string& prefix, Make make) {
  json list = json::array();
  for (const auto& name : names_of(call))
    if (prefix.empty() || name == prefix || name.starts_with(prefix + "/") ||
        (prefix.ends_with('/') && name.starts_with(prefix)))
      list.push_back(make(call, name));
  return reply({{"value", std::move(list)}, {"continuationToken", nullptr}});
}

net::Reply list_artifacts(Call& call) {
  return page_of_files(call, call.words.size() > first_word + 1 ? call.words.back() : "", artifact);
}
net::Reply list_contents(Call& call) {
  return page_of_files(call, call.words.back(), content);
}

// Where new files may be sent: nothing is made before they are.
net::Reply new_artifacts(Call& call) {
  const json body = call.json();
  json artifacts = json::object(), contents = json::object();
  const fs::path folder = call.store.artifacts(run_of(call));
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

fs::path existing_file(RunStore& store, const std::string& run, const std::string& path) {
  boost::system::error_code ignored;
  for (const auto& folder : {store.artifacts(run), store.logs(run)}) {
    if (folder.empty()) continue;
    const fs::path file = inside(folder, path);
    if (fs::is_regular_file(file, ignored)) return file;
  }
  throw base::Error(base::Code::not_found, fmt::format("the run has no file '{}'", path));
}

net::Reply get_content_info(Call& call) {
  existing_file(call.store, run_of(call), call.words.back());
  return reply(content(call, call.words.back()));
}
net::Reply get_content(Call& call) {
  net::Reply answer;
  answer.type = "application/octet-stream";
  answer.file = existing_file(call.store, run_of(call), call.words.back());
  return answer;
}

json to_json(const Datastore& store) {
  return {{"name", store.name},
          {"dataStoreType", "AzureBlob"},
          {"azureStorageSection",
           {{"accountName", "amlocal"},
            {"containerName", store.name},
            {"endpoint", "localhost"},
            {"protocol", "https"},
            {"credentialType", "None"}}}};
}

net::Reply default_datastore(Call& call) {
  const auto stores = call.store.datastores();
  if (stores.empty()) throw base::Error(base::Code::not_found, "there is no datastore");
  return reply(to_json(stores.front()));
}
net::Reply datastore(Call& call) {
  for (const auto& store : call.store.datastores())
    if (store.name == call.words[first_word]) return reply(to_json(store));
  throw base::Error(base::Code::not_found,
                    fmt::format("there is no datastore '{}'", call.words[first_word]));
}
net::Reply datastores(Call& call) {
  json list = json::array();
  for (const auto& store : call.store.datastores()) list.push_back(to_json(store));
  return reply({{"value", std::move(list)}, {"continuationToken", nullptr}});
}

net::Reply experiment(Call& call) {
  const std::string& name = call.words[first_word];
  for (const auto& known : call.store.experiments())
    if (known == name) return reply({{"experimentId", name}, {"name", name}});
  throw base::Error(base::Code::not_found, fmt::format("there is no experiment '{}'", name));
}

net::Reply get_secret(Call& call) {
  const std::string& name = call.words[first_word];
  return reply({{"name", name}, {"value", call.store.secret(name)}});
}
net::Reply put_secret(Call& call) {
  const json body = call.json();
  call.store.put_secret(body.at("name"), body.at("value"));
  return reply({{"name", body.at("name")}});
}
net::Reply put_secrets(Call& call) {
  const json body = call.json();
  for (const auto& secret : body.at("secrets"))
    call.store.put_secret(secret.at("name"), secret.at("value"));
  return reply(json::object());
}
net::Reply get_secrets(Call& call) {
  json found = json::array(), missing = json::array();
  const json body = call.json();
  for (const auto& secret : body.at("secrets")) {
    const std::string name = secret.at("name");
    try {
      found.push_back({{"name", name}, {"value", call.store.secret(name)}});
    } catch (const base::Error& error) {
      if (error.code() != base::Code::not_found) throw;
      missing.push_back(name);
    }
  }
  return reply({{"secrets", found}, {"notFoundSecrets", missing}});
}
net::Reply list_secrets(Call& call) {
  json list = json::array();
  for (const auto& name : call.store.secret_names()) list.push_back({{"name", name}});
  return reply({{"value", std::move(list)}, {"continuationToken", nullptr}});
}
net::Reply delete_secret(Call& call) {
  call.store.remove_secret(call.words[first_word]);
  return reply(json::object());
}

constexpr Route open_routes[] = {{"GET", "/discovery", discovery}};

constexpr Route routes[] = {
    {"POST", ARTIFACTS "/batch/metadata/ExperimentRun/{}", new_artifacts},
    {"GET", ARTIFACTS "/ExperimentRun/{}", list_artifacts},
    {"GET", ARTIFACTS "/ExperimentRun/{}/{*}", list_artifacts},
    {"GET", ARTIFACTS "/contentinfo/ExperimentRun/{}/{*}", get_content_info},
    {"GET", ARTIFACTS "/prefix/contentinfo/ExperimentRun/{}/{*}", list_contents},
    {"GET", ARTIFACTS "/content/ExperimentRun/{}/{*}", get_content},
    {"GET", DATASTORES "/default", default_datastore},
    {"GET", DATASTORES "/datastores", datastores},
    {"GET", DATASTORES "/datastores/{}", datastore},
    {"GET", EXPERIMENTS "/{}", experiment},
    {"GET", SECRETS, list_secrets},
    {"POST", SECRETS, put_secret},
    {"PUT", SECRETS, put_secret},
    {"GET", SECRETS "/{}", get_secret},
    {"DELETE", SECRETS "/{}", delete_secret},
    {"POST", SECRETS ":putbatch", put_secrets},
    {"PUT", SECRETS ":putbatch", put_secrets},
    {"POST", SECRETS ":getbatch", get_secrets},
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
  receive_file(call.body, inside(call.store.artifacts(call.words[0]), call.words[1]));
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
  answer.file = existing_file(call.store, call.words[0], call.words[1]);
  answer.headers = {{"ETag", "\"0x1\""},
                    {"Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"},
                    {"x-ms-blob-type", "BlockBlob"}};
  return answer;
}

constexpr Route blob_routes[] = {
    {"PUT", "/amlocal-blobs/{}/{*}", put_blob},
    {"GET", "/amlocal-blobs/{}/{*}", get_blob},
    {"HEAD", "/amlocal-blobs/{}/{*}", get_blob},
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

}  // namespace

// azureml-core reads an account and an endpoint from the host's name, ACCOUNT.blob.ENDPOINT, and
// sends over TLS whatever the address says.
std::string content_url(const Self& self, const std::string& run, const std::string& path) {
  std::string host = self.endpoint;
  if (host.starts_with("https://"))
    host = "https://amlocal.blob.localhost" + host.substr(host.rfind(':'));
  return fmt::format("{}/amlocal-blobs/{}/{}?sig={}", host, escaped(run), escaped(path),
                     self.token);
}

Dialect workspace_services() {
  return {routes, refuse_as_service};
}
Dialect discovery_service() {
  return {open_routes, refuse_as_service, true};
}
Dialect blobs() {
  return {blob_routes, refuse_as_service, true};
}

}  // namespace gateway
