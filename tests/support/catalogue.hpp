// A catalogue that knows only the datastore every workspace has.
#pragma once

#include "model/catalogue.hpp"

namespace support {

class BareCatalogue final : public model::Catalogue {
 public:
  std::optional<model::DataAsset> data_asset(const std::string&,
                                             const std::string&) const override {
    return {};
  }
  std::vector<std::string> data_asset_names() const override { return {}; }
  std::optional<fs::path> datastore(const std::string& name) const override {
    if (name == "workspaceblobstore") return fs::path("/store");
    return {};
  }
  std::vector<std::string> datastore_names() const override { return {"workspaceblobstore"}; }
  std::optional<fs::path> component(const std::string&) const override { return {}; }
};

}  // namespace support
