#include "fuse/view/disk_view_class.hpp"

namespace fuse {

Reply<Found> DiskView::lookup(const Caller&, NodeId folder, const std::string& name) {
  if (!is_seen(folder, name)) return Status::absent;
  const auto above = nodes_.folder(folder);
  if (!above) return above.status;
  return find(folder, above.value->get(), name);
}

Reply<Found> DiskView::attributes(const Caller&, NodeId node, std::uint64_t handle) {
  struct stat status {};
  if (const Status read = stat_node(node, handle, status); read != Status::ok) return read;
  return found(node, status);
}

Reply<Found> DiskView::set_attributes(const Caller& caller, NodeId node, std::uint64_t handle,
                                      const Changes& changes) {
  if (options_.read_only) return Status::read_only;
  const auto reached = reach(node, handle);
  if (!reached) return reached.status;
  if (const Status done = apply(caller, reached.value, changes); done != Status::ok) return done;
  return attributes(caller, node, handle);
}

Reply<Found> DiskView::make_link(const Caller&, NodeId node, NodeId folder,
                                 const std::string& name) {
  if (options_.read_only) return Status::read_only;
  const auto from = nodes_.locate(node);
  if (!from) return from.status;
  const auto above = nodes_.folder(folder);
  if (!above) return above.status;
  if (::linkat(from.value.folder->get(), from.value.name.c_str(), above.value->get(), name.c_str(),
               0) != 0)
    return last_error();
  return find(folder, above.value->get(), name);
}

Reply<std::string> DiskView::read_symlink(const Caller&, NodeId node) {
  const auto at = nodes_.locate(node);
  if (!at) return at.status;
  std::string target(PATH_MAX, '\0');
  const ssize_t size =
      ::readlinkat(at.value.folder->get(), at.value.name.c_str(), target.data(), target.size());
  if (size < 0) return last_error();
  target.resize(static_cast<std::size_t>(size));
  return target;
}

Status DiskView::rename(const Caller&, NodeId folder, const std::string& name, NodeId new_folder,
                        const std::string& new_name, unsigned flags) {
  if (options_.read_only) return Status::read_only;
  const auto from = nodes_.folder(folder);
  if (!from) return from.status;
  const auto to = nodes_.folder(new_folder);
  if (!to) return to.status;
  struct stat moved {};
  struct stat replaced {};
  if (::fstatat(from.value->get(), name.c_str(), &moved, AT_SYMLINK_NOFOLLOW) != 0)
    return last_error();
  const bool replaces =
      ::fstatat(to.value->get(), new_name.c_str(), &replaced, AT_SYMLINK_NOFOLLOW) == 0;
  if (::renameat2(from.value->get(), name.c_str(), to.value->get(), new_name.c_str(), flags) != 0)
    return last_error();
  const bool same = replaces && moved.st_ino == replaced.st_ino && moved.st_dev == replaced.st_dev;
  if (same) return Status::ok;  // two names of one file: POSIX leaves both
  if (replaces && (flags & RENAME_EXCHANGE) != 0)
    nodes_.renamed(replaced, new_folder, new_name, folder, name);
  else if (replaces)
    nodes_.removed(replaced, new_folder, new_name);
  nodes_.renamed(moved, folder, name, new_folder, new_name);
  return Status::ok;
}

Reply<Found> DiskView::find(NodeId folder, int above, const std::string& name) {
  struct stat status {};
  if (::fstatat(above, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return last_error();
  return found(nodes_.note(folder, name, status), status);
}

void DiskView::give(const Caller& caller, int above, const std::string& name) const {
  if (user_ != 0 || (caller.user == 0 && caller.group == group_)) return;
  struct stat folder {};
  const bool keeps_group = ::fstat(above, &folder) == 0 && (folder.st_mode & S_ISGID) != 0;
  [[maybe_unused]] const int given =
      ::fchownat(above, name.c_str(), caller.user,
                 keeps_group ? static_cast<gid_t>(-1) : caller.group, AT_SYMLINK_NOFOLLOW);
}

Status DiskView::unlink(NodeId folder, const std::string& name, int flags) {
  if (options_.read_only) return Status::read_only;
  const auto above = nodes_.folder(folder);
  if (!above) return above.status;
  struct stat status {};
  if (::fstatat(above.value->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return last_error();
  if (::unlinkat(above.value->get(), name.c_str(), flags) != 0) return last_error();
  nodes_.removed(status, folder, name);
  return Status::ok;
}

Status DiskView::apply(const Caller& caller, const Reached& reached, const Changes& changes) {
  const bool open = reached.descriptor >= 0;
  const int above = open ? -1 : reached.at.folder->get();
  const char* name = reached.at.name.c_str();
  int result = 0;
  if (changes.mode)
    result = open ? ::fchmod(reached.descriptor, *changes.mode)
                  : ::fchmodat(above, name, *changes.mode, 0);
  if (result == 0 && (changes.user || changes.group)) {
    const uid_t user = changes.user.value_or(static_cast<uid_t>(-1));
    const gid_t group = changes.group.value_or(static_cast<gid_t>(-1));
    result = open ? ::fchown(reached.descriptor, user, group)
                  : ::fchownat(above, name, user, group, AT_SYMLINK_NOFOLLOW);
  }
  if (result == 0 && changes.size) result = truncate(caller, reached, *changes.size);
  if (result == 0 && (changes.accessed || changes.modified)) {
    const timespec times[2] = {changes.accessed.value_or(timespec{0, UTIME_OMIT}),
                               changes.modified.value_or(timespec{0, UTIME_OMIT})};
    result = open ? ::futimens(reached.descriptor, times)
                  : ::utimensat(above, name, times, AT_SYMLINK_NOFOLLOW);
  }
  return status_of_call(result);
}

int DiskView::truncate(const Caller& caller, const Reached& reached, off_t size) {
  // A handle may be one for reading only: then by its path.
  if (reached.descriptor >= 0 && ::ftruncate(reached.descriptor, size) == 0) {
    drop_set_user(caller, reached.descriptor);
    return 0;
  }
  const int number = ::open(reached.proc_path().c_str(), O_WRONLY | O_CLOEXEC);
  if (number < 0) return -1;
  const base::Fd file(number);
  const int result = ::ftruncate(file.get(), size);
  if (result == 0) drop_set_user(caller, number);
  return result;
}

void DiskView::drop_set_user(const Caller& caller, int descriptor) {
  struct stat status {};
  if (caller.user == 0 || ::fstat(descriptor, &status) != 0) return;
  mode_t dropped = status.st_mode & S_ISUID;
  if ((status.st_mode & S_IXGRP) != 0) dropped |= status.st_mode & S_ISGID;
  if (dropped != 0) ::fchmod(descriptor, status.st_mode & 07777 & ~dropped);
}

Status DiskView::stat_node(NodeId node, std::uint64_t handle, struct stat& status) {
  const auto reached = reach(node, handle);
  if (!reached) return reached.status;
  return status_of_call(reached.value.descriptor >= 0
                            ? ::fstat(reached.value.descriptor, &status)
                            : ::fstatat(reached.value.at.folder->get(),
                                        reached.value.at.name.c_str(), &status,
                                        AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
}

Reply<DiskView::Reached> DiskView::reach(NodeId node, std::uint64_t handle) {
  if (handle != 0) return Reached{{}, file_of(handle).file.get()};
  const auto at = nodes_.locate(node);
  if (at) return Reached{at.value, -1};
  const int descriptor = nodes_.descriptor(node);
  if (descriptor < 0) return at.status;
  return Reached{{}, descriptor};
}

Reply<Found> DiskView::make_folder(const Caller& caller, NodeId folder, const std::string& name,
                                   mode_t mode) {
  return make(caller, folder, name,
              [&](int above) { return ::mkdirat(above, name.c_str(), mode); });
}

Reply<Found> DiskView::make_node(const Caller& caller, NodeId folder, const std::string& name,
                                 mode_t mode, dev_t device) {
  return make(caller, folder, name,
              [&](int above) { return ::mknodat(above, name.c_str(), mode, device); });
}

Reply<Found> DiskView::make_symlink(const Caller& caller, NodeId folder, const std::string& name,
                                    const std::string& target) {
  return make(caller, folder, name,
              [&](int above) { return ::symlinkat(target.c_str(), above, name.c_str()); });
}

Reply<struct statvfs> DiskView::space(const Caller&) {
  struct statvfs space {};
  if (::fstatvfs(root_.get(), &space) != 0) return last_error();
  return space;
}

Status DiskView::set_attribute(const Caller&, NodeId node, const std::string& name,
                               std::span<const char> value, int flags) {
  if (options_.read_only) return Status::read_only;
  const auto reached = reach(node, 0);
  if (!reached) return reached.status;
  return status_of_call(::lsetxattr(reached.value.proc_path().c_str(), name.c_str(), value.data(),
                                    value.size(), flags));
}

Reply<std::string> DiskView::get_attribute(const Caller&, NodeId node, const std::string& name) {
  return read_text(node, [&](const char* path, char* into, std::size_t size) {
    return ::lgetxattr(path, name.c_str(), into, size);
  });
}

Reply<std::string> DiskView::list_attributes(const Caller&, NodeId node) {
  return read_text(node, [](const char* path, char* into, std::size_t size) {
    return ::llistxattr(path, into, size);
  });
}

Status DiskView::remove_attribute(const Caller&, NodeId node, const std::string& name) {
  if (options_.read_only) return Status::read_only;
  const auto reached = reach(node, 0);
  if (!reached) return reached.status;
  return status_of_call(::lremovexattr(reached.value.proc_path().c_str(), name.c_str()));
}

}  // namespace fuse
