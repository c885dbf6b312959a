// A file system as the kernel asks for one, without the kernel: every call is safe from several
// threads at once, returns a Status instead of throwing, and may wait (for a store, for a clock).
#pragma once

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "fuse/view/status.hpp"

namespace fuse {

using NodeId = std::uint64_t;
constexpr NodeId root_node = 1;

// Who asks. `task` is the calling thread; 0 for what the kernel writes back on its own.
struct Caller {
  pid_t task = 0;
  uid_t user = 0;
  gid_t group = 0;
  mode_t umask = 0;
  bool from_map = false;  // a write of pages that were changed through a memory map
};

// What a name stands for, and for how long the kernel may go without asking again.
struct Found {
  NodeId node = 0;
  struct stat attributes {};
  double name_seconds = 0;
  double attribute_seconds = 0;
};

struct Opened {
  std::uint64_t handle = 0;
  bool keep_cache = false;  // what the kernel has cached of the file is still right
  bool direct = false;      // reads and writes must not be cached
};

// Bytes of a file: in memory, or a piece of a local file.
struct FilePiece {
  int descriptor = -1;
  off_t offset = 0;
  std::size_t size = 0;              // the file may end before
  std::shared_ptr<const void> open;  // keeps it open; null: the handle does
};
using Bytes = std::variant<std::vector<char>, FilePiece>;

// One entry of a folder. `next` is where to go on after it.
struct FolderEntry {
  std::string name;
  off_t next = 0;
  Found found;  // complete when attributes were asked for, else node, inode number and type only
};

// Which fields set_attributes changes.
struct Changes {
  std::optional<mode_t> mode;
  std::optional<uid_t> user;
  std::optional<gid_t> group;
  std::optional<off_t> size;
  std::optional<timespec> accessed;  // tv_nsec may be UTIME_NOW
  std::optional<timespec> modified;
};

// What the kernel need not ask a file system for.
struct Traits {
  bool answers_locks = false;   // else the kernel keeps them on its own
  bool has_attributes = true;   // extended ones; else the kernel says that there are none
  bool hears_closes = true;     // else flush() has nothing to do, ever
  bool drops_set_user = false;  // takes set-user-id bits from what another user writes or truncates
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Each Found that is returned counts as one lookup of its node, until forget() takes it back.
  virtual Reply<Found> lookup(const Caller&, NodeId folder, const std::string& name) = 0;
  virtual void forget(NodeId, std::uint64_t lookups) = 0;
  // `handle` where the caller has the file open, else 0.
  virtual Reply<Found> attributes(const Caller&, NodeId, std::uint64_t handle) = 0;
  virtual Reply<Found> set_attributes(const Caller&, NodeId, std::uint64_t handle,
                                      const Changes&) = 0;

  virtual Reply<Found> make_folder(const Caller&, NodeId folder, const std::string& name,
                                   mode_t) = 0;
  virtual Reply<Found> make_node(const Caller&, NodeId folder, const std::string& name, mode_t,
                                 dev_t) = 0;
  virtual Reply<Found> make_symlink(const Caller&, NodeId folder, const std::string& name,
                                    const std::string& target) = 0;
  virtual Reply<Found> make_link(const Caller&, NodeId, NodeId folder, const std::string& name) = 0;
  virtual Reply<std::string> read_symlink(const Caller&, NodeId) = 0;
  virtual Status remove(const Caller&, NodeId folder, const std::string& name) = 0;
  virtual Status remove_folder(const Caller&, NodeId folder, const std::string& name) = 0;
  // `flags` as of renameat2(2).
  virtual Status rename(const Caller&, NodeId folder, const std::string& name, NodeId new_folder,
                        const std::string& new_name, unsigned flags) = 0;

  // `flags` as of open(2).
  virtual Reply<Opened> open(const Caller&, NodeId, int flags) = 0;
  virtual Reply<std::pair<Found, Opened>> create(const Caller&, NodeId folder,
                                                 const std::string& name, mode_t, int flags) = 0;
  virtual Reply<Bytes> read(const Caller&, NodeId, std::uint64_t handle, off_t, std::size_t) = 0;
  virtual Reply<std::size_t> write(const Caller&, NodeId, std::uint64_t handle, off_t,
                                   std::span<const char>) = 0;
  // Once for each close(2) of each descriptor, also of those that dup and fork made.
  virtual Status flush(const Caller&, NodeId, std::uint64_t handle) = 0;
  virtual Status sync(const Caller&, NodeId, std::uint64_t handle) = 0;
  // Once, after the last of them.
  virtual void release(const Caller&, NodeId, std::uint64_t handle) = 0;
  virtual Status allocate(const Caller&, NodeId, std::uint64_t handle, int mode, off_t,
                          off_t size) = 0;
  // SEEK_DATA and SEEK_HOLE.
  virtual Reply<off_t> seek(const Caller&, NodeId, std::uint64_t handle, off_t, int whence) = 0;

  virtual Reply<std::uint64_t> open_folder(const Caller&, NodeId) = 0;
  // Hands entries from `offset` on to `take` until it returns false; with `plus` each one taken
  // counts as a lookup. The entry that `take` refused counts as none.
  virtual Status read_folder(const Caller&, NodeId, std::uint64_t handle, off_t offset, bool plus,
                             const std::function<bool(const FolderEntry&)>& take) = 0;
  virtual void release_folder(const Caller&, NodeId, std::uint64_t handle) = 0;

  virtual Reply<struct statvfs> space(const Caller&) = 0;
  virtual Status set_attribute(const Caller&, NodeId, const std::string& name,
                               std::span<const char>, int flags) = 0;
  virtual Reply<std::string> get_attribute(const Caller&, NodeId, const std::string& name) = 0;
  // Names, each ended by a zero byte.
  virtual Reply<std::string> list_attributes(const Caller&, NodeId) = 0;
  virtual Status remove_attribute(const Caller&, NodeId, const std::string& name) = 0;

  virtual Traits traits() const { return {}; }
  virtual Status lock(const Caller&, NodeId) { return Status::not_implemented; }

  // "a/b.txt", or "" for the root: for records and messages.
  virtual std::string path_of(NodeId) = 0;

  struct Unsent {
    std::string path;
    std::string why;
  };
  // What has not reached the store is sent now; gives the files that could not be.
  virtual std::vector<Unsent> send_all() = 0;
  // The files that hold what the store does not.
  virtual std::vector<Unsent> unsent() = 0;
};

}  // namespace fuse
