#include "engine/machine.hpp"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>

namespace engine {
namespace {

constexpr std::uint64_t step_wants = 1ULL << 30;

int cores() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

std::uint64_t available_on_machine() {
  std::ifstream file("/proc/meminfo");
  std::string word;
  while (file >> word)
    if (std::uint64_t kilobytes = 0; word == "MemAvailable:" && file >> kilobytes)
      return kilobytes << 10;
  return step_wants;
}

// Of a container with a limit (cgroup v2); "max" is no number and means none.
std::uint64_t available_in_cgroup() {
  std::uint64_t most = 0;
  std::uint64_t used = 0;
  if (!(std::ifstream("/sys/fs/cgroup/memory.max") >> most) ||
      !(std::ifstream("/sys/fs/cgroup/memory.current") >> used))
    return std::numeric_limits<std::uint64_t>::max();
  return most > used ? most - used : 0;
}

}  // namespace

int default_jobs() {
  const std::uint64_t fit = std::min(available_on_machine(), available_in_cgroup()) / step_wants;
  return std::max(
      1, static_cast<int>(std::min<std::uint64_t>(fit, static_cast<std::uint64_t>(cores()))));
}

}  // namespace engine
