// The mount process: serves the mounts of one step until it is told to finish, or amlocal has gone.
#pragma once

#include "base/fd.hpp"

namespace fuse {

// Talks over `control_fd`: reads the order, answers "ready", "ready alone" (in
// namespaces of its own) or "error {…}", then waits. "finish" sends
// what is unsent, unmounts, and answers "finished {…}"; "abandon" does the same without sending.
// When the other end closes, it unmounts and ends without sending: amlocal is gone, and what was
// closed has long been sent. An order with a state folder goes on without the other end. SIGTERM
// must be blocked. Returns the exit status.
int serve(const base::Fd& control_fd);

}  // namespace fuse
