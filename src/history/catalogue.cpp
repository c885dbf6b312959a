#include <boost/filesystem/operations.hpp>

#include <algorithm>

#include "history/history.hpp"

namespace history {
namespace {

std::string without_prefix(const std::string& reference) {
  return reference.starts_with("azureml:") ? reference.substr(8) : reference;
}

}  // namespace

Catalogue::Catalogue(workspace::Layout layout, workspace::Settings settings)
    : layout_(std::move(layout)), settings_(std::move(settings)), assets_(settings_.data) {
  for (auto& asset : registered_assets(layout_)) assets_.push_back(std::move(asset));
}

std::optional<model::DataAsset> Catalogue::data_asset(const std::string& name,
                                                      const std::string& version) const {
  const bool latest = version.empty() || version == "latest";
  for (auto asset = assets_.rbegin(); asset != assets_.rend(); ++asset)
    if (asset->name == name && (latest || asset->version == version)) return *asset;
  return std::nullopt;
}

std::vector<std::string> Catalogue::data_asset_names() const {
  std::vector<std::string> names;
  for (const auto& asset : assets_)
    if (std::find(names.begin(), names.end(), asset.name) == names.end())
      names.push_back(asset.name);
  return names;
}

std::optional<fs::path> Catalogue::datastore(const std::string& name) const {
  return workspace::datastore_folder(layout_, settings_, name);
}

std::vector<std::string> Catalogue::datastore_names() const {
  std::vector<std::string> names{"workspaceblobstore"};
  for (const auto& [name, folder] : settings_.datastores)
    if (name != names.front()) names.push_back(name);
  return names;
}

std::optional<fs::path> Catalogue::component(const std::string& reference) const {
  // amlocal.yml may leave out the "azureml:" that a definition writes.
  for (const auto& [name, file] : settings_.components)
    if (without_prefix(name) == without_prefix(reference)) return fs::path(file);
  return std::nullopt;
}

}  // namespace history
