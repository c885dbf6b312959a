// The workspace's history behind the gateway's port.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "gateway/run_store.hpp"
#include "history/history.hpp"
#include "history/tracking.hpp"

namespace engine {

// What a script logs goes to its pipeline's run; everything else of the workspace can be read, too.
class RunStore final : public gateway::RunStore {
 public:
  // `run`: the one that is under way, whose steps' ids step_started tells; "" for none.
  // `environment`: the user's, where secrets may be. All of it is copied but `clock`.
  RunStore(workspace::Layout layout, base::Variables environment, const base::Clock& clock,
           std::string run);
  // Interactive runs that nobody completed count as interrupted.
  ~RunStore() override;

  // From now on `id` is the id of that step of the run under way.
  void step_started(const std::string& id, const std::string& path);

  model::TrackedRun run(const std::string& id) override;
  model::TrackedRun create(model::TrackedRun run) override;
  model::TrackedRun change(const std::string& id, const model::RunChange&) override;
  std::vector<model::TrackedRun> children(const std::string& id) override;
  std::vector<std::string> experiments() override;
  std::vector<model::TrackedRun> runs_of(const std::string& experiment) override;
  void log(const std::string& id, const std::vector<model::MetricPoint>&) override;
  void each_metric(const std::string& id, const std::string& name,
                   const std::function<void(const model::MetricPoint&)>&) override;
  gateway::MetricPage metric_page(const std::string& id, const std::string& name,
                                  std::int64_t after, std::size_t most) override;
  std::vector<model::MetricPoint> latest_metrics(const std::string& id) override;
  fs::path artifacts(const std::string& id) override;
  fs::path loose_artifacts() override;
  fs::path logs(const std::string& id) override;
  std::vector<gateway::Output> outputs(const std::string& id) override;
  void keep_telemetry(const std::string& line) override;
  std::string workspace_name() override;
  fs::path workspace_root() override;
  std::vector<gateway::Datastore> datastores() override;
  std::vector<model::DataAsset> data_assets() override;
  model::DataAsset register_data(model::DataAsset) override;
  std::vector<model::RegisteredModel> models(const std::string& name) override;
  model::RegisteredModel register_model(const gateway::NewModel&) override;
  void change_model(const std::string& name, const std::string& version,
                    const model::RunChange&) override;
  void remove_model(const std::string& name, const std::string& version) override;
  std::vector<gateway::Document> documents(const std::string& kind,
                                           const std::string& name) override;
  std::string put_document(const std::string& kind, const gateway::Document&) override;
  void remove_document(const std::string& kind, const std::string& name,
                       const std::string& version) override;
  std::vector<std::string> secret_names() override;
  std::string secret(const std::string& name) override;
  void put_secret(const std::string& name, const std::string& value) override;
  void remove_secret(const std::string& name) override;

 private:
  // Where a run's records are.
  struct Where {
    std::string root;  // the pipeline's run
    model::TrackedRun::Kind kind = model::TrackedRun::Kind::pipeline;
    std::string step;  // its path, of a step
  };
  Where find(const std::string& id);
  std::optional<Where> find_in_history(const std::string& id);
  history::Tracking& tracking(const std::string& root);
  // Nothing where that run has logged nothing.
  history::Tracking* existing_tracking(const std::string& root);
  model::TrackedRun describe(const std::string& id, const Where&);
  model::TrackedRun describe_root(const history::RunRecord&);
  model::TrackedRun describe_step(const history::RunRecord&, const history::StepRecord&);
  void add_words(model::TrackedRun&);
  model::TrackedRun start_interactive(model::TrackedRun run);

  const workspace::Layout layout_;
  const base::Variables environment_;
  const base::Clock& clock_;
  const std::string run_;

  std::recursive_mutex mutex_;                // of everything below
  std::map<std::string, std::string> steps_;  // of the run under way: id → path
  std::map<std::string, Where> known_;        // what was found once
  std::map<std::string, std::unique_ptr<history::Tracking>> tracking_;  // by root
  struct Interactive {
    std::unique_ptr<history::Recorder> recorder;
    base::Time started;
  };
  std::map<std::string, Interactive> interactive_;
};

}  // namespace engine
