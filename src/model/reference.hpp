// The names by which a definition refers to things that are registered somewhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace model {

// "azureml:iris:3", "azureml:iris@latest", or one of the long forms that name a workspace or
// registry.
struct AssetReference {
  std::string collection;  // "data", "models", "components", …; "" for the short forms
  std::string name;
  std::string version;   // "" where a label, or neither, is given
  std::string label;     // "latest"
  std::string registry;  // "" for the workspace's own

  // "iris:3", "iris@latest" or "iris".
  std::string short_form() const;
};

// Reads every form that names an asset:
//   azureml:NAME, azureml:NAME:VERSION, azureml:NAME@LABEL
//   azureml:/subscriptions/…/COLLECTION/NAME/versions/VERSION (an ARM id)
//   azureml://registries/R/COLLECTION/NAME/versions/VERSION or …/labels/LABEL
//   azureml://locations/L/workspaces/ID/COLLECTION/NAME/versions/VERSION
//   azureml://subscriptions/…/workspaces/W/COLLECTION/NAME/versions/VERSION
// Nothing for any other text: a path, the URI of a datastore, a job's output.
// Source: v2-yaml reference 5.3; azure-ai-ml _arm_id_utils.
std::optional<AssetReference> parse_asset_reference(std::string_view text);

}  // namespace model
