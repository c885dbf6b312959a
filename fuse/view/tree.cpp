#include "fuse/view/tree.hpp"

#include <algorithm>

namespace fuse {

Tree::Tree() {
  TreeNode root;
  root.id = root_node;
  root.lookups = 1;
  root.is_folder = true;
  nodes_.emplace(root_node, std::move(root));
}

TreeNode* Tree::find(NodeId id) {
  const auto node = nodes_.find(id);
  return node == nodes_.end() ? nullptr : &node->second;
}

TreeNode* Tree::child(NodeId folder, std::string_view name) {
  const auto id = by_name_.find({folder, name});
  return id == by_name_.end() ? nullptr : find(id->second);
}

TreeNode& Tree::note(NodeId folder, const std::string& name, bool is_folder) {
  if (TreeNode* known = child(folder, name)) {
    if (known->is_folder == is_folder) return *known;
    remove(*known);
  }
  const NodeId id = ++last_;
  TreeNode& node = nodes_[id];
  node.id = id;
  node.folder = folder;
  node.name = name;
  node.is_folder = is_folder;
  by_name_.emplace(Key{folder, node.name}, id);
  TreeNode& above = nodes_.at(folder);
  if (!above.children) above.children = std::make_unique<std::vector<NodeId>>();
  above.children->push_back(id);
  return node;
}

void Tree::update(TreeNode& node, const store::Object& object, float now) {
  node.size = object.size;
  node.modified_us = object.modified.time_since_epoch().count();
  node.tag = object.tag;
  node.checked = now;
  node.in_store = true;
}

void Tree::remove(TreeNode& node) {
  if (node.gone) return;
  by_name_.erase({node.folder, node.name});
  node.gone = true;
  drop_if_unused(node);
}

void Tree::rename(TreeNode& node, NodeId folder, const std::string& name) {
  by_name_.erase({node.folder, node.name});
  node.name = name;
  node.folder = folder;
  by_name_.emplace(Key{folder, node.name}, node.id);
  TreeNode& above = nodes_.at(folder);
  if (!above.children) above.children = std::make_unique<std::vector<NodeId>>();
  above.children->push_back(node.id);
}

void Tree::forget(NodeId id, std::uint64_t lookups) {
  TreeNode* node = find(id);
  if (node == nullptr || id == root_node) return;
  node->lookups -= static_cast<std::uint32_t>(std::min<std::uint64_t>(node->lookups, lookups));
  drop_if_unused(*node);
}

// What is known of a name stays known; only what has no name any more can go.
void Tree::drop_if_unused(TreeNode& node) {
  if (!node.gone || node.lookups > 0 || (node.file && node.file->is_open())) return;
  nodes_.erase(node.id);
}

std::string Tree::path(NodeId id) {
  std::string path;
  for (const TreeNode* node = find(id); node != nullptr && node->id != root_node;
       node = find(node->folder)) {
    if (!path.empty()) path.insert(0, "/");
    path.insert(0, node->name);
  }
  return path;
}

std::vector<NodeId> Tree::children(NodeId folder) {
  TreeNode* node = find(folder);
  if (node == nullptr || !node->children) return {};
  // Those that left are swept here rather than looked for when they leave.
  std::erase_if(*node->children, [&](NodeId id) {
    const TreeNode* child = find(id);
    return child == nullptr || child->gone || child->folder != folder;
  });
  std::sort(node->children->begin(), node->children->end());
  node->children->erase(std::unique(node->children->begin(), node->children->end()),
                        node->children->end());
  return *node->children;
}

std::vector<NodeId> Tree::with_copies() {
  std::vector<NodeId> ids;
  for (const auto& [id, node] : nodes_)
    if (node.file) ids.push_back(id);
  return ids;
}

}  // namespace fuse
