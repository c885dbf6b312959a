// Making room: old runs, snapshots that no run uses, left-overs of crashes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "history/history.hpp"

namespace history {

struct GcPlan {
  struct Run {
    RunRecord record;
    std::uint64_t bytes = 0;  // its folder and the outputs that go with it
  };
  std::vector<Run> runs;  // oldest first
  std::vector<fs::path> snapshots;
  std::vector<fs::path> left_overs;
  std::uint64_t bytes = 0;  // of everything above
};

// What gc would remove: of the ended runs, all but the newest `keep`, and then the oldest until the
// runs that are left take at most `max_bytes`. Running ones are never removed, and count for
// neither limit. A snapshot goes when it was last used an hour before the oldest run that is left
// began, and a left-over when it has not changed for an hour. `max_bytes` 0: no limit.
GcPlan plan_gc(const workspace::Layout&, const base::Clock&, std::size_t keep,
               std::uint64_t max_bytes);

struct GcResult {
  std::size_t runs = 0;
  std::size_t snapshots = 0;
  std::size_t left_overs = 0;
  std::uint64_t bytes = 0;
};

// Removes what the plan says. A run that another process is removing meanwhile is passed over.
GcResult gc(const workspace::Layout&, const GcPlan&);
// Plans and removes.
GcResult gc(const workspace::Layout&, std::size_t keep, std::uint64_t max_bytes);

}  // namespace history
