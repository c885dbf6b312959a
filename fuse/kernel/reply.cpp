#include "fuse/kernel/reply.hpp"

#include <cerrno>

namespace fuse {

// Without a default, so that a new status must be decided here.
int to_errno(Status status) {
  switch (status) {
    case Status::ok:
      return 0;
    case Status::absent:
      return ENOENT;
    case Status::exists:
      return EEXIST;
    case Status::not_a_folder:
      return ENOTDIR;
    case Status::is_a_folder:
      return EISDIR;
    case Status::not_empty:
      return ENOTEMPTY;
    case Status::read_only:
      return EROFS;
    case Status::denied:
      return EPERM;
    case Status::no_access:
      return EACCES;
    case Status::no_space:
      return ENOSPC;
    case Status::io:
      return EIO;
    case Status::busy:
      return EBUSY;
    case Status::invalid:
      return EINVAL;
    case Status::unsupported:
      return EOPNOTSUPP;
    case Status::not_implemented:
      return ENOSYS;
    case Status::name_too_long:
      return ENAMETOOLONG;
    case Status::name_unfit:
      return EINVAL;
    case Status::too_large:
      return EFBIG;
    case Status::too_many_links:
      return EMLINK;
    case Status::cross_device:
      return EXDEV;
    case Status::no_attribute:
      return ENODATA;
    case Status::no_data_there:
      return ENXIO;
    case Status::range:
      return ERANGE;
    case Status::stale:
      return ESTALE;
    case Status::loop:
      return ELOOP;
    case Status::disconnected:
      return ENOTCONN;
  }
  return EIO;
}

}  // namespace fuse
