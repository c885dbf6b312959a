#include "store/local_root.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

namespace store {

LocalRoot::LocalRoot(fs::path path) : path_(std::move(path)), first_(identity_of(path_)) {}

std::optional<LocalRoot::Identity> LocalRoot::identity_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

bool LocalRoot::is_there() const {
  if (!first_ || identity_of(path_) == first_) return true;
  // What may not be looked at need not have gone; who needs it meets the refusal itself.
  struct stat status {};
  return ::stat(path_.c_str(), &status) != 0 && errno != ENOENT && errno != ENOTDIR;
}

void LocalRoot::check() const {
  if (is_there()) return;
  throw base::Error(base::Code::unavailable,
                    fmt::format("the store's folder '{}' was removed or replaced", path_.native()))
      .hint("put it back, and leave it alone while it is mounted");
}

}  // namespace store
