// A copy for somebody who may do with it as he likes.
#pragma once

#include "base/path.hpp"

namespace base {

// Copies a file or a folder's tree so that no way leads from the copy to the original: everything
// is writable for its owner, links within the tree stay links (relative ones), and what a link
// elsewhere leads to is copied in its place. Dangling links stay; sockets, pipes and devices are
// left out; files with several names become several files. `to` must not exist. Throws os_error
// naming the file, not_found where `from` is missing.
void private_copy(const fs::path& from, const fs::path& to);

}  // namespace base
