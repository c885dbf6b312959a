#include "history/records.hpp"

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "history/journal.hpp"

namespace history {
namespace {

using model::Status;

Status status_of(const std::string& word, Status otherwise) {
  return model::parse_status(word).value_or(otherwise);
}

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

StepRecord& Folding::step(const std::string& path) {
  const auto [known, is_new] = positions_.try_emplace(path, record.steps.size());
  if (is_new) record.steps.emplace_back().path = path;
  return record.steps[known->second];
}

void Folding::add(const events::Stamped& stamped) {
  const events::Event& event = stamped.event;
  if (const auto* started = std::get_if<events::RunStarted>(&event)) {
    record.experiment = started->experiment;
    record.display_name = started->display_name;
    record.definition = started->definition;
    record.command = started->command;
    record.started = stamped.time;
    for (const auto& path : started->steps) step(path);
  } else if (const auto* notice = std::get_if<events::Notice>(&event)) {
    record.notices.push_back(notice->step.empty() ? notice->text
                                                  : notice->step + ": " + notice->text);
  } else if (const auto* begun = std::get_if<events::StepStarted>(&event)) {
    StepRecord& of = step(begun->step);
    of.id = begun->id;
    of.log = begun->log;
    of.fingerprint = begun->fingerprint;
    of.snapshot = begun->snapshot;
    of.status = Status::running;
  } else if (const auto* output = std::get_if<events::OutputPublished>(&event)) {
    StepRecord& of = step(output->step);
    of.outputs.push_back(*output);
  } else if (const auto* step_ended = std::get_if<events::StepEnded>(&event)) {
    StepRecord& of = step(step_ended->step);
    of.status = status_of(step_ended->status, Status::failed);
    of.ended = *step_ended;
  } else if (const auto* passed = std::get_if<events::StepPassedOver>(&event)) {
    StepRecord& of = step(passed->step);
    of.status = status_of(passed->status, Status::skipped);
    of.reason = passed->reason;
    of.from_run = passed->from_run;
  } else if (const auto* run_ended = std::get_if<events::RunEnded>(&event)) {
    record.status = status_of(run_ended->status, Status::failed);
    record.seconds = run_ended->seconds;
    record.outputs = run_ended->outputs;
  }
  // AssetRegistered is kept in the assets' own journal.
  if (!std::holds_alternative<events::RunEnded>(event) && record.started != base::Time{})
    record.seconds = std::chrono::duration<double>(stamped.time - record.started).count();
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
  Folding folding;
  folding.record.name = run;
  const JournalText journal = read_journal(journal_path(layout, run));
  folding.record.damaged_line = journal.damaged_line;
  std::size_t line = 0;
  for (const std::string& json : journal.lines) {
    ++line;
    try {
      // An event of an unknown name comes from a newer amlocal: what is known of the run still
      // stands.
      if (const auto stamped = events::from_json(json)) folding.add(*stamped);
    } catch (const base::Error&) {
      folding.record.damaged_line = line;
      break;
    }
  }
  return {std::move(folding.record), journal.bytes};
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
