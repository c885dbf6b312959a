#include <fmt/format.h>

#include <regex>

#include "definition/reading.hpp"

namespace definition {
namespace {

// `${{outputs.x}}`: the output that takes all returned rows.
std::string read_append_row_to(const text::Node& value, const model::Component& component,
                               Reading& reading) {
  const auto source = read_template(value, reading);
  const auto* binding = source.as_binding();
  if (!binding || binding->words.size() != 2 || !binding->starts_with({"outputs"})) {
    reading.diagnostics.error(
        value.place, fmt::format("Value passed is not a data binding string: {}", value.scalar),
        "write ${{outputs.NAME}}");
    return "";
  }
  if (!component.find_output(binding->words[1])) {
    std::vector<std::string> names;
    for (const auto& output : component.outputs) names.push_back(output.name);
    reading.diagnostics.error(
        source.place_of(binding->offset),
        fmt::format("append_row_to names the output '{}', which is not declared",
                    binding->words[1]),
        text::did_you_mean(binding->words[1], names));
  }
  return binding->words[1];
}

// The input whose rows or files are shared out; "" where none is named.
std::string read_input_data(const text::Node& map, const model::Component& component,
                            Reading& reading) {
  const auto* data = map.find("input_data");
  if (data == nullptr || !data->is_scalar()) {
    report_missing(map, "input_data", reading);
    return "";
  }
  const auto source = read_template(*data, reading);
  const auto* binding = source.as_binding();
  if (binding == nullptr || !binding->starts_with({"inputs"}) || binding->words.size() != 2) {
    reading.diagnostics.error(
        data->place, fmt::format("Value passed is not a data binding string: {}", data->scalar),
        "write ${{inputs.NAME}}");
    return "";
  }
  const std::string& name = binding->words[1];
  if (!component.find_input(name)) {
    std::vector<std::string> names;
    for (const auto& input : component.inputs) names.push_back(input.name);
    reading.diagnostics.error(
        source.place_of(binding->offset),
        fmt::format("input_data names the input '{}', which is not declared", name),
        text::did_you_mean(name, names));
  }
  return name;
}

}  // namespace

// Source: reference-yaml-job-parallel.
void read_parallel_keys(const text::Node& map, const fs::path& folder, model::Component& component,
                        Reading& reading) {
  model::ParallelTask parallel;
  parallel.input_data = read_input_data(map, component, reading);
  if (const auto size = read_text(map, "mini_batch_size", reading)) {
    // The SDK's pattern: digits, then any number of kb, mb, gb.
    static const std::regex valid("\\d+([kKmMgG][bB])*");
    if (!std::regex_match(*size, valid))
      reading.diagnostics.error(
          map.find("mini_batch_size")->place,
          "Parameter mini_batch_size must follow regex rule ^\\d+([kKmMgG][bB])*$",
          "such as 10 or 5mb");
    parallel.mini_batch_size = *size;
  }
  if (const auto* keys = map.find("partition_keys"); keys && keys->is_sequence())
    for (const auto& key : keys->items) parallel.partition_keys.push_back(key.scalar);
  const auto at_least = [&](const char* key, int least, int otherwise) {
    const int value = read_integer(map, key, reading).value_or(otherwise);
    if (value < least)
      reading.diagnostics.error(map.find(key)->place,
                                fmt::format("'{}' must be at least {}", key, least));
    return value;
  };
  parallel.mini_batch_error_threshold = at_least("mini_batch_error_threshold", -1, -1);
  parallel.error_threshold = at_least("error_threshold", -1, -1);
  parallel.max_concurrency_per_instance =
      map.find("max_concurrency_per_instance") ? at_least("max_concurrency_per_instance", 1, 1) : 0;
  if (const auto level = read_text(map, "logging_level", reading)) {
    parallel.logging_level = *level;
    if (*level != "INFO" && *level != "WARNING" && *level != "DEBUG")
      reading.diagnostics.error(
          map.find("logging_level")->place,
          fmt::format("Value '{}' passed is not in set ['INFO', 'WARNING', 'DEBUG']", *level),
          text::did_you_mean(*level, {"INFO", "WARNING", "DEBUG"}));
  }
  if (const auto* retry = read_map(map, "retry_settings", reading)) {
    parallel.max_retries = read_integer(*retry, "max_retries", reading).value_or(2);
    if (parallel.max_retries < 0)
      reading.diagnostics.error(retry->find("max_retries")->place,
                                "'max_retries' must be at least 0");
    parallel.timeout_seconds = read_number(*retry, "timeout", reading).value_or(60);
    if (!(parallel.timeout_seconds > 0 && parallel.timeout_seconds <= 259200))
      reading.diagnostics.error(retry->find("timeout")->place,
                                "'timeout' must be above 0 and at most 259200 seconds");
  }
  if (const auto* task = read_map(map, "task", reading)) {
    read_command_keys(*task, folder, component, reading);
    parallel.entry_script = read_text(*task, "entry_script", reading).value_or("");
    if (parallel.entry_script.empty())
      report_missing(*task, "entry_script", reading);
    else if (component.code) {
      auto script = *task->find("entry_script");
      read_path(script, *component.code, true, reading);
    }
    if (const auto* arguments = task->find("program_arguments");
        arguments && arguments->is_scalar()) {
      parallel.program_arguments = read_template(*arguments, reading);
      check_command(component, *parallel.program_arguments, reading);
    }
    if (!task->find("environment")) report_missing(*task, "environment", reading);
    if (const auto* rows = task->find("append_row_to"); rows && rows->is_scalar())
      parallel.append_row_to = read_append_row_to(*rows, component, reading);
  } else {
    report_missing(map, "task", reading);
  }
  component.parallel = std::move(parallel);
}

}  // namespace definition
