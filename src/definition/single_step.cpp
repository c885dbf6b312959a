// Jobs of one step: a command or a sweep of its own, and a component's file.
#include <cctype>

#include "definition/reading.hpp"

namespace definition {

std::string name_of_only_step(const fs::path& file) {
  std::string name = file.stem().native();
  for (char& c : name)
    c = std::isalnum(static_cast<unsigned char>(c))
            ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
            : '_';
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) name.insert(0, "_");
  return name;
}

namespace {

using model::Component;

// The one step of a job that is no pipeline: its inputs and outputs are the job's.
model::Step only_step(const Document& document, model::Job& job, const Component& pipeline) {
  job.single_command = true;
  model::Step step;
  step.name = name_of_only_step(document.file);
  step.place = document.root.place;
  for (const auto& input : job.inputs)
    step.inputs.push_back({input.name, input.name_place, input.place,
                           model::ParentInput{input.name}, input.type, input.mode, input.broken,
                           input.v1});
  for (const auto& output : pipeline.pipeline_outputs) {
    model::Output bound;
    bound.name = output.name;
    bound.place = output.place;
    bound.parent_output = output.name;
    step.outputs.push_back(std::move(bound));
  }
  return step;
}

// In the place of what could not be read, so that the rest is checked.
std::shared_ptr<const Component> stand_in() {
  auto component = std::make_shared<Component>();
  component->kind = Component::Kind::other;
  return component;
}

}  // namespace

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
  model::Step step = only_step(document, job, pipeline);
  auto component = std::make_shared<Component>();
  component->place = document.root.place;
  component->type_text = "command";
  component->inputs = pipeline.inputs;
  component->outputs = pipeline.outputs;
  read_command_keys(document.root, document.folder(), *component, reading);
  if (!document.root.find("command") && !document.root.find("component"))
    report_missing(document.root, "command", reading);
  if (!document.root.find("environment")) report_missing(document.root, "environment", reading);
  check_command(*component, component->command, reading);
  step.component = std::move(component);
  pipeline.steps.push_back(std::move(step));
}

void read_sweep_job(const Document& document, model::Job& job, Component& pipeline,
                    Reading& reading) {
  check_keys(document.root,
             {"$schema",         "type",        "name",           "display_name",
              "experiment_name", "description", "tags",           "properties",
              "inputs",          "outputs",     "trial",          "sampling_algorithm",
              "search_space",    "objective",   "limits",         "early_termination",
              "compute",         "identity",    "queue_settings", "resources"},
             Unknown::error, reading);
  model::Step step = only_step(document, job, pipeline);
  auto component = read_sweep_component(document.root, document.folder(), job.inputs,
                                        pipeline.pipeline_outputs, reading);
  if (!component) component = stand_in();
  step.component = std::move(component);
  pipeline.steps.push_back(std::move(step));
}

std::optional<model::Job> job_of_component(const fs::path& file, Reading& reading) {
  auto component = read_component_file(file, reading);
  if (!component) return std::nullopt;
  model::Job job;
  job.file = file;
  job.place = component->place;
  job.single_command = true;
  auto pipeline = std::make_shared<Component>();
  pipeline->kind = Component::Kind::pipeline;
  pipeline->type_text = "pipeline";
  pipeline->place = component->place;
  model::Step step;
  step.name = component->name.empty() ? name_of_only_step(file) : component->name;
  step.place = component->place;
  step.component = std::move(component);
  pipeline->steps.push_back(std::move(step));
  job.pipeline = std::move(pipeline);
  return job;
}

}  // namespace definition
