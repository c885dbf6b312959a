#include <algorithm>

#include "fuse/replay/mounted.hpp"
#include "fuse/view/fetch_policy.hpp"

namespace fuse {

using meter::Op;

void Mounted::create(const meter::Entry& entry, PathId path) {
  if (is_known(path)) {
    look_up(path, true);
    return open(entry, path);
  }
  look_up(path, false);
  learn(path, 0);
  node(path).checked = now_;
  File made;
  made.path = path;
  made.in_store = false;
  made.written = true;
  made.handles = 1;
  made.opened = ++opened_;
  node(path).file = static_cast<std::uint32_t>(files_.size());
  ++node(names_.folder(path)).here_only;
  files_.push_back(std::move(made));
  Handle& handle = handles_[entry.handle] = Handle();
  handle.file = node(path).file;
  handle.state.created = true;
}

Mounted::File& Mounted::copy_of(PathId path, std::uint64_t size) {
  Node& it = node(path);
  if (it.file != none) {
    File& file = files_[it.file];
    const bool used = file.handles > 0 || file.unsent || !file.in_store;
    if (used || !copy_is_old(profile_, file.closed, now_)) return file;
    size = file.size;
    cached_ -= file.taken;
  }
  File fresh;
  fresh.path = path;
  fresh.size = fresh.stored_size = size;
  if (it.file == none) {
    it.file = static_cast<std::uint32_t>(files_.size());
    files_.push_back(std::move(fresh));
  } else {
    fresh.written = files_[it.file].written;
    files_[it.file] = std::move(fresh);
  }
  return files_[it.file];
}

void Mounted::open(const meter::Entry& entry, PathId path) {
  if (!is_known(path)) look_up(path, true);
  refresh(path, true);
  const bool truncates = entry.for_writing && entry.truncating;
  // A record from before another's O_TRUNC tells nothing of the size: what was looked up stands.
  File& file = copy_of(path, truncates ? node(path).size : entry.bytes);
  ++file.handles;
  file.opened = ++opened_;
  Handle& handle = handles_[entry.handle] = Handle();
  handle.file = node(path).file;
  if (fetches_when_opened(profile_, entry.for_writing, truncates)) fetch_all(file);
  if (truncates) truncate(handle, 0);
}

// False where it does not fit.
bool Mounted::fetch(File& file, std::uint64_t begin, std::uint64_t end, bool beside) {
  if (begin >= end || file.present.holds(begin, end)) return true;
  if (!take_space(file, end - begin)) return false;
  file.present.add(begin, end);
  if (!charges_) return true;
  if (beside)
    charges_->ask_beside(Op::get, names_.text(file.path), end - begin, task_);
  else
    charges_->ask(Op::get, names_.text(file.path), end - begin, task_);
  return true;
}

void Mounted::ensure(File& file, std::uint64_t begin, std::uint64_t end) {
  end = std::min(end, file.stored_size);
  const std::uint64_t size = profile_.block_size;
  for (std::uint64_t block = begin / size; block * size < end; ++block) {
    const std::uint64_t from = std::max(begin, block * size);
    const std::uint64_t to = std::min(end, (block + 1) * size);
    if (file.present.holds(from, to)) continue;
    if (fetch(file, block * size, std::min((block + 1) * size, file.stored_size), false)) continue;
    file.streaming = !file.unsent;
    return;
  }
}

void Mounted::fetch_all(File& file) {
  if (file.streaming) return;
  const std::uint64_t blocks = block_count(profile_, file.stored_size);
  const std::uint64_t size = profile_.block_size;
  ensure(file, 0, std::min(size, file.stored_size));
  const bool beside = profile_.read_ahead == 0;
  for (std::uint64_t block = 1; block < blocks && !file.streaming; ++block)
    file.streaming =
        !fetch(file, block * size, std::min((block + 1) * size, file.stored_size), beside);
  if (!file.streaming) return;
  cached_ -= file.taken;
  file.taken = 0;
  file.present.clear();
}

void Mounted::read(const meter::Entry& entry) {
  const auto found = handles_.find(entry.handle);
  if (found == handles_.end()) return;
  File& file = files_[found->second.file];
  if (entry.offset >= file.size || entry.bytes == 0) return;
  const std::uint64_t end = std::min(entry.offset + entry.bytes, file.size);
  if (!file.streaming) ensure(file, entry.offset, end);
  if (file.streaming) {
    ask(Op::get, file.path, end - entry.offset);
    if (profile_.reads_blocks) file.streaming = false;  // of blocks, the next read tries again
    return;
  }
  if (profile_.read_ahead == 0 || file.stored_size == 0 || entry.offset >= file.stored_size) return;
  const std::uint64_t size = profile_.block_size;
  const std::uint64_t block = (std::min(end, file.stored_size) - 1) / size;
  const std::uint64_t last = last_ahead(profile_, block, file.stored_size);
  for (std::uint64_t next = block + 1; next <= last; ++next)
    if (!fetch(file, next * size, std::min((next + 1) * size, file.stored_size), true)) return;
}

void Mounted::write(const meter::Entry& entry) {
  const auto found = handles_.find(entry.handle);
  if (found == handles_.end()) return;
  Handle& handle = found->second;
  File& file = files_[handle.file];
  const std::uint64_t end = entry.offset + entry.bytes;
  if (end > file.size) take_space(file, end - file.size);
  file.present.add(std::min(entry.offset, file.size), end);
  file.size = std::max(file.size, end);
  ++file.changes;
  file.written = file.unsent = true;
  handle.state.wrote = handle.state.wrote_since = true;
}

void Mounted::flush(const meter::Entry& entry, Occasion occasion) {
  const auto found = handles_.find(entry.handle);
  if (found == handles_.end()) return;
  Handle& handle = found->second;
  File& file = files_[handle.file];
  handle.state.time_changed = file.changes != file.uploaded;
  if (!must_upload(profile_, occasion, handle.state)) return;
  handle.state.wrote_since = handle.state.created = false;
  upload(file);
}

void Mounted::upload(File& file) {
  if (file.removed) return;
  ensure(file, 0, file.stored_size);
  ask(Op::put, file.path, file.size);
  note_sent(file);
}

void Mounted::note_sent(File& file) {
  if (!file.in_store) --node(names_.folder(file.path)).here_only;
  file.in_store = true;
  file.unsent = false;
  file.uploaded = file.changes;
  file.stored_size = file.size;
  node(file.path).checked = now_;
}

void Mounted::release(const meter::Entry& entry, PathId path) {
  const auto found = handles_.find(entry.handle);
  if (found == handles_.end()) return;
  File& file = files_[found->second.file];
  file.closed = now_;
  if (--file.handles == 0) file.streaming = false;
  (void)path;
  handles_.erase(found);
}

void Mounted::truncate(Handle& handle, std::uint64_t size) {
  cut(files_[handle.file], size);
  handle.state.wrote = handle.state.wrote_since = true;
}

void Mounted::cut(File& file, std::uint64_t size) {
  if (size > file.size) {
    file.present.add(file.size, size);
  } else {
    file.present.cut(size);
    file.stored_size = std::min(file.stored_size, size);
  }
  file.size = size;
  ++file.changes;
  file.written = file.unsent = true;
}

void Mounted::set_attributes(const meter::Entry& entry, PathId path) {
  const auto found = handles_.find(entry.handle);
  if (entry.truncating && found != handles_.end()) {
    truncate(found->second, entry.offset);
  } else if (entry.truncating && profile_.truncates_closed != Status::ok) {
    if (const std::uint32_t file = node(path).file; file != none)
      cut(files_[file], entry.offset);
    else
      doubts_.push_back("truncating '" + std::string(names_.text(path)) +
                        "', which was never opened, fails under " + std::string(profile_.name));
  } else if (entry.truncating) {
    // As the view does it: opened, cut and closed.
    meter::Entry opened = entry;
    opened.for_writing = true;
    opened.truncating = false;
    opened.bytes = node(path).size;
    opened.handle = ~std::uint64_t{0};
    open(opened, path);
    truncate(handles_[opened.handle], entry.offset);
    flush(opened, Occasion::close);
    release(opened, path);
  }
  if (entry.for_writing && node(path).file != none) ++files_[node(path).file].changes;
  refresh(path, true);
}

// False when there is none even after copies that nobody uses were dropped.
bool Mounted::take_space(File& asking, std::uint64_t bytes) {
  const auto most = cache_limit(profile_);
  if (most && cached_ + bytes > *most) {
    const std::uint64_t wanted = pruned_bytes(profile_, cached_, bytes);
    std::vector<File*> others;
    for (File& file : files_)
      if (&file != &asking && file.taken > 0 && !file.unsent) others.push_back(&file);
    std::sort(others.begin(), others.end(),
              [](const File* a, const File* b) { return a->opened < b->opened; });
    std::uint64_t freed = 0;
    for (const bool open_too : {false, true})
      for (File* file : others) {
        if (freed >= wanted || (open_too && !profile_.reads_blocks)) break;
        if (file->taken == 0 || (file->handles > 0 && !open_too)) continue;
        freed += file->taken;
        cached_ -= file->taken;
        file->taken = 0;
        file->present.clear();
      }
    if (cached_ + bytes > *most) return false;
  }
  asking.taken += bytes;
  cached_ += bytes;
  most_cached_ = std::max(most_cached_, cached_);
  return true;
}

void Mounted::finish(Charges& after) {
  task_ = 0;
  if (charges_) charges_ = &after;
  for (File& file : files_)
    if (!file.removed && (file.unsent || (!file.in_store && profile_.new_file_is_dirty)))
      upload(file);
}

}  // namespace fuse
