// What happened: each run's journal is the truth, the SQLite index is made from them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_lock.hpp"
#include "events/sink.hpp"
#include "model/types.hpp"
#include "workspace/workspace.hpp"

namespace history {

struct StepRecord {
  std::string path;
  std::string id;
  model::Status status = model::Status::not_started;
  std::string log;
  std::string fingerprint;  // JSON, as StepStarted had it
  std::string snapshot;     // the hash of its frozen code
  std::string from_run;     // Reused: whose outputs these are
  std::string reason;       // of a step that was skipped, kept or canceled: why
  std::optional<events::StepEnded> ended;
  std::vector<events::OutputPublished> outputs;
};

struct RunRecord {
  std::string name;
  std::string experiment;
  std::string display_name;
  std::string definition;
  std::vector<std::string> command;
  model::Status status = model::Status::running;  // interrupted: not ended, and its lock is free
  base::Time started;
  double seconds = 0;
  std::vector<StepRecord> steps;
  std::vector<events::RunOutput> outputs;
  std::vector<std::string> notices;
  std::size_t damaged_line = 0;  // of its journal, which was read up to there; 0: it is whole

  const StepRecord* find_step(const std::string& path) const;
};

// Writes one run's journal and index rows. Holds the run's lock for as long as it lives: a run
// whose lock is free and which has no RunEnded was interrupted, and every reader sees it so.
class Recorder final : public events::Keeper {
 public:
  // Makes `.amlocal/runs/NAME`. `durable`: each event is on the disk before on() returns. Throws
  // exists when the name is taken, bad_input when it cannot be a name, newer_version for a newer
  // index.
  Recorder(const workspace::Layout&, const std::string& run, bool durable = false);
  ~Recorder() override;
  // Appends to the journal (one checksummed line), then updates the index. Throws no_space or io. A
  // failing index ends nothing: it is only a cache, and readers see that it is behind the journal.
  // AssetRegistered also goes to the assets' journal; a version "" becomes the next one there, and
  // is in the event that is returned. For a version that is taken, a Notice is kept instead.
  events::Stamped keep(const events::Stamped&) override;
  // Throws not_found when the run's record was removed: the run must end.
  void check_there() const;
  const fs::path& folder() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Newest first. A damaged or missing index is made anew from the journals. A run with a damaged
// journal is listed as far as it can be read, with a notice that says so. Throws newer_version.
std::vector<RunRecord> list_runs(const workspace::Layout&);

// One run from its journal: `name` may be a unique prefix or "@last". Throws not_found (with
// did-you-mean) or bad_input when the prefix is ambiguous (with the candidates); corrupt, naming
// the line, when the journal is damaged before its last line (a torn last line is simply not there
// yet).
enum class Damage { refuse, keep_good_part };
RunRecord read_run(const workspace::Layout&, const std::string& name,
                   Damage damage = Damage::refuse);

// Removes a run's folder and rows, and what its steps left under `azureml/<step id>/` in
// datastores (failed steps' too), unless an asset lies there or another run's outputs do. Throws
// conflict while it runs. For a run with a damaged journal, read it with Damage::keep_good_part.
void delete_run(const workspace::Layout&, const RunRecord&);

// Makes the index anew, and mends the journal of assets where it is damaged (what is lost there
// comes back from the runs that registered it); returns the number of runs.
std::size_t rebuild_index(const workspace::Layout&);
// A folder that lies where the index belongs is moved aside, also by every other use of the index;
// gives where it is now.
std::optional<fs::path> move_folder_aside(const workspace::Layout&);

// Data assets registered by runs (named outputs), oldest first. They outlive their runs. Throws
// corrupt, naming the line.
std::vector<model::DataAsset> registered_assets(const workspace::Layout&);
// Forgets what runs registered as `name` (version "": all of it) and returns the
// versions; the data stays with its runs. Throws corrupt, no_space or io.
std::vector<std::string> forget_assets(const workspace::Layout&, const std::string& name,
                                       const std::string& version);
// The version after the highest whole number that `name` has among registered assets and
// `settings`.
std::string next_version(const workspace::Layout&, const workspace::Settings& settings,
                         const std::string& name);

// The catalogue of a workspace: its settings and what its runs registered.
class Catalogue final : public model::Catalogue {
 public:
  Catalogue(workspace::Layout, workspace::Settings);
  // Of two with one name and version, the one created later; amlocal.yml's count as created first.
  std::optional<model::DataAsset> data_asset(const std::string& name,
                                             const std::string& version) const override;
  std::vector<std::string> data_asset_names() const override;
  std::optional<fs::path> datastore(const std::string& name) const override;
  std::vector<std::string> datastore_names() const override;
  std::optional<fs::path> component(const std::string& reference) const override;

 private:
  workspace::Layout layout_;
  workspace::Settings settings_;
  std::vector<model::DataAsset> assets_;
};

// Asks a running run to stop, from any process: leaves a file in its folder that its engine
// watches. Throws conflict when the run is not running.
void request_cancel(const workspace::Layout&, const RunRecord&);
// The file's path, for the engine's watch.
fs::path cancel_request_path(const workspace::Layout&, const std::string& run);

}  // namespace history
