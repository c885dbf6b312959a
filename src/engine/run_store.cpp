#include "engine/run_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cmath>

#include "base/error.hpp"
#include "base/names.hpp"
#include "history/assets.hpp"
#include "history/documents.hpp"
#include "history/models.hpp"
#include "text/diagnostic.hpp"
#include "workspace/secrets.hpp"

namespace engine {

using model::TrackedRun;
using Lock = std::lock_guard<std::recursive_mutex>;

RunStore::RunStore(workspace::Layout layout, base::Variables environment, const base::Clock& clock,
                   std::string run)
    : layout_(std::move(layout)),
      environment_(std::move(environment)),
      clock_(clock),
      run_(std::move(run)) {}

RunStore::~RunStore() = default;

void RunStore::step_started(const std::string& id, const std::string& path) {
  const Lock lock(mutex_);
  steps_[id] = path;
}

history::Tracking* RunStore::existing_tracking(const std::string& root) {
  boost::system::error_code ignored;
  const auto open = tracking_.find(root);
  if (open != tracking_.end()) return open->second.get();
  if (!fs::exists(history::tracking_path(layout_, root), ignored)) return nullptr;
  return &tracking(root);
}

history::Tracking& RunStore::tracking(const std::string& root) {
  auto& open = tracking_[root];
  if (!open) open = std::make_unique<history::Tracking>(history::tracking_path(layout_, root));
  return *open;
}

std::optional<RunStore::Where> RunStore::find_in_history(const std::string& id) {
  for (const auto& record : history::list_runs(layout_)) {
    if (record.name == id) return Where{id, TrackedRun::Kind::pipeline, ""};
    for (const auto& step : record.steps)
      if (step.id == id) return Where{record.name, TrackedRun::Kind::step, step.path};
    if (auto* logged = existing_tracking(record.name))
      for (const auto& child : logged->children(""))
        if (child.id == id) return Where{record.name, child.kind, ""};
  }
  return std::nullopt;
}

RunStore::Where RunStore::find(const std::string& id) {
  if (!run_.empty() && id == run_) return {run_, TrackedRun::Kind::pipeline, ""};
  const auto step = steps_.find(id);
  if (step != steps_.end()) return {run_, TrackedRun::Kind::step, step->second};
  const auto known = known_.find(id);
  if (known != known_.end()) return known->second;
  const auto found = find_in_history(id);
  if (!found) throw base::Error(base::Code::not_found, fmt::format("there is no run '{}'", id));
  return known_[id] = *found;
}

void RunStore::add_words(TrackedRun& run) {
  auto* logged = existing_tracking(run.root);
  if (!logged) return;
  const auto said = logged->find(run.id);
  if (!said) return;
  run.tags = said->tags;
  run.properties = said->properties;
  run.params = said->params;
  run.notes = said->notes;
}

TrackedRun RunStore::describe_root(const history::RunRecord& record) {
  TrackedRun run;
  run.id = run.root = record.name;
  run.name = record.display_name.empty() ? record.name : record.display_name;
  run.experiment = record.experiment;
  run.kind = TrackedRun::Kind::pipeline;
  run.status = record.status;
  run.started = record.started;
  if (record.status != model::Status::running)
    run.ended = record.started + std::chrono::microseconds(std::llround(record.seconds * 1e6));
  add_words(run);
  return run;
}

TrackedRun RunStore::describe_step(const history::RunRecord& record,
                                   const history::StepRecord& step) {
  TrackedRun run;
  run.id = step.id;
  run.name = run.step = step.path;
  run.root = run.parent = record.name;
  run.experiment = record.experiment;
  run.kind = TrackedRun::Kind::step;
  run.status = step.status;
  run.started = record.started;
  if (step.ended) {
    run.ended = record.started + std::chrono::microseconds(std::llround(step.ended->seconds * 1e6));
    if (step.ended->failure) run.error = step.ended->failure->summary;
  }
  add_words(run);
  return run;
}

TrackedRun RunStore::describe(const std::string& id, const Where& where) {
  const auto record = history::read_run(layout_, where.root, history::Damage::keep_good_part);
  if (where.kind == TrackedRun::Kind::pipeline) return describe_root(record);
  if (where.kind == TrackedRun::Kind::step) {
    const auto* step = record.find_step(where.step);
    if (!step)
      throw base::Error(base::Code::not_found, fmt::format("there is no step '{}'", where.step));
    TrackedRun run = describe_step(record, *step);
    run.id = id;
    return run;
  }
  auto run = tracking(where.root).find(id);
  if (!run) throw base::Error(base::Code::not_found, fmt::format("there is no run '{}'", id));
  run->root = where.root;
  run->experiment = record.experiment;
  return *run;
}

TrackedRun RunStore::run(const std::string& id) {
  const Lock lock(mutex_);
  return describe(id, find(id));
}

TrackedRun RunStore::start_interactive(TrackedRun run) {
  if (run.id.empty()) run.id = base::random_run_name();
  Interactive made{std::make_unique<history::Recorder>(layout_, run.id), clock_.now()};
  made.recorder->keep(
      {made.started, events::RunStarted{run.id, run.experiment, run.name, "", {}, {}}});
  interactive_[run.id] = std::move(made);
  if (!run.tags.empty()) {
    model::RunChange change;
    for (const auto& [name, value] : run.tags) change.tags[name] = value;
    tracking(run.id).change(run.id, change);
  }
  return describe(run.id, {run.id, TrackedRun::Kind::pipeline, ""});
}

TrackedRun RunStore::create(TrackedRun run) {
  const Lock lock(mutex_);
  if (run.parent.empty()) return start_interactive(std::move(run));
  const Where parent = find(run.parent);
  if (run.id.empty()) run.id = base::random_uuid();
  if (run.name.empty()) run.name = base::random_run_name();
  run.root = parent.root;
  if (run.kind != TrackedRun::Kind::trial) run.kind = TrackedRun::Kind::child;
  tracking(parent.root).create(run);
  known_[run.id] = {parent.root, run.kind, ""};
  return describe(run.id, known_[run.id]);
}

TrackedRun RunStore::change(const std::string& id, const model::RunChange& change) {
  const Lock lock(mutex_);
  const Where where = find(id);
  model::RunChange allowed = change;
  const auto interactive = interactive_.find(id);
  if (where.kind == TrackedRun::Kind::pipeline || where.kind == TrackedRun::Kind::step)
    allowed.name = allowed.error = std::nullopt, allowed.status = std::nullopt,
    allowed.ended = std::nullopt;
  tracking(where.root).change(id, allowed);
  if (interactive != interactive_.end() && change.status &&
      *change.status != model::Status::running) {
    interactive->second.recorder->keep(
        {clock_.now(),
         events::RunEnded{
             std::string(to_string(*change.status)),
             std::chrono::duration<double>(clock_.now() - interactive->second.started).count(),
             {}}});
    interactive_.erase(interactive);
  }
  return describe(id, where);
}

std::vector<TrackedRun> RunStore::children(const std::string& id) {
  const Lock lock(mutex_);
  const Where where = find(id);
  const auto record = history::read_run(layout_, where.root, history::Damage::keep_good_part);
  std::vector<TrackedRun> runs;
  if (where.kind == TrackedRun::Kind::pipeline)
    for (const auto& step : record.steps)
      if (!step.id.empty()) runs.push_back(describe_step(record, step));
  if (auto* logged = existing_tracking(where.root))
    for (auto& child : logged->children(id)) {
      child.root = where.root;
      child.experiment = record.experiment;
      runs.push_back(std::move(child));
    }
  return runs;
}

std::vector<std::string> RunStore::experiments() {
  std::vector<std::string> names;
  for (const auto& record : history::list_runs(layout_)) names.push_back(record.experiment);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<TrackedRun> RunStore::runs_of(const std::string& experiment) {
  const Lock lock(mutex_);
  std::vector<TrackedRun> runs;
  for (const auto& record : history::list_runs(layout_))
    if (record.experiment == experiment) runs.push_back(describe_root(record));
  return runs;
}

void RunStore::log(const std::string& id, const std::vector<model::MetricPoint>& points) {
  const Lock lock(mutex_);
  tracking(find(id).root).log(id, points);
}

void RunStore::each_metric(const std::string& id, const std::string& name,
                           const std::function<void(const model::MetricPoint&)>& take) {
  const Lock lock(mutex_);
  if (auto* logged = existing_tracking(find(id).root)) logged->each_metric(id, name, take);
}

gateway::MetricPage RunStore::metric_page(const std::string& id, const std::string& name,
                                          std::int64_t after, std::size_t most) {
  const Lock lock(mutex_);
  gateway::MetricPage page;
  if (auto* logged = existing_tracking(find(id).root))
    page.next = logged->page(id, name, after, most, page.points);
  return page;
}

std::vector<model::MetricPoint> RunStore::latest_metrics(const std::string& id) {
  const Lock lock(mutex_);
  std::vector<model::MetricPoint> points;
  if (auto* logged = existing_tracking(find(id).root))
    for (auto& latest : logged->latest(id)) points.push_back(std::move(latest.point));
  return points;
}

fs::path RunStore::artifacts(const std::string& id) {
  const Lock lock(mutex_);
  const Where where = find(id);
  const fs::path folder = layout_.run(where.root);
  if (where.kind == TrackedRun::Kind::pipeline) return folder / "artifacts";
  if (where.kind == TrackedRun::Kind::step) return folder / "steps" / where.step / "artifacts";
  return folder / "children" / id / "artifacts";
}

fs::path RunStore::loose_artifacts() {
  return layout_.records() / "logged_models";
}

fs::path RunStore::logs(const std::string& id) {
  const Lock lock(mutex_);
  const Where where = find(id);
  return where.kind == TrackedRun::Kind::step ? layout_.run(where.root) / "steps" / where.step
                                              : fs::path();
}

std::vector<gateway::Output> RunStore::outputs(const std::string& id) {
  const Lock lock(mutex_);
  const Where where = find(id);
  const auto record = history::read_run(layout_, where.root, history::Damage::keep_good_part);
  std::vector<gateway::Output> outputs;
  if (where.kind == TrackedRun::Kind::pipeline)
    for (const auto& output : record.outputs)
      outputs.push_back({output.name, output.type, "", output.uri, output.path});
  if (const auto* step = record.find_step(where.step))
    for (const auto& output : step->outputs)
      outputs.push_back({output.output, output.type, output.mode, output.uri, output.path});
  return outputs;
}

void RunStore::keep_telemetry(const std::string& line) {
  const Lock lock(mutex_);
  if (run_.empty()) return;
  const fs::path file = layout_.run(run_) / "telemetry.jsonl";
  const base::Fd fd = base::open_file(file, O_WRONLY | O_CREAT | O_APPEND);
  const std::string text = line + "\n";
  base::sys("write", file.native(), [&] { return ::write(fd.get(), text.data(), text.size()); });
}

std::string RunStore::workspace_name() {
  return layout_.root.filename().native();
}
fs::path RunStore::workspace_root() {
  return layout_.root;
}

std::vector<gateway::Datastore> RunStore::datastores() {
  // As they are now: a definition's gateway lives long, and `amlocal datastore create` may come in
  // between.
  const auto settings = workspace::read_settings(layout_);
  const std::string first = "workspaceblobstore";
  std::vector<gateway::Datastore> stores;
  if (const auto folder = workspace::datastore_folder(layout_, settings, first))
    stores.push_back({first, *folder});
  for (const auto& [name, folder] : settings.datastores)
    if (name != first) stores.push_back({name, folder});
  return stores;
}

std::vector<model::DataAsset> RunStore::data_assets() {
  auto assets = workspace::read_settings(layout_).data;
  for (auto& asset : history::registered_assets(layout_)) assets.push_back(std::move(asset));
  return assets;
}

model::DataAsset RunStore::register_data(model::DataAsset asset) {
  if (asset.version.empty())
    asset.version = history::next_version(layout_, workspace::read_settings(layout_), asset.name);
  const auto kept = history::register_asset(
      layout_,
      {clock_.now(),
       events::AssetRegistered{asset.name, asset.version, std::string(to_string(asset.type)),
                               asset.path, "", ""}},
      false);
  if (const auto* refused = std::get_if<events::Notice>(&kept))
    throw base::Error(base::Code::exists, refused->text);
  asset.version = std::get<events::AssetRegistered>(kept).version;
  return asset;
}

std::vector<model::RegisteredModel> RunStore::models(const std::string& name) {
  return history::models(layout_, name);
}

model::RegisteredModel RunStore::register_model(const gateway::NewModel& given) {
  model::RegisteredModel made;
  made.name = given.name;
  made.path = given.path;
  made.type = given.type;
  made.run = given.run;
  made.description = given.description;
  made.framework = given.framework;
  made.tags = given.tags;
  made.properties = given.properties;
  made.created = clock_.now();
  return history::register_model(layout_, std::move(made));
}

void RunStore::change_model(const std::string& name, const std::string& version,
                            const model::RunChange& change) {
  history::change_model(layout_, name, version, change);
}
void RunStore::remove_model(const std::string& name, const std::string& version) {
  history::remove_model(layout_, name, version);
}

std::vector<gateway::Document> RunStore::documents(const std::string& kind,
                                                   const std::string& name) {
  std::vector<gateway::Document> list;
  for (auto& document : history::documents(layout_, kind, name))
    list.push_back(
        {std::move(document.name), std::move(document.version), std::move(document.content)});
  return list;
}
std::string RunStore::put_document(const std::string& kind, const gateway::Document& document) {
  return history::put_document(layout_, kind, {document.name, document.version, document.content});
}
void RunStore::remove_document(const std::string& kind, const std::string& name,
                               const std::string& version) {
  history::remove_document(layout_, kind, name, version);
}

std::vector<std::string> RunStore::secret_names() {
  return workspace::secret_names(layout_, environment_);
}
std::string RunStore::secret(const std::string& name) {
  if (auto value = workspace::secret(layout_, environment_, name)) return *value;
  throw base::Error(base::Code::not_found, fmt::format("there is no secret '{}'", name))
      .hint(fmt::format("amlocal secret set {}, or the variable {}", name,
                        workspace::secret_variable(name)));
}
void RunStore::put_secret(const std::string& name, const std::string& value) {
  workspace::set_secret(layout_, environment_, name, value);
}
void RunStore::remove_secret(const std::string& name) {
  workspace::remove_secret(layout_, environment_, name);
}

}  // namespace engine
