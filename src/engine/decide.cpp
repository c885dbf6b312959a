#include "engine/decide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <iterator>

#include "base/error.hpp"
#include "base/files.hpp"

namespace engine {
namespace {

using Action = Decision::Action;
using Cause = Decision::Cause;

bool finished(const history::StepRecord& step) {
  return step.status == model::Status::completed || step.status == model::Status::reused;
}

// The record's outputs, if all the step declares are still there.
std::optional<Outputs> outputs_of(const PlannedStep& planned, const history::StepRecord& record) {
  Outputs outputs;
  for (const auto& published : record.outputs) {
    boost::system::error_code ignored;
    if (fs::exists(published.path, ignored))
      outputs[published.output] = {published.path, published.uri};
  }
  for (const auto& output : planned.outputs)
    if (!outputs.contains(output.name)) return std::nullopt;
  return outputs;
}

// Earlier runs of one definition, newest first.
class Earlier {
 public:
  Earlier(const model::Job& job, const Surroundings& surroundings) {
    for (auto& run : history::list_runs(surroundings.layout)) {
      if (run.damaged_line > 0)
        notices.push_back(fmt::format(
            "run {} is passed over: its journal is damaged at line {} (`amlocal runs delete {}` "
            "removes it)",
            run.name, run.damaged_line, run.name));
      else if (run.definition == job.file.native())
        runs_.push_back(std::move(run));
    }
  }
  explicit Earlier(history::RunRecord run) { runs_.push_back(std::move(run)); }

  struct Found {
    const history::RunRecord* run;
    const history::StepRecord* step;
    Outputs outputs;
  };
  // The newest that finished the step and whose outputs are there.
  std::optional<Found> newest(const PlannedStep& planned) const {
    for (const auto& run : runs_) {
      const auto* step = run.find_step(planned.path);
      if (!step || !finished(*step)) continue;
      if (auto outputs = outputs_of(planned, *step)) return Found{&run, step, std::move(*outputs)};
    }
    return std::nullopt;
  }
  bool none() const { return runs_.empty(); }
  const history::RunRecord& only() const { return runs_.front(); }

  std::vector<std::string> notices;

 private:
  std::vector<history::RunRecord> runs_;
};

// Whose outputs they were in the first place: the run that kept them may be gone one day.
std::string origin(const history::RunRecord& run, const history::StepRecord& step) {
  return step.from_run.empty() ? run.name : step.from_run;
}

class Decider {
 public:
  Decider(const Plan& plan, const Prepared& prepared, const model::Job& job, const Options& options,
          const Surroundings& surroundings, bool explain)
      : plan_(plan),
        prepared_(prepared),
        job_(job),
        options_(options),
        surroundings_(surroundings),
        explain_(explain) {
    if (!options.resume.empty())
      earlier_.emplace(history::read_run(surroundings.layout, options.resume));
    result_.outputs.resize(plan.steps.size());
    result_.kept.resize(plan.steps.size());
  }

  Decided decide(const std::vector<bool>& wanted) {
    const std::vector<bool> needed = needed_from_outside(wanted);
    for (std::size_t n = 0; n < plan_.steps.size(); ++n)
      result_.decisions.push_back(!wanted[n]                 ? leave(n, needed[n])
                                  : !options_.resume.empty() ? resume(n)
                                                             : run(n));
    if (!options_.resume.empty()) result_.resumed = earlier_->only().name;
    if (earlier_) result_.notices = std::move(earlier_->notices);
    std::move(overwritten_.begin(), overwritten_.end(), std::back_inserter(result_.notices));
    return std::move(result_);
  }

 private:
  // Steps that are left out although one that runs reads their outputs.
  std::vector<bool> needed_from_outside(const std::vector<bool>& wanted) const {
    std::vector<bool> needed(wanted.size(), false);
    for (std::size_t n = 0; n < wanted.size(); ++n)
      if (wanted[n])
        for (const auto& input : plan_.steps[n].inputs)
          if (const auto* from = std::get_if<Upstream>(&input.source))
            needed[from->step] = !wanted[from->step];
    return needed;
  }

  const Earlier& earlier() {
    if (!earlier_) earlier_.emplace(job_, surroundings_);
    return *earlier_;
  }

  Decision leave(std::size_t n, bool needed) {
    const PlannedStep& step = plan_.steps[n];
    Decision decision{step.path, Action::leave, {"not asked for"}, "", Cause::left};
    if (!needed) return decision;
    auto found = earlier().newest(step);
    if (!found)
      throw base::Error(
          base::Code::not_found,
          fmt::format("step '{}' was left out, and no earlier run finished it", step.path))
          .hint(fmt::format("run it first: amlocal run {} --until {}",
                            base::display_path(job_.file), step.path));
    decision.reasons = {fmt::format("not asked for; its outputs come from {}", found->run->name)};
    for (const auto& reason : overwritten(step, *found->run, *found->step))
      overwritten_.push_back(
          fmt::format("step '{}': {}; what lies there now is used", step.path, reason));
    take(n, decision, *found->run, *found->step, std::move(found->outputs));
    return decision;
  }

  void take(std::size_t n, Decision& decision, const history::RunRecord& run,
            const history::StepRecord& step, Outputs outputs) {
    decision.from_run = origin(run, step);
    result_.outputs[n] = std::move(outputs);
    result_.kept[n] = {step.fingerprint, step.snapshot};
  }

  Decision run(std::size_t n) {
    Decision decision{plan_.steps[n].path, Action::run, {}, "", Cause::not_asked};
    if (!explain_) return decision;
    const auto found = earlier().newest(plan_.steps[n]);
    if (found) {
      decision.reasons = {fmt::format(
          "nobody asked to keep what {0} finished; --resume {0} does where nothing has changed",
          found->run->name)};
    } else {
      decision.cause = earlier().none() ? Cause::first : Cause::unfinished;
      decision.reasons = {earlier().none() ? "no earlier run" : "no earlier run finished it"};
    }
    return decision;
  }

  Decision resume(std::size_t n) {
    const PlannedStep& step = plan_.steps[n];
    const history::RunRecord& before = earlier_->only();
    const auto* record = before.find_step(step.path);
    if (!record) return run_because(step, Cause::first, {"it is new since " + before.name});
    if (!finished(*record))
      return run_because(step, Cause::unfinished, {"it did not finish in " + before.name});
    if (auto reasons = running_inputs(step); !reasons.empty())
      return run_because(step, Cause::upstream, std::move(reasons));
    if (auto reasons = changes(n, *record); !reasons.empty())
      return run_because(step, Cause::changed, std::move(reasons));
    auto outputs = outputs_of(step, *record);
    if (!outputs)
      return run_because(step, Cause::gone,
                         {fmt::format("its outputs in {} are gone", before.name)});
    if (auto reasons = overwritten(step, before, *record); !reasons.empty())
      return run_because(step, Cause::gone, std::move(reasons));
    Decision decision{step.path,
                      Action::keep,
                      {fmt::format("finished in {}, nothing changed since", before.name)},
                      "",
                      Cause::kept};
    take(n, decision, before, *record, std::move(*outputs));
    return decision;
  }

  // An output with a path of its own may be a later run's by now: what lies there is not what the
  // record tells of. Default places are new for each step of each run.
  std::vector<std::string> overwritten(const PlannedStep& step, const history::RunRecord& before,
                                       const history::StepRecord& record) {
    std::vector<std::string> reasons;
    for (const auto& output : record.outputs) {
      const auto* planned = step.find_output(output.output);
      if (!planned || !planned->path) continue;
      if (!all_) all_ = history::list_runs(surroundings_.layout);
      if (const auto* writer = later_writer(output.path, origin(before, record)))
        reasons.push_back(fmt::format("its output '{}' in {} was overwritten by {}", output.output,
                                      before.name, writer->name));
    }
    return reasons;
  }

  // The newest run after `first` that wrote the place itself.
  const history::RunRecord* later_writer(const std::string& path, const std::string& first) const {
    for (const auto& run : *all_) {  // newest first
      if (run.name == first) return nullptr;
      for (const auto& step : run.steps)
        if (step.status != model::Status::reused &&
            std::any_of(step.outputs.begin(), step.outputs.end(),
                        [&](const auto& output) { return output.path == path; }))
          return &run;
    }
    return nullptr;
  }

  static Decision run_because(const PlannedStep& step, Cause cause,
                              std::vector<std::string> reasons) {
    return {step.path, Action::run, std::move(reasons), "", cause};
  }

  std::vector<std::string> running_inputs(const PlannedStep& step) const {
    std::vector<std::string> reasons;
    for (const auto& input : step.inputs)
      if (const auto* from = std::get_if<Upstream>(&input.source);
          from && result_.decisions[from->step].action == Action::run)
        reasons.push_back(fmt::format("input '{}' comes from '{}', which runs again", input.name,
                                      plan_.steps[from->step].path));
    return reasons;
  }

  std::vector<std::string> changes(std::size_t n, const history::StepRecord& record) const {
    const PreparedStep& prepared = prepared_.steps[n];
    const auto now = make_fingerprint(plan_.steps[n], prepared.snapshot.get(),
                                      prepared.interpreter.version, prepared.interpreter.python,
                                      input_identities(plan_.steps[n], prepared, result_.outputs));
    try {
      return differences(now, fingerprint_from_json(record.fingerprint));
    } catch (const base::Error& error) {
      if (error.code() != base::Code::corrupt) throw;
      return {"its fingerprint was recorded by another version of amlocal"};
    }
  }

  const Plan& plan_;
  const Prepared& prepared_;
  const model::Job& job_;
  const Options& options_;
  const Surroundings& surroundings_;
  bool explain_;
  std::vector<std::string> overwritten_;  // notices of left-out steps
  std::optional<Earlier> earlier_;        // with --resume: just that run
  std::optional<std::vector<history::RunRecord>> all_;
  Decided result_;
};

// A list without a name is mostly a variable that was not set, and would run nothing.
std::vector<std::string> steps_of(const char* option, const std::string& words) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= words.size()) {
    const std::size_t end = std::min(words.find(',', begin), words.size());
    if (end > begin) parts.push_back(words.substr(begin, end - begin));
    begin = end + 1;
  }
  if (parts.empty())
    throw base::Error(base::Code::usage, fmt::format("{} '{}' names no step", option, words))
        .hint("name one step or several: train,score");
  return parts;
}

}  // namespace

std::vector<bool> wanted_steps(const Plan& plan, const Options& options) {
  std::vector<bool> wanted(plan.steps.size(), options.only.empty());
  for (const auto& words : options.only)
    for (const auto& name : steps_of("--only", words))
      for (const std::size_t n : plan.named(name)) wanted[n] = true;
  if (options.until.empty()) return wanted;
  std::vector<std::size_t> last;
  for (const auto& name : steps_of("--until", options.until))
    for (const std::size_t n : plan.named(name)) last.push_back(n);
  const auto needed = plan.needed_by(last);
  for (std::size_t n = 0; n < wanted.size(); ++n) wanted[n] = wanted[n] && needed[n];
  return wanted;
}

Decided decide(const Plan& plan, const std::vector<bool>& wanted, const Prepared& prepared,
               const model::Job& job, const Options& options, const Surroundings& surroundings,
               bool explain) {
  return Decider(plan, prepared, job, options, surroundings, explain).decide(wanted);
}

std::vector<Decision> decide(const model::Job& job, const Options& options,
                             const Surroundings& surroundings) {
  const Plan plan = make_plan(job);
  const auto wanted = wanted_steps(plan, options);
  const Prepared prepared = prepare(plan, wanted, surroundings, only_fetched_before(surroundings));
  return decide(plan, wanted, prepared, job, options, surroundings, true).decisions;
}

std::string roll_up(const std::vector<Decision>& decisions) {
  static constexpr std::pair<Cause, const char*> words[] = {
      {Cause::first, "for the first time"}, {Cause::unfinished, "not finished before"},
      {Cause::changed, "changed"},          {Cause::upstream, "after one that runs"},
      {Cause::gone, "with lost outputs"},   {Cause::not_asked, "without --resume"},
  };
  const auto count = [&](Cause cause) {
    return std::count_if(decisions.begin(), decisions.end(),
                         [&](const Decision& decision) { return decision.cause == cause; });
  };
  std::string causes;
  std::ptrdiff_t running = 0;
  for (const auto& [cause, text] : words) {
    const auto number = count(cause);
    running += number;
    if (number > 0) causes += fmt::format("{}{} {}", causes.empty() ? ": " : ", ", number, text);
  }
  std::string line = fmt::format("{} of {} steps would run{}", running, decisions.size(), causes);
  if (const auto kept = count(Cause::kept)) line += fmt::format("; {} kept", kept);
  if (const auto left = count(Cause::left)) line += fmt::format("; {} left out", left);
  return line;
}

std::map<std::string, std::string> input_identities(const PlannedStep& step,
                                                    const PreparedStep& prepared,
                                                    const std::vector<Outputs>& outputs) {
  auto identities = prepared.identities;
  for (const auto& input : step.inputs)
    if (const auto* from = std::get_if<Upstream>(&input.source)) {
      const auto found = outputs[from->step].find(from->output);
      identities[input.name] = found == outputs[from->step].end() ? "absent" : found->second.uri;
    }
  return identities;
}

}  // namespace engine
