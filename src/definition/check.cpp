// A pipeline whose steps are read: bindings, required inputs, types, cycles.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Component;

template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& each : list) names.push_back(each.name);
  return names;
}

// Whether all that the component declares is known.
bool is_known(const Component& component) {
  return component.kind < Component::Kind::sweep;
}

class PipelineCheck {
 public:
  PipelineCheck(const Component& pipeline, Reading& reading)
      : pipeline_(pipeline), reading_(reading) {
    for (std::size_t n = 0; n < pipeline.steps.size(); ++n)
      numbers_.emplace(pipeline.steps[n].name, n);
  }

  void check() {
    if (pipeline_.steps.empty())
      reading_.diagnostics.error(pipeline_.place, "the pipeline has no steps",
                                 "add them under 'jobs'");
    for (const auto& step : pipeline_.steps) check_step(step);
    check_output_paths();
    check_cycles();
  }

 private:
  void check_step(const model::Step& step) {
    const bool known = is_known(*step.component);
    for (const auto& input : step.inputs) {
      if (known && !step.component->find_input(input.name))
        reading_.diagnostics.error(
            input.name_place, fmt::format("step '{}' has no input '{}'", step.name, input.name),
            text::did_you_mean(input.name, names_of(step.component->inputs)));
      if (input.source) check_binding(step, input);
    }
    if (known)
      check_values(step.inputs, step.component->inputs, fmt::format("component '{}'", step.name),
                   step.place, reading_);
    for (const auto& [name, place] : step.after)
      if (!find_step(name))
        reading_.diagnostics.error(place, fmt::format("there is no step '{}'", name),
                                   text::did_you_mean(name, names_of(pipeline_.steps)));
    for (const auto& output : step.outputs) {
      if (known && !step.component->find_output(output.name))
        reading_.diagnostics.error(
            output.place, fmt::format("step '{}' has no output '{}'", step.name, output.name),
            text::did_you_mean(output.name, names_of(step.component->outputs)));
      if (output.parent_output && !pipeline_.find_output(*output.parent_output))
        reading_.diagnostics.error(
            output.parent_place,
            fmt::format("the pipeline has no output '{}'", *output.parent_output),
            text::did_you_mean(*output.parent_output, names_of(pipeline_.outputs)));
    }
  }

  void check_binding(const model::Step& step, const model::Input& input) {
    const auto* declared = step.component->find_input(input.name);
    if (const auto* parent = std::get_if<model::ParentInput>(&*input.source))
      check_parent_input(step, input, *parent, declared);
    else if (const auto* from = std::get_if<model::StepOutput>(&*input.source))
      check_step_output(input, *from, declared);
    else if (const auto* other = std::get_if<model::StepInput>(&*input.source))
      check_step_input(input, *other);
  }

  void check_parent_input(const model::Step& step, const model::Input& input,
                          const model::ParentInput& parent,
                          const model::InputDeclaration* declared) {
    const auto* outer = pipeline_.find_input(parent.input);
    if (!outer)
      reading_.diagnostics.error(input.place,
                                 fmt::format("the pipeline has no input '{}'", parent.input),
                                 text::did_you_mean(parent.input, names_of(pipeline_.inputs)));
    else if (outer->optional && !outer->default_value && declared && !declared->optional &&
             !declared->default_value)
      reading_.diagnostics.error(
          input.place,
          fmt::format("Pipeline optional Input binding to required inputs: ['{}']", parent.input),
          fmt::format("make '{}' of step '{}' optional too", input.name, step.name));
  }

  void check_step_output(const model::Input& input, const model::StepOutput& from,
                         const model::InputDeclaration* declared) {
    const auto* producer = find_producer(from.step, input);
    if (!producer || !is_known(*producer->component)) return;
    const auto* output = producer->component->find_output(from.output);
    if (!output) {
      // A bound output is data that the cloud makes for every job.
      if (from.output == "default" || from.output == "artifacts") return;
      reading_.diagnostics.error(
          input.place, fmt::format("step '{}' has no output '{}'", from.step, from.output),
          text::did_you_mean(from.output, names_of(producer->component->outputs)));
    } else if (declared && !declared->inferred && !model::is_data(declared->type)) {
      reading_.diagnostics.error(
          input.place,
          fmt::format("input '{}' takes a value of type {}, but '{}' of step '{}' is a {}",
                      input.name, to_string(declared->type), from.output, from.step,
                      to_string(output->type)),
          "only a data input takes the output of a step");
    } else if (declared && !declared->inferred && output->type != declared->type &&
               model::is_file(output->type) != model::is_file(declared->type)) {
      reading_.diagnostics.warning(
          input.place,
          fmt::format("input '{}' is a {}, but '{}' of step '{}' is a {}", input.name,
                      to_string(declared->type), from.output, from.step, to_string(output->type)));
    }
  }

  void check_step_input(const model::Input& input, const model::StepInput& other) {
    const auto* owner = find_producer(other.step, input);
    if (!owner || owner->find_input(other.input)) return;
    const auto* declared = owner->component->find_input(other.input);
    if (declared && (declared->default_value || declared->optional)) return;
    reading_.diagnostics.error(input.place,
                               fmt::format("step '{}' has no input '{}'", other.step, other.input),
                               text::did_you_mean(other.input, names_of(owner->inputs)));
  }

  const model::Step* find_producer(const std::string& name, const model::Input& input) {
    const auto* step = find_step(name);
    if (!step)
      reading_.diagnostics.error(input.place, fmt::format("there is no step '{}'", name),
                                 text::did_you_mean(name, names_of(pipeline_.steps)));
    return step;
  }

  const model::Step* find_step(std::string_view name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? nullptr : &pipeline_.steps[found->second];
  }

  // Two outputs on one path write over each other's files. A path with ${{name}} or
  // ${{output_name}} differs from step to step.
  void check_output_paths() {
    std::unordered_map<std::string, std::string> owners;
    const auto look = [&](const model::Output& output, const std::string& owner) {
      if (!output.path) return;
      std::string path = output.path->text;
      while (path.ends_with('/')) path.pop_back();
      for (const auto* reference : output.path->references())
        if (reference->to_string() == "name") return;
      if (path.find("output_name") != std::string::npos) path += " " + output.name;
      const auto [known, first] = owners.emplace(path, owner);
      if (!first)
        reading_.diagnostics.error(
            output.path->place,
            fmt::format("{} is written to the same path as {}", owner, known->second),
            "give each output a path of its own");
    };
    for (const auto& output : pipeline_.pipeline_outputs)
      look(output, fmt::format("output '{}'", output.name));
    for (const auto& step : pipeline_.steps)
      for (const auto& output : step.outputs)
        look(output, fmt::format("output '{}' of step '{}'", output.name, step.name));
  }

  // The step whose output an input takes in the end, through inputs of other steps. `circle` is set
  // when the inputs only take their value from each other.
  const model::Step* producer_of(const model::Input& input, bool& circle) const {
    const model::Input* at = &input;
    for (std::size_t hops = 0; at && at->source; ++hops) {
      if (const auto* from = std::get_if<model::StepOutput>(&*at->source))
        return find_step(from->step);
      const auto* other = std::get_if<model::StepInput>(&*at->source);
      if (!other) return nullptr;
      if (hops > pipeline_.steps.size() || (hops > 0 && at == &input)) {
        circle = true;
        return nullptr;
      }
      const auto* owner = find_step(other->step);
      at = owner ? owner->find_input(other->input) : nullptr;
    }
    return nullptr;
  }

  // What must run before a step, and where the definition says so.
  struct Behind {
    const model::Step* step;
    base::Place place;
  };
  Behind behind(const model::Step& step, const model::Input& input) {
    bool circle = false;
    const auto* producer = producer_of(input, circle);
    if (circle)
      reading_.diagnostics.error(
          input.place,
          fmt::format("input '{}' of step '{}' takes its value from itself", input.name, step.name),
          "one of these bindings must go");
    return {producer, input.place};
  }
  Behind behind(const std::pair<std::string, base::Place>& after) const {
    return {find_step(after.first), after.second};
  }

  // A step on the way from a consumer to its producers, and the input that is looked at next. Kept
  // beside the stack of calls: a chain may have thousands of steps.
  struct OnWay {
    std::size_t step;
    std::size_t next_input = 0;
  };

  void check_cycles() {
    enum class Seen : char { no, on_way, done };
    std::vector<Seen> seen(pipeline_.steps.size(), Seen::no);
    for (std::size_t first = 0; first < pipeline_.steps.size(); ++first) {
      if (seen[first] != Seen::no) continue;
      std::vector<OnWay> way{{first}};
      seen[first] = Seen::on_way;
      while (!way.empty()) {
        const auto& step = pipeline_.steps[way.back().step];
        const std::size_t next = way.back().next_input++;
        if (next == step.inputs.size() + step.after.size()) {
          seen[way.back().step] = Seen::done;
          way.pop_back();
          continue;
        }
        const auto [producer, place] = next < step.inputs.size()
                                           ? behind(step, step.inputs[next])
                                           : behind(step.after[next - step.inputs.size()]);
        if (!producer) continue;
        const auto number = static_cast<std::size_t>(producer - pipeline_.steps.data());
        if (seen[number] == Seen::on_way) report_cycle(way, number, place);
        if (seen[number] != Seen::no) continue;
        seen[number] = Seen::on_way;
        way.push_back({number});
      }
    }
  }

  // The way goes from consumer to producer; data flows the other way.
  void report_cycle(const std::vector<OnWay>& way, std::size_t closing, const base::Place& place) {
    constexpr std::size_t most = 40;  // names that a reader still follows
    std::vector<std::string> cycle{pipeline_.steps[closing].name};
    for (std::size_t n = way.size(); n-- > 0 && way[n].step != closing;)
      cycle.push_back(pipeline_.steps[way[n].step].name);
    cycle.push_back(cycle.front());
    if (cycle.size() > most) {
      const std::string gap = fmt::format("({} more)", cycle.size() - most);
      cycle.erase(cycle.begin() + most / 2, cycle.end() - most / 2);
      cycle.insert(cycle.begin() + most / 2, gap);
    }
    reading_.diagnostics.error(
        place,
        fmt::format("the steps depend on each other in a circle: {}", fmt::join(cycle, " -> ")),
        "one of these bindings must go");
  }

  const Component& pipeline_;
  Reading& reading_;
  std::unordered_map<std::string_view, std::size_t> numbers_;
};

}  // namespace

void check_pipeline(const Component& pipeline, Reading& reading) {
  PipelineCheck(pipeline, reading).check();
}

}  // namespace definition
