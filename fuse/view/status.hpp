// How an operation of a file system ended. kernel/reply.cpp turns it into errno.
#pragma once

#include <utility>

#include "base/error.hpp"

namespace fuse {

enum class Status {
  ok,
  absent,
  exists,
  not_a_folder,
  is_a_folder,
  not_empty,
  read_only,
  denied,     // EPERM
  no_access,  // EACCES
  no_space,
  io,  // the store failed, or could not be reached
  busy,
  invalid,
  unsupported,      // this file system has no such operation (ENOTSUP)
  not_implemented,  // as a server answers that does not know the operation (ENOSYS)
  name_too_long,
  name_unfit,  // the store cannot hold such a name
  too_large,
  too_many_links,
  cross_device,
  no_attribute,   // no such extended attribute
  no_data_there,  // seeking data or a hole past the end
  range,          // a buffer is too small
  stale,
  loop,
  disconnected,
};

// The status that an error of the store becomes.
Status status_of(const base::Error&);
// errno after a failed system call on this machine's own files.
Status status_of_errno(int error_number);

// A value, or why there is none.
template <class T>
struct Reply {
  Status status = Status::ok;
  T value{};

  Reply(Status failed) : status(failed) {}     // NOLINT: `return Status::absent;`
  Reply(T given) : value(std::move(given)) {}  // NOLINT: `return entry;`
  explicit operator bool() const { return status == Status::ok; }
};

}  // namespace fuse
