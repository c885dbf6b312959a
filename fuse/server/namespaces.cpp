#include "fuse/server/namespaces.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace fuse {
namespace {

void write_text(const char* path, const std::string& text) {
  base::write_all(base::open_file(path, O_WRONLY), text, path);
}

}  // namespace

void enter_own_namespaces() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWNS | (user == 0 ? 0 : CLONE_NEWUSER)) != 0)
    throw base::Error(base::Code::unavailable, "this machine allows no mount namespaces")
        .hint(
            "run as root, allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or "
            "use --data-access link");
  if (user != 0) {
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", fmt::format("{} {} 1\n", user, user));
    write_text("/proc/self/gid_map", fmt::format("{} {} 1\n", group, group));
  }
  // What the machine mounts later is seen here, what is mounted here is not seen there.
  base::sys("make a private view of", "/",
            [] { return ::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr); });
}

}  // namespace fuse
