#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <unistd.h>

#include <algorithm>

#include "fuse/view/object_view_class.hpp"

namespace fuse {

Reply<std::uint64_t> ObjectView::open_folder(const Caller&, NodeId id) {
  auto handle = std::make_unique<FolderHandle>();
  const std::lock_guard lock(mutex_);
  const TreeNode* node = tree_.find(id);
  if (node == nullptr || node->gone) return Status::absent;
  if (is_fresh(node->listed)) {
    handle->entries = tree_.children(id);
    handle->complete = true;
  }
  return number_of(handle.release());
}

Status ObjectView::read_folder(const Caller&, NodeId id, std::uint64_t number, off_t offset,
                               bool plus, const std::function<bool(const FolderEntry&)>& take) {
  FolderHandle& handle = folder_of(number);
  const std::lock_guard one(handle.mutex);
  for (off_t at = offset;; ++at) {
    // 0 is ".", 1 is "..", then the entries.
    while (!handle.complete && at - 2 >= static_cast<off_t>(handle.entries.size()))
      if (const Status status = read_page(id, handle); status != Status::ok) return status;
    FolderEntry entry;
    entry.next = at + 1;
    entry.found.attributes.st_mode = S_IFDIR;
    if (at < 2) {
      entry.name = at == 0 ? "." : "..";
      entry.found.attributes.st_ino = id;
      if (!take(entry)) return Status::ok;
      continue;
    }
    if (at - 2 >= static_cast<off_t>(handle.entries.size())) return Status::ok;
    const std::lock_guard lock(mutex_);
    TreeNode* node = tree_.find(handle.entries[static_cast<std::size_t>(at - 2)]);
    if (node == nullptr || node->gone || node->folder != id) continue;
    entry.name = node->name;
    entry.found = found(*node);
    if (!take(entry)) return Status::ok;
    if (plus) ++node->lookups;
  }
}

Status ObjectView::list_all(std::unique_lock<std::mutex>& lock, NodeId folder) {
  lock.unlock();
  FolderHandle handle;
  Status status = Status::ok;
  while (!handle.complete && status == Status::ok) status = read_page(folder, handle);
  lock.lock();
  return status;
}

Status ObjectView::read_page(NodeId folder, FolderHandle& handle) {
  const std::string path = path_of(folder);
  store::Page page;
  if (const Status status =
          guarded_status([&] { page = store_.list(path, handle.next, page_size); });
      status != Status::ok)
    return status;
  const std::lock_guard lock(mutex_);
  if (tree_.find(folder) == nullptr) return Status::absent;
  const std::size_t skip = path.empty() ? 0 : path.size() + 1;
  for (const auto& object : page.objects) {
    const std::string name = object.name.substr(skip);
    if (!is_seen(folder, name)) continue;
    TreeNode& node = tree_.note(folder, name, object.is_folder);
    if (!node.file || !node.file->is_open()) tree_.update(node, object, now());
    handle.entries.push_back(node.id);
  }
  handle.next = page.next;
  if (!page.next.empty()) return Status::ok;
  handle.complete = true;
  std::vector<NodeId> told = handle.entries;
  std::sort(told.begin(), told.end());
  for (const NodeId id : tree_.children(folder)) {
    if (std::binary_search(told.begin(), told.end(), id)) continue;
    TreeNode* node = tree_.find(id);
    const bool here_only =
        !node->in_store || (node->file && (node->file->is_open() || node->file->state().unsent));
    if (here_only)
      handle.entries.push_back(id);
    else
      tree_.remove(*node);
  }
  tree_.find(folder)->listed = now();
  return Status::ok;
}

}  // namespace fuse
