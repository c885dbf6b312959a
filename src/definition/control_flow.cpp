// Step types that are read for what is wrong in them and not run: control flow (a private preview
// of the cloud's), data transfers, imports, Spark and AutoML.
#include <fmt/format.h>

#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Component;

// The body of a loop, or a branch: one whole `${{parent.jobs.STEP}}`.
void read_node_reference(const text::Node& map, std::string_view key, bool required,
                         Reading& reading) {
  const auto* value = map.find(key);
  if (!value || value->is_null()) {
    if (required) report_missing(map, key, reading);
    return;
  }
  const auto source = read_template(*value, reading);
  const auto* binding = source.as_binding();
  if (binding && binding->words.size() == 3 && binding->starts_with({"parent", "jobs"})) return;
  const auto references = source.references();
  reading.diagnostics.error(
      references.empty() ? value->place : source.place_of(references[0]->offset),
      fmt::format("Value passed is not a data binding string: {}", value->scalar),
      "write ${{parent.jobs.STEP}}");
}

void read_do_while(const text::Node& map, Reading& reading) {
  read_node_reference(map, "body", true, reading);
  if (!map.find("mapping")) report_missing(map, "mapping", reading);
  const auto* limits = read_map(map, "limits", reading);
  const auto most = limits ? read_integer(*limits, "max_iteration_count", reading) : std::nullopt;
  if (!most)
    reading.diagnostics.error(limits ? limits->place : map.place,
                              "'limits.max_iteration_count' is missing: Missing data for required "
                              "field.",
                              "give the most rounds, up to 1000");
  else if (*most < 1 || *most > 1000)
    reading.diagnostics.error(limits->find("max_iteration_count")->place,
                              "'max_iteration_count' must be from 1 to 1000");
}

void read_parallel_for(const text::Node& map, Reading& reading) {
  read_node_reference(map, "body", true, reading);
  if (!map.find("items")) report_missing(map, "items", reading);
  const auto most = read_integer(map, "max_concurrency", reading);
  if (most && *most < 1)
    reading.diagnostics.error(map.find("max_concurrency")->place,
                              "'max_concurrency' must be at least 1");
}

void read_if_else(const text::Node& map, Reading& reading) {
  if (!map.find("condition")) report_missing(map, "condition", reading);
  read_node_reference(map, "true_block", false, reading);
  read_node_reference(map, "false_block", false, reading);
  if (!map.find("true_block") && !map.find("false_block"))
    reading.diagnostics.error(map.place, "an if_else needs a true_block or a false_block");
}

void read_data_transfer(const text::Node& map, Reading& reading) {
  const auto task = read_text(map, "task", reading);
  const std::vector<std::string> tasks{"copy_data", "import_data", "export_data"};
  if (!task) return report_missing(map, "task", reading);
  if (std::find(tasks.begin(), tasks.end(), *task) == tasks.end())
    reading.diagnostics.error(
        map.find("task")->place,
        fmt::format("Value '{}' passed is not in set ['copy_data', 'import_data', 'export_data']",
                    *task),
        text::did_you_mean(*task, tasks));
}

}  // namespace

std::optional<Component::Kind> other_kind(std::string_view type) {
  using enum Component::Kind;
  static constexpr std::pair<std::string_view, Component::Kind> kinds[] = {
      {"sweep", sweep},
      {"automl", automl},
      {"spark", spark},
      {"import", import_data},
      {"data_transfer", data_transfer},
      {"do_while", do_while},
      {"if_else", if_else},
      {"parallel_for", parallel_for}};
  for (const auto& [name, kind] : kinds)
    if (name == type) return kind;
  return std::nullopt;
}

void read_other_keys(const text::Node& map, Component::Kind kind, Reading& reading) {
  using enum Component::Kind;
  if (kind == do_while) read_do_while(map, reading);
  if (kind == parallel_for) read_parallel_for(map, reading);
  if (kind == if_else) read_if_else(map, reading);
  if (kind == data_transfer) read_data_transfer(map, reading);
  if (kind == import_data && !map.find("source")) report_missing(map, "source", reading);
}

}  // namespace definition
