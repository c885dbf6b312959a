#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <cctype>
#include <optional>

#include "base/error.hpp"
#include "base/files.hpp"
#include "history/assets.hpp"
#include "history/index.hpp"
#include "history/journal.hpp"
#include "history/records.hpp"
#include "workspace/draft.hpp"

namespace history {
namespace {

// The cloud's rule for a job's name, without which it would also not be a plain file name.
// Source: reference-yaml-job-pipeline, `name`.
void check_name(const std::string& name) {
  bool good =
      !name.empty() && name.size() <= 255 && std::isalnum(static_cast<unsigned char>(name[0]));
  for (const char c : name)
    good =
        good && (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.');
  if (!good)
    throw base::Error(base::Code::bad_input, fmt::format("'{}' cannot be the name of a run", name))
        .hint(
            "use letters, digits, '_', '-' and '.', and begin with a letter or digit; 255 at most");
}

// A run's folder, made under a hidden name with its lock already held, so that nobody ever sees a
// run without a lock and takes it for an interrupted one. rename(2) takes the name: it refuses a
// folder that holds anything, and a run's folder always does.
base::FileLock make_folder(const workspace::Layout& layout, const std::string& name) {
  const workspace::Draft draft(layout.runs(), ".new-");
  const fs::path folder = draft.path() / "run";
  base::sys("create", folder.native(), [&] { return ::mkdir(folder.c_str(), 0777); });
  auto lock = base::FileLock::try_take(folder / "lock");
  Journal(folder / "journal");
  if (::rename(folder.c_str(), layout.run(name).c_str()) == 0) return std::move(*lock);
  if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
    throw base::Error(base::Code::exists, fmt::format("there is already a run named '{}'", name))
        .hint("choose another name with --name");
  throw base::os_error("create", layout.run(name).native());
}

// A row is written when a run begins and ends, and in between at most once a second: each writing
// costs the rows of all its steps and a commit of the file system's own journal. Readers see from
// the journal's size that a row is behind, and read the journal instead.
bool is_due(const events::Stamped& stamped, const std::optional<base::Time>& last) {
  return !last || std::holds_alternative<events::RunStarted>(stamped.event) ||
         std::holds_alternative<events::RunEnded>(stamped.event) ||
         stamped.time - *last >= std::chrono::seconds(1);
}

}  // namespace

struct Recorder::State {
  workspace::Layout layout;
  bool durable;
  fs::path folder;
  std::optional<Index> index;
  base::FileLock lock;
  Journal journal;
  Folding folding;
  std::optional<base::Time> indexed;  // when the row was written last
};

Recorder::Recorder(const workspace::Layout& layout, const std::string& run, bool durable) {
  check_name(run);
  workspace::ensure(layout);
  // The index first: a newer one must refuse before the name is taken. One that others keep busy is
  // done without.
  std::optional<Index> index;
  try {
    index.emplace(layout);
  } catch (const base::Error& error) {
    if (error.code() != base::Code::conflict) throw;
  }
  base::FileLock lock = make_folder(layout, run);
  state_.reset(new State{layout,
                         durable,
                         layout.run(run),
                         std::move(index),
                         std::move(lock),
                         Journal(journal_path(layout, run), durable),
                         {},
                         {}});
  state_->folding.record.name = run;
}

Recorder::~Recorder() {
  if (!state_ || state_->journal.size() > 0) return;
  // Nothing was told, so there was no run. A folder that holds anything else stays.
  ::unlink(journal_path(state_->layout, state_->folding.record.name).c_str());
  ::unlink(lock_path(state_->layout, state_->folding.record.name).c_str());
  ::rmdir(state_->folder.c_str());
}

events::Stamped Recorder::keep(const events::Stamped& told) {
  events::Stamped stamped = told;
  if (std::holds_alternative<events::AssetRegistered>(stamped.event))
    stamped.event = register_asset(state_->layout, stamped, state_->durable);
  state_->journal.append(events::to_json(stamped));
  state_->folding.add(stamped);
  if (!state_->index || !is_due(stamped, state_->indexed)) return stamped;
  try {
    state_->indexed = stamped.time;
    state_->index->put(state_->folding.record, state_->journal.size());
  } catch (const base::Error&) {
    // Readers see from the journal's size that the row is old. It is not tried again, so that a
    // stuck index costs its wait once.
    state_->index.reset();
  }
  return stamped;
}

void Recorder::check_there() const {
  state_->journal.check_there();
}

const fs::path& Recorder::folder() const {
  return state_->folder;
}

}  // namespace history
