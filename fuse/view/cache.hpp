// The local disk that copies of objects take: how much they may take, and which go first.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/path.hpp"
#include "fuse/view/profile.hpp"

namespace fuse {

class CachedFile;

class Cache {
 public:
  // `folder`: for clean copies; `unsent`: for those that hold what the store does not, under their
  // own names, so that whoever finds them after a crash knows what they are. Both are made.
  Cache(fs::path folder, fs::path unsent, const Profile&);

  // The path of a new clean copy.
  fs::path clean_path();
  // Where a copy lies while it holds something unsent; its folders are made.
  fs::path unsent_path(const std::string& name) const;

  // Takes space for `asking`, dropping copies that nobody uses where it is short; where blocks are
  // read, also blocks of open files. False when there is none.
  bool take(std::uint64_t bytes, const CachedFile& asking);
  void give(std::uint64_t bytes);
  // For people, why take() found none: where, how much, and what would allow it.
  std::string why_full() const;

  // Notes that a copy was opened just now: it goes last.
  void touch(const std::shared_ptr<CachedFile>&);
  void forget(const CachedFile*);

  const fs::path& folder() const { return folder_; }

 private:
  bool fits(std::uint64_t bytes) const;
  // Bytes of the disk that are never used.
  std::uint64_t left_free() const;
  void prune(std::uint64_t bytes, const CachedFile& asking);

  fs::path folder_;
  fs::path unsent_;
  const Profile& profile_;
  std::atomic<std::uint64_t> used_ = 0;
  std::atomic<std::uint64_t> made_ = 0;
  std::mutex mutex_;
  std::list<std::weak_ptr<CachedFile>> order_;  // the one opened longest ago in front
  std::unordered_map<const CachedFile*, std::list<std::weak_ptr<CachedFile>>::iterator> places_;
};

}  // namespace fuse
