#include "step/supervisor/control.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace supervisor {

std::string reason(const char* doing, const char* what, int number) {
  return std::string("cannot ") + doing + " '" + what + "': " + strerror(number);
}

void say(const Order& order, std::string line) {
  for (char& c : line)
    if (c == '\n' || c == '\r') c = ' ';
  line += '\n';
  const char* at = line.data();
  std::size_t left = line.size();
  while (left > 0) {
    const ssize_t n = send(order.control, at, left, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // amlocal is gone; the poll loop sees it too
    at += n;
    left -= static_cast<std::size_t>(n);
  }
}

}  // namespace supervisor
