// What every operation does with a request of libfuse's: who asks, of which view, and the reply.
#pragma once

#include <exception>

#include "fuse/kernel/device.hpp"
#include "fuse/kernel/ops.hpp"
#include "fuse/kernel/reply.hpp"

namespace fuse {

inline FileSystem& view(fuse_req_t request) {
  return static_cast<Connection*>(fuse_req_userdata(request))->view;
}

inline Caller caller(fuse_req_t request) {
  const fuse_ctx* context = fuse_req_ctx(request);
  return {context->pid, context->uid, context->gid, context->umask, false};
}

inline std::uint64_t handle(const fuse_file_info* info) {
  return info != nullptr ? info->fh : 0;
}

// Nothing may be thrown into libfuse: what is, is answered as EIO.
template <class Act>
void answer(fuse_req_t request, Act act) {
  try {
    act();
  } catch (const base::Error& error) {
    fuse_reply_err(request, to_errno(status_of(error)));
  } catch (const std::exception&) {
    fuse_reply_err(request, EIO);
  }
}

inline void reply(fuse_req_t request, Status status) {
  fuse_reply_err(request, to_errno(status));
}

inline fuse_entry_param entry_of(const Found& found) {
  fuse_entry_param entry{};
  entry.ino = found.node;
  entry.attr = found.attributes;
  entry.attr_timeout = found.attribute_seconds;
  entry.entry_timeout = found.name_seconds;
  return entry;
}

inline void reply(fuse_req_t request, const Reply<Found>& found) {
  if (!found) return reply(request, found.status);
  const fuse_entry_param entry = entry_of(found.value);
  // The kernel may have given up waiting: then it never took the lookup.
  if (fuse_reply_entry(request, &entry) == -ENOENT) view(request).forget(found.value.node, 1);
}

inline void reply_attributes(fuse_req_t request, const Reply<Found>& found) {
  if (!found) return reply(request, found.status);
  fuse_reply_attr(request, &found.value.attributes, found.value.attribute_seconds);
}

// Fill in their part of the table.
void add_folder_operations(fuse_lowlevel_ops&);
void add_attribute_operations(fuse_lowlevel_ops&, const Traits&);

}  // namespace fuse
