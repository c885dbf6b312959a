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
// neither limit. A snapshot goes when no run that is left names it, and a left-over (what killed
// processes left in the making, outputs in the default datastore of steps of no run that is there)
// when nobody holds it. What has changed within the last hour stays: a run that is being prepared
// has no record yet. `max_bytes` 0: no limit.
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

// What a workspace may take without anybody asking for gc; 0: no limit.
struct Budget {
  std::size_t runs = 200;
  std::uint64_t bytes = 20'000'000'000;
};

// Removes the oldest ended runs beyond the budget. Costs one question to the index where all is
// within bounds, and measures folders only where the steps' own numbers say that too much is there.
// Never removes a running run (such as the one that asks), nor data that an asset or another run's
// outputs lie in. Returns what was removed.
GcResult keep_in_bounds(const workspace::Layout&, const base::Clock&, const Budget&);

}  // namespace history
