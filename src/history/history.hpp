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
  std::string from_run;     // Reused: whose outputs these are
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

  const StepRecord* find_step(const std::string& path) const;
};

// Writes one run's journal and index rows. Holds the run's lock for as long as it lives: a run whose
// lock is free and which has no RunEnded was interrupted, and every reader sees it so.
class Recorder final : public events::Sink {
 public:
  // Makes `.amlocal/runs/NAME`. Throws exists when the name is taken.
  Recorder(const workspace::Layout&, const std::string& run);
  ~Recorder() override;
  // Appends to the journal (one checksummed line), then updates the index. Throws no_space or io.
  void on(const events::Stamped&) override;
  const fs::path& folder() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Newest first. A damaged or missing index is made anew from the journals.
std::vector<RunRecord> list_runs(const workspace::Layout&);

// One run from its journal: `name` may be a unique prefix or "@last". Throws not_found (with
// did-you-mean) or bad_input when the prefix is ambiguous (with the candidates); corrupt, naming the
// line, when the journal is damaged before its last line (a torn last line is simply not there yet).
RunRecord read_run(const workspace::Layout&, const std::string& name);

// Removes a run's folder and rows. Throws conflict while it runs. Outputs in datastores stay when an
// asset registered from them exists.
void delete_run(const workspace::Layout&, const RunRecord&);

// Makes the index anew; returns the number of runs.
std::size_t rebuild_index(const workspace::Layout&);

// Data assets registered by runs (named outputs), oldest first, with the next free version for a name.
std::vector<model::DataAsset> registered_assets(const workspace::Layout&);

// The catalogue of a workspace: its settings and what its runs registered.
class Catalogue final : public model::Catalogue {
 public:
  Catalogue(workspace::Layout, workspace::Settings);
  std::optional<model::DataAsset> data_asset(const std::string& name, const std::string& version) const override;
  std::vector<std::string> data_asset_names() const override;
  std::optional<fs::path> datastore(const std::string& name) const override;
  std::vector<std::string> datastore_names() const override;
  std::optional<fs::path> component(const std::string& reference) const override;

 private:
  workspace::Layout layout_;
  workspace::Settings settings_;
  std::vector<model::DataAsset> assets_;
};

// Asks a running run to stop, from any process: leaves a file in its folder that its engine watches.
// Throws conflict when the run is not running.
void request_cancel(const workspace::Layout&, const RunRecord&);
// The file's path, for the engine's watch.
fs::path cancel_request_path(const workspace::Layout&, const std::string& run);

}  // namespace history
