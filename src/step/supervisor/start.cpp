#include "step/supervisor/start.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "step/supervisor/control.hpp"

namespace supervisor {
namespace {

[[noreturn]] void give_up(int pipe, const std::string& why) {
  [[maybe_unused]] const ssize_t n = write(pipe, why.data(), why.size());
  _exit(127);
}

void open_streams(const Process& process, int pipe) {
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0) give_up(pipe, reason("open", "/dev/null", errno));
  const int log = open(process.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (log < 0) give_up(pipe, reason("open the log", process.log, errno));
  if (dup2(nothing, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
    give_up(pipe, reason("open the log", process.log, errno));
}

// In the child: becomes the command.
[[noreturn]] void become(const Order& order, const Process& process, int pipe, pid_t parent) {
  // Without a namespace, at least the processes nearest to a killed supervisor die with it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  setsid();
  open_streams(process, pipe);
  if (chdir(order.cwd) != 0) give_up(pipe, reason("enter", order.cwd, errno));
  for (char* variable : process.own) putenv(variable);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(order.argv[0], order.argv);
  give_up(pipe, reason("start", order.argv[0], errno));
}

std::string start(const Order& order, Process& process) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return reason("start", order.argv[0], errno);
  const pid_t parent = getpid();
  process.pid = fork();
  if (process.pid == 0) become(order, process, ends[1], parent);
  const int failed = errno;
  close(ends[1]);
  process.failure = ends[0];
  return process.pid > 0 ? "" : reason("start", order.argv[0], failed);
}

// What the child wrote before its end; nothing when it became the command.
std::string failure_of(Process& process) {
  std::string why;
  char buffer[1024];
  for (;;) {
    const ssize_t n = read(process.failure, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    why.append(buffer, static_cast<std::size_t>(n));
  }
  close(process.failure);
  process.failure = -1;
  return why;
}

}  // namespace

std::string start_all(Order& order) {
  for (Process& process : order.processes) {
    std::string why = start(order, process);
    if (!why.empty()) return why;
  }
  for (Process& process : order.processes) {
    std::string why = failure_of(process);
    if (!why.empty()) return why;
  }
  return "";
}

}  // namespace supervisor
