#include "history/gc.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "history/assets.hpp"
#include "history/index.hpp"
#include "history/remove.hpp"
#include "workspace/draft.hpp"
#include "workspace/snapshot.hpp"

namespace history {
namespace {

using namespace std::chrono_literals;
constexpr auto slack = 1h;

base::Time changed_at(const fs::path& path) {
  struct stat status {};
  base::sys("look at", path.native(), [&] { return ::lstat(path.c_str(), &status); });
  return base::Time(std::chrono::seconds(status.st_mtim.tv_sec));
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  boost::system::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed))
    entries.push_back(entry->path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

// Only what amlocal named itself may be taken for a step's folder.
bool is_uuid(const std::string& name) {
  return name.size() == 36 && name[8] == '-' && name[13] == '-' && name[18] == '-' &&
         name[23] == '-' && name.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

bool untouched(const fs::path& path, const base::Clock& clock) {
  return changed_at(path) + slack < clock.now();
}

bool lies_in(const std::string& path, const fs::path& folder) {
  return path == folder.native() || path.starts_with(folder.native() + "/");
}

// Folders of steps in the default datastore that belong to no run of `all` and hold nothing that
// one of them or an asset points to: their run's folder was removed by hand.
std::vector<fs::path> orphaned_outputs(const workspace::Layout& layout,
                                       const std::vector<RunRecord>& all) {
  std::set<std::string> ids;
  std::vector<std::string> used;
  for (const RunRecord& run : all)
    for (const StepRecord& step : run.steps) {
      ids.insert(step.id);
      for (const auto& output : step.outputs) used.push_back(output.path);
    }
  for (const auto& asset : asset_events(layout)) used.push_back(asset.path);
  for (const auto& asset : workspace::read_settings(layout).data) used.push_back(asset.path);
  std::vector<fs::path> orphans;
  for (const fs::path& folder : entries_of(layout.datastores() / "workspaceblobstore" / "azureml"))
    if (is_uuid(folder.filename().native()) && !ids.contains(folder.filename().native()) &&
        std::none_of(used.begin(), used.end(),
                     [&](const std::string& path) { return lies_in(path, folder); }))
      orphans.push_back(folder);
  return orphans;
}

}  // namespace

GcPlan plan_gc(const workspace::Layout& layout, const base::Clock& clock, std::size_t keep,
               std::uint64_t max_bytes) {
  GcPlan plan;
  const std::vector<RunRecord> all = list_runs(layout);
  std::set<std::string> used;  // snapshots of the runs that are left
  std::size_t kept = 0;
  std::uint64_t kept_bytes = 0;
  bool full = false;
  const auto use = [&](const RunRecord& run) {
    for (const StepRecord& step : run.steps) used.insert(step.snapshot);
  };
  for (const RunRecord& run : all) {  // newest first
    if (run.status == model::Status::running) {
      use(run);
      continue;
    }
    full = full || kept >= keep;
    std::uint64_t bytes = 0;
    // Measuring walks whole folders: only where the answer matters.
    if (full || max_bytes > 0) {
      bytes = base::measure_tree(layout.run(run.name)).bytes;
      for (const fs::path& folder : own_outputs(layout, run, all))
        bytes += base::measure_tree(folder).bytes;
    }
    // Once one is too much, all older ones go too: what stays has no holes.
    full = full || (max_bytes > 0 && kept_bytes + bytes > max_bytes);
    if (full) {
      plan.runs.push_back({run, bytes});
      plan.bytes += bytes;
    } else {
      ++kept;
      kept_bytes += bytes;
      use(run);
    }
  }
  std::reverse(plan.runs.begin(), plan.runs.end());

  const auto note = [&](std::vector<fs::path>& list, const fs::path& path) {
    plan.bytes += base::measure_tree(path).bytes;
    list.push_back(path);
  };
  for (const fs::path& path : entries_of(layout.snapshots())) {
    const std::string name = path.filename().native();
    if (name[0] != '.' && !used.contains(name) && untouched(path, clock))
      note(plan.snapshots, path);
  }
  for (const fs::path& path : workspace::abandoned_drafts(layout, clock))
    note(plan.left_overs, path);
  for (const fs::path& path : orphaned_outputs(layout, all))
    if (untouched(path, clock)) note(plan.left_overs, path);
  return plan;
}

GcResult gc(const workspace::Layout& layout, const GcPlan& plan) {
  GcResult result;
  for (const auto& [run, bytes] : plan.runs) {
    try {
      delete_run(layout, run);
    } catch (const base::Error& error) {
      if (error.code() != base::Code::conflict && error.code() != base::Code::not_found) throw;
      continue;
    }
    ++result.runs;
    result.bytes += bytes;
  }
  const auto remove = [&](const std::vector<fs::path>& paths, std::size_t& count) {
    for (const fs::path& path : paths) {
      result.bytes += base::measure_tree(path).bytes;
      base::remove_tree(path);
      ++count;
    }
  };
  remove(plan.snapshots, result.snapshots);
  for (const fs::path& path : plan.snapshots) base::remove_tree(workspace::snapshot_stamp(path));
  remove(plan.left_overs, result.left_overs);
  return result;
}

GcResult gc(const workspace::Layout& layout, std::size_t keep, std::uint64_t max_bytes) {
  return gc(layout, plan_gc(layout, base::SystemClock(), keep, max_bytes));
}

GcResult keep_in_bounds(const workspace::Layout& layout, const base::Clock& clock,
                        const Budget& budget) {
  const Index::Total total = Index(layout).total();
  // The run that asks is among them, and counts for neither limit.
  const bool many = budget.runs > 0 && total.runs > budget.runs + 1;
  const bool much = budget.bytes > 0 && total.bytes > budget.bytes;
  if (!many && !much) return {};
  const GcPlan plan =
      plan_gc(layout, clock, budget.runs > 0 ? budget.runs : total.runs, much ? budget.bytes : 0);
  if (plan.runs.empty()) return {};
  return gc(layout, plan);
}

}  // namespace history
