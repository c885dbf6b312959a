#include "model/reference.hpp"

#include <vector>

namespace model {
namespace {

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0) parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

std::optional<AssetReference> parse_long(std::string_view path) {
  const auto parts = parts_of(path);
  const std::size_t count = parts.size();
  if (count < 6 || path.find("/datastores/") != std::string_view::npos) return std::nullopt;
  if (parts[0] != "subscriptions" && parts[0] != "registries" && parts[0] != "locations")
    return std::nullopt;
  const bool version = parts[count - 2] == "versions";
  if (!version && parts[count - 2] != "labels") return std::nullopt;
  AssetReference found;
  found.collection = parts[count - 4];
  found.name = parts[count - 3];
  (version ? found.version : found.label) = parts[count - 1];
  if (parts[0] == "registries") found.registry = parts[1];
  return found;
}

std::optional<AssetReference> parse_short(std::string_view text) {
  const auto cut = text.find_first_of(":@");
  AssetReference found;
  found.name = text.substr(0, cut);
  if (found.name.empty()) return std::nullopt;
  if (cut != std::string_view::npos)
    (text[cut] == ':' ? found.version : found.label) = text.substr(cut + 1);
  return found;
}

}  // namespace

std::string AssetReference::short_form() const {
  if (!version.empty()) return name + ":" + version;
  return label.empty() ? name : name + "@" + label;
}

std::optional<AssetReference> parse_asset_reference(std::string_view text) {
  constexpr std::string_view prefix = "azureml:";
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  if (text.starts_with('/')) return parse_long(text);
  if (text.find("://") != std::string_view::npos) return std::nullopt;
  return parse_short(text);
}

}  // namespace model
