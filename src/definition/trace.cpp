// Values that reach a step through the inputs of pipelines around it.
#include <fmt/format.h>

#include <string_view>
#include <unordered_map>

#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Component;

// A pipeline while it is being walked: the outermost one, or one that stands in a step.
struct Level {
  const Component* pipeline;
  const std::vector<model::Input>* given;  // the values of its inputs
  const Level* outer = nullptr;            // where those values are bound
  std::string prefix;                      // "nested/"
};

struct Found {
  const model::InputSource* source = nullptr;  // a literal or a path; null: default_value
  const model::Literal* literal = nullptr;
  base::Place place;
};

class Trace {
 public:
  explicit Trace(Reading& reading) : reading_(reading) {}

  void walk(const Level& level) {
    for (const auto& step : level.pipeline->steps) {
      for (const auto& declared : step.component->inputs)
        if (const auto* input = find(step.inputs, declared.name); input && is_bound(*input))
          check(level, step, *input, declared);
      if (step.component->kind == Component::Kind::pipeline)
        walk({step.component.get(), &step.inputs, &level, level.prefix + step.name + "/"});
    }
  }

 private:
  static const model::Input* find(const std::vector<model::Input>& inputs, std::string_view name) {
    for (const auto& input : inputs)
      if (input.name == name) return &input;
    return nullptr;
  }

  static bool is_bound(const model::Input& input) {
    return input.source && (std::holds_alternative<model::ParentInput>(*input.source) ||
                            std::holds_alternative<model::StepInput>(*input.source));
  }

  void check(const Level& level, const model::Step& step, const model::Input& input,
             const model::InputDeclaration& declared) {
    if (declared.inferred) return;
    const auto found = origin(level, input);
    if (!found) return;
    const std::string subject =
        fmt::format("input '{}' of step '{}{}'", declared.name, level.prefix, step.name);
    if (found->literal && model::is_data(declared.type)) {
      reading_.diagnostics.error(
          found->place,
          fmt::format("{} is a {}: only path input is supported now but get '{}'", subject,
                      to_string(declared.type), found->literal->text),
          fmt::format("write {{type: {}, path: {}}}", to_string(declared.type),
                      std::holds_alternative<std::string>(found->literal->value)
                          ? found->literal->text
                          : "PATH"));
    } else if (found->literal) {
      check_literal(*found->literal, found->place, subject, declared, reading_);
    } else if (!model::is_data(declared.type)) {
      reading_.diagnostics.error(
          found->place,
          fmt::format("{} takes a value of type {}, not a path", subject, to_string(declared.type)),
          "give a value without a mapping");
    }
  }

  // Where the value of a bound input stands; nothing when it has none or comes from a step.
  std::optional<Found> origin(const Level& start, const model::Input& bound) {
    const Level* level = &start;
    const model::Input* at = &bound;
    std::size_t hops = 0;
    while (at) {
      if (!at->source || ++hops > 100'000) return std::nullopt;  // circles are reported elsewhere
      if (const auto* literal = std::get_if<model::Literal>(&*at->source))
        return Found{&*at->source, literal, at->place};
      if (std::holds_alternative<model::DataPath>(*at->source))
        return Found{&*at->source, nullptr, at->place};
      if (const auto* parent = std::get_if<model::ParentInput>(&*at->source)) {
        const auto* given = find(*level->given, parent->input);
        if (!given) return default_of(*level->pipeline, parent->input);
        at = given;
        if (level->outer) level = level->outer;
      } else if (const auto* other = std::get_if<model::StepInput>(&*at->source)) {
        const auto* step = step_of(*level->pipeline, other->step);
        if (!step) return std::nullopt;
        at = find(step->inputs, other->input);
        if (!at) return default_of(*step->component, other->input);
      } else {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  static std::optional<Found> default_of(const Component& component, const std::string& name) {
    const auto* declared = component.find_input(name);
    if (!declared || !declared->default_value) return std::nullopt;
    return Found{nullptr, &*declared->default_value, declared->default_place};
  }

  const model::Step* step_of(const Component& pipeline, const std::string& name) {
    auto& index = indexes_[&pipeline];
    if (index.empty())
      for (const auto& step : pipeline.steps) index.emplace(step.name, &step);
    const auto found = index.find(name);
    return found == index.end() ? nullptr : found->second;
  }

  Reading& reading_;
  std::unordered_map<const Component*, std::unordered_map<std::string_view, const model::Step*>>
      indexes_;
};

}  // namespace

void check_traced_values(const Component& pipeline, const std::vector<model::Input>& given,
                         Reading& reading) {
  Trace(reading).walk({&pipeline, &given, nullptr, ""});
}

}  // namespace definition
