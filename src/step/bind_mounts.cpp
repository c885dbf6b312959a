#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "step/bind.hpp"

namespace step {

fuse::SessionOrder mount_order(const Request& request, const Folder& folder,
                               const std::string& name, const fs::path& point,
                               const fs::path& root) {
  fs::create_directories(point);
  fs::create_directories(root);
  const fs::path own = folder.data.parent_path() / "tmp" / name;  // cap/data-capability/tmp
  fs::create_directories(own);
  fuse::SessionOrder order;
  order.name = name;
  order.point = point;
  order.root = root;
  order.profile = request.mounting.profile;
  for (const auto& [variable, value] : request.component->environment_variables)
    order.variables.emplace_back(variable, value.text);
  order.cache = own / "cache";
  order.unsent = request.folder / "unsent" / name;
  order.intents = own / "intents";
  return order;
}

bool is_mounted(const Bindings& bindings, const BoundOutput& output) {
  return std::any_of(bindings.mounts.begin(), bindings.mounts.end(),
                     [&](const auto& order) { return order.name == "outputs." + output.name; });
}

}  // namespace step
