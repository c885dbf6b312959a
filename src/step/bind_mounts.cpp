#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/files.hpp"
#include "fuse/server/client.hpp"
#include "step/bind.hpp"
#include "store/local_store.hpp"

namespace step {
namespace {

constexpr const char* data_folder = "cap/data-capability";
constexpr const char* intents = "intents";

}  // namespace

namespace {

// Which generation of the mount the cloud would use. Source: reference/mount, section 1.
std::string profile_of(const std::string& asked, const std::optional<model::V1Port>& v1) {
  if (asked != "auto") return asked;
  if (!v1) return "rslex";
  return is_container(v1) ? "blobfuse2" : "dprep";
}

fuse::SessionOrder order_of(const Request& request, const Folder& folder, const std::string& name,
                            const std::optional<model::V1Port>& v1) {
  const fs::path own = folder.root / data_folder / "tmp" / name;
  fs::create_directories(own);
  fuse::SessionOrder order;
  order.name = name;
  order.profile = profile_of(request.mounting.profile, v1);
  order.cache = own / "cache";
  order.unsent = request.folder / "unsent" / name;
  order.intents = own / intents;
  return order;
}

}  // namespace

bool is_container(const std::optional<model::V1Port>& v1) {
  using Kind = model::V1Port::Kind;
  return v1 && (v1->kind == Kind::data_reference || v1->kind == Kind::pipeline_data);
}

const char* class_of(const model::V1Port& container) {
  return container.kind == model::V1Port::Kind::data_reference ? "DataReference" : "PipelineData";
}

fuse::SessionOrder mount_order(const Request& request, const Folder& folder,
                               const std::string& name, const fs::path& point, const fs::path& root,
                               const std::optional<model::V1Port>& v1) {
  fs::create_directories(point);
  fs::create_directories(root);
  auto order = order_of(request, folder, name, v1);
  order.point = point;
  order.root = root;
  for (const auto& [variable, value] : request.component->environment_variables)
    order.variables.emplace_back(variable, value.text);
  return order;
}

void mend_stores(const Bindings& bindings) {
  for (const auto& session : bindings.mounts) store::LocalStore::recover(session.intents);
}

fuse::SessionOrder transfer_order(const Request& request, const Folder& folder,
                                  const std::string& name, fuse::SessionOrder::Kind kind,
                                  const fs::path& point, const std::optional<model::V1Port>& v1) {
  fs::create_directories(point);
  auto order = order_of(request, folder, name, v1);
  order.kind = kind;
  order.local = point;
  if (request.mounting.see_everything) {
    order.point = point;
    order.local = folder.root / data_folder / "tmp" / name / "files";
    fs::create_directories(order.local);
  }
  return order;
}

std::optional<base::Error> settle(Mounting& mounting, const fs::path& scratch) {
  if (mounting.access == Mounting::Access::link) return std::nullopt;
  const auto& reason = fuse::why_not_mount(scratch);
  if (reason && mounting.access == Mounting::Access::mount)
    throw base::Error(reason->code(), reason->message())
        .hint(reason->hint().empty() ? "run without --data-access mount" : reason->hint());
  mounting.access = reason ? Mounting::Access::link : Mounting::Access::mount;
  return reason;
}

void clean_up_after_crash(const fs::path& folder) {
  for (const auto& point : fuse::mounts_below(folder)) fuse::unmount_left_over(point);
  boost::system::error_code none;
  for (fs::directory_iterator own(folder / data_folder / "tmp", none), end; !none && own != end;
       own.increment(none))
    store::LocalStore::recover(own->path() / intents);
  base::remove_empty_folders(folder / "unsent");
  base::remove_tree(folder / "exe");
  base::remove_tree(folder / "cap");
}

std::vector<std::string> unsent_files(const fs::path& folder) {
  const fs::path unsent = folder / "unsent";
  std::vector<std::string> files;
  boost::system::error_code failed;
  for (fs::recursive_directory_iterator entry(unsent, failed), end; !failed && entry != end;
       entry.increment(failed))
    if (!fs::is_directory(entry->symlink_status()))
      files.push_back(entry->path().lexically_relative(unsent).native());
  std::sort(files.begin(), files.end());
  return files;
}

bool is_mounted(const Bindings& bindings, const BoundOutput& output) {
  return std::any_of(bindings.mounts.begin(), bindings.mounts.end(), [&](const auto& order) {
    return order.kind == fuse::SessionOrder::Kind::mount && order.name == "outputs." + output.name;
  });
}

}  // namespace step
