#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <unistd.h>

#include <algorithm>

#include "fuse/view/fetch_policy.hpp"
#include "fuse/view/object_view_class.hpp"

namespace fuse {

Reply<Opened> ObjectView::open(const Caller&, NodeId id, int flags) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  if (options_.read_only && (writes || (flags & O_TRUNC) != 0))
    return refuse_writing(id, "opening for writing");
  std::unique_lock lock(mutex_);
  if (const Status status = refresh(lock, id); status != Status::ok) return status;
  TreeNode* node = tree_.find(id);
  if (node == nullptr) return Status::absent;
  if (node->is_folder) return Status::is_a_folder;
  bool same = true;
  const auto file = copy_of(*node, same);
  lock.unlock();
  auto handle = std::make_unique<WriteHandle>(profile_, file, false);
  const bool truncates = writes && (flags & O_TRUNC) != 0;
  if (fetches_when_opened(profile_, writes, truncates)) {
    const Status status = file->fetch_all();
    // What does not fit can still be read from the store, but not changed.
    if (status != Status::ok && (status != Status::no_space || writes)) return status;
  }
  if (truncates)
    if (const Status status = handle->truncate(0); status != Status::ok) return status;
  return Opened{number_of(handle.release()), same && !options_.see_everything,
                (flags & O_DIRECT) != 0};
}

Reply<std::pair<Found, Opened>> ObjectView::create(const Caller& caller, NodeId folder,
                                                   const std::string& name, mode_t mode,
                                                   int flags) {
  if (options_.read_only) return refuse_writing(folder, "making a file in");
  std::unique_lock lock(mutex_);
  TreeNode* node = nullptr;
  const Status there = look_up(lock, folder, name, node);
  if (there == Status::ok) {
    if ((flags & O_EXCL) != 0) return Status::exists;
    ++node->lookups;
    const NodeId id = node->id;
    const Found entry = found(*node);
    lock.unlock();
    const auto opened = open(caller, id, flags);
    if (opened) return std::pair(entry, opened.value);
    forget(id, 1);
    return opened.status;
  }
  if (there != Status::absent) return there;
  TreeNode& made = tree_.note(folder, name, false);
  made.in_store = false;
  made.checked = now();
  if (profile_.changes_modes) made.mode = mode & 07777U;
  made.file = std::make_shared<CachedFile>(context(), tree_.path(made.id));
  ++made.lookups;
  const auto file = made.file;
  const Found entry = found(made);
  lock.unlock();
  auto handle = std::make_unique<WriteHandle>(profile_, file, true);
  return std::pair(entry, Opened{number_of(handle.release()), true, (flags & O_DIRECT) != 0});
}

Reply<Bytes> ObjectView::read(const Caller&, NodeId, std::uint64_t handle, off_t offset,
                              std::size_t size) {
  return handle_of(handle).file().read(static_cast<std::uint64_t>(offset), size);
}

Reply<std::size_t> ObjectView::write(const Caller&, NodeId id, std::uint64_t handle, off_t offset,
                                     std::span<const char> bytes) {
  if (options_.read_only) return refuse_writing(id, "writing to", offset);
  auto written = handle_of(handle).write(static_cast<std::uint64_t>(offset), bytes);
  if (written.status == Status::no_space)
    log(
        fmt::format("writing to '{}' at offset {} was refused: the local disk of the mount is "
                    "full; {}",
                    path_of(id), offset, cache_.why_full()));
  return written;
}

Status ObjectView::flush(const Caller& caller, NodeId id, std::uint64_t handle) {
  // Not the program closes this one, and its last write(2) may have been cut: the copy stays
  // unsent. Asked only where the close would send, as the answer costs more than a close.
  if (options_.is_ended_by_signal && handle_of(handle).sends_at(Occasion::close) &&
      options_.is_ended_by_signal(caller.task))
    return Status::ok;
  return send(id, handle, Occasion::close);
}

void ObjectView::release(const Caller&, NodeId id, std::uint64_t handle) {
  std::unique_ptr<WriteHandle>(&handle_of(handle)).reset();
  const std::lock_guard lock(mutex_);
  tree_.forget(id, 0);
}

Reply<off_t> ObjectView::seek(const Caller&, NodeId, std::uint64_t handle, off_t offset,
                              int whence) {
  const auto size = static_cast<off_t>(handle_of(handle).file().state().size);
  if (offset < 0 || offset >= size) return Status::no_data_there;
  return whence == SEEK_HOLE ? size : offset;
}

Reply<struct statvfs> ObjectView::space(const Caller&) {
  struct statvfs space {};
  if (::statvfs(cache_.folder().c_str(), &space) != 0) return status_of_errno(errno);
  return space;
}

Status ObjectView::set_attribute(const Caller&, NodeId, const std::string&, std::span<const char>,
                                 int) {
  return profile_.attributes;
}

std::vector<std::pair<std::string, std::shared_ptr<CachedFile>>> ObjectView::files_to_send() {
  std::vector<std::pair<std::string, std::shared_ptr<CachedFile>>> files;
  const std::lock_guard lock(mutex_);
  for (const NodeId id : tree_.with_copies()) {
    const TreeNode* node = tree_.find(id);
    if (node->gone) continue;
    const auto state = node->file->state();
    if (state.unsent || (!state.in_store && profile_.new_file_is_dirty))
      files.emplace_back(tree_.path(id), node->file);
  }
  return files;
}

std::vector<FileSystem::Unsent> ObjectView::unsent() {
  std::vector<Unsent> unsent;
  for (const auto& [path, file] : files_to_send())
    if (file->state().unsent) unsent.push_back({path, "the step failed before it was sent"});
  return unsent;
}

std::vector<FileSystem::Unsent> ObjectView::send_all() {
  std::vector<Unsent> unsent;
  for (const auto& [path, file] : files_to_send())
    if (const Status status = file->upload(); status != Status::ok) {
      const std::string why = file->trouble();
      unsent.push_back({path, !why.empty()                 ? why
                              : status == Status::no_space ? "no space left"
                                                           : "the store did not take it"});
    }
  return unsent;
}

Status ObjectView::refuse_writing(NodeId id, const char* doing, off_t offset) {
  log(
      fmt::format("{} '{}'{} was refused: it is mounted read-only; an output, or mode rw_mount, "
                  "would allow it",
                  doing, path_of(id), offset < 0 ? "" : fmt::format(" at offset {}", offset)));
  return Status::read_only;
}

std::shared_ptr<CachedFile> ObjectView::copy_of(TreeNode& node, bool& same) {
  if (node.file) {
    const auto state = node.file->state();
    const bool used = node.file->is_open() || state.unsent || !state.in_store;
    const bool old = copy_is_old(profile_, node.file->closed_at(), steady_seconds());
    same = state.tag == node.tag;
    if (used || (same && !old)) return node.file;
  }
  const store::Object object{tree_.path(node.id), false, node.size,
                             base::Time(std::chrono::microseconds(node.modified_us)), node.tag};
  node.file = std::make_shared<CachedFile>(context(), object.name, object);
  return node.file;
}

Status ObjectView::send(NodeId id, std::uint64_t handle, Occasion occasion) {
  bool sent = false;
  const Status status = handle_of(handle).flush(occasion, sent);
  if (status != Status::ok) {
    const std::string why = handle_of(handle).file().trouble();
    log(fmt::format("'{}' could not be sent to the store when it was {}{}{}", path_of(id),
                    occasion == Occasion::close ? "closed" : "synced", why.empty() ? "" : ": ",
                    why));
    return status;
  }
  if (sent) note_sent(id, handle_of(handle).file().state());
  return status;
}

void ObjectView::note_sent(NodeId id, const CachedFile::State& state) {
  const std::lock_guard lock(mutex_);
  TreeNode* node = tree_.find(id);
  if (node == nullptr) return;
  node->in_store = state.in_store;
  node->size = state.size;
  node->modified_us = state.modified.time_since_epoch().count();
  node->tag = state.tag;
  node->checked = now();
}

Status ObjectView::truncate(NodeId id, std::uint64_t handle, off_t size) {
  if (handle != 0) return handle_of(handle).truncate(static_cast<std::uint64_t>(size));
  if (profile_.truncates_closed != Status::ok) {
    std::shared_ptr<CachedFile> copy;
    {
      const std::lock_guard lock(mutex_);
      if (TreeNode* node = tree_.find(id); node != nullptr) copy = node->file;
    }
    // Who was opened here is cut here, and sent by the next close.
    if (copy) return copy->truncate(static_cast<std::uint64_t>(size));
    log(
        fmt::format("truncating '{}' was refused: the profile {} truncates only files that were "
                    "opened; open it and use ftruncate",
                    path_of(id), profile_.name));
    return profile_.truncates_closed;
  }
  const auto opened = open({}, id, O_WRONLY);
  if (!opened) return opened.status;
  Status status = handle_of(opened.value.handle).truncate(static_cast<std::uint64_t>(size));
  if (status == Status::ok) status = send(id, opened.value.handle, Occasion::close);
  release({}, id, opened.value.handle);
  return status;
}

}  // namespace fuse
