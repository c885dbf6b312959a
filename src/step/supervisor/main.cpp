// amlocal-supervisor: runs a step's command and leaves no descendant of it behind.
//
//   amlocal-supervisor --control FD --cwd DIR [--grace SECONDS] [--join FD]... [--view SRC DST]...
//                      [--root SRC DST] (--process LOGFILE [NAME=VALUE]...)+ -- ARGV...
//   amlocal-supervisor --probe      prints "namespaces" or "subreaper"
//
// Reads from the control socket: 'T' (SIGTERM to all), 'K' (SIGKILL to all), end (amlocal died: the
// same as 'K'). Writes lines to it: "error TEXT", "ended RANK WAITSTATUS", "left NAME", and last
// "done CPU_MICROSECONDS PEAK_KILOBYTES".
//
// Where the machine allows it, the command lives in a process-id namespace whose first process is
// this program: when that ends, the kernel kills the rest. Elsewhere this program is the subreaper
// of the command and looks for its descendants in /proc.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "step/supervisor/control.hpp"
#include "step/supervisor/descendants.hpp"
#include "step/supervisor/namespaces.hpp"
#include "step/supervisor/watch.hpp"

namespace supervisor {
namespace {

int run_in_namespaces(Order& order) {
  const pid_t pid = fork_into_namespaces();
  if (pid < 0) return no_namespaces;
  if (pid > 0) return wait_for(pid);
  order.in_namespace = true;
  _exit(run(order));
}

// Without namespaces the watch is a child of this process, and both are subreapers: whichever of
// the two is killed, the other still meets all descendants and ends them.
int run_guarded(Order& order) {
  const pid_t guard = getpid();
  const pid_t pid = fork();
  if (pid < 0) return run(order);
  if (pid == 0) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    order.guard = guard;
    _exit(run(order));
  }
  const int status = wait_for(pid);
  kill_everything(order);  // nobody is left, unless the watch was killed
  return status;
}

// Enters the namespaces in which the step's mounts are; says why where it cannot.
bool join(const Order& order) {
  for (const int fd : order.join) {
    if (setns(fd, 0) == 0) continue;
    say(order, "error " + reason("join", "the namespace of the step's mounts", errno));
    say(order, "done 0 0");
    return false;
  }
  return true;
}

// Descriptors 0, 1 and 2 are open, and no other passes to the command.
void tidy_descriptors() {
  int fd = 0;
  while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= 2) {
  }
  if (fd > 2) close(fd);
  for (const int number : numbers_in("/proc/self/fd"))
    if (number > 2) fcntl(number, F_SETFD, FD_CLOEXEC);
}

}  // namespace
}  // namespace supervisor

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--probe") == 0) return supervisor::probe();
  supervisor::Order order;
  if (!supervisor::parse(argc, argv, order)) {
    fputs("amlocal-supervisor is started by amlocal, not by hand\n", stderr);
    return 2;
  }
  supervisor::tidy_descriptors();
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (!supervisor::join(order)) return 1;
  const int status = supervisor::run_in_namespaces(order);
  return status == supervisor::no_namespaces ? supervisor::run_guarded(order) : status;
}
