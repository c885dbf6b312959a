#include "base/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"

namespace base {

FileLock FileLock::wait(const fs::path& path) {
  Fd fd = open_file(path, O_RDWR | O_CREAT);
  sys("lock", path.native(), [&] { return ::flock(fd.get(), LOCK_EX); });
  return FileLock(std::move(fd));
}

std::optional<FileLock> FileLock::try_take(const fs::path& path) {
  Fd fd = open_file(path, O_RDWR | O_CREAT);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(fd));
  if (errno == EWOULDBLOCK) return std::nullopt;
  throw os_error("lock", path.native());
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
