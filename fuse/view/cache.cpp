#include "fuse/view/cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "fuse/view/cached_file.hpp"
#include "fuse/view/fetch_policy.hpp"

namespace fuse {
namespace {

void make_folders(const fs::path& folder) {
  boost::system::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw base::os_error("create", folder.native(), failed.value());
}

}  // namespace

Cache::Cache(fs::path folder, fs::path unsent, const Profile& profile)
    : folder_(std::move(folder)), unsent_(std::move(unsent)), profile_(profile) {
  make_folders(folder_);
}

fs::path Cache::clean_path() {
  return folder_ / std::to_string(++made_);
}

fs::path Cache::unsent_path(const std::string& name) const {
  fs::path path = unsent_ / name;
  make_folders(path.parent_path());
  // What is left of a folder that had this name.
  boost::system::error_code ignored;
  if (fs::is_directory(path, ignored)) base::remove_empty_folders(path);
  return path;
}

bool Cache::fits(std::uint64_t bytes) const {
  if (const auto most = cache_limit(profile_); most && used_ + bytes > *most) return false;
  return base::free_space(folder_) >= left_free() + bytes;
}

std::uint64_t Cache::left_free() const {
  const auto asked = profile_.cache_bytes;
  return asked && *asked < 0 ? static_cast<std::uint64_t>(-*asked) : profile_.reserved_bytes;
}

std::string Cache::why_full() const {
  const std::string used = base::bytes_text(used_);
  if (const auto most = cache_limit(profile_); most && base::free_space(folder_) > left_free())
    return fmt::format(
        "its copies use {} of the {} that they may: raise DATASET_MOUNT_CACHE_SIZE in the step's "
        "environment_variables",
        used, base::bytes_text(*most));
  return fmt::format(
      "'{}' has {} left, {} of it must stay free, copies use {}: free some space, or lower {} in "
      "the step's environment_variables",
      folder_.native(), base::bytes_text(base::free_space(folder_)), base::bytes_text(left_free()),
      used,
      profile_.cache_bytes && *profile_.cache_bytes < 0 ? "DATASET_MOUNT_CACHE_SIZE"
                                                        : "DATASET_RESERVED_FREE_DISK_SPACE");
}

bool Cache::take(std::uint64_t bytes, const CachedFile& asking) {
  if (bytes == 0) return true;
  if (!fits(bytes)) {
    prune(bytes, asking);
    if (!fits(bytes)) return false;
  }
  used_ += bytes;
  return true;
}

void Cache::give(std::uint64_t bytes) {
  used_ -= std::min<std::uint64_t>(bytes, used_);
}

void Cache::touch(const std::shared_ptr<CachedFile>& file) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(file.get());
  if (place != places_.end()) order_.erase(place->second);
  order_.push_back(file);
  places_[file.get()] = std::prev(order_.end());
}

void Cache::forget(const CachedFile* file) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(file);
  if (place == places_.end()) return;
  order_.erase(place->second);
  places_.erase(place);
}

// Frees what is asked for, and then the profile's share of everything.
void Cache::prune(std::uint64_t bytes, const CachedFile& asking) {
  const std::uint64_t wanted = pruned_bytes(profile_, used_, bytes);
  std::vector<std::shared_ptr<CachedFile>> files;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& place : order_)
      if (auto file = place.lock(); file && file.get() != &asking) files.push_back(std::move(file));
  }
  std::uint64_t freed = 0;
  for (const auto& file : files)
    if (freed < wanted) freed += file->drop();
  if (!profile_.reads_blocks) return;
  for (const auto& file : files)
    if (freed < wanted) freed += file->drop_blocks();
}

}  // namespace fuse
