// amlocal-mount: started by amlocal, one for each step that has mounts.
//
//   amlocal-mount --control FD
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuse/server/serve.hpp"

int main(int argc, char** argv) {
  if (argc != 3 || std::strcmp(argv[1], "--control") != 0) {
    std::fputs("amlocal-mount is started by amlocal, not by hand\n", stderr);
    return 2;
  }
  // The terminal's Ctrl-C is for amlocal, which then tells this process.
  for (const int number : {SIGINT, SIGPIPE, SIGHUP}) ::signal(number, SIG_IGN);
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &ending, nullptr);
  ::umask(0);  // modes come from the callers, with their own umask taken off
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  return fuse::serve(base::Fd(std::atoi(argv[2])));
}
