// amlocal-mount: started by amlocal, one for each step that has mounts.
//
//   amlocal-mount --control FD
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>

#include "fuse/server/serve.hpp"

int main(int argc, char** argv) {
  int control = -1;
  if (argc != 3 || std::strcmp(argv[1], "--control") != 0 ||
      std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), control).ec != std::errc()) {
    (void)std::fputs("amlocal-mount is started by amlocal, not by hand\n", stderr);
    return 2;
  }
  // The terminal's Ctrl-C is for amlocal, which then tells this process.
  for (const int number : {SIGINT, SIGPIPE, SIGHUP}) (void)::signal(number, SIG_IGN);
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &ending, nullptr);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  const int status = fuse::serve(base::Fd(control));
  // At once: the kernel owes a lazily unmounted session the releases of what was open in it, and
  // nobody waits for them.
  ::_exit(status);
}
