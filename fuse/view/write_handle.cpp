#include "fuse/view/write_handle.hpp"

namespace fuse {

WriteHandle::WriteHandle(const Profile& profile, std::shared_ptr<CachedFile> file, bool created)
    : profile_(profile), file_(std::move(file)) {
  state_.created = created;
  file_->open();
}

WriteHandle::~WriteHandle() {
  file_->close();
}

Reply<std::size_t> WriteHandle::write(std::uint64_t offset, std::span<const char> bytes) {
  auto written = file_->write(offset, bytes);
  if (!written) return written;
  const std::lock_guard lock(mutex_);
  state_.wrote = state_.wrote_since = true;
  return written;
}

Status WriteHandle::truncate(std::uint64_t size) {
  const Status status = file_->truncate(size);
  if (status != Status::ok) return status;
  const std::lock_guard lock(mutex_);
  state_.wrote = state_.wrote_since = true;
  return status;
}

WriteState WriteHandle::state_now() {
  const auto now = file_->state();
  state_.time_changed = now.changes != now.uploaded;
  return state_;
}

bool WriteHandle::sends_at(Occasion occasion) {
  const std::lock_guard lock(mutex_);
  return must_upload(profile_, occasion, state_now());
}

Status WriteHandle::flush(Occasion occasion, bool& sent) {
  WriteState state;
  {
    const std::lock_guard lock(mutex_);
    state = state_now();
  }
  sent = must_upload(profile_, occasion, state);
  if (!sent) return Status::ok;
  // What is written while this uploads waits for the copy, and counts for the next close.
  {
    const std::lock_guard lock(mutex_);
    state_.wrote_since = state_.created = false;
  }
  const Status status = file_->upload();
  if (status == Status::ok) return status;
  const std::lock_guard lock(mutex_);
  state_.wrote_since = state_.wrote_since || state.wrote_since;
  state_.created = state_.created || state.created;
  return status;
}

}  // namespace fuse
