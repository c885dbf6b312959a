#include "history/remove.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <chrono>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "history/assets.hpp"
#include "history/index.hpp"
#include "history/records.hpp"
#include "workspace/draft.hpp"

namespace history {
namespace {

bool lies_in(const std::string& path, const fs::path& folder) {
  return path == folder.native() || path.starts_with(folder.native() + "/");
}

// A step id is a made-up name; anything that could lead elsewhere is no step id.
bool is_plain(const std::string& id) {
  return !id.empty() && id != "." && id != ".." && id.find('/') == std::string::npos;
}

// A reader that asks whether the run is running holds its lock for microseconds; a run does so for
// long.
base::FileLock take_lock(const workspace::Layout& layout, const RunRecord& run) {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 200ms;
  for (;;) {
    if (auto lock = base::FileLock::try_take(lock_path(layout, run.name))) return std::move(*lock);
    if (std::chrono::steady_clock::now() > deadline)
      throw base::Error(base::Code::conflict,
                        fmt::format("the run '{}' is still running", run.name))
          .hint(fmt::format("`amlocal runs cancel {}` stops it", run.name));
    std::this_thread::sleep_for(5ms);
  }
}

}  // namespace

std::vector<fs::path> own_outputs(const workspace::Layout& layout, const RunRecord& run,
                                  const std::vector<RunRecord>& all) {
  const workspace::Settings settings = workspace::read_settings(layout);
  std::vector<fs::path> stores{layout.datastores() / "workspaceblobstore"};
  for (const auto& [name, folder] : settings.datastores) stores.emplace_back(folder);
  std::vector<std::string> kept;
  for (const auto& asset : asset_events(layout)) kept.push_back(asset.path);
  for (const auto& asset : settings.data) kept.push_back(asset.path);
  // A run that kept a step's outputs has published them as its own, however many runs lie between.
  for (const RunRecord& other : all)
    for (const StepRecord& step : other.steps)
      if (other.name != run.name)
        for (const auto& output : step.outputs) kept.push_back(output.path);

  std::vector<fs::path> folders;
  boost::system::error_code ignored;
  for (const StepRecord& step : run.steps) {
    if (!is_plain(step.id)) continue;
    for (const fs::path& store : stores) {
      const fs::path folder = store / "azureml" / step.id;
      if (!fs::exists(folder, ignored)) continue;
      if (std::none_of(kept.begin(), kept.end(),
                       [&](const std::string& path) { return lies_in(path, folder); }))
        folders.push_back(folder);
    }
  }
  return folders;
}

void delete_run(const workspace::Layout& layout, const RunRecord& run) {
  boost::system::error_code ignored;
  if (!fs::exists(layout.run(run.name), ignored))
    throw base::Error(base::Code::not_found, fmt::format("no run is named '{}'", run.name));
  const base::FileLock lock = take_lock(layout, run);
  const std::vector<fs::path> outputs = own_outputs(layout, run, list_runs(layout));
  // Out of sight first: a crash half-way leaves a folder that garbage collection finds, not half a
  // run.
  const workspace::Draft trash(layout.runs(), ".deleted-");
  const fs::path gone = trash.path() / "run";
  base::sys("remove", layout.run(run.name).native(),
            [&] { return ::rename(layout.run(run.name).c_str(), gone.c_str()); });
  for (const fs::path& folder : outputs) base::remove_tree(folder);
  base::remove_tree(gone);
  try {
    Index(layout).remove(run.name);
  } catch (const base::Error&) {
    // A row without a folder is swept by the next list.
  }
}

fs::path cancel_request_path(const workspace::Layout& layout, const std::string& run) {
  return layout.run(run) / "cancel";
}

void request_cancel(const workspace::Layout& layout, const RunRecord& run) {
  if (!base::FileLock::held(lock_path(layout, run.name)))
    throw base::Error(base::Code::conflict, fmt::format("the run '{}' is not running", run.name));
  base::write_file_atomically(cancel_request_path(layout, run.name), "");
}

}  // namespace history
