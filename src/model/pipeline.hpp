// What a definition says: jobs, steps, components, inputs and outputs, with the place of each.
// Values only; nothing here reads a file or decides anything.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/path.hpp"
#include "base/place.hpp"
#include "model/expression.hpp"
#include "model/sweep.hpp"
#include "model/types.hpp"
#include "model/value.hpp"

namespace model {

// What a v1 definition says of an input or output and v2 has no words for.
struct V1Port {
  // A DataReference, a PipelineData, a Dataset or an OutputFileDatasetConfig, or a link to a
  // dataset that the script makes.
  enum class Kind { data_reference, pipeline_data, dataset, output_file_dataset, link };
  Kind kind = Kind::dataset;
  // Where the step sees it in the place of amlocal's choice: absolute, or relative to its working
  // folder.
  std::string path_on_compute;
  // Of an upload: without it a file that is there already is an error.
  bool overwrite = false;
  std::vector<std::string> source_globs;  // of an upload: which files; none: all
  std::string registration;  // what SDK v1 keeps of a registered output, as JSON; "" for nothing
};

// A value given to an input of a job or a step.
struct Input {
  std::string name;
  base::Place name_place;
  base::Place place;                  // of the value; of its expression where it is bound
  std::optional<InputSource> source;  // nothing: `path` left out, to be given at submission
  std::optional<DataType> type;       // as written here; the declaration's otherwise
  std::optional<AccessMode> mode;     // as written here; ro_mount otherwise
  bool broken = false;  // it has a value that could not be understood; nothing more is said of it
  std::optional<V1Port> v1 = {};
};

// What a job or a step says of an output.
struct Output {
  std::string name;
  base::Place place;
  std::optional<DataType> type;
  std::optional<AccessMode> mode;
  std::optional<Template> path;              // a datastore URI, may hold ${{name}} and so on
  std::optional<std::string> parent_output;  // `${{parent.outputs.x}}`
  base::Place parent_place;                  // of that expression
  std::string asset_name;                    // registers the output as a data asset on success
  std::string asset_version;                 // "" means the next one
  std::optional<V1Port> v1;
};

// An input that a component declares.
struct InputDeclaration {
  std::string name;
  base::Place place;
  DataType type = DataType::uri_folder;
  bool inferred = false;  // an inline step declares nothing: the type is that of what is bound
  std::optional<AccessMode> mode;
  bool optional = false;
  std::optional<Literal> default_value;
  base::Place default_place;
  std::vector<std::string> allowed;  // enum
  std::optional<double> min;
  std::optional<double> max;
  std::string description;
};

struct OutputDeclaration {
  std::string name;
  base::Place place;
  DataType type = DataType::uri_folder;
  std::optional<AccessMode> mode;
  std::string description;
};

// Source: reference-yaml-job-command, distribution.
struct Distribution {
  enum class Kind { mpi, pytorch, tensorflow, ray };
  Kind kind = Kind::pytorch;
  int process_count_per_instance = 1;
  int worker_count = 1;
  int parameter_server_count = 0;
  base::Place place;
};

// Which environment a component or job asks for. On one machine an interpreter stands for it
// (compute/interpreter.hpp); the rest is kept for the fingerprint and for messages.
struct Environment {
  std::string reference;  // "azureml:name:version", a curated name, or "" for an inline one
  std::string name;       // the bare name ("sklearn-env"), or "" for an inline one
  std::string canonical;  // its whole definition as JSON text, conda file content included
  std::vector<std::string> pip_packages;  // requirement lines of the conda file
  base::Place place;
};

struct Limits {
  std::optional<double> timeout_seconds;
};

struct Resources {
  int instance_count = 1;
  bool gpu = false;  // asked for by instance_type or docker_args
};

using EnvironmentVariables = std::vector<std::pair<std::string, Template>>;

struct Step;

// Parallel steps are read and validated; running them belongs to the parallel room.
// Source: reference-yaml-job-parallel.
struct ParallelTask {
  std::string input_data;  // the input that is split
  std::string mini_batch_size;
  std::vector<std::string> partition_keys;
  int mini_batch_error_threshold = -1;
  int error_threshold = -1;
  int max_concurrency_per_instance = 0;  // 0: the default
  int max_retries = 2;
  double timeout_seconds = 60;
  std::string logging_level = "INFO";
  std::string entry_script;
  std::optional<Template> program_arguments;
  std::string append_row_to;
};

// What runs: inline in a job or step, or in a file of its own.
struct Component {
  enum class Kind {
    command,
    pipeline,
    parallel,
    // Read, but what they need of a component is not looked at.
    sweep,
    automl,
    spark,
    import_data,
    data_transfer,
    do_while,
    if_else,
    parallel_for,
    other,  // a type that does not exist, or a component that could not be read
  };
  Kind kind = Kind::command;
  std::string type_text;  // as written
  std::string name;       // "" for an inline one
  std::string version;
  std::string display_name;
  std::string description;
  base::Place place;

  std::vector<InputDeclaration> inputs;
  std::vector<OutputDeclaration> outputs;

  // command and parallel
  Template command;
  std::optional<fs::path> code;  // absolute: a folder or a single file
  base::Place code_place;
  std::vector<fs::path> additional_includes;  // absolute
  std::optional<Environment> environment;
  EnvironmentVariables environment_variables;
  std::optional<Distribution> distribution;
  Limits limits;
  Resources resources;
  std::string compute;  // "azureml:gpu-cluster"; "": the pipeline's default
  bool is_deterministic = true;
  std::optional<ParallelTask> parallel;
  std::shared_ptr<const Sweep> sweep;  // of a sweep: `command` and so on are the trial's

  // pipeline
  std::vector<Step> steps;
  std::vector<Output> pipeline_outputs;  // how the pipeline's outputs are stored

  const InputDeclaration* find_input(std::string_view) const;
  const OutputDeclaration* find_output(std::string_view) const;
  const Step* find_step(std::string_view) const;
};

// One entry of `jobs`. What it overrides of its component is already applied to `component`.
struct Step {
  std::string name;
  base::Place place;
  std::shared_ptr<const Component> component;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::string display_name;
  // v1's run_after: steps of the same pipeline that must have finished, though no data flows.
  std::vector<std::pair<std::string, base::Place>> after;

  const Input* find_input(std::string_view) const;
  const Output* find_output(std::string_view) const;
};

struct Settings {
  std::string default_datastore = "workspaceblobstore";
  bool continue_on_step_failure = true;
  bool force_rerun = false;
  std::string default_compute;
};

// Whether a compute's name says that its machines have GPUs: the word "gpu" is in it, in any case,
// with no letter beside it: "gpu-cluster", "azureml:gpu_t4", but not "gpucluster".
bool names_gpu(std::string_view compute);

// What the command line says of one step at any depth; it wins over all that definitions say.
struct StepMode {
  std::string step;  // its path, "middle/train"
  bool input = false;
  std::string name;
  AccessMode mode = AccessMode::ro_mount;
};

// A job to run: a pipeline, or a command job (then one step stands in the pipeline, named after the
// file, and `single_command` is set).
struct Job {
  std::string name;  // "" where the definition gives none
  std::string display_name;
  std::string experiment_name;
  std::string description;
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> properties;
  Settings settings;
  bool single_command = false;
  base::Place place;
  fs::path file;    // absolute
  fs::path script;  // of a job that a Python definition made: that file
  // The pipeline itself, as a component: steps, declared inputs and outputs.
  std::shared_ptr<const Component> pipeline;
  std::vector<Input> inputs;  // the values given to its inputs
  std::vector<StepMode> modes;
};

}  // namespace model
