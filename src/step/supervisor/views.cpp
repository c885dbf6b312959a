#include "step/supervisor/views.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
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

// Shows an entry of /mnt in the folder that is to take its place.
bool keep(const std::string& from, const std::string& to) {
  struct stat status {};
  if (lstat(from.c_str(), &status) != 0) return true;  // gone meanwhile
  if (S_ISLNK(status.st_mode)) {
    char target[4096];
    const ssize_t size = readlink(from.c_str(), target, sizeof target - 1);
    if (size < 0) return false;
    target[size] = '\0';
    return symlink(target, to.c_str()) == 0;
  }
  if (S_ISDIR(status.st_mode)) {
    if (mkdir(to.c_str(), 0755) != 0) return false;
  } else {
    const int fd = open(to.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    close(fd);
  }
  return mount(from.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
}

bool keep_all(const std::string& from, const std::string& to) {
  DIR* folder = opendir(from.c_str());
  if (folder == nullptr) return false;
  bool kept = true;
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") kept = keep(from + "/" + name, to + "/" + name) && kept;
  }
  closedir(folder);
  return kept;
}

void make_folders(const std::string& path) {
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
    mkdir(path.substr(0, at).c_str(), 0755);
  mkdir(path.c_str(), 0755);
}

}  // namespace

// A new /mnt is put together on the source's own empty folder `exe/root` and then moved: in its
// place an ordinary user could make no folder.
std::string show_root(const View& root) {
  const std::string to = root.to;
  const std::string scratch = std::string(root.from) + "/exe/root";
  mkdir(scratch.c_str(), 0755);
  if (mount("amlocal", scratch.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") != 0)
    return reason("mount on", scratch.c_str(), errno);
  if (!keep_all("/mnt", scratch)) return reason("show again what is in", "/mnt", errno);
  const std::string point = scratch + to.substr(4);
  make_folders(point);
  if (mount(root.from, point.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return reason("show", root.from, errno);
  // The scratch itself would be seen through its own mount.
  umount2((point + "/exe/root").c_str(), MNT_DETACH);
  if (mount(scratch.c_str(), "/mnt", nullptr, MS_MOVE, nullptr) != 0)
    return reason("mount on", "/mnt", errno);
  return "";
}

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
