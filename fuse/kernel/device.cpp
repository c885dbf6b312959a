#include "fuse/kernel/device.hpp"

#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

#include "base/error.hpp"

namespace fuse {
namespace {

Connection& connection(void* user) {
  return *static_cast<Connection*>(user);
}

ssize_t read_request(int device, void* into, std::size_t size, void* user) {
  const ssize_t got = ::read(device, into, size);
  constexpr auto least = sizeof(fuse_in_header) + offsetof(fuse_init_in, unused);
  if (got < static_cast<ssize_t>(least)) return got;
  fuse_in_header header;
  std::memcpy(&header, into, sizeof header);
  if (header.opcode != FUSE_INIT) return got;
  fuse_init_in offer{};
  std::memcpy(&offer, static_cast<const char*>(into) + sizeof header, least - sizeof header);
  connection(user).offers_killpriv = (offer.flags & FUSE_HANDLE_KILLPRIV_V2) != 0;
  connection(user).init = header.unique;
  return got;
}

// A reply is its header and, in a second part, what it says.
ssize_t write_reply(int device, iovec* parts, int count, void* user) {
  const std::uint64_t init = connection(user).init;
  if (init != 0 && count == 2 && parts[1].iov_len >= offsetof(fuse_init_out, max_background)) {
    fuse_out_header header;
    std::memcpy(&header, parts[0].iov_base, sizeof header);
    if (header.unique == init && header.error == 0) {
      if (connection(user).traits.drops_set_user && connection(user).offers_killpriv) {
        std::uint32_t flags = 0;
        char* const at = static_cast<char*>(parts[1].iov_base) + offsetof(fuse_init_out, flags);
        std::memcpy(&flags, at, sizeof flags);
        flags |= FUSE_HANDLE_KILLPRIV_V2;
        std::memcpy(at, &flags, sizeof flags);
      }
      connection(user).init = 0;
      const ssize_t written = ::writev(device, parts, count);
      if (written >= 0) connection(user).enter(Connection::Phase::ready);
      return written;
    }
  }
  return ::writev(device, parts, count);
}

ssize_t splice_reply(int from, off_t* from_at, int to, off_t* to_at, std::size_t size,
                     unsigned flags, void*) {
  return ::splice(from, from_at, to, to_at, size, flags);
}

}  // namespace

void speak_for(fuse_session* session) {
  fuse_custom_io io{};
  io.read = read_request;
  io.writev = write_reply;
  io.splice_send = splice_reply;
  if (fuse_session_custom_io(session, &io, fuse_session_fd(session)) != 0)
    throw base::Error(base::Code::unavailable, "libfuse does not let amlocal speak with the kernel")
        .hint("install libfuse 3.14 or newer");
}

}  // namespace fuse
