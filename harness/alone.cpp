#include "harness/alone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "definition/definition.hpp"
#include "engine/fingerprint.hpp"
#include "harness/definition.hpp"
#include "harness/mock_dataset.hpp"
#include "history/history.hpp"

namespace harness {
namespace {

// Says that a folder holds a step's outputs, and may be replaced by the next.
constexpr const char* mark = ".amlocal-outputs";

const model::InputDeclaration* find_input(const engine::PlannedStep& step, std::string key) {
  if (key.starts_with("inputs.")) key.erase(0, 7);
  return step.component->find_input(key);
}

// The values that are the step's own; what is left is for the job.
std::vector<Supply> take_values(const engine::PlannedStep& step, Words& set) {
  std::vector<Supply> supplies;
  std::erase_if(set, [&](const auto& word) {
    const auto* declared = find_input(step, word.first);
    if (!declared || model::is_data(declared->type)) return false;
    supplies.push_back({declared->name, definition::parse_literal(word.second), "--set"});
    return true;
  });
  return supplies;
}

definition::Overrides overrides_of(const Words& set) {
  definition::Overrides overrides;
  for (const auto& [key, value] : set) overrides.set.push_back({key, value});
  return overrides;
}

engine::PlannedInput input_named(const engine::PlannedStep& step, const std::string& name) {
  for (const auto& input : step.inputs)
    if (input.name == name) return input;
  engine::PlannedInput input;
  input.name = name;
  if (const auto* declared = step.component->find_input(name)) input.type = declared->type;
  return input;
}

std::vector<Supply> supplies_of(const Words& in, const engine::PlannedStep& step,
                                const std::vector<Mock>& mocks, const Workshop& workshop) {
  std::vector<Supply> supplies;
  for (const auto& [name, text] : in) {
    const auto input = input_named(step, name);
    const bool data = model::is_data(input.type) || dataset_definition(input, workshop.layout);
    if (!step.component->find_input(name) || !data) {
      supplies.push_back({name, definition::parse_literal(text), "--in"});
      continue;
    }
    const Mock mock = typed_mock(text, mocks, workshop);
    supplies.push_back({name, materialize(mock, input, workshop),
                        mock.file.empty() ? text : base::display_path(mock.file)});
  }
  return supplies;
}

template <class Port>
bool set_mode(std::vector<Port>& ports, const std::string& name, model::AccessMode mode) {
  for (auto& port : ports) {
    if (port.name != name) continue;
    port.mode = mode;
    return true;
  }
  return false;
}

void change_modes(engine::PlannedStep& step, const Words& modes) {
  using model::AccessMode;
  for (const auto& [key, text] : modes) {
    std::vector<std::string> keys;
    for (const auto& input : step.inputs)
      if (model::is_data(input.type)) keys.push_back("inputs." + input.name);
    for (const auto& output : step.outputs) keys.push_back("outputs." + output.name);
    const std::string name = key.substr(key.find('.') + 1);
    const bool output = key.starts_with("outputs.");
    const auto mode = model::parse_access_mode(text);
    const std::vector<std::string> fit =
        output ? std::vector<std::string>{"rw_mount", "upload", "direct"}
               : std::vector<std::string>{"ro_mount", "rw_mount",   "download",
                                          "direct",   "eval_mount", "eval_download"};
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      throw base::Error(
          base::Code::usage,
          fmt::format("--mode {}: step '{}' has no such input or output", key, step.path))
          .hint(text::did_you_mean(key, keys));
    if (!mode || std::find(fit.begin(), fit.end(), text) == fit.end())
      throw base::Error(base::Code::usage, fmt::format("--mode {}: {} has no mode '{}'", key,
                                                       output ? "an output" : "an input", text))
          .hint(text::did_you_mean(text, fit));
    output ? set_mode(step.outputs, name, *mode) : set_mode(step.inputs, name, *mode);
  }
}

// A folder of the user's is replaced only where an earlier try made it.
void prepare_folder(const fs::path& folder) {
  boost::system::error_code ignored;
  if (fs::exists(folder, ignored) && !fs::is_empty(folder, ignored)) {
    if (!fs::exists(folder / mark, ignored))
      throw base::Error(base::Code::exists,
                        fmt::format("--to {}: it is there already and holds something else",
                                    base::display_path(folder)))
          .hint("choose another folder, or empty this one");
    base::remove_tree(folder);
  }
  fs::create_directories(folder);
  base::write_file_atomically(folder / mark, "");
}

// What a literal was in a run, as its fingerprint tells: "number literal 0.1".
std::optional<std::string> literal_of(const history::StepRecord& record, const std::string& input) {
  constexpr std::string_view word = " literal ";
  if (record.fingerprint.empty()) return std::nullopt;
  const auto inputs = engine::fingerprint_from_json(record.fingerprint).inputs;
  const auto found = inputs.find(input);
  if (found == inputs.end()) return std::nullopt;
  const auto at = found->second.find(word);
  if (at == std::string::npos) return std::nullopt;
  return found->second.substr(at + word.size());
}

void take_code_of_run(const history::RunRecord& run, const history::StepRecord& record,
                      engine::PlannedStep& step, const workspace::Layout& layout) {
  auto component = std::make_shared<model::Component>(*step.component);
  component->code = layout.snapshots() / record.snapshot;
  component->additional_includes.clear();
  boost::system::error_code ignored;
  if (record.snapshot.empty() || !fs::is_directory(*component->code, ignored))
    throw base::Error(
        base::Code::not_found,
        fmt::format("the code of step '{}' as run {} had it is gone", step.path, run.name))
        .hint("without --at it is today's");
  step.component = std::move(component);
}

// The step as a run had it: its code, its values, and what its upstream steps had made.
void take_from_run(const std::string& name, engine::Plan& plan, std::size_t n,
                   const workspace::Layout& layout, std::vector<Supply>& said) {
  const auto run = history::read_run(layout, name);
  engine::PlannedStep& step = plan.steps[n];
  const auto* record = run.find_step(step.path);
  if (!record)
    throw base::Error(base::Code::not_found,
                      fmt::format("run {} has no step '{}'", run.name, step.path))
        .hint(fmt::format("its steps: amlocal runs show {}", run.name));
  if (step.component->code) take_code_of_run(run, *record, step, layout);
  const auto give = [&](const std::string& input, engine::Given given) {
    const bool given_already = std::any_of(
        said.begin(), said.end(), [&](const Supply& supply) { return supply.input == input; });
    if (!given_already) said.push_back({input, std::move(given), "run " + run.name});
  };
  for (const auto& input : step.inputs) {
    if (std::holds_alternative<model::Literal>(input.source)) {
      if (const auto text = literal_of(*record, input.name))
        give(input.name, definition::parse_literal(*text));
    } else if (const auto* from = std::get_if<engine::Upstream>(&input.source)) {
      const auto* producer = run.find_step(plan.steps[from->step].path);
      if (!producer) continue;
      for (const auto& output : producer->outputs)
        if (output.output == from->output)
          give(input.name, model::DataPath{model::DataPath::Kind::local, output.path});
    }
  }
}

}  // namespace

std::optional<Isolated> isolate(Order order, const engine::Surroundings& surroundings,
                                text::Diagnostics& diagnostics) {
  std::optional<Definition> made;
  if (is_script(order.file)) {
    made.emplace(collect(order.file, order.arguments, surroundings));
    order.file = find_job(*made, order.step, surroundings).file;
  }
  auto job = definition::load_steps(order.file, {}, surroundings.catalogue, diagnostics);
  if (!job || !diagnostics.ok()) return std::nullopt;
  auto plan = engine::make_plan(*job);
  const std::size_t step = find_step(plan, order.step);
  auto said = std::move(order.supplies);
  for (auto& supply : take_values(plan.steps[step], order.set)) said.push_back(std::move(supply));
  if (!order.set.empty()) {
    text::Diagnostics again;  // what it says without --set has been said
    job =
        definition::load_steps(order.file, overrides_of(order.set), surroundings.catalogue, again);
    if (!job || !again.ok()) {
      diagnostics = std::move(again);
      return std::nullopt;
    }
    plan = engine::make_plan(*job);
  }
  if (made) job->script = made->script;
  const auto mocks = mocks_beside(job->script.empty() ? job->file : job->script);
  const Workshop workshop = workshop_for(*plan.steps[step].component, order.here, surroundings);
  for (auto& supply : supplies_of(order.in, plan.steps[step], mocks, workshop))
    said.insert(said.begin(), std::move(supply));
  for (const auto& [input, mock] : order.mocks)
    said.push_back({input, materialize(mock, input_named(plan.steps[step], input), workshop),
                    "a mock of its own"});

  if (!order.at.empty()) take_from_run(order.at, plan, step, surroundings.layout, said);

  Isolated isolated;
  isolated.supplies = supply(*job, plan, step, std::move(said), mocks, workshop, surroundings);
  std::map<std::string, engine::Given> given;
  for (const auto& supply : isolated.supplies) given.emplace(supply.input, supply.given);
  isolated.plan = engine::isolate(plan, step, given);
  change_modes(isolated.plan.steps.front(), order.mode);
  if (job->experiment_name.empty()) job->experiment_name = order.here.filename().native();
  if (!order.to.empty()) prepare_folder(order.to);
  if (!order.keep) {
    isolated.bench = std::move(order.bench);
    if (!isolated.bench)
      isolated.bench =
          std::make_unique<Bench>(surroundings.layout, bench_key(*job, isolated.step().path));
  }
  isolated.outputs = !order.to.empty() ? order.to
                     : isolated.bench  ? isolated.bench->outputs()
                                       : fs::path();
  isolated.job = std::move(*job);
  isolated.options = std::move(order.options);
  isolated.options.outputs_to = isolated.outputs;
  return isolated;
}

model::Status run(const Isolated& isolated, const engine::Surroundings& surroundings,
                  const std::vector<events::Sink*>& listeners) {
  if (!isolated.bench)
    return engine::execute(isolated.job, isolated.plan, isolated.options, surroundings, listeners);
  const engine::Surroundings apart{isolated.bench->layout(), surroundings.settings,
                                   surroundings.catalogue, surroundings.shell, surroundings.clock};
  return engine::execute(isolated.job, isolated.plan, isolated.options, apart, listeners);
}

}  // namespace harness
