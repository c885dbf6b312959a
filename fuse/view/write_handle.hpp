// One open file of an object view: what it wrote, and what a close of it sends.
#pragma once

#include <memory>
#include <mutex>

#include "fuse/view/cached_file.hpp"
#include "fuse/view/upload_policy.hpp"

namespace fuse {

class WriteHandle {
 public:
  // `created`: this handle made the file.
  WriteHandle(const Profile&, std::shared_ptr<CachedFile>, bool created);
  ~WriteHandle();

  CachedFile& file() { return *file_; }
  Reply<std::size_t> write(std::uint64_t offset, std::span<const char>);
  Status truncate(std::uint64_t size);
  // Whether flush() would send the object now.
  bool sends_at(Occasion);
  // close(2) of one of its descriptors, or fsync(2): sends the object where the profile says so.
  // `sent` tells whether it did.
  Status flush(Occasion, bool& sent);

 private:
  const Profile& profile_;
  std::shared_ptr<CachedFile> file_;
  std::mutex mutex_;
  WriteState state_;

  WriteState state_now();  // under the mutex
};

}  // namespace fuse
