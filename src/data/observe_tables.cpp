// The files MLTable and MLmodel: what they promise about the folder they lie in.
// Source: reference-yaml-mltable; mlflow.org, "MLflow Models" (MLmodel, model signature).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "data/observe.hpp"
#include "text/document.hpp"

namespace data {
namespace {

using text::Node;

// A value on one line, as JSON.
std::string one_line(const Node& node) {
  switch (node.kind) {
    case text::Kind::null:
      return "null";
    case text::Kind::map: {
      std::string line;
      for (const auto& entry : node.entries)
        line += fmt::format("{}{}: {}", line.empty() ? "" : ", ", entry.key, one_line(entry.value));
      return "{" + line + "}";
    }
    case text::Kind::sequence: {
      std::string line;
      for (const auto& item : node.items) line += (line.empty() ? "" : ", ") + one_line(item);
      return "[" + line + "]";
    }
    case text::Kind::string:
      return nlohmann::json(node.scalar)
          .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    default:
      return node.scalar;
  }
}

// Each item of a list: "key: value", or a word alone.
std::vector<std::string> items_of(const Node* list) {
  std::vector<std::string> items;
  if (!list || !list->is_sequence()) return items;
  for (const Node& item : list->items) {
    if (!item.is_map()) items.push_back(item.scalar);
    for (const auto& entry : item.entries)
      items.push_back(
          fmt::format("{}: {}", entry.key,
                      entry.value.is_scalar() ? entry.value.scalar : one_line(entry.value)));
  }
  return items;
}

// One side of a signature: JSON in a string of YAML.
std::vector<Column> signature_of(const Node* side) {
  std::vector<Column> columns;
  if (!side || !side->is_scalar()) return columns;
  const auto list = nlohmann::json::parse(side->scalar, nullptr, false);
  if (!list.is_array()) return columns;
  for (const auto& each : list) {
    if (!each.is_object()) continue;
    Column column;
    if (const auto name = each.find("name"); name != each.end() && name->is_string())
      column.name = *name;
    if (const auto type = each.find("type"); type != each.end() && type->is_string())
      column.type = *type;
    if (const auto spec = each.find("tensor-spec"); spec != each.end() && spec->is_object())
      column.type += spec->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    columns.push_back(std::move(column));
  }
  return columns;
}

// The document's root, or a note and nothing.
std::optional<Node> read_yaml(const fs::path& file, const std::string& name,
                              std::vector<std::string>& notes) {
  try {
    Node root = text::parse_yaml(text::read_source(file));
    if (root.is_map()) return root;
    notes.push_back(name + ": no mapping of keys");
  } catch (const base::Error& error) {
    notes.push_back(fmt::format("{}: {}", name, error.message()));
  }
  return {};
}

}  // namespace

std::optional<TableFileShape> observe_mltable(const fs::path& file,
                                              std::vector<std::string>& notes) {
  const auto root = read_yaml(file, "MLTable", notes);
  if (!root) return {};
  return TableFileShape{items_of(root->find("paths")), items_of(root->find("transformations"))};
}

std::optional<ModelShape> observe_model(const fs::path& root, const std::string& name,
                                        std::vector<std::string>& notes) {
  const auto document = read_yaml(root / name, name, notes);
  if (!document) return {};
  ModelShape model;
  model.path = name;
  if (const Node* flavors = document->find("flavors"); flavors && flavors->is_map())
    for (const auto& entry : flavors->entries) model.flavors.push_back(entry.key);
  if (const Node* signature = document->find("signature"); signature && signature->is_map()) {
    model.inputs = signature_of(signature->find("inputs"));
    model.outputs = signature_of(signature->find("outputs"));
  }
  return model;
}

}  // namespace data
