// A job, flattened: every leaf step with its inputs traced to where they really come from.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/pipeline.hpp"

namespace engine {

// An output of another planned step, by its index in Plan::steps.
struct Upstream {
  std::size_t step = 0;
  std::string output;
};

struct PlannedInput {
  std::string name;
  model::DataType type = model::DataType::uri_folder;
  model::AccessMode mode = model::AccessMode::ro_mount;
  bool optional = false;
  std::optional<model::V1Port> v1;
  std::variant<model::Literal, model::DataPath, Upstream> source;
};

struct PlannedOutput {
  std::string name;
  model::DataType type = model::DataType::uri_folder;
  model::AccessMode mode = model::AccessMode::rw_mount;
  std::optional<model::Template> path;  // the default location where there is none
  std::string asset_name;               // registered under this name on success
  std::string asset_version;
  std::optional<model::V1Port> v1;
};

struct PlannedStep {
  std::string path;  // "train", "nested/train"
  std::shared_ptr<const model::Component> component;
  std::vector<PlannedInput> inputs;  // optional ones without a value are absent
  std::vector<PlannedOutput> outputs;
  base::Place place;                    // of the step in the definition
  bool gpu = false;                     // of such steps one runs at a time
  std::vector<std::size_t> after = {};  // v1's run_after: steps that come first without giving data

  const PlannedOutput* find_output(const std::string& name) const;
};

// Whether any of its inputs or outputs is in a mode that mounts.
bool has_mounts(const PlannedStep&);

// An output of the pipeline: which step's output it is.
struct PipelineOutput {
  std::string name;
  Upstream from;
};

struct Plan {
  std::vector<PlannedStep> steps;  // each after everything it needs
  std::vector<PipelineOutput> outputs;

  // The step of that path, or all steps in the nested pipeline of that path. Throws usage with
  // did-you-mean and the list.
  std::vector<std::size_t> named(const std::string& path) const;
  // All steps that `last` need, directly or not, themselves included.
  std::vector<bool> needed_by(const std::vector<std::size_t>& last) const;
};

// The job must be valid (definition::load_job without errors).
Plan make_plan(const model::Job&);

// Throws bad_definition when a wanted step is of a type that is not run yet (automl, spark,
// parallel), naming all such steps.
void refuse_types_not_run(const Plan&, const std::vector<bool>& wanted);

}  // namespace engine
