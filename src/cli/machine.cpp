#include "cli/machine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "base/process.hpp"
#include "fuse/server/client.hpp"
#include "step/supervise.hpp"

namespace cli {
namespace {

// Source: statfs(2) and linux/magic.h.
std::string type_of(const fs::path& folder) {
  struct statfs info {};
  base::sys("look at", folder.native(), [&] { return ::statfs(folder.c_str(), &info); });
  static constexpr std::pair<unsigned long, const char*> names[] = {
      {0xEF53, "ext4"},        {0x9123683E, "btrfs"}, {0x58465342, "xfs"},  {0x01021994, "tmpfs"},
      {0x794C7630, "overlay"}, {0x6969, "nfs"},       {0xFF534D42, "cifs"}, {0xFE534D42, "smb2"},
      {0x01021997, "9p"},      {0x65735546, "fuse"},  {0x2FC12FC1, "zfs"},  {0xF2F52010, "f2fs"},
      {0x2011BAB0, "exfat"},   {0x4d44, "vfat"}};
  const auto type = static_cast<unsigned long>(info.f_type) & 0xffffffffUL;
  for (const auto& [number, name] : names)
    if (number == type) return name;
  return fmt::format("type {:#x}", type);
}

// A second open file must be refused: over some network mounts it is not, or locking fails at all.
bool can_lock(const fs::path& folder) {
  const fs::path file = folder / "lock";
  try {
    const auto first = base::FileLock::try_take(file);
    return first.has_value() && !base::FileLock::try_take(file).has_value();
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace

std::string examine_file_system(const fs::path& folder) {
  const base::TempDir probe(folder);
  const std::string type = type_of(folder);
  if (!can_lock(probe.path()))
    throw base::Error(base::Code::unavailable,
                      fmt::format("{} at {} cannot lock files: two amlocal at once would not see "
                                  "each other",
                                  type, folder.native()))
        .hint("keep the project on a local disk");
  std::string text = type + "; locks";
  base::write_file_atomically(probe.path() / "case", "");
  if (fs::exists(probe.path() / "CASE"))
    text += "; case does not count: names that differ only in case are one here, two in the cloud";
  text += base::can_reflink(folder) ? "; copies share blocks" : "; copies take space and time";
  return text;
}

std::string examine_disk(const fs::path& folder) {
  const auto free = base::free_space(folder);
  if (free < 100'000'000)
    throw base::Error(base::Code::no_space,
                      fmt::format("only {} free at {}", base::bytes_text(free), folder.native()))
        .hint("`amlocal runs gc` removes old runs");
  return base::bytes_text(free) + " free";
}

std::string examine_isolation() {
  const auto probe = base::run_captured({step::supervisor_program().native(), "--probe"}, {});
  if (!WIFEXITED(probe.status) || WEXITSTATUS(probe.status) != 0)
    throw base::Error(base::Code::unavailable, "the supervisor does not start")
        .hint("install amlocal again");
  return probe.out.substr(0, probe.out.find('\n'));
}

std::string examine_fuse() {
  try {
    base::open_file("/dev/fuse", O_RDWR);
  } catch (const base::Error& error) {
    throw base::Error(base::Code::unavailable, error.message())
        .hint(
            "without it mounts are views and links: `apt install fuse3`, `modprobe fuse`, or in a "
            "container --device /dev/fuse --cap-add SYS_ADMIN");
  }
  fuse::mount_program();  // throws where it is missing
  return "/dev/fuse opens";
}

std::optional<std::string> windows_disk(const fs::path& folder, const std::string& kernel) {
  if (kernel.find("icrosoft") == std::string::npos) return std::nullopt;
  const std::string& text = folder.native();
  const bool drive = text.starts_with("/mnt/") && text.size() >= 6 &&
                     (text.size() == 6 || text[6] == '/') && text[5] >= 'a' && text[5] <= 'z';
  if (!drive) return std::nullopt;
  return fmt::format("{} is a disk of Windows: every file costs many times what it costs in ~",
                     text.substr(0, 6));
}

}  // namespace cli
