#include "fuse/view/disk_nodes.hpp"

#include <fcntl.h>

#include <algorithm>
#include <optional>

namespace fuse {
namespace {

constexpr std::size_t kept_descriptors = 512;

}  // namespace

DiskNodes::DiskNodes(base::Fd root) : root_(std::make_shared<base::Fd>(std::move(root))) {
  Node node;
  node.lookups = 1;  // the kernel never forgets the root
  nodes_.emplace(root_node, std::move(node));
}

DiskNodes::Node* DiskNodes::find(NodeId id) {
  const auto node = nodes_.find(id);
  return node == nodes_.end() ? nullptr : &node->second;
}

Reply<std::shared_ptr<const base::Fd>> DiskNodes::folder(NodeId id) {
  if (id == root_node) return root_;
  NodeId above = 0;
  std::string name;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = cached_.find(id); known != cached_.end()) {
      recent_.splice(recent_.begin(), recent_, known->second);
      return known->second->second;
    }
    const Node* node = find(id);
    if (node == nullptr || node->gone) return Status::absent;
    above = node->folder;
    name = node->name;
  }
  const auto parent = folder(above);
  if (!parent) return parent.status;
  const int number =
      ::openat(parent.value->get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (number < 0) return status_of_errno(errno);
  auto opened = std::make_shared<const base::Fd>(number);
  const std::lock_guard lock(mutex_);
  if (const auto known = cached_.find(id); known != cached_.end()) return known->second->second;
  // Removed in between: then it must not be kept.
  if (const Node* node = find(id); node == nullptr || node->gone) return opened;
  recent_.emplace_front(id, opened);
  cached_[id] = recent_.begin();
  if (recent_.size() > kept_descriptors) {
    cached_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return opened;
}

Reply<DiskNodes::Location> DiskNodes::locate(NodeId id) {
  if (id == root_node) return Location{root_, "."};
  NodeId above = 0;
  Location location;
  {
    const std::lock_guard lock(mutex_);
    const Node* node = find(id);
    if (node == nullptr || node->gone) return Status::absent;
    above = node->folder;
    location.name = node->name;
  }
  auto parent = folder(above);
  if (!parent) return parent.status;
  location.folder = std::move(parent.value);
  return location;
}

NodeId DiskNodes::note(NodeId folder, const std::string& name, const struct stat& status) {
  const Identity identity{status.st_dev, status.st_ino};
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = by_identity_.emplace(identity, last_ + 1);
  if (is_new) {
    const NodeId id = ++last_;
    Node& node = nodes_[id];
    node.identity = identity;
    node.folder = folder;
    node.name = name;
    node.lookups = 1;
    if (Node* above = find(folder)) ++above->children;
    return id;
  }
  const NodeId id = known->second;
  Node& node = nodes_.at(id);
  ++node.lookups;
  if (node.folder == folder && node.name == name) return id;
  if (status.st_nlink > 1 && !S_ISDIR(status.st_mode)) {
    const Name old{node.folder, node.name};
    const auto [begin, end] = others_.equal_range(id);
    if (std::none_of(begin, end, [&](const auto& entry) { return entry.second == old; }))
      others_.emplace(id, old);
  }
  // The name it has now is none of its others: after removing it the node would be sent back to it.
  const auto [begin, end] = others_.equal_range(id);
  const auto now = std::find_if(begin, end, [&](const auto& entry) {
    return entry.second == Name{folder, name};
  });
  if (now != end) others_.erase(now);
  move_to(node, folder, name);
  return id;
}

void DiskNodes::move_to(Node& node, NodeId folder, const std::string& name) {
  if (node.folder != folder) {
    const NodeId old = std::exchange(node.folder, folder);
    if (Node* above = find(folder)) ++above->children;
    if (Node* above = find(old)) {
      --above->children;
      drop_if_unused(old);
    }
  }
  node.name = name;
}

void DiskNodes::forget(NodeId id, std::uint64_t lookups) {
  const std::lock_guard lock(mutex_);
  Node* node = find(id);
  if (node == nullptr || id == root_node) return;
  node->lookups -= std::min(node->lookups, lookups);
  drop_if_unused(id);
}

void DiskNodes::drop_if_unused(NodeId id) {
  while (id != root_node) {
    const auto node = nodes_.find(id);
    if (node == nodes_.end() || node->second.lookups > 0 || node->second.children > 0) return;
    const auto identity = by_identity_.find(node->second.identity);
    if (identity != by_identity_.end() && identity->second == id) by_identity_.erase(identity);
    if (const auto kept = cached_.find(id); kept != cached_.end()) {
      recent_.erase(kept->second);
      cached_.erase(kept);
    }
    others_.erase(id);
    const NodeId above = node->second.folder;
    nodes_.erase(node);
    Node* folder = find(above);
    if (folder == nullptr) return;
    --folder->children;
    id = above;
  }
}

DiskNodes::Node* DiskNodes::find(const struct stat& status) {
  const auto known = by_identity_.find({status.st_dev, status.st_ino});
  return known == by_identity_.end() ? nullptr : find(known->second);
}

void DiskNodes::renamed(const struct stat& status, NodeId folder, const std::string& name,
                        NodeId new_folder, const std::string& new_name) {
  const std::lock_guard lock(mutex_);
  Node* node = find(status);
  if (node == nullptr) return;
  if (node->folder == folder && node->name == name) return move_to(*node, new_folder, new_name);
  const auto id = by_identity_.at(node->identity);
  const auto [begin, end] = others_.equal_range(id);
  for (auto other = begin; other != end; ++other)
    if (other->second == Name{folder, name}) other->second = {new_folder, new_name};
}

void DiskNodes::removed(const struct stat& status, NodeId folder, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto known = by_identity_.find({status.st_dev, status.st_ino});
  if (known == by_identity_.end()) return;
  const NodeId id = known->second;
  Node& node = nodes_.at(id);
  if (S_ISDIR(status.st_mode) || status.st_nlink <= 1) {
    node.gone = true;
    by_identity_.erase(known);
    others_.erase(id);
    if (const auto kept = cached_.find(id); kept != cached_.end()) {
      recent_.erase(kept->second);
      cached_.erase(kept);
    }
    return;
  }
  const auto [begin, end] = others_.equal_range(id);
  if (node.folder == folder && node.name == name) {
    if (begin == end) return;
    const Name next = begin->second;
    others_.erase(begin);
    return move_to(node, next.folder, next.name);
  }
  const auto other = std::find_if(begin, end, [&](const auto& entry) {
    return entry.second == Name{folder, name};
  });
  if (other != end) others_.erase(other);
}

bool DiskNodes::unchanged(NodeId id, const struct stat& status) {
  const std::uint64_t stamp = static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'007U ^
                              static_cast<std::uint64_t>(status.st_mtim.tv_nsec) ^
                              static_cast<std::uint64_t>(status.st_size) << 32U;
  const std::lock_guard lock(mutex_);
  Node* node = find(id);
  return node != nullptr && std::exchange(node->stamp, stamp) == stamp;
}

void DiskNodes::opened(NodeId id, int descriptor) {
  const std::lock_guard lock(mutex_);
  open_.emplace(id, descriptor);
}

void DiskNodes::closed(NodeId id, int descriptor) {
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = open_.equal_range(id);
  const auto found =
      std::find_if(begin, end, [&](const auto& entry) { return entry.second == descriptor; });
  if (found != end) open_.erase(found);
}

int DiskNodes::descriptor(NodeId id) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(id);
  return found == open_.end() ? -1 : found->second;
}

std::string DiskNodes::path(NodeId id) {
  const std::lock_guard lock(mutex_);
  std::string path;
  for (const Node* node = find(id); node != nullptr && id != root_node; node = find(id)) {
    if (!path.empty()) path.insert(0, "/");
    path.insert(0, node->name);
    id = node->folder;
  }
  return path;
}

}  // namespace fuse
