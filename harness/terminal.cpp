#include "harness/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/files.hpp"

namespace harness {
namespace {

constexpr int look_at_size_ms = 250;

// All of it, also where the terminal is slow; a terminal that is gone takes nothing.
void pass_on(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto n = ::write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
}

}  // namespace

struct Terminal::State {
  base::Fd ours;    // the side that amlocal reads
  base::Fd theirs;  // held open: without it the other side ends whenever the step has none open
  std::string name;
  termios before{};
  winsize size{};
  base::Pipe stop;
  std::mutex mutex;
  std::optional<base::Fd> log;
  std::string early;  // what came before the log was known
  std::thread thread;

  void show(const char* bytes, std::size_t size_of) {
    pass_on(STDOUT_FILENO, bytes, size_of);
    const std::lock_guard guard(mutex);
    if (log)
      pass_on(log->get(), bytes, size_of);
    else
      early.append(bytes, size_of);
  }

  bool pass_output() {
    char bytes[4096];
    const auto n = ::read(ours.get(), bytes, sizeof bytes);
    if (n > 0) show(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }

  void follow_size() {
    winsize now{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) != 0) return;
    if (now.ws_row == size.ws_row && now.ws_col == size.ws_col) return;
    size = now;
    ::ioctl(ours.get(), TIOCSWINSZ, &size);
  }

  void relay() {
    pollfd polls[3] = {
        {ours.get(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}, {stop.read.get(), POLLIN, 0}};
    for (;;) {
      if (::poll(polls, 3, look_at_size_ms) < 0 && errno != EINTR) return;
      follow_size();
      if (polls[0].revents & POLLIN) pass_output();
      if (polls[1].revents != 0) {
        char bytes[1024];
        const auto n = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (n > 0) pass_on(ours.get(), bytes, static_cast<std::size_t>(n));
        if (n <= 0) polls[1].fd = -1;
      }
      if (polls[2].revents != 0 && !(polls[0].revents & POLLIN)) return;
    }
  }
};

bool has_terminal() {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

Terminal::Terminal() : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.ours = base::Fd(base::sys("make", "a terminal",
                                  [] { return ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC); }));
  char name[128];
  base::sys("make", "a terminal", [&] {
    return ::grantpt(state.ours.get()) == 0 && ::unlockpt(state.ours.get()) == 0 &&
                   ::ptsname_r(state.ours.get(), name, sizeof name) == 0
               ? 0
               : -1;
  });
  state.name = name;
  state.theirs = base::Fd(
      base::sys("open", name, [&] { return ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC); }));
  state.stop = base::make_pipe();
  base::sys("ask", "the terminal", [&] { return ::tcgetattr(STDIN_FILENO, &state.before); });
  ::tcsetattr(state.theirs.get(), TCSANOW, &state.before);
  state.follow_size();
  termios raw = state.before;
  ::cfmakeraw(&raw);
  raw.c_oflag = state.before.c_oflag;  // amlocal's own lines still end as lines
  base::sys("change", "the terminal", [&] { return ::tcsetattr(STDIN_FILENO, TCSANOW, &raw); });
  state.thread = std::thread([&state] { state.relay(); });
}

Terminal::~Terminal() {
  state_->stop.write.reset();
  state_->thread.join();
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &state_->before);
}

const std::string& Terminal::name() const {
  return state_->name;
}

void Terminal::log_to(const fs::path& path) {
  const std::lock_guard guard(state_->mutex);
  if (state_->log) return;
  state_->log.emplace(base::open_file(path, O_WRONLY | O_APPEND | O_CREAT));
  pass_on(state_->log->get(), state_->early.data(), state_->early.size());
  state_->early.clear();
}

}  // namespace harness
