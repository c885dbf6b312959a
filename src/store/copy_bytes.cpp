#include "store/copy_bytes.hpp"

#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace store {

void copy_bytes(const base::Fd& from, const base::Fd& to, std::uint64_t offset, std::uint64_t size,
                const fs::path& path) {
  if (offset == 0 && ::ioctl(to.get(), FICLONE, from.get()) == 0) {
    base::sys("write", path.native(),
              [&] { return ::ftruncate(to.get(), static_cast<off_t>(size)); });
    return;
  }
  auto in = static_cast<off64_t>(offset);
  off64_t out = in;
  const off64_t end = in + static_cast<off64_t>(size);
  while (in < end) {
    const ssize_t n =
        ::copy_file_range(from.get(), &in, to.get(), &out, static_cast<std::size_t>(end - in), 0);
    if (n > 0) continue;
    if (n == 0)
      throw base::Error(base::Code::io,
                        fmt::format("'{}' became shorter while it was read", path.native()));
    if (errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
      throw base::os_error("write", path.native());
    break;
  }
  // Two file systems that share no copying: by hand.
  std::array<char, 131072> buffer{};
  while (in < end) {
    const auto want = std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(end - in));
    const ssize_t n = base::sys("read", path.native(),
                                [&] { return ::pread(from.get(), buffer.data(), want, in); });
    if (n == 0)
      throw base::Error(base::Code::io,
                        fmt::format("'{}' became shorter while it was read", path.native()));
    for (ssize_t done = 0; done < n;)
      done += base::sys("write", path.native(), [&] {
        return ::pwrite(to.get(), buffer.data() + done, static_cast<std::size_t>(n - done),
                        in + done);
      });
    in += n;
  }
}

}  // namespace store
