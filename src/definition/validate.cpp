#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "definition/definition.hpp"
#include "definition/reading.hpp"

namespace definition {
namespace {

bool is_table(const fs::path& file) {
  return file.filename() == "MLTable";
}

bool has_any(const text::Node& root, std::initializer_list<std::string_view> keys) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](std::string_view key) { return root.find(key) != nullptr; });
}

}  // namespace

FileKind kind_of(const text::Node& root) {
  const auto* schema = root.find("$schema");
  const std::string name = schema && schema->is_scalar() ? schema->scalar : "";
  const std::string file = name.substr(name.rfind('/') + 1);
  const auto says = [&](std::string_view word) { return file.find(word) != std::string::npos; };
  if (says("Component")) return FileKind::component;
  if (says("Job")) return FileKind::job;
  if (says("data")) return FileKind::data;
  if (says("environment")) return FileKind::environment;
  if (says("model")) return FileKind::model;
  if (has_any(root, {"jobs"}) && has_any(root, {"settings", "experiment_name", "compute"}))
    return FileKind::job;
  if (has_any(root, {"experiment_name", "compute"})) return FileKind::job;
  if (has_any(root, {"jobs", "command", "task", "component"})) {
    const auto* inputs = root.find("inputs");
    const bool declares =
        inputs && std::any_of(inputs->entries.begin(), inputs->entries.end(), [](const auto& e) {
          return e.value.is_map() && e.value.find("type") && !e.value.find("path");
        });
    return has_any(root, {"name"}) && (declares || has_any(root, {"version", "is_deterministic"}))
               ? FileKind::component
               : FileKind::job;
  }
  const auto* type = root.find("type");
  if (type &&
      (type->scalar == "uri_file" || type->scalar == "uri_folder" || type->scalar == "mltable"))
    return FileKind::data;
  if (type && type->scalar.ends_with("_model")) return FileKind::model;
  if (has_any(root, {"image", "conda_file", "build"})) return FileKind::environment;
  return FileKind::job;
}

namespace {

void validate_asset(const Document& document, bool model, Reading& reading) {
  const text::Node& root = document.root;
  check_keys(root,
             {"$schema", "name", "version", "type", "path", "description", "tags", "properties",
              "stage", "flavors", "auto_delete_setting"},
             Unknown::error, reading);
  if (!root.find("name")) report_missing(root, "name", reading);
  if (!root.find("path")) report_missing(root, "path", reading);
  const auto type = read_type(root, reading);
  const auto* path = root.find("path");
  if (!path || !path->is_scalar() || path->scalar.find("://") != std::string::npos ||
      path->scalar.starts_with("azureml:"))
    return;
  const fs::path local = read_path(*path, document.folder(), true, reading);
  if (type && !model) check_local_data(local, *type, path->place, reading);
}

}  // namespace

std::optional<model::Job> validate_file(const fs::path& given, const model::Catalogue& catalogue,
                                        text::Diagnostics& diagnostics) {
  fs::path file = fs::absolute(given).lexically_normal();
  Reading reading{catalogue, diagnostics, {}, {}, {}, false, false};
  boost::system::error_code ignored;
  if (fs::is_directory(file, ignored) && fs::exists(file / "MLTable", ignored)) file /= "MLTable";
  if (is_table(file)) {
    read_mltable(file, reading);
    return std::nullopt;
  }
  const auto document = open_document(file, reading);
  if (!document) return std::nullopt;
  switch (kind_of(document->root)) {
    case FileKind::job:
      return load_job(file, {}, catalogue, diagnostics);
    case FileKind::component:
      if (const auto component = read_component_file(file, reading))
        check_traced_values(*component, {}, reading);
      break;
    case FileKind::data:
      validate_asset(*document, false, reading);
      break;
    case FileKind::model:
      validate_asset(*document, true, reading);
      break;
    case FileKind::environment:
      check_environment(document->root, document->folder(), reading);
      break;
  }
  return std::nullopt;
}

std::vector<std::string> without_effect(const fs::path& file) {
  static constexpr std::pair<std::string_view, std::string_view> idle[] = {
      {"compute", "compute"},         {"default_compute", "default_compute"},
      {"identity", "identity"},       {"queue_settings", "queue_settings"},
      {"services", "services"},       {"instance_type", "instance_type"},
      {"docker_args", "docker_args"}, {"shm_size", "shm_size"}};
  std::vector<std::string> found;
  const auto add = [&](const std::string& text) {
    if (std::find(found.begin(), found.end(), text) == found.end()) found.push_back(text);
  };
  const std::function<void(const text::Node&)> look = [&](const text::Node& node) {
    for (const auto& entry : node.entries) {
      for (const auto& [key, text] : idle)
        if (entry.key == key) add(std::string(text));
      if (entry.key == "instance_count" && entry.value.kind == text::Kind::integer &&
          entry.value.as_integer() > 1)
        add("instance_count above 1");
      if (entry.key != "inputs" && entry.key != "outputs" && entry.key != "environment_variables")
        look(entry.value);
    }
  };
  look(text::parse_yaml(text::read_source(file)));
  return found;
}

}  // namespace definition
