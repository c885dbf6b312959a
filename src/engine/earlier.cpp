#include "engine/earlier.hpp"

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "engine/decide.hpp"
#include "engine/prepare.hpp"

namespace engine {
namespace {

bool finished(const history::RunRecord& run, const std::string& step) {
  const auto* record = run.find_step(step);
  return record &&
         (record->status == model::Status::completed || record->status == model::Status::reused);
}

// The steps of `wanted` that run again, with the reason of the first: later ones follow from it.
std::vector<std::string> changes(const Decided& decided, const std::vector<bool>& wanted) {
  for (std::size_t n = 0; n < wanted.size(); ++n) {
    const Decision& decision = decided.decisions[n];
    if (!wanted[n] || decision.action != Decision::Action::run) continue;
    std::vector<std::string> lines;
    for (const auto& reason : decision.reasons) lines.push_back(decision.step + ": " + reason);
    return lines;
  }
  return {};
}

class Search {
 public:
  Search(const model::Job& job, const Plan& plan, std::size_t step, const std::string& output,
         const Surroundings& surroundings)
      : job_(job),
        plan_(plan),
        step_(step),
        output_(output),
        surroundings_(surroundings),
        wanted_(plan.needed_by({step})) {}

  std::optional<EarlierOutput> newest() {
    std::optional<EarlierOutput> changed;
    for (const auto& run : history::list_runs(surroundings_.layout)) {
      if (run.damaged_line > 0 || !is_run_of(run, job_)) continue;
      if (!finished(run, plan_.steps[step_].path)) continue;
      auto found = look_at(run);
      if (!found) continue;
      if (found->changes.empty()) return found;
      if (!changed) changed = std::move(found);
    }
    return changed;
  }

 private:
  std::optional<EarlierOutput> look_at(const history::RunRecord& run) {
    const auto* record = run.find_step(plan_.steps[step_].path);
    EarlierOutput found{run.name, {}, {}};
    for (const auto& published : record->outputs)
      if (boost::system::error_code ignored;
          published.output == output_ && fs::exists(published.path, ignored))
        found.where = {published.path, published.uri};
    if (found.where.path.empty()) return std::nullopt;
    try {
      if (!prepared_)
        prepared_ = prepare(plan_, wanted_, surroundings_, only_fetched_before(surroundings_));
      Options options;
      options.resume = run.name;
      found.changes =
          changes(decide(plan_, wanted_, *prepared_, job_, options, surroundings_, true), wanted_);
    } catch (const base::Error& error) {
      found.changes = {error.message()};
    }
    return found;
  }

  const model::Job& job_;
  const Plan& plan_;
  const std::size_t step_;
  const std::string& output_;
  const Surroundings& surroundings_;
  const std::vector<bool> wanted_;
  std::optional<Prepared> prepared_;  // made when a run is there to be held against it
};

}  // namespace

bool is_run_of(const history::RunRecord& run, const model::Job& job) {
  const fs::path file = run.definition;
  if (job.script.empty()) return file == job.file;
  return file.filename() == job.file.filename() && workspace::script_of(file) == job.script;
}

std::optional<EarlierOutput> find_earlier_output(const model::Job& job, const Plan& plan,
                                                 std::size_t n, const std::string& output,
                                                 const Surroundings& surroundings) {
  return Search(job, plan, n, output, surroundings).newest();
}

}  // namespace engine
