#include "fuse/replay/parting.hpp"

#include <fmt/format.h>

namespace fuse {
namespace {

using meter::Op;
using meter::Result;

std::optional<std::string> other_end(const meter::Entry& entry, const char* what,
                                     const std::string& path, Status now, std::string_view name) {
  const bool was_done = entry.result == Result::ok;
  if (was_done && now != Status::ok)
    return fmt::format("{} '{}', which was done, fails under {}", what, path, name);
  if (!was_done && entry.result != Result::absent && now == Status::ok)
    return fmt::format("{} '{}' failed when it was recorded and would not fail here", what, path);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> parting(const meter::Entry& entry, const std::string& path,
                                   const Profile& then, const Profile& now) {
  const auto end = [&](const char* what, Status before, Status after) {
    return before == after ? std::nullopt : other_end(entry, what, path, after, now.name);
  };
  switch (entry.op) {
    case Op::lock:
      return end("locking", then.locks, now.locks);
    case Op::symlink:
      return end("making the link", then.symlinks, now.symlinks);
    case Op::link:
      return end("linking", then.links, now.links);
    case Op::mknod:
      return end("making the node", then.nodes, now.nodes);
    case Op::allocate:
      return end("allocating", then.allocation, now.allocation);
    case Op::open:
    case Op::create:
      // Locks that succeed stay in the kernel: what may take them is a file opened both to read and
      // to write, as databases do; not one with O_EXCL, a temporary file.
      if (entry.result == Result::ok && entry.offset == 1 && then.locks == Status::ok &&
          now.locks != Status::ok)
        return fmt::format(
            "'{}' is opened to read and write, and a lock on it fails under {}; "
            "whether the step takes one was not seen",
            path, now.name);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace fuse
