#include <sys/uio.h>

#include "fuse/view/disk_view_class.hpp"

namespace fuse {

Reply<Opened> DiskView::open(const Caller& caller, NodeId node, int flags) {
  if (options_.read_only && (flags & O_ACCMODE) != O_RDONLY) return Status::read_only;
  const auto reached = reach(node, 0);
  if (!reached) return reached.status;
  const int own =
      (flags & ~(O_CREAT | O_EXCL | O_APPEND | O_NOCTTY | O_DIRECT | O_NOFOLLOW)) | O_CLOEXEC;
  const int number = reached.value.descriptor >= 0
                         ? ::open(reached.value.proc_path().c_str(), own)
                         : ::openat(reached.value.at.folder->get(), reached.value.at.name.c_str(),
                                    own | O_NOFOLLOW);
  if (number < 0) return last_error();
  base::Fd file(number);
  if ((flags & O_TRUNC) != 0) drop_set_user(caller, number);
  struct stat status {};
  if (::fstat(number, &status) != 0) return last_error();
  return opened(node, std::move(file), status, flags);
}

Reply<std::pair<Found, Opened>> DiskView::create(const Caller& caller, NodeId folder,
                                                 const std::string& name, mode_t mode, int flags) {
  if (options_.read_only) return Status::read_only;
  const auto above = nodes_.folder(folder);
  if (!above) return above.status;
  const int own = (flags & ~(O_APPEND | O_NOCTTY | O_DIRECT)) | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
  // Whether it is new decides whose it is.
  int number = ::openat(above.value->get(), name.c_str(), own | O_EXCL, mode);
  const bool is_new = number >= 0;
  if (!is_new && errno == EEXIST && (flags & O_EXCL) == 0)
    number = ::openat(above.value->get(), name.c_str(), own, mode);
  if (number < 0) return last_error();
  base::Fd file(number);
  if (is_new)
    give(caller, above.value->get(), name);
  else if ((flags & O_TRUNC) != 0)
    drop_set_user(caller, number);
  struct stat status {};
  if (::fstat(number, &status) != 0) return last_error();
  const NodeId node = nodes_.note(folder, name, status);
  return std::pair(found(node, status), opened(node, std::move(file), status, flags));
}

Reply<Bytes> DiskView::read(const Caller&, NodeId, std::uint64_t handle, off_t offset,
                            std::size_t size) {
  return Bytes(FilePiece{file_of(handle).file.get(), offset, size, nullptr});
}

// Pages of a map go where they belong, also through a descriptor that appends; a write(2) through
// it goes to the end, which another mount of the same folder may have moved.
Reply<std::size_t> DiskView::write(const Caller& caller, NodeId, std::uint64_t handle, off_t offset,
                                   std::span<const char> bytes) {
  const OpenFile& open = file_of(handle);
  const int flags = open.appends && !caller.from_map ? RWF_APPEND : 0;
  if (!caller.from_map) drop_set_user(caller, open.file.get());
  std::size_t done = 0;
  while (done < bytes.size()) {
    const iovec rest{const_cast<char*>(bytes.data()) + done, bytes.size() - done};
    const ssize_t n =
        ::pwritev2(open.file.get(), &rest, 1, offset + static_cast<off_t>(done), flags);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return done > 0 ? Reply<std::size_t>(done) : last_error();
    done += static_cast<std::size_t>(n);
  }
  return done;
}

void DiskView::release(const Caller&, NodeId node, std::uint64_t handle) {
  const std::unique_ptr<OpenFile> file(&file_of(handle));
  struct stat status {};
  if (file->writes && ::fstat(file->file.get(), &status) == 0) nodes_.unchanged(node, status);
  nodes_.closed(node, file->file.get());
}

Status DiskView::allocate(const Caller& caller, NodeId, std::uint64_t handle, int mode,
                          off_t offset, off_t size) {
  if (options_.read_only) return Status::read_only;
  drop_set_user(caller, file_of(handle).file.get());
  return status_of_call(::fallocate(file_of(handle).file.get(), mode, offset, size));
}

Reply<off_t> DiskView::seek(const Caller&, NodeId, std::uint64_t handle, off_t offset, int whence) {
  const off_t at = ::lseek(file_of(handle).file.get(), offset, whence);
  return at < 0 ? Reply<off_t>(last_error()) : Reply<off_t>(at);
}

Reply<std::uint64_t> DiskView::open_folder(const Caller&, NodeId node) {
  const auto folder = nodes_.folder(node);
  if (!folder) return folder.status;
  const int number = ::openat(folder.value->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) return last_error();
  auto opened = std::make_unique<OpenFolder>();
  opened->stream = ::fdopendir(number);
  if (opened->stream == nullptr) {
    ::close(number);
    return last_error();
  }
  return number_of(opened.release());
}

Status DiskView::read_folder(const Caller&, NodeId node, std::uint64_t handle, off_t offset,
                             bool plus, const std::function<bool(const FolderEntry&)>& take) {
  OpenFolder& folder = folder_of(handle);
  const std::lock_guard lock(folder.mutex);
  if (offset != folder.at) ::seekdir(folder.stream, offset);
  for (;;) {
    folder.at = ::telldir(folder.stream);
    errno = 0;
    const dirent* entry = ::readdir(folder.stream);
    if (entry == nullptr) return errno == 0 ? Status::ok : last_error();
    FolderEntry told;
    told.name = entry->d_name;
    told.next = entry->d_off;
    told.found.attributes.st_ino = entry->d_ino;
    told.found.attributes.st_mode = static_cast<mode_t>(DTTOIF(entry->d_type));
    const bool itself = told.name == "." || told.name == "..";
    if (!itself && !is_seen(node, told.name)) continue;
    if (plus && !itself) {
      const auto entry_found = find(node, ::dirfd(folder.stream), told.name);
      if (!entry_found) continue;  // removed meanwhile
      told.found = entry_found.value;
    }
    if (take(told)) continue;
    if (plus && !itself) nodes_.forget(told.found.node, 1);
    ::seekdir(folder.stream, folder.at);
    return Status::ok;
  }
}

Opened DiskView::opened(NodeId node, base::Fd file, const struct stat& status, int flags) {
  const bool same = nodes_.unchanged(node, status);
  nodes_.opened(node, file.get());
  auto open = std::make_unique<OpenFile>(
      OpenFile{std::move(file), (flags & O_APPEND) != 0, (flags & O_ACCMODE) != O_RDONLY});
  return {number_of(open.release()), same, (flags & O_DIRECT) != 0};
}

}  // namespace fuse
