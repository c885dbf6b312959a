#include "fuse/kernel/ops.hpp"

#include <sys/file.h>

#include <cstring>
#include <exception>

#include "fuse/kernel/request.hpp"

namespace fuse {
namespace {

void apply(const Opened& opened, fuse_file_info& info) {
  info.fh = opened.handle;
  info.keep_cache = opened.keep_cache;
  info.direct_io = opened.direct;
}

// ---- names

void op_lookup(fuse_req_t request, fuse_ino_t folder, const char* name) {
  answer(request, [&] {
    const auto found = view(request).lookup(caller(request), folder, name);
    // A node of 0 tells the kernel to remember that there is nothing.
    if (found.status == Status::absent && found.value.name_seconds > 0) {
      fuse_entry_param nothing{};
      nothing.entry_timeout = found.value.name_seconds;
      fuse_reply_entry(request, &nothing);
      return;
    }
    reply(request, found);
  });
}

void op_forget(fuse_req_t request, fuse_ino_t node, std::uint64_t lookups) {
  view(request).forget(node, lookups);
  fuse_reply_none(request);
}

void op_forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* forgets) {
  for (std::size_t n = 0; n < count; ++n) view(request).forget(forgets[n].ino, forgets[n].nlookup);
  fuse_reply_none(request);
}

void op_getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  answer(request, [&] {
    reply_attributes(request, view(request).attributes(caller(request), node, handle(info)));
  });
}

Changes changes_of(const struct stat& wanted, int which) {
  Changes changes;
  if (which & FUSE_SET_ATTR_MODE) changes.mode = wanted.st_mode;
  if (which & FUSE_SET_ATTR_UID) changes.user = wanted.st_uid;
  if (which & FUSE_SET_ATTR_GID) changes.group = wanted.st_gid;
  if (which & FUSE_SET_ATTR_SIZE) changes.size = wanted.st_size;
  if (which & FUSE_SET_ATTR_ATIME) changes.accessed = wanted.st_atim;
  if (which & FUSE_SET_ATTR_MTIME) changes.modified = wanted.st_mtim;
  if (which & FUSE_SET_ATTR_ATIME_NOW) changes.accessed = timespec{0, UTIME_NOW};
  if (which & FUSE_SET_ATTR_MTIME_NOW) changes.modified = timespec{0, UTIME_NOW};
  return changes;
}

void op_setattr(fuse_req_t request, fuse_ino_t node, struct stat* wanted, int which,
                fuse_file_info* info) {
  answer(request, [&] {
    reply_attributes(request, view(request).set_attributes(caller(request), node, handle(info),
                                                           changes_of(*wanted, which)));
  });
}

void op_readlink(fuse_req_t request, fuse_ino_t node) {
  answer(request, [&] {
    const auto target = view(request).read_symlink(caller(request), node);
    if (target)
      fuse_reply_readlink(request, target.value.c_str());
    else
      reply(request, target.status);
  });
}

void op_mknod(fuse_req_t request, fuse_ino_t folder, const char* name, mode_t mode, dev_t device) {
  answer(request, [&] {
    reply(request, view(request).make_node(caller(request), folder, name, mode, device));
  });
}

void op_mkdir(fuse_req_t request, fuse_ino_t folder, const char* name, mode_t mode) {
  answer(request,
         [&] { reply(request, view(request).make_folder(caller(request), folder, name, mode)); });
}

void op_unlink(fuse_req_t request, fuse_ino_t folder, const char* name) {
  answer(request, [&] { reply(request, view(request).remove(caller(request), folder, name)); });
}

void op_rmdir(fuse_req_t request, fuse_ino_t folder, const char* name) {
  answer(request,
         [&] { reply(request, view(request).remove_folder(caller(request), folder, name)); });
}

void op_symlink(fuse_req_t request, const char* target, fuse_ino_t folder, const char* name) {
  answer(request, [&] {
    reply(request, view(request).make_symlink(caller(request), folder, name, target));
  });
}

void op_link(fuse_req_t request, fuse_ino_t node, fuse_ino_t folder, const char* name) {
  answer(request,
         [&] { reply(request, view(request).make_link(caller(request), node, folder, name)); });
}

void op_rename(fuse_req_t request, fuse_ino_t folder, const char* name, fuse_ino_t new_folder,
               const char* new_name, unsigned flags) {
  answer(request, [&] {
    reply(request,
          view(request).rename(caller(request), folder, name, new_folder, new_name, flags));
  });
}

// ---- files

void op_open(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  answer(request, [&] {
    const auto opened = view(request).open(caller(request), node, info->flags);
    if (!opened) return reply(request, opened.status);
    apply(opened.value, *info);
    if (fuse_reply_open(request, info) == -ENOENT)
      view(request).release(caller(request), node, opened.value.handle);
  });
}

void op_create(fuse_req_t request, fuse_ino_t folder, const char* name, mode_t mode,
               fuse_file_info* info) {
  answer(request, [&] {
    const auto created = view(request).create(caller(request), folder, name, mode, info->flags);
    if (!created) return reply(request, created.status);
    const auto& [found, opened] = created.value;
    const fuse_entry_param entry = entry_of(found);
    apply(opened, *info);
    if (fuse_reply_create(request, &entry, info) != -ENOENT) return;
    view(request).release(caller(request), found.node, opened.handle);
    view(request).forget(found.node, 1);
  });
}

void op_read(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
             fuse_file_info* info) {
  answer(request, [&] {
    const auto bytes = view(request).read(caller(request), node, info->fh, offset, size);
    if (!bytes) return reply(request, bytes.status);
    if (const auto* memory = std::get_if<std::vector<char>>(&bytes.value)) {
      fuse_reply_buf(request, memory->data(), memory->size());
      return;
    }
    const auto& piece = std::get<FilePiece>(bytes.value);
    fuse_bufvec buffer = FUSE_BUFVEC_INIT(piece.size);
    buffer.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
    buffer.buf[0].fd = piece.descriptor;
    buffer.buf[0].pos = piece.offset;
    fuse_reply_data(request, &buffer, FUSE_BUF_SPLICE_MOVE);
  });
}

void op_write(fuse_req_t request, fuse_ino_t node, const char* bytes, std::size_t size,
              off_t offset, fuse_file_info* info) {
  answer(request, [&] {
    Caller writer = caller(request);
    writer.from_map = info->writepage;
    const auto written = view(request).write(writer, node, info->fh, offset, {bytes, size});
    if (written)
      fuse_reply_write(request, written.value);
    else
      reply(request, written.status);
  });
}

void op_flush(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  answer(request, [&] { reply(request, view(request).flush(caller(request), node, info->fh)); });
}

void op_fsync(fuse_req_t request, fuse_ino_t node, int, fuse_file_info* info) {
  answer(request, [&] { reply(request, view(request).sync(caller(request), node, info->fh)); });
}

void op_release(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  answer(request, [&] {
    view(request).release(caller(request), node, info->fh);
    reply(request, Status::ok);
  });
}

void op_fallocate(fuse_req_t request, fuse_ino_t node, int mode, off_t offset, off_t size,
                  fuse_file_info* info) {
  answer(request, [&] {
    reply(request, view(request).allocate(caller(request), node, info->fh, mode, offset, size));
  });
}

void op_lseek(fuse_req_t request, fuse_ino_t node, off_t offset, int whence, fuse_file_info* info) {
  answer(request, [&] {
    const auto at = view(request).seek(caller(request), node, info->fh, offset, whence);
    if (at)
      fuse_reply_lseek(request, at.value);
    else
      reply(request, at.status);
  });
}

// ---- the rest

void op_statfs(fuse_req_t request, fuse_ino_t) {
  answer(request, [&] {
    const auto space = view(request).space(caller(request));
    if (space)
      fuse_reply_statfs(request, &space.value);
    else
      reply(request, space.status);
  });
}

void op_init(void*, fuse_conn_info* connection) {
  // O_TRUNC reaches open: a profile may treat it unlike a truncation that follows.
  connection->want |= connection->capable &
                      (FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS |
                       FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_AUTO_INVAL_DATA |
                       FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
  // Requests arrive in memory: the view looks at what is written.
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_SPLICE_READ);
}

}  // namespace

fuse_lowlevel_ops operations(const Traits& traits) {
  fuse_lowlevel_ops ops{};
  ops.init = op_init;
  ops.lookup = op_lookup;
  ops.forget = op_forget;
  ops.forget_multi = op_forget_multi;
  ops.getattr = op_getattr;
  ops.setattr = op_setattr;
  ops.readlink = op_readlink;
  ops.mknod = op_mknod;
  ops.mkdir = op_mkdir;
  ops.unlink = op_unlink;
  ops.rmdir = op_rmdir;
  ops.symlink = op_symlink;
  ops.link = op_link;
  ops.rename = op_rename;
  ops.open = op_open;
  ops.create = op_create;
  ops.read = op_read;
  ops.write = op_write;
  if (traits.hears_closes) ops.flush = op_flush;
  ops.fsync = op_fsync;
  ops.release = op_release;
  ops.fallocate = op_fallocate;
  ops.lseek = op_lseek;
  ops.statfs = op_statfs;
  add_folder_operations(ops);
  add_attribute_operations(ops, traits);
  return ops;
}

}  // namespace fuse
