#include "step/supervisor/descendants.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace supervisor {
namespace {

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

}  // namespace

bool is_resource_tracker(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
  return read_proc(path).find("from multiprocessing.resource_tracker import main") !=
         std::string::npos;
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

void terminate_all(const Order& order) {
  signal_all(order, SIGTERM);
  signal_all(order, SIGCONT);
}

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

}  // namespace supervisor
