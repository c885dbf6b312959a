// amlocal-supervisor: runs a step's command and leaves no descendant of it behind.
//
//   amlocal-supervisor --control FD --cwd DIR [--grace SECONDS] [--view SRC DST]...
//                      (--process LOGFILE [NAME=VALUE]...)+ -- ARGV...
//   amlocal-supervisor --probe      prints "namespaces" or "subreaper"
//
// Reads from the control socket: 'T' (SIGTERM to all), 'K' (SIGKILL to all), end (amlocal died: the
// same as 'K'). Writes lines to it: "error TEXT", "ended RANK WAITSTATUS", "left NAME", and last
// "done CPU_MICROSECONDS PEAK_KILOBYTES".
//
// Where the machine allows it, the command lives in a process-id namespace whose first process is
// this program: when that ends, the kernel kills the rest. Elsewhere this program is the subreaper
// of the command and looks for its descendants in /proc.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

// The init's exit status that says: no namespaces here, and nothing has been started yet.
constexpr int no_namespaces = 77;

struct View {
  const char* from;
  const char* to;
};

struct Process {
  const char* log = nullptr;
  std::vector<char*> own;  // "NAME=VALUE"
  pid_t pid = -1;
  int failure = -1;  // the pipe that tells why the command could not be executed
  bool ended = false;
};

struct Order {
  int control = -1;
  const char* cwd = nullptr;
  double grace = 5;
  std::vector<View> views;
  std::vector<Process> processes;
  char** argv = nullptr;
  bool in_namespace = false;
};

double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

std::string reason(const char* doing, const char* what, int number) {
  return std::string("cannot ") + doing + " '" + what + "': " + strerror(number);
}

// ---- the control socket

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

// ---- looking at processes

struct Seen {
  pid_t parent = 0;
  char state = 'X';
  std::string name;
};

// The whole of a file of /proc; empty when the process is gone.
std::string read_proc(const char* path) {
  std::string text;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[4096];
  ssize_t n = 0;
  while ((n = read(fd, buffer, sizeof buffer)) > 0)
    text.append(buffer, static_cast<std::size_t>(n));
  close(fd);
  return text;
}

bool look_at(pid_t pid, Seen& seen) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const std::string stat = read_proc(path);
  const std::size_t open_at = stat.find('(');
  const std::size_t close_at = stat.rfind(')');
  if (open_at == std::string::npos || close_at == std::string::npos) return false;
  seen.name = stat.substr(open_at + 1, close_at - open_at - 1);
  return sscanf(stat.c_str() + close_at + 1, " %c %d", &seen.state, &seen.parent) == 2;
}

// The folder's entries that are numbers.
std::vector<pid_t> numbers_in(const char* folder) {
  std::vector<pid_t> numbers;
  DIR* dir = opendir(folder);
  if (dir == nullptr) return numbers;
  while (const dirent* entry = readdir(dir)) {
    char* end = nullptr;
    const long number = strtol(entry->d_name, &end, 10);
    if (number > 0 && *end == '\0') numbers.push_back(static_cast<pid_t>(number));
  }
  closedir(dir);
  return numbers;
}

// All descendants by the parents that the whole process list names.
std::vector<pid_t> descendants_by_scan() {
  const std::vector<pid_t> all = numbers_in("/proc");
  std::vector<pid_t> parents;
  for (const pid_t pid : all) {
    Seen seen;
    parents.push_back(look_at(pid, seen) ? seen.parent : 0);
  }
  std::vector<pid_t> found{getpid()};
  for (std::size_t n = 0; n < found.size(); ++n)
    for (std::size_t i = 0; i < all.size(); ++i)
      if (parents[i] == found[n]) found.push_back(all[i]);
  found.erase(found.begin());
  return found;
}

void add_children(pid_t pid, std::vector<pid_t>& found) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  for (const pid_t thread : numbers_in(path)) {
    char children[96];
    snprintf(children, sizeof children, "/proc/%d/task/%d/children", pid, thread);
    const std::string text = read_proc(children);
    const char* at = text.c_str();
    char* end = nullptr;
    for (long child = strtol(at, &end, 10); end != at; child = strtol(at, &end, 10)) {
      found.push_back(static_cast<pid_t>(child));
      at = end;
    }
  }
}

std::vector<pid_t> descendants(const Order& order) {
  if (order.in_namespace) {
    std::vector<pid_t> others;
    for (const pid_t pid : numbers_in("/proc"))
      if (pid != getpid()) others.push_back(pid);
    return others;
  }
  if (access("/proc/thread-self/children", R_OK) != 0) return descendants_by_scan();
  std::vector<pid_t> found;
  add_children(getpid(), found);
  for (std::size_t n = 0; n < found.size(); ++n) add_children(found[n], found);
  return found;
}

void signal_all(const Order& order, int signal) {
  if (order.in_namespace) {
    kill(-1, signal);  // all but the sender, who is the namespace's first process
    return;
  }
  for (const pid_t pid : descendants(order)) kill(pid, signal);
}

// Asks all to end; the stopped ones must run to hear it.
void terminate_all(const Order& order) {
  signal_all(order, SIGTERM);
  signal_all(order, SIGCONT);
}

// Kills until there is nobody left to wait for. What forks meanwhile is met on the next round.
void kill_everything(const Order& order) {
  const timespec moment{0, 1'000'000};
  for (;;) {
    signal_all(order, SIGKILL);
    pid_t pid = 0;
    while ((pid = waitpid(-1, nullptr, WNOHANG | __WALL)) > 0) {
    }
    if (pid < 0 && errno == ECHILD) return;
    nanosleep(&moment, nullptr);
  }
}

// ---- namespaces

bool write_text(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = write(fd, text, strlen(text)) == static_cast<ssize_t>(strlen(text));
  close(fd);
  return done;
}

bool map_own_ids(uid_t user, gid_t group) {
  char text[64];
  write_text("/proc/self/setgroups", "deny");
  snprintf(text, sizeof text, "%u %u 1\n", user, user);
  if (!write_text("/proc/self/uid_map", text)) return false;
  snprintf(text, sizeof text, "%u %u 1\n", group, group);
  return write_text("/proc/self/gid_map", text);
}

// In the new namespaces' first process: makes them fit to live in.
bool furnish(bool own_users, uid_t user, gid_t group) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getpid() != 1) return false;
  if (own_users && !map_own_ids(user, group)) return false;
  if (mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return false;
  return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
}

// Like fork(2), with the child first in new namespaces. -1 where the machine does not allow them.
pid_t fork_into_namespaces() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  const bool own_users = user != 0;
  unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | SIGCHLD;
  if (own_users) flags |= CLONE_NEWUSER;
  const long pid = syscall(SYS_clone, flags, 0L, 0L, 0L, 0L);
  if (pid == 0 && !furnish(own_users, user, group)) _exit(no_namespaces);
  return static_cast<pid_t>(pid);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int probe() {
  const pid_t pid = fork_into_namespaces();
  if (pid == 0) _exit(0);
  puts(pid > 0 && wait_for(pid) == 0 ? "namespaces" : "subreaper");
  return fflush(stdout) == 0 ? 0 : 1;
}

// ---- read-only views

// A remount must keep the flags that the mount already has.
unsigned long kept_flags(const char* path) {
  struct statvfs has {};
  if (statvfs(path, &has) != 0) return 0;
  unsigned long flags = 0;
  if ((has.f_flag & ST_NOSUID) != 0) flags |= MS_NOSUID;
  if ((has.f_flag & ST_NODEV) != 0) flags |= MS_NODEV;
  if ((has.f_flag & ST_NOEXEC) != 0) flags |= MS_NOEXEC;
  if ((has.f_flag & ST_NOATIME) != 0) flags |= MS_NOATIME;
  if ((has.f_flag & ST_NODIRATIME) != 0) flags |= MS_NODIRATIME;
  if ((has.f_flag & ST_RELATIME) != 0) flags |= MS_RELATIME;
  return flags;
}

bool make_read_only(const char* path) {
  struct {
    std::uint64_t set, clear, propagation, users;
  } attributes{1 /* MOUNT_ATTR_RDONLY */, 0, 0, 0};
  constexpr long mount_setattr_number = 442;  // the same on every architecture
  constexpr unsigned recursive = 0x8000;      // AT_RECURSIVE
  if (syscall(mount_setattr_number, AT_FDCWD, path, recursive, &attributes, sizeof attributes) == 0)
    return true;
  return mount("none", path, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kept_flags(path),
               nullptr) == 0;
}

// The sources are opened before the first mount, so that no view hides another's source.
std::string make_views(const Order& order) {
  std::vector<int> sources;
  for (const View& view : order.views) {
    sources.push_back(open(view.from, O_PATH | O_CLOEXEC));
    if (sources.back() < 0) return reason("show", view.from, errno);
  }
  for (std::size_t n = 0; n < sources.size(); ++n) {
    const View& view = order.views[n];
    char source[64];
    snprintf(source, sizeof source, "/proc/self/fd/%d", sources[n]);
    if (mount(source, view.to, nullptr, MS_BIND | MS_REC, nullptr) != 0 || !make_read_only(view.to))
      return reason("make the read-only view", view.to, errno);
    close(sources[n]);
  }
  return "";
}

// ---- the processes

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

// ---- the watch

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
    if (look_at(pid, seen) && seen.state != 'Z' && seen.state != 'X')
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

int run(Order& order) {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, nullptr);
  const int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  std::string why = signals < 0 ? reason("watch", "children", errno) : "";
  if (why.empty() && !order.views.empty())
    why = order.in_namespace ? make_views(order) : "read-only views cannot be made on this machine";
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

int run_in_namespaces(Order& order) {
  const pid_t pid = fork_into_namespaces();
  if (pid < 0) return no_namespaces;
  if (pid > 0) return wait_for(pid);
  order.in_namespace = true;
  _exit(run(order));
}

// ---- the command line

int number_of(const char* text) {
  return static_cast<int>(strtol(text, nullptr, 10));
}

bool parse(int argc, char** argv, Order& order) {
  for (int n = 1; n < argc; ++n) {
    const std::string word = argv[n];
    const int following = argc - n - 1;
    if (word == "--") {
      order.argv = argv + n + 1;
      return following > 0 && order.control >= 0 && order.cwd != nullptr &&
             !order.processes.empty();
    }
    if (word == "--control" && following > 0) {
      order.control = number_of(argv[++n]);
    } else if (word == "--cwd" && following > 0) {
      order.cwd = argv[++n];
    } else if (word == "--grace" && following > 0) {
      order.grace = strtod(argv[++n], nullptr);
    } else if (word == "--view" && following > 1) {
      order.views.push_back({argv[n + 1], argv[n + 2]});
      n += 2;
    } else if (word == "--process" && following > 0) {
      order.processes.emplace_back().log = argv[++n];
    } else if (!order.processes.empty() && word.find('=') != std::string::npos) {
      order.processes.back().own.push_back(argv[n]);
    } else {
      return false;
    }
  }
  return false;
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

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--probe") == 0) return probe();
  Order order;
  if (!parse(argc, argv, order)) {
    fputs("amlocal-supervisor is started by amlocal, not by hand\n", stderr);
    return 2;
  }
  tidy_descriptors();
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int status = run_in_namespaces(order);
  return status == no_namespaces ? run(order) : status;
}
