#include "base/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"

namespace base {

namespace {

// Whether the open file is still the one that the path names.
bool has_its_name(const Fd& fd, const fs::path& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(fd.get(), &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

}  // namespace

FileLock::~FileLock() {
  if (!remove_.empty()) ::unlink(remove_.c_str());
}

FileLock FileLock::wait(const fs::path& path) {
  for (;;) {
    Fd fd = open_file(path, O_RDWR | O_CREAT);
    sys("lock", path.native(), [&] { return ::flock(fd.get(), LOCK_EX); });
    if (has_its_name(fd, path)) return FileLock(std::move(fd));
  }
}

std::optional<FileLock> FileLock::try_take(const fs::path& path) {
  for (;;) {
    Fd fd = open_file(path, O_RDWR | O_CREAT);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      throw os_error("lock", path.native());
    }
    if (has_its_name(fd, path)) return FileLock(std::move(fd));
  }
}

bool FileLock::held(const fs::path& path) {
  boost::system::error_code ignored;
  if (!fs::exists(path, ignored)) return false;
  // A shared lock is enough to ask with, and two askers do not disturb each other.
  const Fd fd = open_file(path, O_RDONLY);
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return false;
  if (errno == EWOULDBLOCK) return true;
  throw os_error("lock", path.native());
}

}  // namespace base
