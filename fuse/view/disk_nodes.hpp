// The nodes of a disk view: which file of the folder each number stands for.
#pragma once

#include <sys/stat.h>

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/fd.hpp"
#include "base/path.hpp"
#include "fuse/view/file_system.hpp"

namespace fuse {

// A file is known by its device and inode, so that two hard links are one node, as the kernel needs
// it for its caches. Where it lies is its folder's node and its last known name. A node holds no
// descriptor (a million of them would be too many); folders get one while they are in use, and the
// last few hundred keep theirs.
class DiskNodes {
 public:
  // `root`: a descriptor of the folder, made with O_PATH.
  explicit DiskNodes(base::Fd root);

  // A folder's descriptor and the last part of a path below it: for the *at() calls.
  struct Location {
    std::shared_ptr<const base::Fd> folder;
    std::string name;
  };
  // Where a node lies; the root is "." in itself. Fails with absent when it was removed.
  Reply<Location> locate(NodeId);
  // The folder itself. Fails with absent, or with what opening it failed with.
  Reply<std::shared_ptr<const base::Fd>> folder(NodeId);

  // The node of what was found under `name`; counts one lookup.
  NodeId note(NodeId folder, const std::string& name, const struct stat&);
  void forget(NodeId, std::uint64_t lookups);
  // `status`: of the file itself, whichever name it has.
  void renamed(const struct stat& status, NodeId folder, const std::string& name, NodeId new_folder,
               const std::string& new_name);
  // The name is gone. When it was the last one (`status` is from before), so is the file, and its
  // inode number may come again for another.
  void removed(const struct stat& status, NodeId folder, const std::string& name);

  // Whether the file is as it was when this was last asked or told: then the kernel's pages are
  // right.
  bool unchanged(NodeId, const struct stat&);

  // While a node has an open handle, it can be reached although it has no name any more.
  void opened(NodeId, int descriptor);
  void closed(NodeId, int descriptor);
  // An open descriptor of the node, or -1.
  int descriptor(NodeId);

  std::string path(NodeId);

 private:
  struct Identity {
    dev_t device;
    ino_t inode;
    bool operator==(const Identity&) const = default;
  };
  struct HashIdentity {
    std::size_t operator()(const Identity& identity) const {
      return std::hash<std::uint64_t>()(identity.inode * 0x9e3779b97f4a7c15ULL ^ identity.device);
    }
  };
  struct Node {
    Identity identity{};
    NodeId folder = 0;
    std::string name;
    std::uint64_t lookups = 0;
    std::uint64_t stamp = 0;     // of the content that the kernel's pages are from
    std::uint32_t children = 0;  // nodes whose folder this is: it must not go before them
    bool gone = false;           // it has no name any more
  };

  Node* find(NodeId);
  void drop_if_unused(NodeId);
  void move_to(Node&, NodeId folder, const std::string& name);
  Node* find(const struct stat&);

  std::mutex mutex_;
  std::unordered_map<NodeId, Node> nodes_;
  std::unordered_map<Identity, NodeId, HashIdentity> by_identity_;
  NodeId last_ = root_node;
  std::shared_ptr<const base::Fd> root_;

  // Further names of files with several, the one in the node aside.
  struct Name {
    NodeId folder;
    std::string name;
    bool operator==(const Name&) const = default;
  };
  std::unordered_multimap<NodeId, Name> others_;

  // Open handles of nodes; few at any time.
  std::unordered_multimap<NodeId, int> open_;

  // Folders' descriptors, the one used last in front.
  using Cached = std::pair<NodeId, std::shared_ptr<const base::Fd>>;
  std::list<Cached> recent_;
  std::unordered_map<NodeId, std::list<Cached>::iterator> cached_;
};

}  // namespace fuse
