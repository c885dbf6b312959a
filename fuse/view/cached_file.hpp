// The local copy of one object: which of its bytes are here, and which the store does not have yet.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "fuse/view/extents.hpp"
#include "fuse/view/file_system.hpp"
#include "fuse/view/profile.hpp"
#include "store/object_store.hpp"

namespace fuse {

class Cache;
class Fetchers;

// What a copy needs of its view.
struct CopyContext {
  store::ObjectStore& store;
  const Profile& profile;
  Cache& cache;
  Fetchers& fetchers;
};

// Safe from several threads. Uploads of one file happen one after the other, and nothing is written
// to it meanwhile.
class CachedFile : public std::enable_shared_from_this<CachedFile> {
 public:
  // Of an object that is there.
  CachedFile(CopyContext, std::string name, const store::Object&);
  // Of one that is not: empty.
  CachedFile(CopyContext, std::string name);
  ~CachedFile();
  CachedFile(const CachedFile&) = delete;
  CachedFile& operator=(const CachedFile&) = delete;

  struct State {
    std::uint64_t size = 0;
    base::Time modified;
    std::string tag;  // of the object that the copy is based on
    bool in_store = false;
    bool unsent = false;         // it holds what the store does not
    std::uint64_t changes = 0;   // counts writes; compared with `uploaded`
    std::uint64_t uploaded = 0;  // what `changes` was at the last upload
  };
  State state();

  // Fetches all that is missing. no_space: it does not fit; reads then go to the store.
  Status fetch_all();
  Reply<Bytes> read(std::uint64_t offset, std::size_t size);
  // no_space leaves the copy as it was.
  Reply<std::size_t> write(std::uint64_t offset, std::span<const char>);
  Status truncate(std::uint64_t size);
  // A change of the modification time alone.
  void touch(base::Time);
  // Sends the whole object, whether it changed or not. What is missing of it is fetched first.
  Status upload();
  // Why the store did not take the last upload; "" where it did, or the fault was not the store's.
  std::string trouble();

  // The object has another name from now on.
  void rename(const std::string& name);
  // The object is gone; what is still written goes nowhere.
  void remove();
  void open();
  void close();
  bool is_open() const { return handles_ > 0; }
  // When it was closed last, as steady_seconds() counts.
  double closed_at() const { return closed_at_; }

  // Gives up the local bytes where nobody uses them and nothing is unsent; returns how many.
  std::uint64_t drop();
  // The same of blocks that are only read, also while the file is open.
  std::uint64_t drop_blocks();

 private:
  Status ensure(std::unique_lock<std::mutex>&, std::uint64_t begin, std::uint64_t end);
  Status fetch_block(std::unique_lock<std::mutex>&, std::uint64_t block);
  void read_ahead(std::uint64_t block);
  Reply<Bytes> read_local(std::uint64_t offset, std::size_t size) const;
  Status open_copy();
  Status open_to_read();
  Status own_copy(std::uint64_t keep);
  void discard_copy();
  void mark_unsent();
  void mark_sent();
  void release_local();

  CopyContext context_;
  void publish();

  std::mutex mutex_;  // held while the object is sent
  std::condition_variable arrived_;
  std::string name_;
  State state_;
  std::string trouble_;
  std::uint64_t stored_size_ = 0;  // of the object that `state_.tag` names
  Extents present_;
  Extents changed_;  // since the object of `state_.tag`
  std::set<std::uint64_t> under_way_;
  // One of two at a time: a copy of this view's own, to be written to; or, while nothing is
  // changed, the object's own file in a store on this machine, which needs no copy. Which bytes
  // were asked for (`present_`) is kept in either case: they are charged, though they need not be
  // moved.
  std::shared_ptr<base::Fd> local_;
  fs::path local_path_;
  std::shared_ptr<base::Fd> source_;
  std::uint64_t taken_ = 0;  // of the cache's space
  bool cut_below_ = false;   // cut since: its first bytes are all that is left of the object
  bool streaming_ = false;   // it does not fit on the disk
  bool removed_ = false;
  std::atomic<int> handles_ = 0;
  std::atomic<double> closed_at_ = 0;

  // The state as others see it, who must not wait for an upload.
  std::mutex shown_mutex_;
  State shown_;
};

// Seconds on a clock that only runs forward.
double steady_seconds();

}  // namespace fuse
