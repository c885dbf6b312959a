#include "base/fd.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.hpp"

namespace base {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Fd open_file(const fs::path& path, int flags, unsigned mode) {
  return Fd(sys("open", path.native(), [&] {
    return ::open(path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode));
  }));
}

Pipe make_pipe() {
  int ends[2];
  sys("make a pipe", "", [&] { return ::pipe2(ends, O_CLOEXEC); });
  return {Fd(ends[0]), Fd(ends[1])};
}

std::pair<Fd, Fd> make_socket_pair() {
  int ends[2];
  sys("make a socket pair", "",
      [&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends); });
  return {Fd(ends[0]), Fd(ends[1])};
}

void write_all(const Fd& fd, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const auto n =
        sys("write", path, [&] { return ::write(fd.get(), bytes.data(), bytes.size()); });
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string read_all(const Fd& fd, std::string_view path) {
  std::string text;
  char buffer[65536];
  for (;;) {
    const auto n = sys("read", path, [&] { return ::read(fd.get(), buffer, sizeof buffer); });
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace base
