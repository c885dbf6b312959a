// What a script tells of itself while it runs: metrics, tags, parameters, child runs, models.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/path.hpp"
#include "model/types.hpp"

namespace model {

using Words = std::map<std::string, std::string>;

// A run as scripts and SDKs see it: a whole pipeline, a step, or a child that a script made.
struct TrackedRun {
  enum class Kind { pipeline, step, child, trial };
  std::string id;      // a pipeline's is its run's name; a step's its AZUREML_RUN_ID
  std::string name;    // to be shown
  std::string root;    // the pipeline's run that it belongs to
  std::string parent;  // "" for a pipeline
  std::string experiment;
  Kind kind = Kind::child;
  std::string step;  // a step's path in the pipeline, else ""
  Status status = Status::running;
  std::string error;  // of a child that its script failed: what it said
  std::optional<base::Time> started;
  std::optional<base::Time> ended;
  Words tags;
  Words properties;  // cannot be changed once they are set
  Words params;      // MLflow's
  Words notes;       // what a dialect keeps of it for itself; shown nowhere else
};

// What to change of a run; what is absent stays.
struct RunChange {
  std::optional<std::string> name;
  std::optional<Status> status;
  std::optional<std::string> error;
  std::optional<base::Time> ended;
  std::map<std::string, std::optional<std::string>> tags;  // without a value: removed
  Words properties;
  Words params;
  std::map<std::string, std::optional<std::string>> notes;  // without a value: removed
};

// One point of a metric. The same metric has the same shape whoever sent it: run.log("loss", 0.5)
// and mlflow.log_metric("loss", 0.5) differ in nothing.
struct MetricPoint {
  std::string name;
  // v1's kinds: scalar, list, row, table, image, confusion_matrix, accuracy_table, residuals,
  // predictions. MLflow's are all scalars.
  std::string kind = "scalar";
  // A number, or else JSON text: a string, a boolean, a row's object … Beside a number the JSON
  // text of an integer, which SDK v1 gives back as one; MLflow's are never.
  std::optional<double> number;
  std::string json;
  std::optional<std::int64_t> step;
  base::Time time;
};

// A version of a registered model.
struct RegisteredModel {
  std::string name;
  std::string version;                // "1", "2" …
  std::string type = "custom_model";  // or mlflow_model, triton_model
  fs::path path;                      // its file or folder in the workspace, absolute
  std::string run;                    // whose artifact it was, or ""
  std::string description;
  std::string framework;  // "ScikitLearn", as it was said at registration
  base::Time created;
  Words tags;
  Words properties;
};

std::string_view to_string(TrackedRun::Kind);

}  // namespace model
