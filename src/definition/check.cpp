#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

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

class PipelineCheck {
 public:
  PipelineCheck(const Component& pipeline, Reading& reading)
      : pipeline_(pipeline), reading_(reading) {}

  void check() {
    if (pipeline_.steps.empty())
      reading_.diagnostics.error(pipeline_.place, "the pipeline has no steps",
                                 "add them under 'jobs'");
    for (const auto& step : pipeline_.steps) check_step(step);
    check_cycles();
  }

 private:
  void check_step(const model::Step& step) {
    const bool known = step.component->kind == Component::Kind::command ||
                       step.component->kind == Component::Kind::pipeline ||
                       step.component->kind == Component::Kind::parallel;
    for (const auto& input : step.inputs) {
      if (known && !step.component->find_input(input.name))
        reading_.diagnostics.error(
            input.place, fmt::format("step '{}' has no input '{}'", step.name, input.name),
            text::did_you_mean(input.name, names_of(step.component->inputs)));
      if (input.source) check_binding(step, input);
    }
    if (known)
      check_values(step.inputs, step.component->inputs, fmt::format("component '{}'", step.name),
                   step.place, reading_);
    for (const auto& output : step.outputs) {
      if (known && !step.component->find_output(output.name))
        reading_.diagnostics.error(
            output.place, fmt::format("step '{}' has no output '{}'", step.name, output.name),
            text::did_you_mean(output.name, names_of(step.component->outputs)));
      if (output.parent_output && !pipeline_.find_output(*output.parent_output))
        reading_.diagnostics.error(
            output.place, fmt::format("the pipeline has no output '{}'", *output.parent_output),
            text::did_you_mean(*output.parent_output, names_of(pipeline_.outputs)));
    }
  }

  void check_binding(const model::Step& step, const model::Input& input) {
    const auto* declared = step.component->find_input(input.name);
    if (const auto* parent = std::get_if<model::ParentInput>(&*input.source)) {
      const auto* outer = pipeline_.find_input(parent->input);
      if (!outer)
        reading_.diagnostics.error(input.place,
                                   fmt::format("the pipeline has no input '{}'", parent->input),
                                   text::did_you_mean(parent->input, names_of(pipeline_.inputs)));
      else if (outer->optional && !outer->default_value && declared && !declared->optional)
        reading_.diagnostics.error(
            input.place,
            fmt::format("Pipeline optional Input binding to required inputs: ['{}']",
                        parent->input),
            fmt::format("make '{}' of step '{}' optional too", input.name, step.name));
    } else if (const auto* from = std::get_if<model::StepOutput>(&*input.source)) {
      const auto* producer = find_producer(from->step, input);
      if (!producer || producer->component->kind >= Component::Kind::sweep) return;
      const auto* output = producer->component->find_output(from->output);
      if (!output)
        reading_.diagnostics.error(
            input.place, fmt::format("step '{}' has no output '{}'", from->step, from->output),
            text::did_you_mean(from->output, names_of(producer->component->outputs)));
      else if (declared && !declared->inferred && output->type != declared->type &&
               model::is_file(output->type) != model::is_file(declared->type))
        reading_.diagnostics.warning(
            input.place, fmt::format("input '{}' is a {}, but '{}' of step '{}' is a {}",
                                     input.name, to_string(declared->type), from->output,
                                     from->step, to_string(output->type)));
    } else if (const auto* other = std::get_if<model::StepInput>(&*input.source)) {
      const auto* producer = find_producer(other->step, input);
      if (producer && !producer->find_input(other->input))
        reading_.diagnostics.error(
            input.place, fmt::format("step '{}' has no input '{}'", other->step, other->input),
            text::did_you_mean(other->input, names_of(producer->inputs)));
    }
  }

  const model::Step* find_producer(const std::string& name, const model::Input& input) {
    const auto* step = pipeline_.find_step(name);
    if (!step)
      reading_.diagnostics.error(input.place, fmt::format("there is no step '{}'", name),
                                 text::did_you_mean(name, names_of(pipeline_.steps)));
    return step;
  }

  void check_cycles() {
    for (const auto& step : pipeline_.steps)
      if (colours_[step.name] == 0) visit(step);
  }

  // 0: not seen, 1: on the way, 2: done.
  void visit(const model::Step& step) {
    colours_[step.name] = 1;
    way_.push_back(step.name);
    for (const auto& input : step.inputs) {
      const auto* from = input.source ? std::get_if<model::StepOutput>(&*input.source) : nullptr;
      const auto* producer = from ? pipeline_.find_step(from->step) : nullptr;
      if (!producer) continue;
      if (colours_[producer->name] == 1)
        report_cycle(producer->name, input);
      else if (colours_[producer->name] == 0)
        visit(*producer);
    }
    way_.pop_back();
    colours_[step.name] = 2;
  }

  // The way goes from consumer to producer; data flows the other way.
  void report_cycle(const std::string& name, const model::Input& input) {
    std::vector<std::string> cycle(std::find(way_.begin(), way_.end(), name), way_.end());
    cycle.push_back(name);
    std::reverse(cycle.begin(), cycle.end());
    reading_.diagnostics.error(
        input.place,
        fmt::format("the steps depend on each other in a circle: {}", fmt::join(cycle, " -> ")),
        "one of these bindings must go");
  }

  const Component& pipeline_;
  Reading& reading_;
  std::map<std::string, int> colours_;
  std::vector<std::string> way_;
};

// "1.0" is an integer to the SDK, "abc" is not.
std::optional<double> number_in(const model::Literal& literal) {
  if (const auto* integer = std::get_if<std::int64_t>(&literal.value))
    return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&literal.value)) return *real;
  if (const auto* text = std::get_if<std::string>(&literal.value)) {
    char* end = nullptr;
    const double value = std::strtod(text->c_str(), &end);
    if (!text->empty() && *end == '\0') return value;
  }
  return std::nullopt;
}

void check_literal(const model::Input& input, const model::Literal& literal,
                   const model::InputDeclaration& declared, Reading& reading) {
  using enum model::DataType;
  const auto wrong = [&](const char* wanted) {
    reading.diagnostics.error(input.place, fmt::format("input '{}' must be {}, not '{}'",
                                                       input.name, wanted, literal.text));
  };
  if (declared.type == integer || declared.type == number) {
    const auto value = number_in(literal);
    if (!value) return wrong(declared.type == integer ? "an integer" : "a number");
    if (declared.type == integer && *value != std::trunc(*value)) return wrong("an integer");
    if (declared.min && *value < *declared.min)
      reading.diagnostics.error(input.place, fmt::format("input '{}' is {}, below its min of {}",
                                                         input.name, literal.text, *declared.min));
    if (declared.max && *value > *declared.max)
      reading.diagnostics.error(input.place, fmt::format("input '{}' is {}, above its max of {}",
                                                         input.name, literal.text, *declared.max));
  } else if (declared.type == boolean) {
    std::string word = literal.text;
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (word != "true" && word != "false") wrong("true or false");
  } else if (model::is_data(declared.type) && !std::holds_alternative<std::string>(literal.value)) {
    reading.diagnostics.error(
        input.place,
        fmt::format("input '{}' is a {}: only path input is supported now but get '{}'", input.name,
                    to_string(declared.type), literal.text));
  }
  if (!declared.allowed.empty() && std::find(declared.allowed.begin(), declared.allowed.end(),
                                             literal.text) == declared.allowed.end())
    reading.diagnostics.error(input.place,
                              fmt::format("Value '{}' passed is not in set ['{}']", literal.text,
                                          fmt::join(declared.allowed, "', '")),
                              text::did_you_mean(literal.text, declared.allowed));
}

}  // namespace

void check_pipeline(const Component& pipeline, Reading& reading) {
  PipelineCheck(pipeline, reading).check();
}

void check_values(const std::vector<model::Input>& inputs,
                  const std::vector<model::InputDeclaration>& declarations, const std::string& what,
                  const base::Place& place, Reading& reading) {
  for (const auto& declared : declarations) {
    const auto given = std::find_if(inputs.begin(), inputs.end(),
                                    [&](const auto& i) { return i.name == declared.name; });
    if (given == inputs.end() || !given->source) {
      if (!declared.optional && !declared.default_value)
        reading.diagnostics.error(
            given == inputs.end() ? place : given->place,
            fmt::format("Required input '{}' for {} not provided.", declared.name, what));
      continue;
    }
    if (const auto* literal = std::get_if<model::Literal>(&*given->source))
      check_literal(*given, *literal, declared, reading);
  }
}

void check_command(const Component& component, const model::Template& command, Reading& reading) {
  for (const auto& segment : command.segments) {
    const auto* reference = std::get_if<model::Reference>(&segment.value);
    if (!reference) continue;
    const auto complain = [&](const std::string& hint) {
      reading.diagnostics.error(
          command.place, fmt::format("Invalid data binding expression: {}", reference->to_string()),
          hint);
    };
    const bool input = reference->words[0] == "inputs";
    if ((!input && reference->words[0] != "outputs") || reference->words.size() < 2) {
      if (reference->words[0] != "search_space")
        complain("a command knows ${{inputs.NAME}} and ${{outputs.NAME}}");
      continue;
    }
    const auto* declared = input ? component.find_input(reference->words[1]) : nullptr;
    if (input && !declared)
      complain(component.inputs.empty()
                   ? "no input is declared"
                   : text::did_you_mean(reference->words[1], names_of(component.inputs)));
    if (!input && !component.find_output(reference->words[1]))
      complain(component.outputs.empty()
                   ? "no output is declared"
                   : text::did_you_mean(reference->words[1], names_of(component.outputs)));
    if (declared && declared->optional && !declared->default_value && segment.optional_block < 0)
      reading.diagnostics.error(
          command.place,
          fmt::format("the optional input '{}' stands outside $[[ ]]", declared->name),
          fmt::format("write $[[--{} ${{{{inputs.{}}}}}]]", declared->name, declared->name));
    if (declared && !declared->optional && segment.optional_block >= 0)
      reading.diagnostics.error(
          command.place,
          fmt::format("the required input '{}' stands inside $[[ ]]", declared->name),
          "only optional inputs may stand there");
  }
}

}  // namespace definition
