#include "fuse/kernel/request.hpp"

namespace fuse {
namespace {

// Extended attributes are asked for twice: with size 0 for the size, then for the bytes.
void reply_text(fuse_req_t request, const Reply<std::string>& text, std::size_t size) {
  if (!text) return reply(request, text.status);
  if (size == 0)
    fuse_reply_xattr(request, text.value.size());
  else if (text.value.size() > size)
    reply(request, Status::range);
  else
    fuse_reply_buf(request, text.value.data(), text.value.size());
}

void op_setxattr(fuse_req_t request, fuse_ino_t node, const char* name, const char* value,
                 std::size_t size, int flags) {
  answer(request, [&] {
    reply(request, view(request).set_attribute(caller(request), node, name, {value, size}, flags));
  });
}

void op_getxattr(fuse_req_t request, fuse_ino_t node, const char* name, std::size_t size) {
  answer(request, [&] {
    reply_text(request, view(request).get_attribute(caller(request), node, name), size);
  });
}

void op_listxattr(fuse_req_t request, fuse_ino_t node, std::size_t size) {
  answer(request,
         [&] { reply_text(request, view(request).list_attributes(caller(request), node), size); });
}

void op_removexattr(fuse_req_t request, fuse_ino_t node, const char* name) {
  answer(request,
         [&] { reply(request, view(request).remove_attribute(caller(request), node, name)); });
}

void op_getlk(fuse_req_t request, fuse_ino_t node, fuse_file_info*, struct flock*) {
  answer(request, [&] { reply(request, view(request).lock(caller(request), node)); });
}

void op_setlk(fuse_req_t request, fuse_ino_t node, fuse_file_info*, struct flock*, int) {
  answer(request, [&] { reply(request, view(request).lock(caller(request), node)); });
}

void op_flock(fuse_req_t request, fuse_ino_t node, fuse_file_info*, int) {
  answer(request, [&] { reply(request, view(request).lock(caller(request), node)); });
}

}  // namespace

void add_attribute_operations(fuse_lowlevel_ops& ops, const Traits& traits) {
  if (traits.answers_locks) {
    ops.getlk = op_getlk;
    ops.setlk = op_setlk;
    ops.flock = op_flock;
  }
  if (!traits.has_attributes) return;
  ops.setxattr = op_setxattr;
  ops.getxattr = op_getxattr;
  ops.listxattr = op_listxattr;
  ops.removexattr = op_removexattr;
}

}  // namespace fuse
