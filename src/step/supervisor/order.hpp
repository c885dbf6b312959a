// What amlocal ordered: the command line, parsed. Pointers lead into argv, which lives as long as
// the process.
#pragma once

#include <sys/types.h>

#include <vector>

namespace supervisor {

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
  std::vector<int> join;  // namespaces to enter first
  std::vector<View> views;
  std::vector<View> roots;  // folders with all that is mounted in them, shown at a path below /mnt
  std::vector<Process> processes;
  char** argv = nullptr;
  bool in_namespace = false;
  pid_t guard =
      0;  // the parent whose death is a reason to end everything; 0: the kernel sees to it
};

// False when the words are not what amlocal writes.
bool parse(int argc, char** argv, Order&);

}  // namespace supervisor
