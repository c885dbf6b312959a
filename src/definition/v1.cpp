// The `v1` objects that the azureml shim writes beside v2's own words: docs/v1-definition.md.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "definition/reading.hpp"

namespace definition {
namespace {

using Kind = model::V1Port::Kind;

constexpr std::pair<const char*, Kind> kinds[] = {
    {"data_reference", Kind::data_reference},
    {"pipeline_data", Kind::pipeline_data},
    {"dataset", Kind::dataset},
    {"output_file_dataset", Kind::output_file_dataset},
    {"link", Kind::link}};

std::vector<std::string> read_texts_of(const text::Node& map, const char* key, Reading& reading) {
  std::vector<std::string> texts;
  const auto* list = map.find(key);
  if (!list) return texts;
  if (!list->is_sequence()) {
    reading.diagnostics.error(list->place, fmt::format("'{}' must be a list", key));
    return texts;
  }
  for (const auto& item : list->items) texts.push_back(item.scalar);
  return texts;
}

nlohmann::json json_of(const text::Node& node) {
  using nlohmann::json;
  if (node.is_map()) {
    json map = json::object();
    for (const auto& entry : node.entries) map[entry.key] = json_of(entry.value);
    return map;
  }
  if (node.is_sequence()) {
    json list = json::array();
    for (const auto& item : node.items) list.push_back(json_of(item));
    return list;
  }
  switch (node.kind) {
    case text::Kind::null:
      return nullptr;
    case text::Kind::boolean:
      return node.as_bool();
    case text::Kind::integer:
      return node.as_integer();
    case text::Kind::real:
      return node.as_real();
    default:
      return node.scalar;
  }
}

std::string registration_of(const text::Node& block) {
  nlohmann::json said = nlohmann::json::object();
  for (const char* key : {"description", "tags", "table"})
    if (const auto* value = block.find(key)) said[key] = json_of(*value);
  return said.empty() ? "" : said.dump();
}

}  // namespace

std::optional<model::V1Port> read_v1_port(const text::Node& map, Reading& reading) {
  if (!reading.v1) return std::nullopt;
  const auto* block = read_map(map, "v1", reading);
  if (!block) return std::nullopt;
  model::V1Port port;
  const std::string kind = read_text(*block, "kind", reading).value_or("");
  bool known = false;
  for (const auto& [word, value] : kinds)
    if (kind == word) port.kind = value, known = true;
  if (!known)
    reading.diagnostics.error(block->place, fmt::format("'{}' is no kind of v1 data", kind),
                              "the job was written by another version of the azureml shim");
  port.path_on_compute = read_text(*block, "path_on_compute", reading).value_or("");
  port.overwrite = read_boolean(*block, "overwrite", reading).value_or(false);
  port.source_globs = read_texts_of(*block, "source_globs", reading);
  port.registration = registration_of(*block);
  return port;
}

void read_v1_step(const text::Node& map, model::Step& step, Reading& reading) {
  if (!reading.v1) return;
  const auto* block = read_map(map, "v1", reading);
  if (!block) return;
  const auto* after = block->find("after");
  if (!after) return;
  for (const auto& item : after->items) step.after.emplace_back(item.scalar, item.place);
}

std::string read_v1_metrics_output(const text::Node& map, Reading& reading) {
  const auto* block = reading.v1 ? read_map(map, "v1", reading) : nullptr;
  return block ? read_text(*block, "metrics_output", reading).value_or("") : "";
}

fs::path read_v1_script(const text::Node& root, Reading& reading) {
  const auto* block = read_map(root, "v1", reading);
  return block ? read_text(*block, "definition", reading).value_or("") : "";
}

}  // namespace definition
