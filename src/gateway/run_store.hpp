// What the gateway knows of the history: a port, so that it can be tested alone.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/path.hpp"
#include "model/catalogue.hpp"
#include "model/tracking.hpp"

namespace gateway {

// A published output of a step or of a whole pipeline.
struct Output {
  std::string name;
  std::string type;
  std::string mode;
  std::string uri;
  fs::path path;
};

struct Datastore {
  std::string name;
  fs::path folder;
};

// A JSON text that amlocal keeps for an SDK without reading it.
struct Document {
  std::string name;
  std::string version;
  std::string content;
};

// A model to register: `path` is a local file or folder, which is copied.
struct NewModel {
  std::string name;
  fs::path path;
  std::string type;
  std::string run;
  std::string description;
  std::string framework;
  model::Words tags;
  model::Words properties;
};

// A page of a metric's points: `next` is where the one behind it begins, 0 at the end.
struct MetricPage {
  std::vector<model::MetricPoint> points;
  std::int64_t next = 0;
};

// Every function may be called by several threads at once, and throws not_found for a name that is
// not there, exists for one that is taken, bad_input for one that cannot be.
class RunStore {
 public:
  virtual ~RunStore() = default;

  // Any run of the workspace: a pipeline's, a step's, a child's.
  virtual model::TrackedRun run(const std::string& id) = 0;
  // A child of `run.parent`, or without one a new run of `run.experiment`, to which only scripts
  // log. An empty id gets a new one. Returns it as it was made.
  virtual model::TrackedRun create(model::TrackedRun run) = 0;
  // A step's or a pipeline's own status, error and end are the engine's: these are left alone.
  virtual model::TrackedRun change(const std::string& id, const model::RunChange&) = 0;
  virtual std::vector<model::TrackedRun> children(const std::string& id) = 0;
  virtual std::vector<std::string> experiments() = 0;
  // Pipelines' runs, newest first.
  virtual std::vector<model::TrackedRun> runs_of(const std::string& experiment) = 0;

  virtual void log(const std::string& id, const std::vector<model::MetricPoint>&) = 0;
  // In the order of names and then of arrival, one at a time; `name` "": of all metrics.
  virtual void each_metric(const std::string& id, const std::string& name,
                           const std::function<void(const model::MetricPoint&)>&) = 0;
  // Up to `most` numbers of one metric in order of arrival, from where an earlier page ended (0:
  // from the first).
  virtual MetricPage metric_page(const std::string& id, const std::string& name, std::int64_t after,
                                 std::size_t most) = 0;
  // The last point of each metric, by step and then time.
  virtual std::vector<model::MetricPoint> latest_metrics(const std::string& id) = 0;

  // The folder of a run's artifacts, absolute; perhaps not there yet.
  virtual fs::path artifacts(const std::string& id) = 0;
  // A folder for artifacts that belong to no run, absolute; perhaps not there yet.
  virtual fs::path loose_artifacts() = 0;
  // A run's folder of logs (user_logs/, system_logs/ in it), "" where it has none.
  virtual fs::path logs(const std::string& id) = 0;
  virtual std::vector<Output> outputs(const std::string& id) = 0;
  // Appends one line to the run's record of telemetry.
  virtual void keep_telemetry(const std::string& line) = 0;

  virtual std::string workspace_name() = 0;
  virtual fs::path workspace_root() = 0;
  virtual std::vector<Datastore> datastores() = 0;
  virtual std::vector<model::DataAsset> data_assets() = 0;
  // Version "": the next one. Returns it as it was registered.
  virtual model::DataAsset register_data(model::DataAsset) = 0;

  // Oldest version first; `name` "": of all names.
  virtual std::vector<model::RegisteredModel> models(const std::string& name) = 0;
  virtual model::RegisteredModel register_model(const NewModel&) = 0;
  virtual void change_model(const std::string& name, const std::string& version,
                            const model::RunChange&) = 0;
  virtual void remove_model(const std::string& name, const std::string& version) = 0;

  // `name` "": all of that kind, each in its newest version; else all versions of it, oldest first.
  virtual std::vector<Document> documents(const std::string& kind, const std::string& name) = 0;
  // Version "": the next number. Returns the version.
  virtual std::string put_document(const std::string& kind, const Document&) = 0;
  // Version "": all of them.
  virtual void remove_document(const std::string& kind, const std::string& name,
                               const std::string& version) = 0;

  virtual std::vector<std::string> secret_names() = 0;
  virtual std::string secret(const std::string& name) = 0;
  virtual void put_secret(const std::string& name, const std::string& value) = 0;
  virtual void remove_secret(const std::string& name) = 0;
};

}  // namespace gateway
