// Reading a mapping key by key: each wrong type and each unknown key is reported where it stands.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/catalogue.hpp"
#include "model/mltable.hpp"
#include "model/pipeline.hpp"
#include "text/diagnostic.hpp"
#include "text/document.hpp"

namespace definition {

// What every reader needs.
struct Reading {
  const model::Catalogue& catalogue;
  text::Diagnostics& diagnostics;
  std::vector<fs::path> open_files;  // the chain of component files being read, to refuse a circle
  // Each component file is read once, however many steps name it.
  std::map<fs::path, std::shared_ptr<const model::Component>> components;
  // Each MLTable file is read once too; where it is broken, that is said once.
  std::set<fs::path> tables;
  bool v1 = false;     // the azureml shim wrote the job: `v1` objects say what v2 cannot
  bool parts = false;  // only steps of it will run: the data that it names need not be there
};

// A file with the folder its relative paths start from.
struct Document {
  text::Node root;
  fs::path file;  // absolute
  fs::path folder() const { return file.parent_path(); }
};

// Reads a YAML file that must hold a mapping; a problem becomes a diagnostic and gives nothing.
std::optional<Document> open_document(const fs::path& file, Reading&);

enum class FileKind { job, component, data, environment, model };
// `$schema` says it where it is written; otherwise the keys do, as components and jobs look alike
// but a component has a name and no values.
FileKind kind_of(const text::Node& root);

// Warns when an earlier entry of the map has the same key.
void check_twice(const text::Node& map, const text::Entry&, Reading&);

enum class Unknown { error, warning };
// Reports keys that are not in `known`, and duplicated keys (as warnings).
void check_keys(const text::Node& map, std::initializer_list<std::string_view> known, Unknown,
                Reading&);

// The value of `key` as text, number or truth; a wrong type is an error; absent or null gives
// nothing.
std::optional<std::string> read_text(const text::Node& map, std::string_view key, Reading&);
std::optional<double> read_number(const text::Node& map, std::string_view key, Reading&);
std::optional<int> read_integer(const text::Node& map, std::string_view key, Reading&);
std::optional<bool> read_boolean(const text::Node& map, std::string_view key, Reading&);
// The mapping under `key`, or null when absent; anything else than a mapping is an error.
const text::Node* read_map(const text::Node& map, std::string_view key, Reading&);

// "Missing data for required field." at the mapping.
void report_missing(const text::Node& map, std::string_view key, Reading&);

// A template, its malformed expressions reported at their place.
model::Template read_template(const text::Node& value, Reading&);

// A local path against `folder`; "file:" is taken off. With `must_exist`, an absent one is an
// error.
fs::path read_path(const text::Node& value, const fs::path& folder, bool must_exist, Reading&);
fs::path read_path(std::string text, const base::Place&, const fs::path& folder, bool must_exist,
                   Reading&);

// data.cpp
// Names of inputs and outputs: well-formed, not reserved, unique when case is ignored.
void check_names(const text::Node& map, Reading&);
// Where an access mode stands decides which ones there are.
enum class Port { input, mltable_input, declared_input, output, declared_output };
model::Literal make_literal(const text::Node&);
std::optional<model::DataType> read_type(const text::Node& map, Reading&);
std::optional<model::AccessMode> read_mode(const text::Node& map, Port, Reading&);
std::vector<model::InputDeclaration> read_input_declarations(const text::Node* map, Reading&);
std::vector<model::OutputDeclaration> read_output_declarations(const text::Node* map, Reading&);

// values.cpp
model::DataPath read_data_path(std::string text, const base::Place&, const fs::path& folder,
                               Reading&);
// Values given to a step's or job's inputs; bindings only make sense with `in_step`.
std::vector<model::Input> read_inputs(const text::Node* map, const fs::path& folder, bool in_step,
                                      Reading&);
std::vector<model::Output> read_outputs(const text::Node* map, bool in_step, Reading&);

// environment.cpp
void check_environment(const text::Node& map, const fs::path& folder, Reading&);
model::Environment read_environment(const text::Node&, const fs::path& folder, Reading&);

// command_keys.cpp
void check_compute(const text::Node&, Reading&);
void check_services(const text::Node& map, Reading&);
// Everything a command or parallel component, job or step says of what runs.
void read_command_keys(const text::Node& map, const fs::path& folder, model::Component&, Reading&);

// single_step.cpp
// A command job is a pipeline of one step, and so is a sweep of its own: the step is added to
// `pipeline`, which has the job's inputs and outputs.
void read_command_job(const Document&, model::Job&, model::Component& pipeline, Reading&);
void read_sweep_job(const Document&, model::Job&, model::Component& pipeline, Reading&);
// The name of such a job's step: the file's, as an identifier.
std::string name_of_only_step(const fs::path& file);
// A component's file as a job of one step that has its name; nothing when it cannot be read.
std::optional<model::Job> job_of_component(const fs::path& file, Reading&);

// component.cpp
// A component's file, or nothing when it cannot be read.
std::shared_ptr<const model::Component> read_component_file(const fs::path& file, Reading&);
std::shared_ptr<const model::Component> read_component(const text::Node& map,
                                                       const fs::path& folder, Reading&);

// local_data.cpp
// Local files and folders against the type of the input that they are given to; a broken MLTable.
void check_local_data(const std::vector<model::Input>&, const std::vector<model::InputDeclaration>&,
                      Reading&);
void check_local_data(const fs::path&, model::DataType, const base::Place&, Reading&);

// mltable.cpp
// An MLTable file, or nothing when it cannot be read at all.
std::optional<model::MLTable> read_mltable(const fs::path& file, Reading&);

// parallel.cpp
void read_parallel_keys(const text::Node& map, const fs::path& folder, model::Component&, Reading&);

// steps.cpp
// What `component:` of a step or a pipeline job says: a file, a reference or a mapping.
std::shared_ptr<const model::Component> resolve_component(const text::Node&, const fs::path& folder,
                                                          Reading&);
std::vector<model::Step> read_steps(const text::Node* jobs, const fs::path& folder, Reading&);

// v1.cpp
// The `v1` object of an input or output, where the shim wrote the job.
std::optional<model::V1Port> read_v1_port(const text::Node& map, Reading&);
void read_v1_step(const text::Node& map, model::Step&, Reading&);
// The output of a sweep that takes what its trials logged, "" for none.
std::string read_v1_metrics_output(const text::Node& map, Reading&);
// The script that made the job.
fs::path read_v1_script(const text::Node& root, Reading&);

// control_flow.cpp
// Whether the type is one that only reading knows: do_while, if_else, parallel_for, data_transfer …
std::optional<model::Component::Kind> other_kind(std::string_view type);
void read_other_keys(const text::Node& map, model::Component::Kind, Reading&);

// sweep.cpp
// The trial of a sweep with its search space, as one component; nothing where the trial cannot be
// read. `inputs` and `outputs`: what the step or job gives, which an inline trial takes over.
std::shared_ptr<const model::Component> read_sweep_component(
    const text::Node& map, const fs::path& folder, const std::vector<model::Input>& inputs,
    const std::vector<model::Output>&, Reading&);

// steps.cpp
// An input of an inline step or trial is declared by the value it is given.
model::InputDeclaration declaration_of(const model::Input&);

// check.cpp
// Bindings, required inputs, types and cycles of a pipeline whose steps are read.
void check_pipeline(const model::Component& pipeline, Reading&);

// trace.cpp
// Values that reach a step through inputs of pipelines, at any depth, against what the step
// declares; reported where the value stands. `given`: the values of the outermost one's inputs.
void check_traced_values(const model::Component& pipeline, const std::vector<model::Input>& given,
                         Reading&);

// check_values.cpp
// References of a command against the declarations.
void check_command(const model::Component&, const model::Template&, Reading&);
// A literal against a declaration. `subject`: "input 'rate' of step 'train'".
void check_literal(const model::Literal&, const base::Place&, const std::string& subject,
                   const model::InputDeclaration&, Reading&);
// The values given to inputs against their declarations.
void check_values(const std::vector<model::Input>&, const std::vector<model::InputDeclaration>&,
                  const std::string& what, const base::Place&, Reading&);

}  // namespace definition
