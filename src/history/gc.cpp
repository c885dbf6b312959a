#include "history/gc.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "history/remove.hpp"

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

bool is_left_over(const fs::path& path) {
  const std::string name = path.filename().native();
  return name.starts_with(".new-") || name.starts_with(".deleted-") || name.starts_with(".making-");
}

}  // namespace

GcPlan plan_gc(const workspace::Layout& layout, const base::Clock& clock, std::size_t keep,
               std::uint64_t max_bytes) {
  GcPlan plan;
  const std::vector<RunRecord> all = list_runs(layout);
  base::Time oldest_left = clock.now();
  std::size_t kept = 0;
  std::uint64_t kept_bytes = 0;
  bool full = false;
  for (const RunRecord& run : all) {  // newest first
    if (run.status == model::Status::running) {
      oldest_left = std::min(oldest_left, run.started);
      continue;
    }
    std::uint64_t bytes = base::measure_tree(layout.run(run.name)).bytes;
    for (const fs::path& folder : own_outputs(layout, run, all))
      bytes += base::measure_tree(folder).bytes;
    // Once one is too much, all older ones go too: what stays has no holes.
    full = full || kept >= keep || (max_bytes > 0 && kept_bytes + bytes > max_bytes);
    if (full) {
      plan.runs.push_back({run, bytes});
      plan.bytes += bytes;
    } else {
      ++kept;
      kept_bytes += bytes;
      oldest_left = std::min(oldest_left, run.started);
    }
  }
  std::reverse(plan.runs.begin(), plan.runs.end());

  const auto note = [&](std::vector<fs::path>& list, const fs::path& path) {
    plan.bytes += base::measure_tree(path).bytes;
    list.push_back(path);
  };
  for (const fs::path& path : entries_of(layout.snapshots()))
    if (!is_left_over(path) && changed_at(path) + slack < oldest_left) note(plan.snapshots, path);
  for (const fs::path& folder : {layout.snapshots(), layout.runs()})
    for (const fs::path& path : entries_of(folder))
      if (is_left_over(path) && changed_at(path) + slack < clock.now()) note(plan.left_overs, path);
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
  remove(plan.left_overs, result.left_overs);
  return result;
}

GcResult gc(const workspace::Layout& layout, std::size_t keep, std::uint64_t max_bytes) {
  return gc(layout, plan_gc(layout, base::SystemClock(), keep, max_bytes));
}

}  // namespace history
