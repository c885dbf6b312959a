// What is fetched, and what is believed without asking: the one place that decides it, for the view
// and for the what-if (fuse/replay) alike.
#pragma once

#include <cstdint>
#include <optional>

#include "fuse/view/profile.hpp"

namespace fuse {

// Whether opening fetches the whole object.
bool fetches_when_opened(const Profile&, bool writes, bool truncates);

// Whether what was learnt at `checked` is still believed at `now`, in seconds; -1: never learnt.
bool is_fresh(const Profile&, double checked, double now);

// Whether a local copy that was closed at `closed` is fetched again at `now`.
bool copy_is_old(const Profile&, double closed, double now);

// The most bytes that local copies may take; nothing: what the disk gives.
std::optional<std::uint64_t> cache_limit(const Profile&);

// Of `used` bytes, how many a prune for `wanted` more frees.
std::uint64_t pruned_bytes(const Profile&, std::uint64_t used, std::uint64_t wanted);

// How many blocks an object of `size` bytes has.
std::uint64_t block_count(const Profile&, std::uint64_t size);

// The last block that a read ending in `block` asks for; `block` itself where none is read ahead.
std::uint64_t last_ahead(const Profile&, std::uint64_t block, std::uint64_t size);

}  // namespace fuse
