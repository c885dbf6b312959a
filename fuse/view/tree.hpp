// The names of an object view: what is known of the store's objects, and since when. Not safe from
// several threads: the view holds its lock around every call.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fuse/view/cached_file.hpp"
#include "fuse/view/file_system.hpp"
#include "store/object_store.hpp"

namespace fuse {

// One file or folder. Small, because there may be a million: eight bytes more are sixteen MB.
struct TreeNode {
  NodeId id = 0;
  NodeId folder = 0;
  std::string name;
  std::uint64_t size = 0;
  std::int64_t modified_us = 0;
  std::string tag;  // a store's short tags cost no memory of their own
  std::uint32_t lookups = 0;
  float checked = -1;      // when the store was last asked, in seconds since the view began
  float listed = -1;       // a folder: when its whole listing was last read; -1 never
  std::uint16_t mode = 0;  // permissions as changed here; 0 for the profile's
  bool is_folder : 1 = false;
  bool gone : 1 = false;             // removed, but still looked up or open
  bool in_store : 1 = true;          // false for a file that was made here and not sent yet
  std::shared_ptr<CachedFile> file;  // its local copy
  std::unique_ptr<std::vector<NodeId>> children;  // a folder's known ones; some may have left
};

class Tree {
 public:
  Tree();

  TreeNode* find(NodeId);
  TreeNode* child(NodeId folder, std::string_view name);
  // The child of that name, made where it is missing.
  TreeNode& note(NodeId folder, const std::string& name, bool is_folder);
  // As the store tells it now.
  static void update(TreeNode&, const store::Object&, float now);
  // Takes the name away; the node stays while it is looked up or open.
  void remove(TreeNode&);
  void rename(TreeNode&, NodeId folder, const std::string& name);
  void forget(NodeId, std::uint64_t lookups);

  // "a/b.txt"; "" for the root.
  std::string path(NodeId);
  // Those of `folder` that are there.
  std::vector<NodeId> children(NodeId folder);
  // Every node with a local copy.
  std::vector<NodeId> with_copies();

 private:
  struct Key {
    NodeId folder;
    std::string_view name;
    bool operator==(const Key&) const = default;
  };
  struct HashKey {
    // noexcept: otherwise the map keeps each hash, too.
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<std::string_view>()(key.name) ^ key.folder * 0x9e3779b97f4a7c15ULL;
    }
  };
  void drop_if_unused(TreeNode&);

  std::unordered_map<NodeId, TreeNode> nodes_;
  std::unordered_map<Key, NodeId, HashKey> by_name_;  // names lie in the nodes
  NodeId last_ = root_node;
};

}  // namespace fuse
