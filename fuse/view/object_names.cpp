#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <unistd.h>

#include <algorithm>

#include "fuse/view/fetch_policy.hpp"
#include "fuse/view/object_view_class.hpp"

namespace fuse {
namespace {

constexpr double for_ever = 86400.0 * 365;
constexpr std::size_t longest_name = 255;  // NAME_MAX of Linux, which shells and libraries count on

}  // namespace

Reply<Found> ObjectView::lookup(const Caller&, NodeId folder, const std::string& name) {
  std::unique_lock lock(mutex_);
  TreeNode* node = nullptr;
  if (const Status status = look_up(lock, folder, name, node); status != Status::ok)
    return absent(status);
  ++node->lookups;
  return found(*node);
}

void ObjectView::forget(NodeId node, std::uint64_t lookups) {
  const std::lock_guard lock(mutex_);
  tree_.forget(node, lookups);
}

Reply<Found> ObjectView::attributes(const Caller&, NodeId id, std::uint64_t) {
  std::unique_lock lock(mutex_);
  TreeNode* node = tree_.find(id);
  if (node == nullptr) return Status::stale;
  if (const Status status = refresh(lock, id); status != Status::ok) return status;
  node = tree_.find(id);
  if (node == nullptr) return Status::absent;
  return found(*node);
}

Reply<Found> ObjectView::set_attributes(const Caller& caller, NodeId id, std::uint64_t handle,
                                        const Changes& changes) {
  if (options_.read_only) return refuse_writing(id, "changing");
  if (changes.size)
    if (const Status status = truncate(id, handle, *changes.size); status != Status::ok)
      return status;
  {
    const std::lock_guard lock(mutex_);
    TreeNode* node = tree_.find(id);
    if (node == nullptr) return Status::stale;
    if (changes.mode && profile_.changes_modes) node->mode = *changes.mode & 07777U;
    if (changes.modified && profile_.changes_modes && node->file) {
      const base::Time time =
          changes.modified->tv_nsec == UTIME_NOW
              ? base::SystemClock().now()
              : base::Time(std::chrono::seconds(changes.modified->tv_sec) +
                           std::chrono::microseconds(changes.modified->tv_nsec / 1000));
      node->file->touch(time);
    }
  }
  return attributes(caller, id, handle);
}

Reply<Found> ObjectView::make_folder(const Caller&, NodeId folder, const std::string& name,
                                     mode_t) {
  if (options_.read_only) return refuse_writing(folder, "making a folder in");
  if (name.size() > longest_name) return Status::name_too_long;
  const std::string path = child_path(folder, name);
  return guarded([&]() -> Reply<Found> {
    store_.make_folder(path);
    const std::lock_guard lock(mutex_);
    TreeNode& node = tree_.note(folder, name, true);
    node.checked = now();
    node.listed = now();  // it is new, and so empty
    node.modified_us = base::SystemClock().now().time_since_epoch().count();
    ++node.lookups;
    return found(node);
  });
}

Reply<Found> ObjectView::make_symlink(const Caller&, NodeId, const std::string&,
                                      const std::string&) {
  return options_.read_only ? Status::read_only : profile_.symlinks;
}

Status ObjectView::remove(const Caller&, NodeId folder, const std::string& name) {
  if (options_.read_only) return refuse_writing(folder, "removing from");
  std::unique_lock lock(mutex_);
  TreeNode* node = nullptr;
  if (const Status status = look_up(lock, folder, name, node); status != Status::ok) return status;
  if (node->is_folder) return Status::is_a_folder;
  if (profile_.refuses_names_in_use && node->file && node->file->is_open()) return Status::busy;
  const auto file = node->file;
  const NodeId id = node->id;
  const std::string path = tree_.path(id);
  const bool in_store = file ? file->state().in_store : node->in_store;
  lock.unlock();
  return guarded_status([&] {
    if (in_store) store_.remove(path);
    if (file) file->remove();
    const std::lock_guard again(mutex_);
    if (TreeNode* removed = tree_.find(id)) tree_.remove(*removed);
  });
}

Status ObjectView::remove_folder(const Caller&, NodeId folder, const std::string& name) {
  if (options_.read_only) return refuse_writing(folder, "removing from");
  std::unique_lock lock(mutex_);
  TreeNode* node = nullptr;
  if (const Status status = look_up(lock, folder, name, node); status != Status::ok) return status;
  if (!node->is_folder) return Status::not_a_folder;
  const NodeId id = node->id;
  const std::string path = tree_.path(id);
  // A file that was not sent yet keeps its folder.
  for (const NodeId child : tree_.children(id))
    if (!tree_.find(child)->in_store && !profile_.removes_full_folders) return Status::not_empty;
  lock.unlock();
  return guarded_status([&] {
    if (profile_.removes_full_folders) remove_below(path);
    store_.remove_folder(path);
    const std::lock_guard again(mutex_);
    remove_copies_below(id);
    if (TreeNode* removed = tree_.find(id)) tree_.remove(*removed);
  });
}

// Who has a file open there can go on with it, but must not put it back at its close.
void ObjectView::remove_copies_below(NodeId folder) {
  for (const NodeId id : tree_.children(folder)) {
    remove_copies_below(id);
    TreeNode* node = tree_.find(id);
    if (node->file) node->file->remove();
    tree_.remove(*node);
  }
}

Status ObjectView::rename(const Caller&, NodeId folder, const std::string& name, NodeId new_folder,
                          const std::string& new_name, unsigned flags) {
  if (options_.read_only) return refuse_writing(folder, "renaming in");
  if ((flags & ~static_cast<unsigned>(RENAME_NOREPLACE)) != 0) return Status::invalid;
  std::unique_lock lock(mutex_);
  TreeNode* target = nullptr;
  const Status there = look_up(lock, new_folder, new_name, target);
  if (there != Status::ok && there != Status::absent) return there;
  if (there == Status::ok) {
    if ((flags & RENAME_NOREPLACE) != 0) return Status::exists;
    if (profile_.renames_onto_existing != Status::ok) {
      log(fmt::format(
          "rename of '{}' to '{}' was refused: the profile {} does not replace an existing file; "
          "remove it first, write to a new name, or use upload mode",
          child_path_locked(folder, name), child_path_locked(new_folder, new_name), profile_.name));
      return profile_.renames_onto_existing;
    }
  }
  TreeNode* node = nullptr;
  if (const Status status = look_up(lock, folder, name, node); status != Status::ok) return status;
  target = tree_.child(new_folder, new_name);
  if (target == node) return Status::ok;
  if (target != nullptr && target->is_folder != node->is_folder)
    return target->is_folder ? Status::is_a_folder : Status::not_a_folder;
  if (target != nullptr && target->is_folder && !tree_.children(target->id).empty())
    return Status::not_empty;
  if (profile_.refuses_names_in_use && node->file && node->file->is_open()) return Status::busy;
  const NodeId id = node->id;
  const auto file = node->file;
  const std::string from = tree_.path(id);
  const std::string to = child_path_locked(new_folder, new_name);
  const bool in_store = file ? file->state().in_store : node->in_store;
  const auto replaced = target != nullptr ? target->file : nullptr;
  const bool replaced_in_store = target != nullptr && target->in_store;
  lock.unlock();
  return guarded_status([&] {
    if (in_store)
      store_.move(from, to, store::IfExists::replace);
    else if (replaced_in_store)
      store_.remove(to);
    if (replaced) replaced->remove();
    if (file) file->rename(to);
    const std::lock_guard again(mutex_);
    if (TreeNode* old = tree_.child(new_folder, new_name)) tree_.remove(*old);
    TreeNode* moved = tree_.find(id);
    if (moved == nullptr) return;
    tree_.rename(*moved, new_folder, new_name);
    // Copies below a renamed folder lie under new names too.
    if (moved->is_folder) rename_copies_below(id);
  });
}

Status ObjectView::look_up(std::unique_lock<std::mutex>& lock, NodeId folder,
                           const std::string& name, TreeNode*& node) {
  const TreeNode* above = tree_.find(folder);
  if (above == nullptr || above->gone) return Status::absent;
  if (name.size() > longest_name) return Status::name_too_long;
  if (!is_seen(folder, name)) return Status::absent;
  node = tree_.child(folder, name);
  if (node != nullptr) {
    const NodeId id = node->id;
    const Status status = refresh(lock, id);
    node = tree_.find(id);
    return status == Status::ok && node == nullptr ? Status::absent : status;
  }
  if (is_fresh(above->listed)) return Status::absent;
  if (profile_.lists_to_look_up) {
    if (const Status status = list_all(lock, folder); status != Status::ok) return status;
    node = tree_.child(folder, name);
    return node != nullptr ? Status::ok : Status::absent;
  }
  const std::string path = child_path_locked(folder, name);
  lock.unlock();
  std::optional<store::Object> object;
  const Status status = guarded_status([&] { object = store_.head(path); });
  lock.lock();
  if (status != Status::ok) return status;
  if (!object) return Status::absent;
  if (tree_.find(folder) == nullptr) return Status::absent;
  node = &tree_.note(folder, name, object->is_folder);
  tree_.update(*node, *object, now());
  return Status::ok;
}

Status ObjectView::refresh(std::unique_lock<std::mutex>& lock, NodeId id) {
  TreeNode* node = tree_.find(id);
  if (node == nullptr) return Status::stale;
  if (id == root_node || node->gone || is_fresh(node->checked)) return Status::ok;
  // What only this machine has, or has open, is known best here.
  if (node->file && (node->file->is_open() || !node->file->state().in_store)) return Status::ok;
  const std::string path = tree_.path(id);
  lock.unlock();
  std::optional<store::Object> object;
  const Status status = guarded_status([&] { object = store_.head(path); });
  lock.lock();
  if (status != Status::ok) return status;
  node = tree_.find(id);
  if (node == nullptr) return Status::stale;
  if (object && object->is_folder == node->is_folder) {
    tree_.update(*node, *object, now());
    return Status::ok;
  }
  tree_.remove(*node);
  return Status::absent;
}

void ObjectView::remove_below(const std::string& folder) {
  std::string next;
  do {
    const store::Page page = store_.list(folder, next, page_size);
    for (const auto& object : page.objects) {
      if (object.is_folder) {
        remove_below(object.name);
        store_.remove_folder(object.name);
      } else {
        store_.remove(object.name);
      }
    }
    next = page.next;
  } while (!next.empty());
}

void ObjectView::rename_copies_below(NodeId folder) {
  for (const NodeId id : tree_.children(folder)) {
    TreeNode* node = tree_.find(id);
    if (node->file) node->file->rename(tree_.path(id));
    if (node->is_folder) rename_copies_below(id);
  }
}

std::string ObjectView::child_path(NodeId folder, const std::string& name) {
  const std::lock_guard lock(mutex_);
  return child_path_locked(folder, name);
}

std::string ObjectView::child_path_locked(NodeId folder, const std::string& name) {
  const std::string above = tree_.path(folder);
  return above.empty() ? name : above + "/" + name;
}

Reply<Found> ObjectView::absent(Status status) const {
  Reply<Found> reply(status);
  if (status == Status::absent && !options_.see_everything)
    reply.value.name_seconds = profile_.missing_seconds;
  return reply;
}

Found ObjectView::found(TreeNode& node) {
  Found found;
  found.node = node.id;
  const double seconds =
      options_.see_everything ? 0 : profile_.attribute_seconds.value_or(for_ever);
  found.name_seconds = found.attribute_seconds = seconds;
  std::uint64_t size = node.size;
  std::int64_t modified = node.modified_us;
  if (node.file) {
    const auto state = node.file->state();
    size = state.size;
    modified = state.modified.time_since_epoch().count();
  }
  struct stat& attributes = found.attributes;
  attributes.st_ino = node.id;
  attributes.st_mode = node.is_folder ? S_IFDIR | (node.mode ? node.mode : profile_.folder_mode)
                                      : S_IFREG | (node.mode ? node.mode : profile_.file_mode);
  if (options_.read_only) attributes.st_mode &= ~static_cast<mode_t>(0222);
  attributes.st_nlink = node.gone ? 0 : node.is_folder ? 2 : 1;
  attributes.st_uid = ::getuid();
  attributes.st_gid = ::getgid();
  attributes.st_size = static_cast<off_t>(node.is_folder ? 4096 : size);
  attributes.st_blocks = static_cast<blkcnt_t>((attributes.st_size + 511) / 512);
  attributes.st_blksize = 4096;
  attributes.st_mtim = {modified / 1'000'000, modified % 1'000'000 * 1000};
  attributes.st_atim = attributes.st_ctim = attributes.st_mtim;
  return found;
}

std::string ObjectView::path_of(NodeId id) {
  const std::lock_guard lock(mutex_);
  return tree_.path(id);
}

bool ObjectView::is_fresh(float checked) const {
  return fuse::is_fresh(profile_, checked, now());
}

}  // namespace fuse
