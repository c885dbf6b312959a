// The port through which a definition asks what the workspace knows. History and workspace answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/path.hpp"
#include "model/types.hpp"

namespace model {

// A registered data asset.
struct DataAsset {
  std::string name;
  std::string version;
  DataType type = DataType::uri_folder;
  std::string path;  // absolute local path, or a URI
};

class Catalogue {
 public:
  virtual ~Catalogue() = default;
  // `version` "" or "latest": the most recently created one.
  virtual std::optional<DataAsset> data_asset(const std::string& name,
                                              const std::string& version) const = 0;
  virtual std::vector<std::string> data_asset_names() const = 0;
  // The folder of a datastore, absolute.
  virtual std::optional<fs::path> datastore(const std::string& name) const = 0;
  virtual std::vector<std::string> datastore_names() const = 0;
  // The local file that stands for a component reference ("azureml:name:version", a registry URI).
  virtual std::optional<fs::path> component(const std::string& reference) const = 0;
};

}  // namespace model
