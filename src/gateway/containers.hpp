// Where azureml-core's artifacts lie, as it names them: ORIGIN/CONTAINER/PATH.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/route.hpp"

namespace gateway {

// A run's files have the origin ExperimentRun and the container "dcid.RUN", what Model.register
// uploads has LocalUpload, and a registered model's files have Model (amlocal's own) and
// "NAME:VERSION".
struct Container {
  std::string origin;
  std::string name;
};

constexpr const char* model_origin = "Model";
Container container_of(const model::RegisteredModel&);

// The folder that new files go to. Throws not_found for an unknown container, permission for one
// that nobody may write.
fs::path folder_to_write(RunStore&, const Container&);
// All folders that its files lie in: of a run also its logs.
std::vector<fs::path> folders_to_read(RunStore&, const Container&);
// A file or folder of it by its path. Throws not_found.
fs::path find_in(RunStore&, const Container&, const std::string& path);

// Where such a file is read and written without a token: the address is signed.
std::string content_url(const Self&, const Container&, const std::string& path);

}  // namespace gateway
