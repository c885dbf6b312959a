#include "fuse/view/object_view.hpp"

#include "fuse/view/object_view_class.hpp"

#include <memory>

namespace fuse {
std::unique_ptr<FileSystem> make_object_view(store::ObjectStore& store, ObjectViewOptions options) {
  return std::make_unique<ObjectView>(store, std::move(options));
}

}  // namespace fuse
