// Bytes of one local file put into another.
#pragma once

#include "base/fd.hpp"
#include "fuse/view/extents.hpp"
#include "fuse/view/status.hpp"

namespace fuse {

// The runs as far as they lie below `end`, each at its own offset, in the kernel where it can.
// What `from` has lost meanwhile stays as it is in `to`.
Status copy_runs(const base::Fd& from, const base::Fd& to, const Extents& runs, std::uint64_t end);

}  // namespace fuse
