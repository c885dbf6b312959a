#include "fuse/view/disk_view.hpp"

#include "fuse/view/disk_view_class.hpp"

namespace fuse {
std::unique_ptr<FileSystem> make_disk_view(const fs::path& root, const DiskViewOptions& options) {
  return std::make_unique<DiskView>(base::open_file(root, O_PATH | O_DIRECTORY), options);
}

}  // namespace fuse
