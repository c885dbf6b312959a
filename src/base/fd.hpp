// A file descriptor that closes itself. Everything amlocal opens is close-on-exec.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/path.hpp"

namespace base {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void reset();

 private:
  int number_ = -1;
};

// open(2) with O_CLOEXEC; throws os_error with `path`.
Fd open_file(const fs::path& path, int flags, unsigned mode = 0666);

struct Pipe {
  Fd read;
  Fd write;
};
Pipe make_pipe();

// A connected pair of stream sockets: both directions on one descriptor each.
std::pair<Fd, Fd> make_socket_pair();

// Writes all of `bytes`; throws os_error naming `path`.
void write_all(const Fd&, std::string_view bytes, std::string_view path);

// Reads to the end; throws os_error naming `path`.
std::string read_all(const Fd&, std::string_view path);

}  // namespace base
