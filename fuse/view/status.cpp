#include "fuse/view/status.hpp"

#include <cerrno>

namespace fuse {

Status status_of(const base::Error& error) {
  using base::Code;
  switch (error.code()) {
    case Code::not_found:
      return Status::absent;
    case Code::exists:
      return Status::exists;
    case Code::conflict:
      return Status::not_empty;
    case Code::permission:
      return Status::no_access;
    case Code::no_space:
      return Status::no_space;
    case Code::bad_input:
      return Status::name_unfit;
    case Code::usage:
    case Code::bad_definition:
    case Code::io:
    case Code::unavailable:
    case Code::step_failed:
    case Code::canceled:
    case Code::corrupt:
    case Code::newer_version:
    case Code::internal:
      return Status::io;
  }
  return Status::io;
}

Status status_of_errno(int error_number) {
  switch (error_number) {
    case ENOENT:
      return Status::absent;
    case EEXIST:
      return Status::exists;
    case ENOTDIR:
      return Status::not_a_folder;
    case EISDIR:
      return Status::is_a_folder;
    case ENOTEMPTY:
      return Status::not_empty;
    case EROFS:
      return Status::read_only;
    case EPERM:
      return Status::denied;
    case EACCES:
      return Status::no_access;
    case ENOSPC:
    case EDQUOT:
      return Status::no_space;
    case EBUSY:
    case ETXTBSY:
      return Status::busy;
    case EINVAL:
      return Status::invalid;
    case EOPNOTSUPP:
      return Status::unsupported;
    case ENOSYS:
      return Status::not_implemented;
    case ENAMETOOLONG:
      return Status::name_too_long;
    case EFBIG:
      return Status::too_large;
    case EMLINK:
      return Status::too_many_links;
    case EXDEV:
      return Status::cross_device;
    case ENODATA:
      return Status::no_attribute;
    case ENXIO:
      return Status::no_data_there;
    case ERANGE:
    case E2BIG:
      return Status::range;
    case ESTALE:
      return Status::stale;
    case ELOOP:
      return Status::loop;
    case ENOTCONN:
      return Status::disconnected;
    default:
      return Status::io;
  }
}

}  // namespace fuse
