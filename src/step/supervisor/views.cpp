#include "step/supervisor/views.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "step/supervisor/control.hpp"

namespace supervisor {
namespace {

// A remount must keep the flags that the mount already has.
unsigned long kept_flags(const char* path) {
  struct statvfs has {};
  if (statvfs(path, &has) != 0) return 0;
  unsigned long flags = 0;
  if ((has.f_flag & ST_NOSUID) != 0) flags |= MS_NOSUID;
  if ((has.f_flag & ST_NODEV) != 0) flags |= MS_NODEV;
  if ((has.f_flag & ST_NOEXEC) != 0) flags |= MS_NOEXEC;
  if ((has.f_flag & ST_NOATIME) != 0) flags |= MS_NOATIME;
  if ((has.f_flag & ST_NODIRATIME) != 0) flags |= MS_NODIRATIME;
  if ((has.f_flag & ST_RELATIME) != 0) flags |= MS_RELATIME;
  return flags;
}

bool make_read_only(const char* path) {
  struct {
    std::uint64_t set, clear, propagation, users;
  } attributes{1 /* MOUNT_ATTR_RDONLY */, 0, 0, 0};
  constexpr long mount_setattr_number = 442;  // the same on every architecture
  constexpr unsigned recursive = 0x8000;      // AT_RECURSIVE
  if (syscall(mount_setattr_number, AT_FDCWD, path, recursive, &attributes, sizeof attributes) == 0)
    return true;
  return mount("none", path, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kept_flags(path),
               nullptr) == 0;
}

}  // namespace

// The sources are opened before the first mount, so that no view hides another's source.
std::string make_views(const Order& order) {
  std::vector<int> sources;
  for (const View& view : order.views) {
    sources.push_back(open(view.from, O_PATH | O_CLOEXEC));
    if (sources.back() < 0) return reason("show", view.from, errno);
  }
  for (std::size_t n = 0; n < sources.size(); ++n) {
    const View& view = order.views[n];
    char source[64];
    snprintf(source, sizeof source, "/proc/self/fd/%d", sources[n]);
    if (mount(source, view.to, nullptr, MS_BIND | MS_REC, nullptr) != 0 || !make_read_only(view.to))
      return reason("make the read-only view", view.to, errno);
    close(sources[n]);
  }
  return "";
}

}  // namespace supervisor
