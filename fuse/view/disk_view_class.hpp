// The class behind make_disk_view; its functions lie in disk_names and disk_files.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <mutex>

#include "fuse/view/disk_nodes.hpp"
#include "fuse/view/disk_view.hpp"

namespace fuse {

struct OpenFile {
  base::Fd file;
  bool appends = false;
  bool writes = false;
};

struct OpenFolder {
  DIR* stream = nullptr;
  std::mutex mutex;  // a stream has one position
  off_t at = 0;
  ~OpenFolder() {
    if (stream != nullptr) ::closedir(stream);
  }
};

inline OpenFile& file_of(std::uint64_t handle) {
  return *reinterpret_cast<OpenFile*>(handle);
}
inline OpenFolder& folder_of(std::uint64_t handle) {
  return *reinterpret_cast<OpenFolder*>(handle);
}
inline std::uint64_t number_of(const void* handle) {
  return reinterpret_cast<std::uint64_t>(handle);
}

inline Status last_error() {
  return status_of_errno(errno);
}
inline Status status_of_call(int result) {
  return result == 0 ? Status::ok : last_error();
}

class DiskView final : public FileSystem {
 public:
  DiskView(base::Fd root, const DiskViewOptions& options)
      : options_(options), root_(::dup(root.get())), nodes_(std::move(root)) {}

  Reply<Found> lookup(const Caller&, NodeId folder, const std::string& name) override;
  void forget(NodeId node, std::uint64_t lookups) override { nodes_.forget(node, lookups); }

  Reply<Found> attributes(const Caller&, NodeId node, std::uint64_t handle) override;
  Reply<Found> set_attributes(const Caller& caller, NodeId node, std::uint64_t handle,
                              const Changes& changes) override;
  Reply<Found> make_folder(const Caller& caller, NodeId folder, const std::string& name,
                           mode_t mode) override;
  Reply<Found> make_node(const Caller& caller, NodeId folder, const std::string& name, mode_t mode,
                         dev_t device) override;
  Reply<Found> make_symlink(const Caller& caller, NodeId folder, const std::string& name,
                            const std::string& target) override;
  Reply<Found> make_link(const Caller&, NodeId node, NodeId folder,
                         const std::string& name) override;
  Reply<std::string> read_symlink(const Caller&, NodeId node) override;
  Status remove(const Caller&, NodeId folder, const std::string& name) override {
    return unlink(folder, name, 0);
  }
  Status remove_folder(const Caller&, NodeId folder, const std::string& name) override {
    return unlink(folder, name, AT_REMOVEDIR);
  }

  Status rename(const Caller&, NodeId folder, const std::string& name, NodeId new_folder,
                const std::string& new_name, unsigned flags) override;
  Reply<Opened> open(const Caller&, NodeId node, int flags) override;
  Reply<std::pair<Found, Opened>> create(const Caller& caller, NodeId folder,
                                         const std::string& name, mode_t mode, int flags) override;
  Reply<Bytes> read(const Caller&, NodeId, std::uint64_t handle, off_t offset,
                    std::size_t size) override;
  Reply<std::size_t> write(const Caller&, NodeId, std::uint64_t handle, off_t offset,
                           std::span<const char> bytes) override;

  // What is written is there: closing sends nothing.
  Status flush(const Caller&, NodeId, std::uint64_t) override { return Status::ok; }
  Traits traits() const override { return {.hears_closes = false, .drops_set_user = true}; }
  Status sync(const Caller&, NodeId, std::uint64_t handle) override {
    return status_of_call(::fsync(file_of(handle).file.get()));
  }

  void release(const Caller&, NodeId node, std::uint64_t handle) override;
  Status allocate(const Caller&, NodeId, std::uint64_t handle, int mode, off_t offset,
                  off_t size) override;
  Reply<off_t> seek(const Caller&, NodeId, std::uint64_t handle, off_t offset, int whence) override;
  Reply<std::uint64_t> open_folder(const Caller&, NodeId node) override;
  Status read_folder(const Caller&, NodeId node, std::uint64_t handle, off_t offset, bool plus,
                     const std::function<bool(const FolderEntry&)>& take) override;
  void release_folder(const Caller&, NodeId, std::uint64_t handle) override {
    std::unique_ptr<OpenFolder>(&folder_of(handle)).reset();
  }

  Reply<struct statvfs> space(const Caller&) override;
  Status set_attribute(const Caller&, NodeId node, const std::string& name,
                       std::span<const char> value, int flags) override;
  Reply<std::string> get_attribute(const Caller&, NodeId node, const std::string& name) override;
  Reply<std::string> list_attributes(const Caller&, NodeId node) override;
  Status remove_attribute(const Caller&, NodeId node, const std::string& name) override;
  std::string path_of(NodeId node) override { return nodes_.path(node); }
  std::vector<Unsent> send_all() override { return {}; }
  std::vector<Unsent> unsent() override { return {}; }

 private:
  bool is_seen(NodeId folder, const std::string& name) const {
    return folder != root_node || options_.only.empty() || name == options_.only;
  }

  // A node by its name, or by an open descriptor when it has none any more.
  struct Reached {
    DiskNodes::Location at;
    int descriptor = -1;
    // For the calls that know no *at() form.
    std::string proc_path() const {
      return descriptor >= 0 ? fmt::format("/proc/self/fd/{}", descriptor)
                             : fmt::format("/proc/self/fd/{}/{}", at.folder->get(), at.name);
    }
  };
  Reply<Reached> reach(NodeId node, std::uint64_t handle);
  Status stat_node(NodeId node, std::uint64_t handle, struct stat& status);
  Found found(NodeId node, const struct stat& status) const {
    return {node, status, options_.seconds, options_.seconds};
  }

  Reply<Found> find(NodeId folder, int above, const std::string& name);

  // Root serves all users: what it makes for one of them is theirs. A folder with S_ISGID gives its
  // own group.
  void give(const Caller& caller, int above, const std::string& name) const;

  // What a local disk does when a user writes, truncates or allocates: root's own file system would
  // leave the bits to root, who carries it out.
  static void drop_set_user(const Caller&, int descriptor);

  template <class Call>
  Reply<Found> make(const Caller& caller, NodeId folder, const std::string& name, Call call) {
    if (options_.read_only) return Status::read_only;
    const auto above = nodes_.folder(folder);
    if (!above) return above.status;
    if (call(above.value->get()) != 0) return last_error();
    give(caller, above.value->get(), name);
    return find(folder, above.value->get(), name);
  }

  Status unlink(NodeId folder, const std::string& name, int flags);
  Opened opened(NodeId node, base::Fd file, const struct stat&, int flags);
  static Status apply(const Caller&, const Reached& reached, const Changes& changes);
  static int truncate(const Caller&, const Reached& reached, off_t size);

  template <class Call>
  Reply<std::string> read_text(NodeId node, Call call) {
    const auto reached = reach(node, 0);
    if (!reached) return reached.status;
    const std::string path = reached.value.proc_path();
    const ssize_t size = call(path.c_str(), nullptr, 0);
    if (size < 0) return last_error();
    std::string text(static_cast<std::size_t>(size), '\0');
    const ssize_t got = size == 0 ? 0 : call(path.c_str(), text.data(), text.size());
    if (got < 0) return last_error();
    text.resize(static_cast<std::size_t>(got));
    return text;
  }

  DiskViewOptions options_;
  base::Fd root_;
  const uid_t user_ = ::geteuid();
  const gid_t group_ = ::getegid();
  DiskNodes nodes_;
};

}  // namespace fuse
