#include "step/command.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/variables.hpp"

namespace step {
namespace {

std::string render(const model::Template& source, const Bindings& bindings) {
  return model::render(
      source, [&](const model::Reference& reference) -> std::optional<std::string> {
        if (reference.words.size() < 2) return std::nullopt;
        const auto& values = reference.words[0] == "outputs" ? bindings.outputs : bindings.inputs;
        const auto found = values.find(reference.words[1]);
        if (found == values.end()) return std::nullopt;
        return found->second;
      });
}

using base::set;

void set_default(base::Variables& variables, const std::string& name, const std::string& value) {
  if (base::variable(variables, name).empty()) set(variables, name, value);
}

// Without a gateway the endpoint and the token are left out: with them azureml-core would try for
// minutes to reach a service that is not there; without them its Run is an offline one.
// Source: sdk-behaviour, "Real azureml-core against a local plain-HTTP server"; MLflow's
// environment variables.
void tell_gateway(base::Variables& result, const Request& request, const Folder& folder) {
  const Gateway& gateway = request.gateway;
  if (gateway.endpoint.empty()) return;
  set(result, "AMLOCAL_GATEWAY", gateway.endpoint);
  set(result, "AMLOCAL_TRACKING_FALLBACK", folder.seen(fallback_path(request)).native());
  set(result, "AZUREML_SERVICE_ENDPOINT", gateway.endpoint);
  set(result, "AZUREML_RUN_HISTORY_SERVICE_ENDPOINT", gateway.endpoint);
  set(result, "AZUREML_DISCOVERY_SERVICE_ENDPOINT", gateway.endpoint + "/discovery");
  set(result, "AZUREML_RUN_TOKEN", gateway.token);
  set(result, "AZUREML_RUN_TOKEN_EXPIRY", std::to_string(gateway.expires));
  set(result, "MLFLOW_TRACKING_URI", gateway.endpoint);
  set(result, "MLFLOW_TRACKING_TOKEN", gateway.token);
  set(result, "MLFLOW_RUN_ID", request.identity.step_id);
  set(result, "MLFLOW_EXPERIMENT_ID", request.identity.experiment_id);
  set(result, "MLFLOW_EXPERIMENT_NAME", request.identity.experiment);
  set(result, "AZUREML_INSTRUMENTATION_KEY", gateway.instrumentation_key);
  if (!gateway.trusted.empty()) set(result, "REQUESTS_CA_BUNDLE", gateway.trusted.native());
  // A script's own, or one that the definition sets, goes before.
  set_default(result, "APPLICATIONINSIGHTS_CONNECTION_STRING",
              fmt::format("InstrumentationKey={};IngestionEndpoint={}/telemetry/{}/",
                          gateway.instrumentation_key, gateway.endpoint, request.identity.step_id));
  set_default(result, "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL", "true");
  for (const char* name : {"NO_PROXY", "no_proxy"}) {
    const std::string theirs = base::variable(result, name);
    set(result, name, theirs.empty() ? "127.0.0.1,localhost" : theirs + ",127.0.0.1,localhost");
  }
}

}  // namespace

std::vector<std::string> command_line(const Request& request, const Bindings& bindings) {
  return {"/bin/bash", "-c", render(request.component->command, bindings)};
}

base::Variables variables(const Request& request, const Folder& folder, const Bindings& bindings) {
  base::Variables result = request.environment;
  for (const auto& [name, value] : request.runtime.activation) set(result, name, value);
  set(result, "PATH",
      folder.seen(folder.programs).native() + ":" + request.runtime.bin.native() + ":" +
          base::variable(request.environment, "PATH"));
  set(result, "PYTHONUNBUFFERED", "1");
  const Identity& identity = request.identity;
  set(result, "AZUREML_RUN_ID", identity.step_id);
  set(result, "AZUREML_ROOT_RUN_ID", identity.run);
  set(result, "AZUREML_EXPERIMENT_ID", identity.experiment_id);
  set(result, "AZUREML_ARM_PROJECT_NAME", identity.experiment);
  set(result, "AZUREML_ARM_SUBSCRIPTION", "00000000-0000-0000-0000-000000000000");
  set(result, "AZUREML_ARM_RESOURCEGROUP", "local");
  set(result, "AZUREML_ARM_WORKSPACE_NAME", "local");
  set(result, "AZUREML_WORKSPACE_ID", "00000000-0000-0000-0000-000000000000");
  tell_gateway(result, request, folder);
  for (const auto& input : request.inputs) {
    const std::string& value = bindings.inputs.at(input.name);
    set(result, "AZURE_ML_INPUT_" + input.name, value);
    if (model::is_data(input.type))
      set(result, "AZUREML_DATAREFERENCE_" + input.name, value);
    else
      set(result, "AZUREML_PARAMETER_" + input.name, value);
  }
  for (const auto& output : request.outputs) {
    set(result, "AZURE_ML_OUTPUT_" + output.name, bindings.outputs.at(output.name));
    set(result, "AZUREML_DATAREFERENCE_" + output.name, bindings.outputs.at(output.name));
  }
  set(result, "AZUREML_CR_NODE_RANK", "0");
  set(result, "NODE_RANK", "0");
  set(result, "AZ_BATCHAI_JOB_MASTER_NODE_IP", "127.0.0.1");
  set(result, "AZ_BATCH_HOST_LIST", "127.0.0.1");
  for (const auto& [name, value] : request.component->environment_variables)
    set(result, name, render(value, bindings));
  if (!request.sdk.shim.empty()) {
    const std::string theirs = base::variable(result, "PYTHONPATH");
    set(result, "PYTHONPATH", request.sdk.shim.native() + (theirs.empty() ? "" : ":" + theirs));
  }
  return result;
}

base::Variables rank_variables(const model::Component& component, int rank, int count, int port) {
  if (!component.distribution) return {};
  using Kind = model::Distribution::Kind;
  const std::string own = std::to_string(rank), all = std::to_string(count);
  base::Variables result = {{"AZUREML_PROCESS_NAME", fmt::format("rank_{}", rank)}};
  switch (component.distribution->kind) {
    case Kind::pytorch:
    case Kind::ray:
      result.insert(result.end(), {{"RANK", own},
                                   {"LOCAL_RANK", own},
                                   {"WORLD_SIZE", all},
                                   {"MASTER_ADDR", "127.0.0.1"},
                                   {"MASTER_PORT", std::to_string(port)}});
      break;
    case Kind::mpi:
      result.insert(result.end(), {{"OMPI_COMM_WORLD_RANK", own},
                                   {"OMPI_COMM_WORLD_LOCAL_RANK", own},
                                   {"OMPI_COMM_WORLD_SIZE", all},
                                   {"OMPI_COMM_WORLD_LOCAL_SIZE", all}});
      break;
    case Kind::tensorflow: {
      const int workers = component.distribution->worker_count;
      std::string worker_list, server_list;
      for (int n = 0; n < count; ++n) {
        std::string& list = n < workers ? worker_list : server_list;
        list += fmt::format("{}\"127.0.0.1:{}\"", list.empty() ? "" : ", ", port + n);
      }
      const bool worker = rank < workers;
      result.emplace_back(
          "TF_CONFIG",
          fmt::format(
              R"({{"cluster": {{"worker": [{}], "ps": [{}]}}, "task": {{"type": "{}", "index": {}}}}})",
              worker_list, server_list, worker ? "worker" : "ps", worker ? rank : rank - workers));
      break;
    }
  }
  return result;
}

int free_port() {
  const base::Fd fd(base::sys("make a socket", "",
                              [] { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  base::sys("find a free port", "",
            [&] { return ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size); });
  base::sys("find a free port", "",
            [&] { return ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size); });
  return ntohs(address.sin_port);
}

}  // namespace step
