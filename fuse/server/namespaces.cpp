#include "fuse/server/namespaces.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace fuse {
namespace {

void write_text(const char* path, const std::string& text) {
  base::write_all(base::open_file(path, O_WRONLY), text, path);
}

// The owner of a namespace may do everything in it, also with his own files what their modes
// forbid. Through a mount he may do no more than without; what remains is needed to mount.
bool keep_only_mounting() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  sets[0].effective = sets[0].permitted = 1U << CAP_SYS_ADMIN;
  return ::syscall(SYS_capset, &header, sets) == 0;
}

bool enter() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWNS | (user == 0 ? 0 : CLONE_NEWUSER)) != 0) return false;
  try {
    if (user != 0) {
      write_text("/proc/self/setgroups", "deny");
      write_text("/proc/self/uid_map", fmt::format("{} {} 1\n", user, user));
      write_text("/proc/self/gid_map", fmt::format("{} {} 1\n", group, group));
      if (!keep_only_mounting()) return false;
    }
  } catch (const base::Error&) {
    return false;
  }
  // What the machine mounts later is seen here, what is mounted here is not seen there.
  return ::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0;
}

// Some machines (Ubuntu 24.04 with AppArmor) allow the namespace and then refuse the mount in it;
// a process cannot leave it again, so a child tries it first.
bool can_enter() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(enter() ? 0 : 1);
  int status = 1;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && status == 0;
}

}  // namespace

bool enter_own_namespaces() {
  // Root's own mount namespace can only be refused at its first call.
  return (::geteuid() == 0 || can_enter()) && enter();
}

}  // namespace fuse
