// How a request finds its answer: tables of routes, a dialect each.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "gateway/run_store.hpp"
#include "net/server.hpp"

namespace gateway {

// The gateway itself, as its answers name it.
struct Self {
  std::string endpoint;
  std::string token;
  std::string instrumentation_key;
  std::string blobs;  // where files are read and written with a signature
};

struct Call {
  const net::Incoming& request;
  net::Body& body;
  RunStore& store;
  const base::Clock& clock;
  const Self& self;
  std::vector<std::string> words;  // what stands where the pattern has {} or {*}, in order

  // The body as a JSON object. Throws bad_input when it is none or longer than 64 MiB; files are
  // not read this way.
  nlohmann::json json();
};

// `pattern`: {} stands for one segment of the path, {*} at its end for the rest.
struct Route {
  std::string_view method;
  std::string_view pattern;
  net::Reply (*answer)(Call&);
};

struct Dialect {
  std::span<const Route> routes;
  net::Reply (*refuse)(const base::Error&);  // an error in this dialect's shape
  bool open = false;                         // without a token
};

// In the order in which they are asked.
std::span<const Dialect> dialects();

Dialect shim_runs();
Dialect shim_workspace();
Dialect telemetry();
// azureml-core's own.
Dialect run_services();
Dialect history_queries();
Dialect artifact_services();
Dialect model_services();
Dialect workspace_services();
Dialect discovery_service();
Dialect blobs();
// MLflow's.
Dialect mlflow_experiments();
Dialect mlflow_runs();
Dialect mlflow_artifacts();
Dialect mlflow_registry();
// Whatever else is below MLflow's prefix.
Dialect mlflow_unanswered();

// What stands where `pattern` has braces, or nothing where the path is another.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path);

net::Reply reply(const nlohmann::json&, int status = 200);
// 404, 409 and so on.
int http_status(base::Code);
// The shape of azureml's services: {"error": {"code", "message", "details": []}}. Without `details`
// azureml-core's own exception cannot be printed.
net::Reply refuse_as_service(const base::Error&);

// As long for a wrong word as for a right one.
bool same(std::string_view given, std::string_view wanted);

// [{"path", "size"}…] of all files below, sorted; none where there is no such folder.
nlohmann::json files_below(const fs::path& folder);
// The same of a run's logs: what lies in user_logs, system_logs and the like of its folder.
nlohmann::json logs_of(RunStore&, const std::string& run);
// Where a run's file is read and written without a token: it is signed.
std::string content_url(const Self&, const std::string& run, const std::string& path);

// `name` below `folder`. Throws bad_input when it leaves the folder.
fs::path inside(const fs::path& folder, const std::string& name);
// Replaces the file by the request's body, whole or not at all; makes missing folders.
void receive_file(net::Body&, const fs::path& file);

}  // namespace gateway
