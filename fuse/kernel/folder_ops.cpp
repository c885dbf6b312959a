#include "fuse/kernel/request.hpp"

namespace fuse {
namespace {

void op_opendir(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  answer(request, [&] {
    const auto opened = view(request).open_folder(caller(request), node);
    if (!opened) return reply(request, opened.status);
    info->fh = opened.value;
    if (fuse_reply_open(request, info) == -ENOENT)
      view(request).release_folder(caller(request), node, opened.value);
  });
}

void read_folder(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
                 const fuse_file_info* info, bool plus) {
  answer(request, [&] {
    std::vector<char> buffer(size);
    std::size_t used = 0;
    const auto take = [&](const FolderEntry& entry) {
      const std::size_t left = size - used;
      std::size_t need = 0;
      if (plus) {
        const fuse_entry_param param = entry_of(entry.found);
        need = fuse_add_direntry_plus(request, buffer.data() + used, left, entry.name.c_str(),
                                      &param, entry.next);
      } else {
        need = fuse_add_direntry(request, buffer.data() + used, left, entry.name.c_str(),
                                 &entry.found.attributes, entry.next);
      }
      if (need > left) return false;
      used += need;
      return true;
    };
    const Status status =
        view(request).read_folder(caller(request), node, info->fh, offset, plus, take);
    // What was already taken counts: an error comes with the next call.
    if (status != Status::ok && used == 0) return reply(request, status);
    fuse_reply_buf(request, buffer.data(), used);
  });
}

void op_readdir(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
                fuse_file_info* info) {
  read_folder(request, node, size, offset, info, false);
}

void op_readdirplus(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset,
                    fuse_file_info* info) {
  read_folder(request, node, size, offset, info, true);
}

void op_releasedir(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  answer(request, [&] {
    view(request).release_folder(caller(request), node, info->fh);
    reply(request, Status::ok);
  });
}

void op_fsyncdir(fuse_req_t request, fuse_ino_t, int, fuse_file_info*) {
  reply(request, Status::ok);
}

}  // namespace

void add_folder_operations(fuse_lowlevel_ops& ops) {
  ops.opendir = op_opendir;
  ops.readdir = op_readdir;
  ops.readdirplus = op_readdirplus;
  ops.releasedir = op_releasedir;
  ops.fsyncdir = op_fsyncdir;
}

}  // namespace fuse
