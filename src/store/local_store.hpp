// A store whose objects are the files of a folder.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>

#include "base/path.hpp"
#include "store/local_root.hpp"
#include "store/object_store.hpp"

namespace store {

// How a change of an object reaches the disk.
//
// A put that only adds bytes at the end writes just these, in place. Before it does, it notes the
// old size in `intents`; a crash half-way is undone by recover(). Every other put writes a new file
// and renames it. So an appended log costs its new bytes and not its size, and still no
// half-written object outlives a crash. A new file that the caller has done with is taken by a link
// instead of a copy.
class LocalStore final : public ObjectStore {
 public:
  // `intents`: a file of this store's own outside of `root`, made here. Once `root` has been
  // removed or replaced, every call that needs it throws unavailable.
  LocalStore(fs::path root, fs::path intents);
  ~LocalStore() override;

  Page list(const std::string& folder, const std::string& from, std::size_t limit) override;
  std::optional<Object> head(const std::string& name) override;
  std::size_t get(const std::string& name, std::uint64_t offset, std::span<char> into) override;
  Object put(const std::string& name, const Content&, IfExists) override;
  void remove(const std::string& name) override;
  void make_folder(const std::string& name) override;
  void remove_folder(const std::string& name) override;
  base::Fd open_local(const std::string& name, const std::string& tag) override;
  void move(const std::string& from, const std::string& to, IfExists) override;

  // Cuts what a crashed store had begun to append, as `intents` tells, and removes that file.
  // Harmless when there is none. Waits so long for a store that still uses it, then throws
  // conflict.
  static void recover(const fs::path& intents,
                      std::chrono::milliseconds patience = std::chrono::seconds(5));

 private:
  using Names = std::vector<std::string>;
  struct Slots;

  fs::path path_of(const std::string& name) const;
  std::shared_ptr<const Names> names_in(const std::string& folder, const std::string& from);
  void forget_names(const std::string& folder);
  void make_folders(const fs::path&) const;
  static bool only_adds(const Content&, const struct stat& old);
  void append(const fs::path&, const Content&, std::uint64_t old_size);

  LocalRoot root_;
  fs::path intents_path_;
  base::Fd intents_;
  std::unique_ptr<Slots> slots_;
  std::mutex listings_mutex_;
  std::map<std::string, std::shared_ptr<const Names>> listings_;  // being read page by page
};

}  // namespace store
