// What of this machine decides how much runs at once.
#pragma once

namespace engine {

// One step a core this process may use, fewer where memory is short: each is taken to want one GiB
// of what is available (of the machine, and of the cgroup where that has a limit). At least 1.
int default_jobs();

}  // namespace engine
