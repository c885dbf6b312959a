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
    if (datastore->starts_with("azureml:"))
      datastore->erase(0, 8);
    else
      reading.diagnostics.error(
          map->find("default_datastore")->place,
          fmt::format("In order to specify an existing datastore, please provide it prefixed with "
                      "'azureml:': {}",
                      *datastore),
          fmt::format("write azureml:{}", *datastore));
    settings.default_datastore = *datastore;
    if (!reading.catalogue.datastore(*datastore))
      reading.diagnostics.error(
          map->find("default_datastore")->place,
          fmt::format("there is no datastore '{}'", *datastore),
          fmt::format("`amlocal datastore create {} --dir PATH` gives it a folder", *datastore));
  }
  if (const auto* compute = map->find("default_compute")) {
    check_compute(*compute, reading);
    settings.default_compute = compute->scalar;
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
               input.source ? std::get_if<model::Literal>(&*input.source) : nullptr)
    declared.type = model::type_of(*literal);
  return declared;
}

void check_job_inputs(const model::Job& job, const Component& pipeline, Reading& reading) {
  // A data input may be left without a path for submission to supply; a run here needs it, if used.
  for (const auto& input : job.inputs) {
    if (input.source || input.broken) continue;
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

// Source: azure-ai-ml entities/_job/pipeline/pipeline_job.py.
void check_isolated_steps(const text::Node& settings, const Component& pipeline, Reading& reading) {
  std::vector<std::string> isolated;
  for (const char* key : {"on_init", "on_finalize"}) {
    const auto name = read_text(settings, key, reading);
    if (!name) continue;
    const auto& place = settings.find(key)->place;
    const std::string title = key == std::string("on_init") ? "On_init" : "On_finalize";
    const auto* step = pipeline.find_step(*name);
    if (!step) {
      std::vector<std::string> names;
      for (const auto& each : pipeline.steps) names.push_back(each.name);
      reading.diagnostics.error(place,
                                fmt::format("{} job name {} not exists in jobs.", title, *name),
                                text::did_you_mean(*name, names));
      continue;
    }
    if (std::find(isolated.begin(), isolated.end(), *name) != isolated.end())
      reading.diagnostics.error(
          place,
          fmt::format("Invalid {} job {}, it should be different from on_init.", key, *name));
    isolated.push_back(*name);
    for (const auto& input : step->inputs)
      if (input.source && std::holds_alternative<model::StepOutput>(*input.source))
        reading.diagnostics.error(
            input.place,
            fmt::format("Inner binding cannot be used in {} job: input '{}' of step '{}'", key,
                        input.name, *name),
            "such a step runs apart from the others");
    for (const auto& other : pipeline.steps)
      for (const auto& input : other.inputs)
        if (const auto* from =
                input.source ? std::get_if<model::StepOutput>(&*input.source) : nullptr;
            from && from->step == *name)
          reading.diagnostics.error(
              input.place,
              fmt::format("Inner binding cannot be used in {} job: step '{}' takes an "
                          "output of '{}'",
                          key, other.name, *name),
              "such a step runs apart from the others");
    reading.diagnostics.warning(place, fmt::format("'{}' has no effect here", key),
                                fmt::format("step '{}' runs like any other", *name));
  }
  if (!isolated.empty() && isolated.size() >= pipeline.steps.size())
    reading.diagnostics.error(settings.place, "No other job except for on_init/on_finalize job.");
}

void check_job_name(const text::Node& root, const std::string& name, Reading& reading) {
  constexpr std::string_view letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const bool valid =
      name.empty() || (name.size() <= 255 && letters.find(name[0]) != std::string_view::npos &&
                       name.find_first_not_of(std::string(letters) + "_-") == std::string::npos);
  if (!valid)
    reading.diagnostics.error(
        root.find("name")->place, fmt::format("'{}' cannot be the name of a job", name),
        "letters, digits, '_' and '-' may be in it, the first one a letter or "
        "a digit");
}

// The pipeline's steps come from a component's file or reference.
void take_component(const text::Node& reference, const Document& document, const model::Job& job,
                    Component& pipeline, Reading& reading) {
  const auto resolved = resolve_component(reference, document.folder(), reading);
  if (!resolved) return;
  if (resolved->kind != Component::Kind::pipeline) {
    reading.diagnostics.error(reference.place, "this is not a pipeline component",
                              "its file needs type: pipeline");
    return;
  }
  pipeline.steps = resolved->steps;
  pipeline.inputs = resolved->inputs;
  check_values(job.inputs, resolved->inputs, fmt::format("pipeline '{}'", job.file.stem().native()),
               document.root.place, reading);
  for (const auto& input : job.inputs)
    if (!resolved->find_input(input.name)) {
      std::vector<std::string> names;
      for (const auto& each : resolved->inputs) names.push_back(each.name);
      reading.diagnostics.error(input.name_place,
                                fmt::format("the pipeline has no input '{}'", input.name),
                                text::did_you_mean(input.name, names));
    }
  if (!pipeline.outputs.empty()) return;
  pipeline.outputs = resolved->outputs;
  pipeline.pipeline_outputs = resolved->pipeline_outputs;
}

void read_pipeline_job(const Document& document, model::Job& job, Component& pipeline,
                       Reading& reading) {
  const text::Node& root = document.root;
  check_keys(root,
             {"$schema", "type", "name", "display_name", "experiment_name", "description", "tags",
              "properties", "inputs", "outputs", "jobs", "component", "compute", "settings",
              "identity", "schedule"},
             Unknown::error, reading);
  read_settings(root, job.settings, reading);
  if (const auto* compute = root.find("compute")) {
    check_compute(*compute, reading);
    if (job.settings.default_compute.empty()) job.settings.default_compute = compute->scalar;
  }
  const auto* component = root.find("component");
  const auto* jobs = root.find("jobs");
  if (component && jobs)
    reading.diagnostics.error(
        component->place, "'jobs' and 'component' are mutually exclusive fields in pipeline job.",
        "leave one of them out");
  if (component) {
    take_component(*component, document, job, pipeline, reading);
  } else if (!jobs) {
    report_missing(root, "jobs", reading);
  } else {
    pipeline.steps = read_steps(read_map(root, "jobs", reading), document.folder(), reading);
    check_pipeline(pipeline, reading);
  }
  if (const auto* settings = root.find("settings"); settings && settings->is_map())
    check_isolated_steps(*settings, pipeline, reading);
}

std::optional<model::Job> read_job(const Document& document, Reading& reading) {
  const text::Node& root = document.root;
  model::Job job;
  job.file = document.file;
  job.place = root.place;
  reading.v1 = root.find("v1") != nullptr;
  if (reading.v1) job.script = read_v1_script(root, reading);
  job.name = read_text(root, "name", reading).value_or("");
  check_job_name(root, job.name, reading);
  job.display_name = read_text(root, "display_name", reading).value_or("");
  job.experiment_name = read_text(root, "experiment_name", reading).value_or("");
  job.description = read_text(root, "description", reading).value_or("");
  job.tags = read_texts(root, "tags", reading);
  job.properties = read_texts(root, "properties", reading);
  job.inputs = read_inputs(read_map(root, "inputs", reading), document.folder(), false, reading);

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
    read_command_job(document, job, *pipeline, reading);
  } else if (type == "sweep") {
    read_sweep_job(document, job, *pipeline, reading);
  } else if (type == "pipeline") {
    read_pipeline_job(document, job, *pipeline, reading);
  } else {
    const auto* place = root.find("type");
    reading.diagnostics.error(place ? place->place : root.place,
                              type.empty() ? "'type' is missing: Missing data for required field."
                              : other_kind(type) || type == "parallel"
                                  ? fmt::format("a job of type '{}' is not read yet", type)
                                  : fmt::format("Unsupported job type: {}.", type),
                              type.empty() ? "write type: pipeline"
                              : other_kind(type) || type == "parallel"
                                  ? "as a step of a pipeline it is checked"
                                  : text::did_you_mean(type, {"pipeline", "command"}));
    return std::nullopt;
  }
  if (!reading.parts) {
    check_job_inputs(job, *pipeline, reading);
    check_local_data(
        job.inputs,
        root.find("component") ? pipeline->inputs : std::vector<model::InputDeclaration>{},
        reading);
  }
  check_traced_values(*pipeline, job.inputs, reading);
  job.pipeline = std::move(pipeline);
  if (reading.parts) return job;
  for (const auto& missing : missing_assets(job, reading.catalogue))
    reading.diagnostics.error(missing.place, fmt::format("there is no {}", missing.what),
                              missing.command);
  return job;
}

// For the keys that only a step's component file knows.
std::vector<std::string> declared_names(const text::Node& step, std::string_view section,
                                        const fs::path& folder, Reading& reading) {
  std::vector<std::string> names;
  const auto* reference = step.is_map() ? step.find("component") : nullptr;
  if (!reference || !reference->is_scalar()) return names;
  const auto component = resolve_component(*reference, folder, reading);
  if (!component) return names;
  if (section == "inputs")
    for (const auto& input : component->inputs) names.push_back(input.name);
  else
    for (const auto& output : component->outputs) names.push_back(output.name);
  return names;
}

std::optional<model::Job> load(const fs::path& given, const Overrides& overrides, bool parts,
                               const model::Catalogue& catalogue, text::Diagnostics& diagnostics) {
  const fs::path file = fs::absolute(given).lexically_normal();
  Reading reading{catalogue, diagnostics, {file}, {}, {}, false, parts};
  auto document = open_document(file, reading);
  if (!document) return std::nullopt;
  if (parts && kind_of(document->root) == FileKind::component) {
    reading.open_files.clear();  // it is read as a component, and is no circle
    return job_of_component(file, reading);
  }
  apply_overrides(document->root, overrides, fs::current_path(), name_of_only_step(document->file),
                  [&](const text::Node& step, std::string_view section) {
                    return declared_names(step, section, document->folder(), reading);
                  });
  auto job = read_job(*document, reading);
  if (job) read_nested_modes(*job, overrides, reading);
  return job;
}

}  // namespace

std::optional<model::Job> load_job(const fs::path& given, const Overrides& overrides,
                                   const model::Catalogue& catalogue,
                                   text::Diagnostics& diagnostics) {
  return load(given, overrides, false, catalogue, diagnostics);
}

std::optional<model::Job> load_steps(const fs::path& given, const Overrides& overrides,
                                     const model::Catalogue& catalogue,
                                     text::Diagnostics& diagnostics) {
  return load(given, overrides, true, catalogue, diagnostics);
}

}  // namespace definition
