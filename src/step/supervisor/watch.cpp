#include "step/supervisor/watch.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "step/supervisor/control.hpp"
#include "step/supervisor/descendants.hpp"
#include "step/supervisor/start.hpp"
#include "step/supervisor/views.hpp"

namespace supervisor {
namespace {

constexpr int guard_died = SIGUSR1;

double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

struct Watch {
  std::size_t running = 0;
  bool failed = false;       // one of several processes failed
  bool terminating = false;  // SIGTERM was sent
  bool killing = false;      // SIGKILL was sent, or amlocal is gone
  bool nobody = false;       // there is no child left
  double deadline = 0;       // of the grace, when terminating
};

void begin_to_end(const Order& order, Watch& watch) {
  terminate_all(order);
  if (!watch.terminating) watch.deadline = now() + order.grace;
  watch.terminating = true;
}

void note_end(Order& order, Watch& watch, pid_t pid, int status) {
  for (std::size_t rank = 0; rank < order.processes.size(); ++rank) {
    Process& process = order.processes[rank];
    if (process.pid != pid || process.ended) continue;
    process.ended = true;
    --watch.running;
    if (status != 0) watch.failed = true;
    say(order, "ended " + std::to_string(rank) + " " + std::to_string(status));
  }
}

void reap(Order& order, Watch& watch) {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) watch.nobody = true;
    if (pid <= 0) return;
    note_end(order, watch, pid, status);
  }
}

void hear(const Order& order, Watch& watch) {
  char bytes[16];
  const ssize_t n = recv(order.control, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) watch.killing = true;
  for (ssize_t i = 0; i < n; ++i) {
    if (bytes[i] == 'T') begin_to_end(order, watch);
    if (bytes[i] == 'K') watch.killing = true;
  }
}

void drain(int signals) {
  signalfd_siginfo info;
  while (read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
  }
}

// Asked for at every turn: the guard may have died before its death became a signal.
bool unguarded(const Order& order) {
  return order.guard != 0 && getppid() != order.guard;
}

int milliseconds_left(const Watch& watch) {
  if (!watch.terminating) return -1;
  const double left = watch.deadline - now();
  return left <= 0 ? 0 : static_cast<int>(left < 1e6 ? left * 1000 : 1e9) + 1;
}

// Whether the watch is over: the processes have ended, and whom SIGTERM reached had its grace.
bool over(const Watch& watch) {
  if (watch.killing || watch.nobody) return true;
  if (watch.terminating && now() >= watch.deadline) return true;
  return watch.running == 0 && !watch.terminating;
}

void watch_all(Order& order, Watch& watch, int signals) {
  for (;;) {
    reap(order, watch);
    if (watch.failed && watch.running > 0 && !watch.terminating) begin_to_end(order, watch);
    if (unguarded(order)) {
      say(order, "error the supervisor of the command was killed");
      watch.killing = true;
    }
    if (over(watch)) return;
    pollfd polls[2] = {{order.control, POLLIN, 0}, {signals, POLLIN, 0}};
    if (poll(polls, 2, milliseconds_left(watch)) < 0) continue;
    if (polls[1].revents != 0) drain(signals);
    if (polls[0].revents != 0) hear(order, watch);
  }
}

void report_left(const Order& order) {
  for (const pid_t pid : descendants(order)) {
    Seen seen;
    if (look_at(pid, seen) && seen.state != 'Z' && seen.state != 'X' && !is_resource_tracker(pid))
      say(order, "left " + seen.name);
  }
}

// Ends whatever lives, and still tells how the processes among it ended.
void end_all(Order& order, Watch& watch) {
  const timespec moment{0, 1'000'000};
  while (!watch.nobody && watch.running > 0) {
    signal_all(order, SIGKILL);
    reap(order, watch);
    if (!watch.nobody && watch.running > 0) nanosleep(&moment, nullptr);
  }
  kill_everything(order);
}

void report_done(const Order& order) {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const long long cpu = 1'000'000LL * (used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                        used.ru_utime.tv_usec + used.ru_stime.tv_usec;
  say(order, "done " + std::to_string(cpu) + " " + std::to_string(used.ru_maxrss));
}

}  // namespace

int run(Order& order) {
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  sigaddset(&watched, guard_died);
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  const int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  if (order.guard != 0) prctl(PR_SET_PDEATHSIG, guard_died);
  std::string why = signals < 0 ? reason("watch", "children", errno) : "";
  if (why.empty() && !order.views.empty())
    why = order.in_namespace ? make_views(order) : "read-only views cannot be made on this machine";
  for (const View& root : order.roots)
    if (why.empty())
      why = order.in_namespace ? show_root(root)
                               : "the cloud's paths cannot be shown on this machine";
  if (why.empty()) why = start_all(order);
  if (!why.empty()) {
    say(order, "error " + why);
    kill_everything(order);
  } else {
    Watch watch;
    watch.running = order.processes.size();
    watch_all(order, watch, signals);
    if (watch.running == 0 && !watch.terminating && !watch.killing) report_left(order);
    end_all(order, watch);
  }
  report_done(order);
  return 0;
}

}  // namespace supervisor
