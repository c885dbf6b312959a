#include "engine/recover.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <sstream>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "history/history.hpp"
#include "step/step.hpp"
#include "store/local_store.hpp"
#include "workspace/draft.hpp"

namespace engine {
namespace {

fs::path marks(const workspace::Layout& layout) {
  return layout.records() / "live";
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  boost::system::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed))
    entries.push_back(entry->path());
  return entries;
}

bool is_live(const workspace::Layout& layout, const std::string& run) {
  return base::FileLock::held(layout.run(run) / "lock");
}

// What steps that were running have of their own; also of one whose end was recorded, for amlocal
// may have been killed before it had put things away. Their logs and artifacts stay.
void clean_steps(const workspace::Layout& layout, const std::string& name) {
  boost::system::error_code ignored;
  if (!fs::exists(layout.run(name) / "journal", ignored)) return;
  const auto run = history::read_run(layout, name, history::Damage::keep_good_part);
  for (const auto& step : run.steps) {
    const fs::path folder = layout.run(name) / "steps" / step.path;
    if (fs::exists(folder, ignored)) step::clean_up_after_crash(folder);
  }
}

// Outputs are put together under a name of this kind beside their destination (step/bind_outputs).
void remove_unpublished(const fs::path& mark) {
  std::istringstream lines(base::read_file(mark));
  for (std::string destination; std::getline(lines, destination);) {
    const fs::path folder = fs::path(destination).parent_path();
    for (const fs::path& entry : entries_of(folder))
      if (entry.filename().native().starts_with(".publishing-")) base::remove_tree(entry);
    // A step's own folder in a datastore, where nothing else has come to lie in it.
    if (folder.parent_path().filename() == "azureml") ::rmdir(folder.c_str());
  }
}

// Undoes what a mount that a user had made, and whose process was killed, had begun to append.
// Later would be too late: a run may append to the same object. The rest of it is `amlocal
// umount`'s.
void mend_hand_mounts(const workspace::Layout& layout) {
  boost::system::error_code ignored;
  for (const fs::path& mount : entries_of(layout.hidden() / "mounts"))
    if (fs::exists(mount / "mount.json", ignored) && !base::FileLock::held(mount / "lock"))
      store::LocalStore::recover(mount / "intents", std::chrono::milliseconds(0));
}

// A lock's file goes with the lock, unless the process was killed.
void remove_free_locks(const workspace::Layout& layout) {
  for (const fs::path& file : entries_of(layout.locks()))
    if (auto lock = base::FileLock::try_take(file)) lock->remove_at_end(file);
}

}  // namespace

LiveMark::LiveMark(const workspace::Layout& layout, const std::string& run)
    : file_(marks(layout) / run) {
  base::write_file_atomically(file_, "");
}

LiveMark::~LiveMark() {
  ::unlink(file_.c_str());
}

void LiveMark::add(const fs::path& destination) {
  const base::Fd file = base::open_file(file_, O_WRONLY | O_APPEND);
  base::write_all(file, destination.native() + "\n", file_.native());
}

Recovered recover(const workspace::Layout& layout, const base::Clock& clock) {
  Recovered recovered;
  boost::system::error_code ignored;
  if (!fs::exists(layout.hidden(), ignored)) return recovered;
  workspace::check_format(layout);
  const auto lock = [&] {
    try {
      return base::FileLock::try_take(layout.hidden() / "recover.lock");
    } catch (base::Error& error) {
      throw workspace::with_owner_hint(std::move(error), layout);
    }
  }();
  if (!lock) return recovered;
  const auto attempt = [](auto&& act) {
    try {
      act();
      return true;
    } catch (const base::Error&) {
      return false;  // the next command tries again
    }
  };
  for (const fs::path& draft : workspace::abandoned_drafts(layout, clock))
    if (attempt([&] { base::remove_tree(draft); })) ++recovered.drafts;
  attempt([&] { remove_free_locks(layout); });
  attempt([&] { mend_hand_mounts(layout); });
  const std::vector<fs::path> all = entries_of(marks(layout));
  const bool quiet = std::none_of(all.begin(), all.end(), [&](const fs::path& mark) {
    return is_live(layout, mark.filename().native());
  });
  for (const fs::path& mark : all) {
    const std::string run = mark.filename().native();
    if (is_live(layout, run)) continue;
    const bool clean = attempt([&] {
      clean_steps(layout, run);
      // A live run may be putting outputs together in the same folder: then later.
      if (quiet) remove_unpublished(mark);
    });
    if (!clean || !quiet) continue;
    ::unlink(mark.c_str());
    recovered.runs.push_back(run);
  }
  return recovered;
}

}  // namespace engine
