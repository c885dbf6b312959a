// Environments: a reference, a mapping in a job, or a file of their own.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "definition/reading.hpp"

namespace definition {
namespace {

// The node as JSON text: two environments are the same when their texts are.
nlohmann::json to_json(const text::Node& node) {
  nlohmann::json j;
  if (node.is_map()) {
    j = nlohmann::json::object();
    for (const auto& entry : node.entries) j[entry.key] = to_json(entry.value);
  } else if (node.is_sequence()) {
    j = nlohmann::json::array();
    for (const auto& item : node.items) j.push_back(to_json(item));
  } else if (!node.is_null()) {
    j = node.scalar;
  }
  return j;
}

std::string bare_name(std::string reference) {
  if (const auto at = reference.find("environments/"); at != std::string::npos) {
    reference = reference.substr(at + 13);
    return reference.substr(0, reference.find('/'));
  }
  if (reference.starts_with("azureml:")) reference.erase(0, 8);
  return reference.substr(0, reference.find_first_of(":@"));
}

}  // namespace

void check_environment(const text::Node& map, const fs::path& folder, Reading& reading) {
  check_keys(map,
             {"$schema", "name", "version", "image", "build", "conda_file", "description", "tags",
              "properties", "os_type", "inference_config"},
             Unknown::error, reading);
  const auto* build = map.find("build");
  if (map.find("image") && build)
    reading.diagnostics.error(build->place, "an environment has an image or a build, not both",
                              "leave one of them out");
  if (!map.find("image") && !build)
    reading.diagnostics.error(
        map.place, "an environment needs an image or a build",
        "for example: image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04");
  if (build && build->is_map() && build->find("path") && build->find("path")->is_scalar() &&
      build->find("path")->scalar.find("://") == std::string::npos)
    read_path(*build->find("path"), folder, true, reading);
  if (build && map.find("conda_file"))
    reading.diagnostics.error(map.find("conda_file")->place,
                              "a conda_file belongs to an image, not to a build",
                              "install the packages in the Dockerfile");
  if (const auto* conda = map.find("conda_file"); conda && conda->is_scalar())
    read_path(*conda, folder, true, reading);
}

model::Environment read_environment(const text::Node& value, const fs::path& folder,
                                    Reading& reading) {
  model::Environment environment;
  environment.place = value.place;
  if (value.is_sequence()) {
    reading.diagnostics.error(value.place, "'environment' must be a reference or a mapping");
    return environment;
  }
  if (value.is_scalar()) {
    environment.reference = value.scalar;
    if (!value.scalar.starts_with("azureml:") && !value.scalar.starts_with("file:"))
      reading.diagnostics.error(
          value.place,
          fmt::format(
              "In order to specify an existing environment, please provide it prefixed with "
              "'azureml:': {}",
              value.scalar),
          fmt::format("write azureml:{}", value.scalar));
    environment.name = bare_name(value.scalar);
    if (value.scalar.starts_with("file:")) {
      const fs::path file = read_path(value, folder, true, reading);
      boost::system::error_code ignored;
      if (!fs::is_regular_file(file, ignored)) return environment;
      if (const auto document = open_document(file, reading)) {
        auto read = read_environment(document->root, document->folder(), reading);
        read.name = read_text(document->root, "name", reading).value_or("");
        read.place = value.place;
        return read;
      }
    }
    return environment;
  }
  environment.canonical =
      to_json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  check_environment(value, folder, reading);
  // In v1 an environment has a name of its own, by which `amlocal env use` may know it.
  if (reading.v1) environment.name = read_text(value, "name", reading).value_or("");
  if (const auto* conda = value.find("conda_file"); conda && conda->is_scalar()) {
    std::string name = conda->scalar;
    if (name.starts_with("file:")) name.erase(0, 5);
    const fs::path file = fs::absolute(name, folder).lexically_normal();
    boost::system::error_code ignored;
    if (fs::is_regular_file(file, ignored)) environment.canonical += base::read_file(file);
  }
  return environment;
}

}  // namespace definition
