// Everybody whom the command started, however many sessions and forks away.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "step/supervisor/order.hpp"

namespace supervisor {

struct Seen {
  pid_t parent = 0;
  char state = 'X';
  std::string name;
};

// False when there is no such process any more.
bool look_at(pid_t, Seen&);

// Whether it is Python's own bookkeeper of shared memory and semaphores, which ends by itself a
// moment after the script. Source: multiprocessing/resource_tracker.py, which starts `python -c
// 'from multiprocessing.resource_tracker import main;main(N)'`.
bool is_resource_tracker(pid_t);

// The folder's entries that are numbers.
std::vector<pid_t> numbers_in(const char* folder);

// In a namespace everybody else; elsewhere the tree below this process, a subreaper.
std::vector<pid_t> descendants(const Order&);

void signal_all(const Order&, int signal);

// Asks all to end; the stopped ones must run to hear it.
void terminate_all(const Order&);

// Kills until there is nobody left to wait for. What forks meanwhile is met on the next round.
void kill_everything(const Order&);

}  // namespace supervisor
