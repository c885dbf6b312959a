// How the bytes of a CachedFile come.
#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"
#include "fuse/view/cache.hpp"
#include "fuse/view/cached_file.hpp"
#include "fuse/view/fetch_policy.hpp"
#include "fuse/view/fetchers.hpp"
#include "meter/ledger.hpp"

namespace fuse {

// The blocks of the object that cover the bytes, as far as nothing newer was written over them.
Status CachedFile::ensure(std::unique_lock<std::mutex>& lock, std::uint64_t begin,
                          std::uint64_t end) {
  end = std::min(end, stored_size_);
  const std::uint64_t size = context_.profile.block_size;
  for (std::uint64_t block = begin / size; block * size < end; ++block) {
    const std::uint64_t from = std::max(begin, block * size);
    const std::uint64_t to = std::min(end, (block + 1) * size);
    if (present_.holds(from, to)) continue;
    if (const Status status = fetch_block(lock, block); status != Status::ok) return status;
  }
  return Status::ok;
}

Status CachedFile::fetch_block(std::unique_lock<std::mutex>& lock, std::uint64_t block) {
  const std::uint64_t size = context_.profile.block_size;
  const std::uint64_t begin = block * size;
  for (;;) {
    const std::uint64_t end = std::min(begin + size, stored_size_);
    if (begin >= end || present_.holds(begin, end)) return Status::ok;
    if (!under_way_.contains(block)) break;
    arrived_.wait(lock);
  }
  if (const Status status = open_to_read(); status != Status::ok) return status;
  const std::uint64_t length = std::min(size, stored_size_ - begin);
  if (!context_.cache.take(length, *this)) return Status::no_space;
  taken_ += length;
  under_way_.insert(block);
  const std::string name = name_;
  const std::string tag = state_.tag;
  lock.unlock();
  Status status = Status::ok;
  std::vector<char> bytes(length);
  std::size_t got = 0;
  try {
    got = context_.store.get(name, begin, bytes);
  } catch (const base::Error& error) {
    status = status_of(error);
  }
  lock.lock();
  under_way_.erase(block);
  arrived_.notify_all();
  // Renamed while it was under way: the bytes are asked for again, under the new name.
  if (status == Status::absent && name != name_) return fetch_block(lock, block);
  if (status != Status::ok || tag != state_.tag) return status;
  if (source_) {
    present_.add(begin, begin + length);
    return status;
  }
  if (!local_) return fetch_block(lock, block);  // given up meanwhile
  // What was written meanwhile is newer than what arrived.
  Extents newer = changed_;
  std::uint64_t at = begin;
  const std::uint64_t end = std::min(begin + got, state_.size);
  const auto put = [&](std::uint64_t from, std::uint64_t to) {
    while (from < to && status == Status::ok) {
      const ssize_t n = ::pwrite(local_->get(), bytes.data() + (from - begin), to - from,
                                 static_cast<off_t>(from));
      if (n < 0 && errno != EINTR) status = status_of_errno(errno);
      if (n > 0) from += static_cast<std::uint64_t>(n);
    }
  };
  for (const auto& run : newer.all()) {
    if (run.offset >= end) break;
    if (run.offset + run.size <= at) continue;
    put(at, std::min(run.offset, end));
    at = std::max(at, run.offset + run.size);
  }
  put(at, end);
  if (status == Status::ok) present_.add(begin, std::max(end, begin + length));
  return status;
}

void CachedFile::read_ahead(std::uint64_t block) {
  const std::uint64_t last = last_ahead(context_.profile, block, stored_size_);
  const std::uint64_t size = context_.profile.block_size;
  for (std::uint64_t next = block + 1; next <= last; ++next) {
    if (under_way_.contains(next) ||
        present_.holds(next * size, std::min((next + 1) * size, stored_size_)))
      continue;
    context_.fetchers.post([file = weak_from_this(), next, cause = meter::current()] {
      const auto alive = file.lock();
      if (!alive) return;
      meter::help(cause);
      std::unique_lock lock(alive->mutex_);
      alive->fetch_block(lock, next);
    });
  }
}

Status CachedFile::fetch_all() {
  std::unique_lock lock(mutex_);
  if (streaming_) return Status::no_space;
  // Several blocks come side by side, the first one in this thread.
  const std::uint64_t blocks = block_count(context_.profile, stored_size_);
  if (blocks > 1 && context_.profile.read_ahead == 0)
    for (std::uint64_t block = 1; block < blocks; ++block)
      if (!present_.holds(block * context_.profile.block_size,
                          std::min((block + 1) * context_.profile.block_size, stored_size_)))
        context_.fetchers.post([file = weak_from_this(), block, cause = meter::current()] {
          const auto alive = file.lock();
          if (!alive) return;
          meter::help(cause);
          std::unique_lock inner(alive->mutex_);
          alive->fetch_block(inner, block);
        });
  const Status status = ensure(lock, 0, stored_size_);
  if (status == Status::no_space && !state_.unsent) {
    // A file that cannot fit is streamed: every read goes to the store.
    streaming_ = true;
    release_local();
  }
  return status;
}

Reply<Bytes> CachedFile::read_local(std::uint64_t offset, std::size_t size) const {
  const base::Fd& file = source_ ? *source_ : *local_;
  std::vector<char> bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n =
        ::pread(file.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return status_of_errno(errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return Bytes(std::move(bytes));
}

Reply<Bytes> CachedFile::read(std::uint64_t offset, std::size_t size) {
  std::unique_lock lock(mutex_);
  if (offset >= state_.size) return Bytes(std::vector<char>());
  const std::uint64_t end = std::min<std::uint64_t>(offset + size, state_.size);
  if (!streaming_) {
    const Status status = ensure(lock, offset, end);
    if (status == Status::ok) {
      if (context_.profile.read_ahead > 0 && stored_size_ > 0 && offset < stored_size_)
        read_ahead((std::min(end, stored_size_) - 1) / context_.profile.block_size);
      if (const Status opened = open_to_read(); opened != Status::ok) return opened;
      // Blocks of a copy may be dropped as soon as the lock is free: they are copied out before.
      if (context_.profile.reads_blocks && !source_) return read_local(offset, end - offset);
      const auto& file = source_ ? source_ : local_;
      return Bytes(FilePiece{file->get(), static_cast<off_t>(offset), end - offset, file});
    }
    if (status != Status::no_space || state_.unsent) return status;
  }
  const std::string name = name_;
  lock.unlock();
  std::vector<char> bytes(end - offset);
  try {
    bytes.resize(context_.store.get(name, offset, bytes));
  } catch (const base::Error& error) {
    return status_of(error);
  }
  return Bytes(std::move(bytes));
}

}  // namespace fuse
