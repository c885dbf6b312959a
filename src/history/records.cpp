#include "history/records.hpp"

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "history/journal.hpp"

namespace history {
namespace {

using model::Status;

StepRecord& step_of(RunRecord& run, const std::string& path) {
  for (StepRecord& step : run.steps)
    if (step.path == path) return step;
  StepRecord& step = run.steps.emplace_back();
  step.path = path;
  return step;
}

Status status_of(const std::string& word, Status otherwise) {
  return model::parse_status(word).value_or(otherwise);
}

struct Fold {
  RunRecord& run;
  base::Time time;

  void operator()(const events::RunStarted& e) const {
    run.experiment = e.experiment;
    run.display_name = e.display_name;
    run.definition = e.definition;
    run.command = e.command;
    run.started = time;
    for (const auto& path : e.steps) step_of(run, path);
  }
  void operator()(const events::Notice& e) const {
    run.notices.push_back(e.step.empty() ? e.text : e.step + ": " + e.text);
  }
  void operator()(const events::StepStarted& e) const {
    StepRecord& step = step_of(run, e.step);
    step.id = e.id;
    step.log = e.log;
    step.fingerprint = e.fingerprint;
    step.status = Status::running;
  }
  void operator()(const events::OutputPublished& e) const {
    step_of(run, e.step).outputs.push_back(e);
  }
  void operator()(const events::StepEnded& e) const {
    StepRecord& step = step_of(run, e.step);
    step.status = status_of(e.status, Status::failed);
    step.ended = e;
  }
  void operator()(const events::StepPassedOver& e) const {
    StepRecord& step = step_of(run, e.step);
    step.status = status_of(e.status, Status::skipped);
    step.from_run = e.from_run;
  }
  void operator()(const events::AssetRegistered&) const {}  // kept in the assets' own journal
  void operator()(const events::RunEnded& e) const {
    run.status = status_of(e.status, Status::failed);
    run.seconds = e.seconds;
    run.outputs = e.outputs;
  }
};

}  // namespace

const StepRecord* RunRecord::find_step(const std::string& path) const {
  for (const StepRecord& step : steps)
    if (step.path == path) return &step;
  return nullptr;
}

fs::path journal_path(const workspace::Layout& layout, const std::string& run) {
  return layout.run(run) / "journal";
}
fs::path lock_path(const workspace::Layout& layout, const std::string& run) {
  return layout.run(run) / "lock";
}

void fold(RunRecord& run, const events::Stamped& stamped) {
  std::visit(Fold{run, stamped.time}, stamped.event);
}

void derive_status(RunRecord& run, bool locked) {
  if (locked || run.status != Status::running) return;
  run.status = Status::interrupted;
  for (StepRecord& step : run.steps)
    if (step.status == Status::running || step.status == Status::preparing ||
        step.status == Status::finalizing)
      step.status = Status::interrupted;
}

Folded fold_journal(const workspace::Layout& layout, const std::string& run) {
  Folded folded;
  folded.record.name = run;
  const JournalText journal = read_journal(journal_path(layout, run));
  folded.journal_bytes = journal.bytes;
  folded.damaged_line = journal.damaged_line;
  std::size_t line = 0;
  for (const std::string& json : journal.lines) {
    ++line;
    try {
      // An event of an unknown name comes from a newer amlocal: what is known of the run still
      // stands.
      if (const auto stamped = events::from_json(json)) fold(folded.record, *stamped);
    } catch (const base::Error&) {
      folded.damaged_line = line;
      break;
    }
  }
  return folded;
}

std::vector<std::string> run_names(const workspace::Layout& layout) {
  std::vector<std::string> names;
  boost::system::error_code failed;
  if (!fs::exists(layout.runs(), failed)) return names;
  fs::directory_iterator entries(layout.runs(), failed);
  if (failed) throw base::os_error("read", layout.runs().native(), failed.value());
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().native();
    // The journal is the run: a folder without one is none.
    if (name[0] != '.' && fs::exists(journal_path(layout, name), failed)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace history
