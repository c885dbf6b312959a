// The services that azureml-core itself calls in a step, second half: discovery, datastores,
// key vault. Source: as in run_services.cpp.
#include <fmt/format.h>

#include "gateway/route.hpp"
#include "gateway/service_path.hpp"

namespace gateway {
namespace {

using nlohmann::json;

#define SECRETS "/credential/v2.0/" WORKSPACE "/secrets"
#define DATASTORES "/datastore/v1.0/" WORKSPACE

// Every service is this one.
net::Reply discovery(Call& call) {
  json services = json::object();
  for (const char* name :
       {"api", "history", "experimentation", "metrics", "pipelines", "modelmanagement",
        "hyperdrive", "mlflow", "datastore", "dataset", "artifacts", "execution", "studio"})
    services[name] = call.self.endpoint;
  return reply(services);
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
    {"GET", DATASTORES "/default", default_datastore},
    {"GET", DATASTORES "/datastores", datastores},
    {"GET", DATASTORES "/datastores/{}", datastore},
    {"GET", SECRETS, list_secrets},
    {"POST", SECRETS, put_secret},
    {"PUT", SECRETS, put_secret},
    {"GET", SECRETS "/{}", get_secret},
    {"DELETE", SECRETS "/{}", delete_secret},
    {"POST", SECRETS ":putbatch", put_secrets},
    {"PUT", SECRETS ":putbatch", put_secrets},
    {"POST", SECRETS ":getbatch", get_secrets},
};

}  // namespace

Dialect workspace_services() {
  return {routes, refuse_as_service};
}
Dialect discovery_service() {
  return {open_routes, refuse_as_service, true};
}

}  // namespace gateway
