#include "base/private_copy.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"

namespace base {
namespace {

class Copy {
 public:
  explicit Copy(const fs::path& root) : root_(fs::canonical(root)) {}

  void any(const fs::path& from, const fs::path& to) {
    struct stat status {};
    sys("look at", from.native(), [&] { return ::lstat(from.c_str(), &status); });
    if (S_ISLNK(status.st_mode))
      link(from, to);
    else
      real(from, to, status);
  }

  // A file or folder, or what a link leads to.
  void real(const fs::path& from, const fs::path& to, const struct stat& status) {
    if (S_ISREG(status.st_mode)) {
      base::copy_file(from, to);
      open_up(to, status.st_mode, S_IRUSR | S_IWUSR);
    } else if (S_ISDIR(status.st_mode)) {
      folder(from, to, status);
    }
  }

 private:
  void folder(const fs::path& from, const fs::path& to, const struct stat& status) {
    // A link to a folder above would lead into it for ever.
    if (!above_.insert({status.st_dev, status.st_ino}).second) return;
    sys("create", to.native(), [&] { return ::mkdir(to.c_str(), 0700); });
    if (above_.size() == 1) skip(to);
    boost::system::error_code failed;
    fs::directory_iterator entries(from, failed);
    if (failed) throw os_error("read", from.native(), failed.value());
    for (const auto& entry : entries) any(entry.path(), to / entry.path().filename());
    open_up(to, status.st_mode, S_IRWXU);
    above_.erase({status.st_dev, status.st_ino});
  }

  // A link may lead to a folder that holds the copy itself.
  void skip(const fs::path& copy) {
    struct stat status {};
    sys("look at", copy.native(), [&] { return ::stat(copy.c_str(), &status); });
    above_.insert({status.st_dev, status.st_ino});
  }

  void link(const fs::path& from, const fs::path& to) {
    const fs::path target = fs::read_symlink(from);
    struct stat status {};
    const bool dangling = ::stat(from.c_str(), &status) != 0;
    if (dangling || (target.is_relative() && is_within(fs::canonical(from))))
      sys("create", to.native(), [&] { return ::symlink(target.c_str(), to.c_str()); });
    else
      real(from, to, status);
  }

  bool is_within(const fs::path& path) const {
    const fs::path below = path.lexically_relative(root_);
    return !below.empty() && *below.begin() != "..";
  }

  static void open_up(const fs::path& path, mode_t mode, mode_t owner) {
    if ((mode & owner) == owner && S_ISREG(mode)) return;  // copy_file has set it
    sys("set the mode of", path.native(),
        [&] { return ::chmod(path.c_str(), (mode & 07777) | owner); });
  }

  fs::path root_;
  std::set<std::pair<dev_t, ino_t>> above_;
};

}  // namespace

void private_copy(const fs::path& from, const fs::path& to) {
  struct stat status {};
  // The place itself may be a link, also one that leads elsewhere.
  sys("read", from.native(), [&] { return ::stat(from.c_str(), &status); });
  Copy(from).real(from, to, status);
}

}  // namespace base
