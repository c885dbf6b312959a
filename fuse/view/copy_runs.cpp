#include "fuse/view/copy_runs.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace fuse {
namespace {

// Where the two lie on different file systems.
Status copy_by_hand(const base::Fd& from, const base::Fd& to, off64_t begin, off64_t end) {
  std::array<char, 131072> buffer{};
  for (off64_t at = begin; at < end;) {
    const auto want = std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(end - at));
    const ssize_t got = ::pread(from.get(), buffer.data(), want, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return status_of_errno(errno);
    if (got == 0) return Status::ok;
    for (ssize_t done = 0; done < got;) {
      const ssize_t n =
          ::pwrite(to.get(), buffer.data() + done, static_cast<std::size_t>(got - done), at + done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return status_of_errno(errno);
      done += n;
    }
    at += got;
  }
  return Status::ok;
}

Status copy_run(const base::Fd& from, const base::Fd& to, off64_t in, off64_t end) {
  off64_t out = in;
  while (in < end) {
    const ssize_t n =
        ::copy_file_range(from.get(), &in, to.get(), &out, static_cast<std::size_t>(end - in), 0);
    if (n > 0 || (n < 0 && errno == EINTR)) continue;
    const bool cannot = n == 0 || errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP;
    return cannot ? copy_by_hand(from, to, in, end) : status_of_errno(errno);
  }
  return Status::ok;
}

}  // namespace

Status copy_runs(const base::Fd& from, const base::Fd& to, const Extents& runs, std::uint64_t end) {
  for (const auto& run : runs.all()) {
    const std::uint64_t to_here = std::min(run.offset + run.size, end);
    const Status status =
        copy_run(from, to, static_cast<off64_t>(run.offset), static_cast<off64_t>(to_here));
    if (status != Status::ok) return status;
  }
  return Status::ok;
}

}  // namespace fuse
