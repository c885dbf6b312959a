#include "engine/request.hpp"

namespace engine {
namespace {

std::optional<step::BoundInput> bind(const PlannedInput& input, const PreparedStep& prepared,
                                     const Plan& plan, const std::vector<Outputs>& made) {
  step::BoundInput bound{input.name, input.type, input.mode, "", "", "", "", input.v1};
  if (const auto* literal = std::get_if<model::Literal>(&input.source)) {
    bound.literal = literal->text;
  } else if (const auto* from = std::get_if<Upstream>(&input.source)) {
    const auto found = made[from->step].find(from->output);
    if (found == made[from->step].end()) return std::nullopt;
    bound.source = found->second.path;
    bound.uri = found->second.uri;
    bound.origin = "output '" + from->output + "' of step '" + plan.steps[from->step].path + "'";
  } else {
    const Located& located = prepared.located.at(input.name);
    bound.source = located.path;
    bound.uri = located.uri;
  }
  return bound;
}

// A file that is called in the job keeps its name: scripts look at its ending.
fs::path apart(const PlannedOutput& output, const fs::path& usual, const fs::path& folder) {
  const fs::path own = folder / output.name;
  return model::is_file(output.type) && output.path ? own / usual.filename() : own;
}

}  // namespace

step::Request make_request(const Plan& plan, std::size_t step, const PreparedStep& prepared,
                           const RunContext& context, const std::string& step_id,
                           const std::vector<Outputs>& made, const model::Catalogue& catalogue) {
  const PlannedStep& planned = plan.steps[step];
  step::Request request;
  request.path = planned.path;
  request.component = planned.component.get();
  request.identity = {context.run, step_id, context.experiment, context.experiment};
  request.runtime = {prepared.interpreter.python, prepared.interpreter.bin,
                     prepared.interpreter.activation};
  request.folder = context.folder / "steps" / planned.path;
  request.locks = context.locks;
  request.mounting = context.mounting;
  request.gateway = context.gateway;
  request.sdk = context.sdk;
  request.log_watch = context.log_watch;
  request.on_failure = context.on_failure;
  if (prepared.snapshot) request.snapshot = prepared.snapshot->folder;
  request.environment = context.environment;
  for (const auto& input : planned.inputs)
    if (auto bound = bind(input, prepared, plan, made)) request.inputs.push_back(std::move(*bound));
  for (const auto& output : planned.outputs) {
    Located located = locate_output(output, step_id, context.default_datastore, catalogue);
    if (!context.outputs_to.empty()) located.path = apart(output, located.path, context.outputs_to);
    request.outputs.push_back(
        {output.name, output.type, output.mode, located.path, located.uri, output.v1});
  }
  return request;
}

Outputs outputs_of(const step::Request& request) {
  Outputs outputs;
  for (const auto& output : request.outputs)
    outputs[output.name] = {output.destination, output.uri};
  return outputs;
}

}  // namespace engine
