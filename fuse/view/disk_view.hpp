// The view of profile `ideal` over a local folder: a local disk, written through. Whatever POSIX
// promises of the folder's own file system, it promises too.
#pragma once

#include <memory>
#include <string>

#include "base/path.hpp"
#include "fuse/view/file_system.hpp"

namespace fuse {

struct DiskViewOptions {
  bool read_only = false;
  double seconds = 1;  // for how long the kernel may keep names and attributes
  std::string only;    // the one name of the root that is to be seen; "" for all
};

// Throws not_found, bad_input (no folder) or permission.
std::unique_ptr<FileSystem> make_disk_view(const fs::path& root, const DiskViewOptions&);

}  // namespace fuse
