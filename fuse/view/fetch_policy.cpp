#include "fuse/view/fetch_policy.hpp"

#include <algorithm>

namespace fuse {

bool fetches_when_opened(const Profile& profile, bool writes, bool truncates) {
  if (truncates) return profile.fetches_to_truncate;
  return writes ? profile.fetches_to_write : !profile.reads_blocks;
}

bool is_fresh(const Profile& profile, double checked, double now) {
  if (checked < 0) return false;
  return !profile.attribute_seconds || now - checked <= *profile.attribute_seconds;
}

bool copy_is_old(const Profile& profile, double closed, double now) {
  return profile.file_seconds && now - closed > *profile.file_seconds;
}

std::optional<std::uint64_t> cache_limit(const Profile& profile) {
  std::optional<std::uint64_t> most;
  if (profile.cache_bytes && *profile.cache_bytes > 0)
    most = static_cast<std::uint64_t>(static_cast<double>(*profile.cache_bytes) *
                                      profile.prune_threshold);
  // Without the tier on disk, blocks stay only as long as memory would hold them.
  if (profile.reads_blocks && !profile.keeps_blocks_on_disk)
    most = std::min(most.value_or(profile.memory_cache),
                    std::max(profile.memory_cache, profile.block_size));
  return most;
}

std::uint64_t pruned_bytes(const Profile& profile, std::uint64_t used, std::uint64_t wanted) {
  return std::max(
      wanted, static_cast<std::uint64_t>(static_cast<double>(used) * (1 - profile.prune_target)));
}

std::uint64_t block_count(const Profile& profile, std::uint64_t size) {
  return (size + profile.block_size - 1) / profile.block_size;
}

std::uint64_t last_ahead(const Profile& profile, std::uint64_t block, std::uint64_t size) {
  return std::min(block + profile.read_ahead, block_count(profile, size) - 1);
}

}  // namespace fuse
