#include "engine/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "text/diagnostic.hpp"

namespace engine {
namespace {

using model::Component;

// One pipeline, the job's own or a nested one, while it is being flattened.
struct Scope {
  const Component* pipeline = nullptr;
  const Scope* parent = nullptr;
  const model::Step* via = nullptr;  // the step of `parent` that this pipeline stands in
  const std::vector<model::Input>* job_inputs = nullptr;  // of the outermost one
  std::string prefix;                                     // "nested/"
  std::map<std::string, std::size_t> leaves;              // step → index
  std::map<std::string, std::unique_ptr<Scope>> nested;
};

using Source = decltype(PlannedInput::source);
struct Traced {
  Source source;
  std::optional<model::AccessMode> mode;  // of the pipeline input it came through
  std::optional<model::DataType> type;    // of what it is bound to
};

const model::Input* find(const std::vector<model::Input>& inputs, const std::string& name) {
  const auto found =
      std::find_if(inputs.begin(), inputs.end(), [&](const auto& i) { return i.name == name; });
  return found == inputs.end() ? nullptr : &*found;
}

class Flattener {
 public:
  explicit Flattener(const model::Job& job) : job_(job) {
    root_.pipeline = job.pipeline.get();
    root_.job_inputs = &job.inputs;
  }

  Plan flatten() {
    add_leaves(root_);
    for (std::size_t n = 0; n < plan_.steps.size(); ++n) {
      bind_inputs(n);
      bind_outputs(n);
      for (const auto& [name, place] : origins_[n].step->after)
        if (const auto leaf = origins_[n].scope->leaves.find(name);
            leaf != origins_[n].scope->leaves.end())
          plan_.steps[n].after.push_back(leaf->second);
    }
    for (const auto& said : job_.modes) force(said);
    for (const auto& output : root_.pipeline->outputs)
      if (const auto from = producer_within(root_, output.name))
        plan_.outputs.push_back({output.name, *from});
    sort();
    return std::move(plan_);
  }

 private:
  void add_leaves(Scope& scope) {
    for (const model::Step& step : scope.pipeline->steps) {
      const std::string path = scope.prefix + step.name;
      if (step.component->kind == Component::Kind::pipeline) {
        auto inner = std::make_unique<Scope>();
        inner->pipeline = step.component.get();
        inner->parent = &scope;
        inner->via = &step;
        inner->prefix = path + "/";
        add_leaves(*inner);
        scope.nested.emplace(step.name, std::move(inner));
        continue;
      }
      scope.leaves.emplace(step.name, plan_.steps.size());
      plan_.steps.push_back(
          {path, step.component, {}, {}, step.place, uses_gpu(*step.component), {}});
      origins_.push_back({&scope, &step});
    }
  }

  bool uses_gpu(const Component& component) const {
    return component.resources.gpu ||
           model::names_gpu(component.compute.empty() ? job_.settings.default_compute
                                                      : component.compute);
  }

  // Where a source of `scope` really comes from; nothing when it has no value.
  std::optional<Traced> trace(const Scope& scope, const model::InputSource& source) const {
    if (const auto* literal = std::get_if<model::Literal>(&source))
      return Traced{*literal, {}, type_of(*literal)};
    if (const auto* path = std::get_if<model::DataPath>(&source)) return Traced{*path, {}, {}};
    if (const auto* parent = std::get_if<model::ParentInput>(&source))
      return trace_parent(scope, parent->input);
    if (const auto* output = std::get_if<model::StepOutput>(&source)) {
      if (const auto from = producer(scope, output->step, output->output))
        return Traced{*from, {}, output_type(*from)};
      return std::nullopt;
    }
    return trace_step_input(scope, std::get<model::StepInput>(source));
  }

  // The value of another step's input, which may be that of a third one, and so on.
  std::optional<Traced> trace_step_input(const Scope& scope, model::StepInput at) const {
    for (;;) {
      const model::Step* step = scope.pipeline->find_step(at.step);
      if (!step) return std::nullopt;
      const model::Input* input = step->find_input(at.input);
      if (!input || !input->source) {
        const auto* declared = step->component->find_input(at.input);
        if (!declared || !declared->default_value) return std::nullopt;
        return Traced{*declared->default_value, {}, declared->type};
      }
      const auto* next = std::get_if<model::StepInput>(&*input->source);
      if (!next) return trace(scope, *input->source);
      at = *next;
    }
  }

  std::optional<Traced> trace_parent(const Scope& scope, const std::string& name) const {
    const auto& given = scope.via ? scope.via->inputs : *scope.job_inputs;
    const model::Input* input = find(given, name);
    if (input && input->source) {
      auto traced = scope.via ? trace(*scope.parent, *input->source) : trace(scope, *input->source);
      if (traced && input->mode) traced->mode = input->mode;
      if (traced && input->type) traced->type = input->type;
      return traced;
    }
    const auto* declared = scope.pipeline->find_input(name);
    if (declared && declared->default_value)
      return Traced{*declared->default_value, {}, declared->type};
    return std::nullopt;
  }

  model::DataType output_type(const Upstream& from) const {
    const auto* output = plan_.steps[from.step].component->find_output(from.output);
    return output ? output->type : model::DataType::uri_folder;
  }

  // The leaf that makes output `output` of step `step` of `scope`.
  std::optional<Upstream> producer(const Scope& scope, const std::string& step,
                                   const std::string& output) const {
    if (const auto leaf = scope.leaves.find(step); leaf != scope.leaves.end())
      return Upstream{leaf->second, output};
    if (const auto inner = scope.nested.find(step); inner != scope.nested.end())
      return producer_within(*inner->second, output);
    return std::nullopt;
  }

  // The leaf inside `scope` whose output is promoted to the pipeline output `output`.
  std::optional<Upstream> producer_within(const Scope& scope, const std::string& output) const {
    for (const model::Step& step : scope.pipeline->steps)
      for (const model::Output& out : step.outputs)
        if (out.parent_output == output) return producer(scope, step.name, out.name);
    return std::nullopt;
  }

  void bind_inputs(std::size_t n) {
    const auto [scope, step] = origins_[n];
    for (const auto& declared : step->component->inputs) {
      const model::Input* given = step->find_input(declared.name);
      std::optional<Traced> traced;
      if (given && given->source) traced = trace(*scope, *given->source);
      if (!traced && declared.default_value)
        traced = Traced{*declared.default_value, {}, declared.type};
      if (!traced) continue;
      PlannedInput input;
      input.name = declared.name;
      input.type = declared.inferred && traced->type ? *traced->type : declared.type;
      input.optional = declared.optional;
      if (given && given->mode)
        input.mode = *given->mode;
      else if (declared.mode)
        input.mode = *declared.mode;
      else if (traced->mode)
        input.mode = *traced->mode;
      if (given) input.v1 = given->v1;
      input.source = std::move(traced->source);
      plan_.steps[n].inputs.push_back(std::move(input));
    }
  }

  void bind_outputs(std::size_t n) {
    const auto [scope, step] = origins_[n];
    for (const auto& declared : step->component->outputs) {
      PlannedOutput output;
      output.name = declared.name;
      output.type = declared.type;
      if (declared.mode) output.mode = *declared.mode;
      const model::Output* said = step->find_output(declared.name);
      if (said) apply(*said, output);
      // An output that is promoted takes what each enclosing pipeline says of it, outermost last.
      for (const Scope* level = scope; level && said && said->parent_output;
           level = level->parent) {
        const std::string name = *said->parent_output;
        for (const auto& outer : level->pipeline->pipeline_outputs)
          if (outer.name == name) apply(outer, output);
        said = level->via ? level->via->find_output(name) : nullptr;
        if (said) apply(*said, output);
      }
      plan_.steps[n].outputs.push_back(std::move(output));
    }
  }

  void force(const model::StepMode& said) {
    const auto set = [&](auto& ports) {
      for (auto& port : ports)
        if (port.name == said.name) port.mode = said.mode;
    };
    for (auto& step : plan_.steps) {
      if (step.path != said.step) continue;
      if (said.input)
        set(step.inputs);
      else
        set(step.outputs);
    }
  }

  static void apply(const model::Output& said, PlannedOutput& output) {
    if (said.mode) output.mode = *said.mode;
    if (said.type) output.type = *said.type;
    if (said.path) output.path = said.path;
    if (said.v1) output.v1 = said.v1;
    if (!said.asset_name.empty()) {
      output.asset_name = said.asset_name;
      output.asset_version = said.asset_version;
    }
  }

  // Puts each step after what it needs, otherwise in the file's order, and renumbers the edges.
  void sort() {
    const std::size_t count = plan_.steps.size();
    std::vector<std::vector<std::size_t>> consumers(count);
    std::vector<std::size_t> waiting(count, 0);
    for (std::size_t n = 0; n < count; ++n) {
      const auto wait_for = [&](std::size_t first) {
        consumers[first].push_back(n);
        ++waiting[n];
      };
      for (const auto& input : plan_.steps[n].inputs)
        if (const auto* from = std::get_if<Upstream>(&input.source)) wait_for(from->step);
      for (const std::size_t first : plan_.steps[n].after) wait_for(first);
    }
    std::vector<std::size_t> order;
    std::map<std::size_t, bool> ready;
    for (std::size_t n = 0; n < count; ++n)
      if (waiting[n] == 0) ready.emplace(n, true);
    while (!ready.empty()) {
      const std::size_t n = ready.begin()->first;
      ready.erase(ready.begin());
      order.push_back(n);
      for (const std::size_t consumer : consumers[n])
        if (--waiting[consumer] == 0) ready.emplace(consumer, true);
    }
    if (order.size() != count)
      throw base::Error(base::Code::bad_definition, "the steps depend on each other in a circle")
          .at(job_.place);
    std::vector<std::size_t> position(count);
    std::vector<PlannedStep> sorted;
    for (std::size_t n = 0; n < count; ++n) {
      position[order[n]] = n;
      sorted.push_back(std::move(plan_.steps[order[n]]));
    }
    for (auto& step : sorted) {
      for (auto& input : step.inputs)
        if (auto* from = std::get_if<Upstream>(&input.source)) from->step = position[from->step];
      for (auto& first : step.after) first = position[first];
    }
    for (auto& output : plan_.outputs) output.from.step = position[output.from.step];
    plan_.steps = std::move(sorted);
  }

  struct Origin {
    const Scope* scope;
    const model::Step* step;
  };
  const model::Job& job_;
  Scope root_;
  Plan plan_;
  std::vector<Origin> origins_;  // beside plan_.steps
};

}  // namespace

bool has_mounts(const PlannedStep& step) {
  return std::any_of(step.inputs.begin(), step.inputs.end(),
                     [](const auto& input) {
                       return model::is_data(input.type) && model::is_mount(input.mode);
                     }) ||
         std::any_of(step.outputs.begin(), step.outputs.end(),
                     [](const auto& output) { return model::is_mount(output.mode); });
}

const PlannedOutput* PlannedStep::find_output(const std::string& name) const {
  const auto found =
      std::find_if(outputs.begin(), outputs.end(), [&](const auto& o) { return o.name == name; });
  return found == outputs.end() ? nullptr : &*found;
}

std::vector<std::size_t> Plan::named(const std::string& path) const {
  std::vector<std::size_t> found;
  std::vector<std::string> names;
  for (std::size_t n = 0; n < steps.size(); ++n) {
    if (steps[n].path == path || steps[n].path.starts_with(path + "/")) found.push_back(n);
    names.push_back(steps[n].path);
  }
  if (!found.empty()) return found;
  for (const auto& step : steps)
    for (auto slash = step.path.find('/'); slash != std::string::npos;
         slash = step.path.find('/', slash + 1))
      if (std::string group = step.path.substr(0, slash);
          std::find(names.begin(), names.end(), group) == names.end())
        names.push_back(std::move(group));
  // The last word of a nested step's path is how people call it.
  for (const auto& step : steps)
    if (step.path.ends_with("/" + path))
      throw base::Error(base::Code::usage, fmt::format("there is no step '{}'", path))
          .hint(fmt::format("did you mean '{}'?", step.path));
  throw base::Error(base::Code::usage, fmt::format("there is no step '{}'", path))
      .hint(text::did_you_mean(path, names));
}

std::vector<bool> Plan::needed_by(const std::vector<std::size_t>& last) const {
  std::vector<bool> needed(steps.size(), false);
  for (const std::size_t step : last) needed[step] = true;
  // Steps stand after what they need, so one pass backwards finds everything.
  for (std::size_t n = steps.size(); n-- > 0;) {
    if (!needed[n]) continue;
    for (const auto& input : steps[n].inputs)
      if (const auto* from = std::get_if<Upstream>(&input.source)) needed[from->step] = true;
    for (const std::size_t first : steps[n].after) needed[first] = true;
  }
  return needed;
}

void refuse_types_not_run(const Plan& plan, const std::vector<bool>& wanted) {
  std::string list;
  const PlannedStep* first = nullptr;
  for (std::size_t n = 0; n < plan.steps.size(); ++n) {
    const PlannedStep& step = plan.steps[n];
    const auto kind = step.component->kind;
    if (!wanted[n] || kind == Component::Kind::command || kind == Component::Kind::sweep) continue;
    list += fmt::format("{}'{}' ({})", first ? ", " : "", step.path, step.component->type_text);
    if (!first) first = &step;
  }
  if (!first) return;
  throw base::Error(base::Code::bad_definition,
                    fmt::format("amlocal does not run steps of these types yet: {}", list))
      .at(first->place)
      .hint("run the others with --only STEP,…; `amlocal validate` checks these too");
}

Plan make_plan(const model::Job& job) {
  return Flattener(job).flatten();
}

}  // namespace engine
