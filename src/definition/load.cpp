#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include "definition/definition.hpp"
#include "definition/overrides.hpp"
#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Component;

std::map<std::string, std::string> read_texts(const text::Node& map, std::string_view key,
                                              Reading& reading) {
  std::map<std::string, std::string> texts;
  if (const auto* values = read_map(map, key, reading))
    for (const auto& entry : values->entries) texts[entry.key] = entry.value.scalar;
  return texts;
}

void read_settings(const text::Node& root, model::Settings& settings, Reading& reading) {
  const auto* map = read_map(root, "settings", reading);
  if (!map) return;
  check_keys(*map,
             {"default_datastore", "default_compute", "continue_on_step_failure",
              "continue_run_on_step_failure", "force_rerun", "on_init", "on_finalize", "_source"},
             Unknown::warning, reading);
  if (auto datastore = read_text(*map, "default_datastore", reading)) {
    if (datastore->starts_with("azureml:")) datastore->erase(0, 8);
    settings.default_datastore = *datastore;
    if (!reading.catalogue.datastore(*datastore))
      reading.diagnostics.error(
          map->find("default_datastore")->place,
          fmt::format("there is no datastore '{}'", *datastore),
          fmt::format("`amlocal datastore create {} --dir PATH` gives it a folder", *datastore));
  }
  settings.continue_on_step_failure =
      read_boolean(*map, "continue_on_step_failure", reading).value_or(true);
  settings.force_rerun = read_boolean(*map, "force_rerun", reading).value_or(false);
}

// A job's inputs are values; as a pipeline's declarations they say at least a name and a type.
model::InputDeclaration declare(const model::Input& input) {
  model::InputDeclaration declared;
  declared.name = input.name;
  declared.place = input.place;
  declared.mode = input.mode;
  if (input.type)
    declared.type = *input.type;
  else if (const auto* literal =
               input.source ? std::get_if<model::Literal>(&*input.source) : nullptr) {
    static constexpr model::DataType types[] = {model::DataType::string, model::DataType::integer,
                                                model::DataType::number, model::DataType::boolean};
    declared.type = types[literal->value.index()];
  }
  return declared;
}

std::string identifier(std::string name) {
  for (char& c : name)
    c = std::isalnum(static_cast<unsigned char>(c))
            ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
            : '_';
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) name.insert(0, "_");
  return name;
}

// A command job is a pipeline of one step, whose inputs and outputs are the job's.
void read_command_job(const Document& document, model::Job& job, Component& pipeline,
                      Reading& reading) {
  check_keys(document.root,
             {"$schema",
              "type",
              "name",
              "display_name",
              "experiment_name",
              "description",
              "tags",
              "properties",
              "inputs",
              "outputs",
              "command",
              "code",
              "environment",
              "environment_variables",
              "distribution",
              "compute",
              "resources",
              "limits",
              "services",
              "identity",
              "queue_settings",
              "component",
              "additional_includes",
              "parent_job_name"},
             Unknown::error, reading);
  job.single_command = true;
  model::Step step;
  step.name = identifier(document.file.stem().native());
  step.place = document.root.place;
  auto component = std::make_shared<Component>();
  component->place = document.root.place;
  component->type_text = "command";
  component->inputs = pipeline.inputs;
  component->outputs = pipeline.outputs;
  read_command_keys(document.root, document.folder(), *component, reading);
  if (!document.root.find("command")) report_missing(document.root, "command", reading);
  if (!document.root.find("environment")) report_missing(document.root, "environment", reading);
  check_command(*component, component->command, reading);
  for (const auto& input : job.inputs)
    step.inputs.push_back(
        {input.name, input.place, model::ParentInput{input.name}, input.type, input.mode});
  for (const auto& output : pipeline.pipeline_outputs) {
    model::Output bound;
    bound.name = output.name;
    bound.place = output.place;
    bound.parent_output = output.name;
    step.outputs.push_back(std::move(bound));
  }
  step.component = std::move(component);
  pipeline.steps.push_back(std::move(step));
}

void check_job_inputs(const model::Job& job, const Component& pipeline, Reading& reading) {
  // A data input may be left without a path for submission to supply; a run here needs it, if used.
  for (const auto& input : job.inputs) {
    if (input.source) continue;
    const bool used =
        std::any_of(pipeline.steps.begin(), pipeline.steps.end(), [&](const model::Step& step) {
          return std::any_of(
              step.inputs.begin(), step.inputs.end(), [&](const model::Input& bound) {
                const auto* parent =
                    bound.source ? std::get_if<model::ParentInput>(&*bound.source) : nullptr;
                return parent && parent->input == input.name;
              });
        });
    if (used)
      reading.diagnostics.error(input.place,
                                fmt::format("Required input '{}' for pipeline '{}' not provided.",
                                            input.name, job.file.stem().native()),
                                fmt::format("give it: --set inputs.{}=PATH", input.name));
  }
}

}  // namespace

std::optional<model::Job> load_job(const fs::path& given, const Overrides& overrides,
                                   const model::Catalogue& catalogue,
                                   text::Diagnostics& diagnostics) {
  const fs::path file = fs::absolute(given).lexically_normal();
  Reading reading{catalogue, diagnostics, {file}};
  auto document = open_document(file, reading);
  if (!document) return std::nullopt;
  apply_overrides(document->root, overrides, fs::current_path());
  const text::Node& root = document->root;

  model::Job job;
  job.file = file;
  job.place = root.place;
  job.name = read_text(root, "name", reading).value_or("");
  job.display_name = read_text(root, "display_name", reading).value_or("");
  job.experiment_name = read_text(root, "experiment_name", reading).value_or("");
  job.description = read_text(root, "description", reading).value_or("");
  job.tags = read_texts(root, "tags", reading);
  job.properties = read_texts(root, "properties", reading);
  job.inputs = read_inputs(read_map(root, "inputs", reading), document->folder(), false, reading);

  auto pipeline = std::make_shared<Component>();
  pipeline->kind = Component::Kind::pipeline;
  pipeline->type_text = "pipeline";
  pipeline->place = root.place;
  for (const auto& input : job.inputs) pipeline->inputs.push_back(declare(input));
  pipeline->pipeline_outputs = read_outputs(read_map(root, "outputs", reading), false, reading);
  for (const auto& output : pipeline->pipeline_outputs)
    pipeline->outputs.push_back({output.name, output.place,
                                 output.type.value_or(model::DataType::uri_folder), output.mode,
                                 ""});

  const std::string type =
      read_text(root, "type", reading).value_or(root.find("jobs") ? "" : "command");
  if (type == "command") {
    read_command_job(*document, job, *pipeline, reading);
  } else if (type == "pipeline") {
    check_keys(root,
               {"$schema", "type", "name", "display_name", "experiment_name", "description", "tags",
                "properties", "inputs", "outputs", "jobs", "component", "compute", "settings",
                "identity", "schedule"},
               Unknown::error, reading);
    read_settings(root, job.settings, reading);
    if (const auto* component = root.find("component"); component && component->is_scalar()) {
      const fs::path path = read_path(*component, document->folder(), true, reading);
      boost::system::error_code ignored;
      auto resolved =
          fs::is_regular_file(path, ignored) ? read_component_file(path, reading) : nullptr;
      if (resolved) {
        pipeline->steps = resolved->steps;
        pipeline->inputs = resolved->inputs;
        check_values(job.inputs, resolved->inputs,
                     fmt::format("pipeline '{}'", file.stem().native()), root.place, reading);
        if (pipeline->outputs.empty()) {
          pipeline->outputs = resolved->outputs;
          pipeline->pipeline_outputs = resolved->pipeline_outputs;
        }
      }
    } else if (!root.find("jobs")) {
      report_missing(root, "jobs", reading);
    } else {
      pipeline->steps = read_steps(read_map(root, "jobs", reading), document->folder(), reading);
      check_pipeline(*pipeline, reading);
    }
  } else {
    const auto* place = root.find("type");
    diagnostics.error(
        place ? place->place : root.place,
        type.empty() ? "'type' is missing: Missing data for required field."
                     : fmt::format("Unsupported job type: {}.", type),
        type.empty() ? "write type: pipeline" : text::did_you_mean(type, {"pipeline", "command"}));
    return std::nullopt;
  }
  check_job_inputs(job, *pipeline, reading);
  job.pipeline = std::move(pipeline);
  for (const auto& missing : missing_assets(job, catalogue))
    diagnostics.error(missing.place, fmt::format("there is no {}", missing.what), missing.command);
  return job;
}

}  // namespace definition
