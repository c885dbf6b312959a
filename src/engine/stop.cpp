#include "engine/stop.hpp"

#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "history/history.hpp"

namespace engine {
namespace {

base::Fd open_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return base::Fd(base::sys("watch signals", "",
                            [&] { return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK); }));
}

base::Fd watch_folder(const fs::path& folder) {
  base::Fd fd(base::sys("watch", folder.native(),
                        [] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }));
  base::sys("watch", folder.native(),
            [&] { return ::inotify_add_watch(fd.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO); });
  return fd;
}

}  // namespace

SignalWatch::SignalWatch() : fd_(open_signals()) {}

int SignalWatch::take() {
  int count = 0;
  signalfd_siginfo info;
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) ++count;
  return count;
}

CancelWatch::CancelWatch(const workspace::Layout& layout, const std::string& run)
    : file_(history::cancel_request_path(layout, run)), fd_(watch_folder(layout.run(run))) {}

bool CancelWatch::take() {
  char buffer[4096];
  while (::read(fd_.get(), buffer, sizeof buffer) > 0) {
  }
  boost::system::error_code ignored;
  return fs::exists(file_, ignored);
}

}  // namespace engine
