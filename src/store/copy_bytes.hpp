// Bytes from one file to another.
#pragma once

#include <cstdint>

#include "base/fd.hpp"
#include "base/path.hpp"

namespace store {

// Copies `size` bytes from `offset` on to the same place of the other file, sharing blocks where
// the file system can. `path` is for messages. Throws no_space, io, and io where there are fewer.
void copy_bytes(const base::Fd& from, const base::Fd& to, std::uint64_t offset, std::uint64_t size,
                const fs::path& path);

}  // namespace store
