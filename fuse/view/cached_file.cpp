#include "fuse/view/cached_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/error.hpp"
#include "fuse/view/cache.hpp"
#include "fuse/view/copy_runs.hpp"

namespace fuse {

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

CachedFile::CachedFile(CopyContext context, std::string name, const store::Object& object)
    : context_(context), name_(std::move(name)), stored_size_(object.size) {
  state_.size = object.size;
  state_.modified = object.modified;
  state_.tag = object.tag;
  state_.in_store = true;
  publish();
}

CachedFile::CachedFile(CopyContext context, std::string name)
    : context_(context), name_(std::move(name)) {
  state_.modified = base::SystemClock().now();
  publish();
}

CachedFile::~CachedFile() {
  context_.cache.forget(this);
  if (!state_.unsent || removed_) release_local();
}

CachedFile::State CachedFile::state() {
  const std::lock_guard lock(shown_mutex_);
  return shown_;
}

std::string CachedFile::trouble() {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void CachedFile::publish() {
  const std::lock_guard lock(shown_mutex_);
  shown_ = state_;
}

Status CachedFile::open_copy() {
  if (local_) return Status::ok;
  const fs::path path = context_.cache.clean_path();
  const int number = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (number < 0) return status_of_errno(errno);
  local_ = std::make_shared<base::Fd>(number);
  local_path_ = path;
  if (::ftruncate(number, static_cast<off_t>(state_.size)) != 0) return status_of_errno(errno);
  return Status::ok;
}

Status CachedFile::open_to_read() {
  if (local_ || source_) return Status::ok;
  if (state_.in_store)
    if (base::Fd file = context_.store.open_local(name_, state_.tag)) {
      source_ = std::make_shared<base::Fd>(std::move(file));
      return Status::ok;
    }
  return open_copy();
}

// Before the first change: a copy, of which the first `keep` bytes will still be used.
Status CachedFile::own_copy(std::uint64_t keep) {
  if (const Status status = open_copy(); status != Status::ok || !source_) return status;
  if (const Status status = copy_runs(*source_, *local_, present_, keep); status != Status::ok) {
    discard_copy();
    return status;
  }
  source_.reset();
  return Status::ok;
}

void CachedFile::discard_copy() {
  if (!local_path_.empty()) ::unlink(local_path_.c_str());
  local_path_.clear();
  local_.reset();
}

void CachedFile::release_local() {
  discard_copy();
  source_.reset();
  context_.cache.give(std::exchange(taken_, 0));
  present_.clear();
}

// ---- writing

// From here on the copy lies where a crash leaves it under its own name.
void CachedFile::mark_unsent() {
  if (state_.unsent || removed_) return;
  const fs::path path = context_.cache.unsent_path(name_);
  base::sys("keep", path.native(), [&] { return ::rename(local_path_.c_str(), path.c_str()); });
  local_path_ = path;
  state_.unsent = true;
}

// Where the store has taken the file itself, it is only read from now on.
void CachedFile::mark_sent() {
  struct stat status {};
  if (local_ && ::fstat(local_->get(), &status) == 0 && status.st_nlink > 1) {
    ::unlink(local_path_.c_str());
    local_path_.clear();
    source_ = std::exchange(local_, nullptr);
    state_.unsent = false;
    return;
  }
  if (!state_.unsent) return;
  const fs::path path = context_.cache.clean_path();
  base::sys("keep", path.native(), [&] { return ::rename(local_path_.c_str(), path.c_str()); });
  local_path_ = path;
  state_.unsent = false;
}

Reply<std::size_t> CachedFile::write(std::uint64_t offset, std::span<const char> bytes) {
  const std::lock_guard lock(mutex_);
  if (const Status status = own_copy(state_.size); status != Status::ok) return status;
  const std::uint64_t end = offset + bytes.size();
  const std::uint64_t grows = end > state_.size ? end - state_.size : 0;
  if (!context_.cache.take(grows, *this)) return Status::no_space;
  taken_ += grows;
  try {
    mark_unsent();
  } catch (const base::Error& error) {
    return status_of(error);
  }
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::pwrite(local_->get(), bytes.data() + done, bytes.size() - done,
                               static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      if (done == 0) return status_of_errno(errno);
      break;
    }
    done += static_cast<std::size_t>(n);
  }
  // A gap before the bytes is a hole, and is new too.
  const std::uint64_t from = std::min(offset, state_.size);
  present_.add(from, offset + done);
  changed_.add(from, offset + done);
  state_.size = std::max(state_.size, offset + done);
  ++state_.changes;
  state_.modified = base::SystemClock().now();
  publish();
  return done;
}

Status CachedFile::truncate(std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (const Status status = own_copy(std::min(size, state_.size)); status != Status::ok)
    return status;
  try {
    mark_unsent();
  } catch (const base::Error& error) {
    return status_of(error);
  }
  if (::ftruncate(local_->get(), static_cast<off_t>(size)) != 0) return status_of_errno(errno);
  if (size > state_.size) {
    present_.add(state_.size, size);
    changed_.add(state_.size, size);
  } else {
    present_.cut(size);
    changed_.cut(size);
    // Bytes that come back after a cut are zeros, not the object's.
    stored_size_ = std::min(stored_size_, size);
    cut_below_ = true;
  }
  state_.size = size;
  ++state_.changes;
  state_.modified = base::SystemClock().now();
  publish();
  return Status::ok;
}

void CachedFile::touch(base::Time modified) {
  const std::lock_guard lock(mutex_);
  state_.modified = modified;
  ++state_.changes;
  publish();
}

Status CachedFile::upload() {
  std::unique_lock lock(mutex_);
  if (removed_) return Status::ok;
  if (const Status status = open_to_read(); status != Status::ok) return status;
  if (const Status status = ensure(lock, 0, stored_size_); status != Status::ok) return status;
  if (const Status status = open_to_read(); status != Status::ok) return status;
  const auto file = source_ ? source_ : local_;
  store::Content content;
  content.file = file.get();
  content.size = state_.size;
  if (!source_) content.path = local_path_;
  if (state_.in_store && !cut_below_) {
    content.changed = changed_.all();
    content.base = state_.tag;
  }
  trouble_.clear();
  try {
    // Under the lock: nothing may change what is being sent.
    const store::Object object = context_.store.put(name_, content, store::IfExists::replace);
    state_.tag = object.tag;
    state_.modified = object.modified;
    state_.in_store = true;
    state_.uploaded = state_.changes;
    stored_size_ = state_.size;
    cut_below_ = false;
    changed_.clear();
    mark_sent();
    publish();
  } catch (const base::Error& error) {
    trouble_ = error.message();
    if (error.code() == base::Code::unavailable) trouble_ += "; " + error.hint();
    return status_of(error);
  }
  return Status::ok;
}

// ---- names and ends

void CachedFile::rename(const std::string& name) {
  const std::lock_guard lock(mutex_);
  name_ = name;
  if (!state_.unsent) return;
  const fs::path path = context_.cache.unsent_path(name_);
  if (::rename(local_path_.c_str(), path.c_str()) == 0) local_path_ = path;
}

void CachedFile::remove() {
  const std::lock_guard lock(mutex_);
  removed_ = true;
  state_.in_store = false;
  publish();
  if (!local_path_.empty()) ::unlink(local_path_.c_str());
  local_path_.clear();
}

void CachedFile::open() {
  ++handles_;
  context_.cache.touch(shared_from_this());
}

void CachedFile::close() {
  closed_at_ = steady_seconds();
  if (--handles_ > 0) return;
  const std::lock_guard lock(mutex_);
  if (handles_ == 0) streaming_ = false;
}

std::uint64_t CachedFile::drop() {
  // A copy in use is passed over rather than waited for: its user may be the one who needs the
  // space.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || handles_ > 0 || state_.unsent || !under_way_.empty()) return 0;
  const std::uint64_t freed = taken_;
  release_local();
  return freed;
}

std::uint64_t CachedFile::drop_blocks() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || state_.unsent || !under_way_.empty() || (!local_ && !source_)) return 0;
  if (local_ && ::fallocate(local_->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                            static_cast<off_t>(std::max<std::uint64_t>(1, state_.size))) != 0)
    return 0;
  present_.clear();
  const std::uint64_t freed = std::exchange(taken_, 0);
  context_.cache.give(freed);
  return freed;
}

}  // namespace fuse
