// Sweeps: the trial, the search space and when to stop. Source: reference-yaml-job-sweep.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Dimension;
using model::EarlyTermination;
using model::Sweep;

constexpr std::pair<const char*, Dimension::Kind> dimension_kinds[] = {
    {"choice", Dimension::Kind::choice},     {"randint", Dimension::Kind::randint},
    {"uniform", Dimension::Kind::uniform},   {"loguniform", Dimension::Kind::loguniform},
    {"quniform", Dimension::Kind::quniform}, {"qloguniform", Dimension::Kind::qloguniform},
    {"normal", Dimension::Kind::normal},     {"lognormal", Dimension::Kind::lognormal},
    {"qnormal", Dimension::Kind::qnormal},   {"qlognormal", Dimension::Kind::qlognormal}};

constexpr std::pair<const char*, Sweep::Sampling> samplings[] = {
    {"random", Sweep::Sampling::random},
    {"grid", Sweep::Sampling::grid},
    {"bayesian", Sweep::Sampling::bayesian}};

constexpr std::pair<const char*, EarlyTermination::Kind> policies[] = {
    {"bandit", EarlyTermination::Kind::bandit},
    {"median_stopping", EarlyTermination::Kind::median_stopping},
    {"truncation_selection", EarlyTermination::Kind::truncation_selection}};

// The word's value in a table, or a complaint at `place`.
template <class Table>
auto find_word(const Table& table, const std::string& word, const base::Place& place,
               Reading& reading) -> std::optional<decltype(table[0].second)> {
  std::vector<std::string> words;
  std::string list;
  for (const auto& [name, value] : table) {
    if (name == word) return value;
    words.emplace_back(name);
    list += fmt::format("{}'{}'", list.empty() ? "" : ", ", name);
  }
  reading.diagnostics.error(place, fmt::format("Value '{}' passed is not in set [{}]", word, list),
                            text::did_you_mean(word, words));
  return std::nullopt;
}

double needed(const text::Node& map, const char* key, Reading& reading) {
  if (const auto number = read_number(map, key, reading)) return *number;
  if (!map.find(key)) report_missing(map, key, reading);
  return 0;
}

bool is_normal(Dimension::Kind kind) {
  return kind >= Dimension::Kind::normal;
}
bool is_rounded(Dimension::Kind kind) {
  return kind == Dimension::Kind::quniform || kind == Dimension::Kind::qloguniform ||
         kind == Dimension::Kind::qnormal || kind == Dimension::Kind::qlognormal;
}

void read_values(const text::Node& map, Dimension& dimension, Reading& reading) {
  const auto* values = map.find("values");
  if (!values) return report_missing(map, "values", reading);
  if (!values->is_sequence() || values->items.empty())
    return reading.diagnostics.error(
        values->place,
        fmt::format("'values' of '{}' must be a list of at least one value", dimension.name));
  for (const auto& item : values->items) {
    if (item.is_scalar())
      dimension.values.push_back(make_literal(item));
    else
      reading.diagnostics.error(
          item.place, fmt::format("a value of '{}' must be one word or number", dimension.name));
  }
}

void read_bounds(const text::Node& map, Dimension& dimension, Reading& reading) {
  dimension.min = needed(map, "min_value", reading);
  dimension.max = needed(map, "max_value", reading);
  if (map.find("min_value") && map.find("max_value") && !(dimension.min < dimension.max))
    reading.diagnostics.error(
        map.find("max_value")->place,
        fmt::format("'max_value' of '{}' must be above its 'min_value'", dimension.name));
  // A usual mistake: the bounds are exponents, and exp(1000) is no number any more.
  const bool is_log = dimension.kind == Dimension::Kind::loguniform ||
                      dimension.kind == Dimension::Kind::qloguniform;
  if (is_log && std::isinf(std::exp(dimension.max)))
    reading.diagnostics.error(
        map.find("max_value")->place,
        fmt::format("'{}' would reach exp({}), which is no number", dimension.name, dimension.max),
        "the bounds of a loguniform are exponents: for 0.001 to 0.1 write -6.9 and -2.3");
}

std::optional<Dimension> read_dimension(const text::Entry& entry, Reading& reading) {
  Dimension dimension;
  dimension.name = entry.key;
  dimension.place = entry.key_place;
  if (!entry.value.is_map()) {
    reading.diagnostics.error(entry.value.place, fmt::format("'{}' must be a mapping", entry.key),
                              "write type: choice and values: […], or type: uniform …");
    return std::nullopt;
  }
  const text::Node& map = entry.value;
  const auto* type = map.find("type");
  if (!type) {
    report_missing(map, "type", reading);
    return std::nullopt;
  }
  const auto kind = find_word(dimension_kinds, type->scalar, type->place, reading);
  if (!kind) return std::nullopt;
  dimension.kind = *kind;
  if (*kind == Dimension::Kind::choice) {
    read_values(map, dimension, reading);
  } else if (*kind == Dimension::Kind::randint) {
    dimension.upper = static_cast<std::int64_t>(needed(map, "upper", reading));
    if (map.find("upper") && dimension.upper < 1)
      reading.diagnostics.error(map.find("upper")->place,
                                fmt::format("'upper' of '{}' must be at least 1", entry.key));
  } else if (is_normal(*kind)) {
    dimension.mu = needed(map, "mu", reading);
    dimension.sigma = needed(map, "sigma", reading);
  } else {
    read_bounds(map, dimension, reading);
  }
  if (is_rounded(*kind)) {
    dimension.q = needed(map, "q", reading);
    if (map.find("q") && !(dimension.q > 0))
      reading.diagnostics.error(map.find("q")->place,
                                fmt::format("'q' of '{}' must be above 0", entry.key));
  }
  return dimension;
}

void read_space(const text::Node& map, Sweep& sweep, Reading& reading) {
  const auto* space = read_map(map, "search_space", reading);
  if (!space) return report_missing(map, "search_space", reading);
  if (space->entries.empty()) reading.diagnostics.error(space->place, "the search space is empty");
  for (const auto& entry : space->entries) {
    check_twice(*space, entry, reading);
    const auto dimension = read_dimension(entry, reading);
    if (!dimension) continue;
    if (sweep.sampling == Sweep::Sampling::grid && dimension->kind != Dimension::Kind::choice)
      reading.diagnostics.error(
          entry.value.place,
          fmt::format("grid sampling knows only choice, and '{}' is none", entry.key),
          "give its values with type: choice, or use random sampling");
    sweep.space.push_back(*dimension);
  }
}

void read_sampling(const text::Node& map, Sweep& sweep, Reading& reading) {
  const auto* algorithm = map.find("sampling_algorithm");
  if (!algorithm) return report_missing(map, "sampling_algorithm", reading);
  const text::Node* word = algorithm;
  if (algorithm->is_map()) {
    word = algorithm->find("type");
    if (!word) return report_missing(*algorithm, "type", reading);
    if (const auto seed = read_integer(*algorithm, "seed", reading))
      sweep.seed = static_cast<std::uint64_t>(*seed);
  }
  if (const auto known = find_word(samplings, word->scalar, word->place, reading))
    sweep.sampling = *known;
  if (!algorithm->is_map() || sweep.sampling != Sweep::Sampling::random) return;
  const std::string rule = read_text(*algorithm, "rule", reading).value_or("random");
  if (rule == "sobol")
    sweep.sampling = Sweep::Sampling::sobol;
  else if (rule != "random")
    reading.diagnostics.error(
        algorithm->find("rule")->place,
        fmt::format("Value '{}' passed is not in set ['random', 'sobol']", rule),
        text::did_you_mean(rule, {"random", "sobol"}));
}

void read_objective(const text::Node& map, Sweep& sweep, Reading& reading) {
  const auto* objective = read_map(map, "objective", reading);
  if (!objective) return report_missing(map, "objective", reading);
  sweep.primary_metric = read_text(*objective, "primary_metric", reading).value_or("");
  if (sweep.primary_metric.empty()) report_missing(*objective, "primary_metric", reading);
  const auto goal = read_text(*objective, "goal", reading);
  if (!goal) return report_missing(*objective, "goal", reading);
  constexpr std::pair<const char*, bool> goals[] = {{"maximize", true}, {"minimize", false}};
  if (const auto known = find_word(goals, *goal, objective->find("goal")->place, reading))
    sweep.maximize = *known;
}

void read_limits(const text::Node& map, Sweep& sweep, Reading& reading) {
  const auto* limits = read_map(map, "limits", reading);
  if (!limits) return;
  const auto at_least_one = [&](const char* key, auto& field) {
    const auto number = read_integer(*limits, key, reading);
    if (!number) return;
    if (*number < 1)
      reading.diagnostics.error(limits->find(key)->place,
                                fmt::format("'{}' must be at least 1", key));
    else
      field = *number;
  };
  at_least_one("max_total_trials", sweep.max_total_trials);
  at_least_one("max_concurrent_trials", sweep.max_concurrent_trials);
  if (const auto seconds = read_number(*limits, "timeout", reading))
    sweep.timeout_seconds = *seconds;
  sweep.trial_timeout_seconds = read_number(*limits, "trial_timeout", reading);
  for (const char* key : {"timeout", "trial_timeout"})
    if (const auto* value = limits->find(key); value && value->as_real() <= 0)
      reading.diagnostics.error(value->place, fmt::format("'{}' must be above 0", key));
}

void read_early_termination(const text::Node& map, Sweep& sweep, Reading& reading) {
  const auto* policy = read_map(map, "early_termination", reading);
  if (!policy) return;
  const auto* type = policy->find("type");
  if (!type) return report_missing(*policy, "type", reading);
  const auto kind = find_word(policies, type->scalar, type->place, reading);
  if (!kind) return;
  EarlyTermination& early = sweep.early_termination;
  early.kind = *kind;
  early.evaluation_interval = read_integer(*policy, "evaluation_interval", reading).value_or(1);
  early.delay_evaluation = read_integer(*policy, "delay_evaluation", reading).value_or(0);
  if (early.evaluation_interval < 1)
    reading.diagnostics.error(policy->find("evaluation_interval")->place,
                              "'evaluation_interval' must be at least 1");
  early.slack_factor = read_number(*policy, "slack_factor", reading);
  early.slack_amount = read_number(*policy, "slack_amount", reading);
  early.truncation_percentage = read_number(*policy, "truncation_percentage", reading).value_or(0);
  if (*kind == EarlyTermination::Kind::bandit &&
      early.slack_factor.has_value() == early.slack_amount.has_value())
    reading.diagnostics.error(policy->place,
                              "a bandit needs one of 'slack_factor' and 'slack_amount'");
  if (*kind == EarlyTermination::Kind::truncation_selection &&
      (early.truncation_percentage < 1 || early.truncation_percentage > 99))
    reading.diagnostics.error(policy->place, "'truncation_percentage' must be from 1 to 99");
}

// Everything that was written, whatever its order in the file.
std::string text_of(const text::Node& node) {
  if (node.is_scalar() || node.is_null()) return node.scalar;
  std::string text;
  for (const auto& item : node.items) text += text_of(item) + ",";
  for (const auto& entry : node.entries) text += entry.key + "=" + text_of(entry.value) + ";";
  return "{" + text + "}";
}

}  // namespace

std::shared_ptr<const model::Sweep> read_sweep(const text::Node& map, Reading& reading) {
  auto sweep = std::make_shared<Sweep>();
  read_sampling(map, *sweep, reading);
  read_space(map, *sweep, reading);
  read_objective(map, *sweep, reading);
  read_limits(map, *sweep, reading);
  read_early_termination(map, *sweep, reading);
  sweep->metrics_output = read_v1_metrics_output(map, reading);
  for (const char* key :
       {"sampling_algorithm", "search_space", "objective", "limits", "early_termination"})
    if (const auto* value = map.find(key)) sweep->text += text_of(*value);
  return sweep;
}

// The trial is a command; the sweep fills its inputs of the names of the search space.
std::shared_ptr<const model::Component> read_sweep_component(
    const text::Node& map, const fs::path& folder, const std::vector<model::Input>& inputs,
    const std::vector<model::Output>& outputs, Reading& reading) {
  auto component = std::make_shared<model::Component>();
  component->place = map.place;
  const auto* trial = map.find("trial");
  const bool is_component =
      trial && (trial->is_scalar() || (trial->is_map() && trial->find("inputs")));
  if (!trial) {
    report_missing(map, "trial", reading);
  } else if (is_component) {
    const auto resolved = resolve_component(*trial, folder, reading);
    if (!resolved) return nullptr;
    if (resolved->kind != model::Component::Kind::command) {
      reading.diagnostics.error(trial->place, "a trial is a command component",
                                "its file needs type: command");
      return nullptr;
    }
    *component = *resolved;
  } else if (!trial->is_map()) {
    reading.diagnostics.error(trial->place, "'trial' must be a mapping or a component's file");
    return nullptr;
  } else {
    for (const auto& input : inputs) component->inputs.push_back(declaration_of(input));
    for (const auto& output : outputs)
      component->outputs.push_back({output.name, output.place,
                                    output.type.value_or(model::DataType::uri_folder), output.mode,
                                    ""});
    read_command_keys(*trial, folder, *component, reading);
    if (!trial->find("command")) report_missing(*trial, "command", reading);
    if (!trial->find("environment")) report_missing(*trial, "environment", reading);
  }
  component->kind = model::Component::Kind::sweep;
  component->type_text = "sweep";
  component->sweep = read_sweep(map, reading);
  if (component->sweep->trial_timeout_seconds)
    component->limits.timeout_seconds = component->sweep->trial_timeout_seconds;
  for (const auto& dimension : component->sweep->space) {
    if (component->find_input(dimension.name)) continue;
    if (is_component) {
      std::vector<std::string> names;
      for (const auto& input : component->inputs) names.push_back(input.name);
      reading.diagnostics.error(dimension.place,
                                fmt::format("the trial has no input '{}'", dimension.name),
                                text::did_you_mean(dimension.name, names));
      continue;
    }
    model::InputDeclaration declared;
    declared.name = dimension.name;
    declared.place = dimension.place;
    declared.type = dimension.kind == Dimension::Kind::choice && !dimension.values.empty()
                        ? model::type_of(dimension.values.front())
                        : model::DataType::number;
    component->inputs.push_back(std::move(declared));
  }
  if (trial && !is_component) check_command(*component, component->command, reading);
  return component;
}

}  // namespace definition
