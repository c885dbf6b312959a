// Process-id, mount and (for an ordinary user) user namespaces, where the machine allows them.
#pragma once

#include <sys/types.h>

namespace supervisor {

// An exit status that says: no namespaces here, and nothing has been started yet.
constexpr int no_namespaces = 77;

// Like fork(2), with the child first in new namespaces, furnished with a /proc of its own.
// -1 where the machine does not allow them; the child ends with no_namespaces where it shows later.
pid_t fork_into_namespaces();

// The child's exit status; 128 + N for signal N.
int wait_for(pid_t);

// Prints "namespaces" or "subreaper": what a command would get here. Returns the exit status.
int probe();

}  // namespace supervisor
