// The class behind make_object_view; its functions lie in object_names, object_files and
// object_folders.
#pragma once

#include <mutex>

#include "fuse/view/cache.hpp"
#include "fuse/view/fetchers.hpp"
#include "fuse/view/object_view.hpp"
#include "fuse/view/tree.hpp"
#include "fuse/view/write_handle.hpp"

namespace fuse {

constexpr std::size_t page_size = 5000;  // entries; source: List Blobs

// A folder being read: its entries as they become known, page by page.
struct FolderHandle {
  std::mutex mutex;
  std::vector<NodeId> entries;
  std::vector<std::string> seen;  // names that the store told
  std::string next;               // the next page
  bool complete = false;
};

class ObjectView final : public FileSystem {
 public:
  ObjectView(store::ObjectStore& store, ObjectViewOptions options)
      : store_(store),
        options_(std::move(options)),
        profile_(options_.profile),
        cache_(options_.cache, options_.unsent, profile_),
        fetchers_(std::clamp<std::size_t>(std::thread::hardware_concurrency() * 4, 4, 16)),
        began_(steady_seconds()) {
    tree_.find(root_node)->checked = 0;
  }

  // ---- names

  Reply<Found> lookup(const Caller&, NodeId folder, const std::string& name) override;
  void forget(NodeId node, std::uint64_t lookups) override;
  Reply<Found> attributes(const Caller&, NodeId id, std::uint64_t) override;
  Reply<Found> set_attributes(const Caller& caller, NodeId id, std::uint64_t handle,
                              const Changes& changes) override;
  Reply<Found> make_folder(const Caller&, NodeId folder, const std::string& name, mode_t) override;
  Reply<Found> make_node(const Caller&, NodeId, const std::string&, mode_t, dev_t) override {
    return profile_.nodes;
  }
  Reply<Found> make_symlink(const Caller&, NodeId, const std::string&, const std::string&) override;
  Reply<Found> make_link(const Caller&, NodeId, NodeId, const std::string&) override {
    return options_.read_only ? Status::read_only : profile_.links;
  }
  Reply<std::string> read_symlink(const Caller&, NodeId) override { return Status::invalid; }

  Status remove(const Caller&, NodeId folder, const std::string& name) override;
  Status remove_folder(const Caller&, NodeId folder, const std::string& name) override;
  Status rename(const Caller&, NodeId folder, const std::string& name, NodeId new_folder,
                const std::string& new_name, unsigned flags) override;

  // ---- files

  Reply<Opened> open(const Caller&, NodeId id, int flags) override;
  Reply<std::pair<Found, Opened>> create(const Caller& caller, NodeId folder,
                                         const std::string& name, mode_t mode, int flags) override;
  Reply<Bytes> read(const Caller&, NodeId, std::uint64_t handle, off_t offset,
                    std::size_t size) override;
  Reply<std::size_t> write(const Caller&, NodeId id, std::uint64_t handle, off_t offset,
                           std::span<const char> bytes) override;
  Status flush(const Caller&, NodeId id, std::uint64_t handle) override;
  Status sync(const Caller&, NodeId id, std::uint64_t handle) override {
    return send(id, handle, Occasion::fsync);
  }
  void release(const Caller&, NodeId id, std::uint64_t handle) override;
  Status allocate(const Caller&, NodeId, std::uint64_t, int, off_t, off_t) override {
    return profile_.allocation;
  }

  // All of a file is data: a store knows no holes.
  Reply<off_t> seek(const Caller&, NodeId, std::uint64_t handle, off_t offset, int whence) override;

  // ---- folders

  Reply<std::uint64_t> open_folder(const Caller&, NodeId id) override;
  Status read_folder(const Caller&, NodeId id, std::uint64_t number, off_t offset, bool plus,
                     const std::function<bool(const FolderEntry&)>& take) override;
  void release_folder(const Caller&, NodeId, std::uint64_t handle) override {
    std::unique_ptr<FolderHandle>(&folder_of(handle)).reset();
  }

  // ---- the rest

  Reply<struct statvfs> space(const Caller&) override;
  Status set_attribute(const Caller&, NodeId, const std::string&, std::span<const char>,
                       int) override;
  Reply<std::string> get_attribute(const Caller&, NodeId, const std::string&) override {
    return profile_.attributes;
  }
  Reply<std::string> list_attributes(const Caller&, NodeId) override { return profile_.attributes; }
  Status remove_attribute(const Caller&, NodeId, const std::string&) override {
    return profile_.attributes;
  }
  Traits traits() const override {
    return {.answers_locks = profile_.locks != Status::ok,
            .has_attributes = profile_.attributes != Status::unsupported};
  }
  Status lock(const Caller&, NodeId) override { return profile_.locks; }

  std::string path_of(NodeId id) override;
  std::vector<Unsent> send_all() override;
  std::vector<Unsent> unsent() override;

 private:
  std::vector<std::pair<std::string, std::shared_ptr<CachedFile>>> files_to_send();
  static WriteHandle& handle_of(std::uint64_t number) {
    return *reinterpret_cast<WriteHandle*>(number);
  }
  static FolderHandle& folder_of(std::uint64_t number) {
    return *reinterpret_cast<FolderHandle*>(number);
  }
  static std::uint64_t number_of(const void* handle) {
    return reinterpret_cast<std::uint64_t>(handle);
  }
  bool is_seen(NodeId folder, const std::string& name) const {
    return folder != root_node || options_.only.empty() || name == options_.only;
  }
  CopyContext context() { return {store_, profile_, cache_, fetchers_}; }
  float now() const { return static_cast<float>(steady_seconds() - began_); }
  void log(const std::string& text) const {
    if (options_.log) options_.log(text);
  }
  bool is_fresh(float checked) const;
  std::string child_path_locked(NodeId folder, const std::string& name);
  std::string child_path(NodeId folder, const std::string& name);
  Status refuse_writing(NodeId id, const char* doing, off_t offset = -1);

  template <class Act>
  auto guarded(Act act) -> decltype(act()) {
    try {
      return act();
    } catch (const base::Error& error) {
      return status_of(error);
    }
  }
  template <class Act>
  Status guarded_status(Act act) {
    try {
      act();
      return Status::ok;
    } catch (const base::Error& error) {
      return status_of(error);
    }
  }
  Reply<Found> absent(Status status) const;
  Found found(TreeNode& node);

  // Makes sure that what is known of the node is as fresh as the profile wants it.
  Status refresh(std::unique_lock<std::mutex>& lock, NodeId id);
  Status look_up(std::unique_lock<std::mutex>& lock, NodeId folder, const std::string& name,
                 TreeNode*& node);
  Status list_all(std::unique_lock<std::mutex>& lock, NodeId folder);

  // One more page of the listing; after the last one, what the store did not name is gone.
  Status read_page(NodeId folder, FolderHandle& handle);

  // The local copy of a node; `same` tells whether the kernel's pages of it are still right.
  std::shared_ptr<CachedFile> copy_of(TreeNode& node, bool& same);
  Status send(NodeId id, std::uint64_t handle, Occasion occasion);
  void note_sent(NodeId id, const CachedFile::State& state);
  Status truncate(NodeId id, std::uint64_t handle, off_t size);
  void remove_below(const std::string& folder);
  void remove_copies_below(NodeId folder);
  void rename_copies_below(NodeId folder);
  store::ObjectStore& store_;
  const ObjectViewOptions options_;
  const Profile& profile_;
  Cache cache_;
  Fetchers fetchers_;
  const double began_;
  std::mutex mutex_;
  Tree tree_;
};

}  // namespace fuse
