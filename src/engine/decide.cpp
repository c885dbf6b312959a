#include "engine/decide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"

namespace engine {
namespace {

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

// The newest run of the same definition that finished the step.
std::optional<std::pair<std::string, Outputs>> newest_outputs(const PlannedStep& planned,
                                                              const model::Job& job,
                                                              const Options& options,
                                                              const Surroundings& surroundings) {
  std::vector<history::RunRecord> runs;
  if (!options.resume.empty())
    runs.push_back(history::read_run(surroundings.layout, options.resume));
  else
    runs = history::list_runs(surroundings.layout);
  for (const auto& listed : runs) {
    if (listed.definition != job.file.native()) continue;
    const auto run = history::read_run(surroundings.layout, listed.name);
    const auto* record = run.find_step(planned.path);
    if (!record || !finished(*record)) continue;
    if (auto outputs = outputs_of(planned, *record))
      return std::pair(run.name, std::move(*outputs));
  }
  return std::nullopt;
}

class Decider {
 public:
  Decider(const Plan& plan, const Prepared& prepared, const model::Job& job, const Options& options,
          const Surroundings& surroundings)
      : plan_(plan),
        prepared_(prepared),
        job_(job),
        options_(options),
        surroundings_(surroundings) {
    if (!options.resume.empty()) before_ = history::read_run(surroundings.layout, options.resume);
    result_.outputs.resize(plan.steps.size());
  }

  Decided decide(const std::vector<bool>& wanted) {
    for (std::size_t n = 0; n < plan_.steps.size(); ++n)
      result_.decisions.push_back(wanted[n] ? decide_wanted(n) : leave(n, wanted));
    return std::move(result_);
  }

 private:
  Decision leave(std::size_t n, const std::vector<bool>& wanted) {
    Decision decision{plan_.steps[n].path, Decision::Action::leave, {"not asked for"}, ""};
    if (!is_needed(n, wanted)) return decision;
    const PlannedStep& step = plan_.steps[n];
    auto found = newest_outputs(step, job_, options_, surroundings_);
    if (!found)
      throw base::Error(
          base::Code::not_found,
          fmt::format("step '{}' was left out, and no earlier run finished it", step.path))
          .hint(fmt::format("run it first: amlocal run {} --until {}",
                            base::display_path(job_.file), step.path));
    decision.from_run = found->first;
    result_.outputs[n] = std::move(found->second);
    return decision;
  }

  bool is_needed(std::size_t n, const std::vector<bool>& wanted) const {
    for (std::size_t other = n + 1; other < plan_.steps.size(); ++other) {
      if (!wanted[other]) continue;
      for (const auto& input : plan_.steps[other].inputs)
        if (const auto* from = std::get_if<Upstream>(&input.source); from && from->step == n)
          return true;
    }
    return false;
  }

  Decision decide_wanted(std::size_t n) {
    const PlannedStep& step = plan_.steps[n];
    Decision decision{step.path, Decision::Action::run, {}, ""};
    if (!before_) return decision;
    const auto* record = before_->find_step(step.path);
    if (!record || !finished(*record)) {
      decision.reasons.push_back(fmt::format("it did not finish in {}", before_->name));
      return decision;
    }
    for (const auto& input : step.inputs)
      if (const auto* from = std::get_if<Upstream>(&input.source);
          from && result_.decisions[from->step].action == Decision::Action::run)
        decision.reasons.push_back(fmt::format("input '{}' comes from '{}', which runs again",
                                               input.name, plan_.steps[from->step].path));
    if (decision.reasons.empty()) {
      const auto& prepared = prepared_.steps[n];
      const auto now =
          make_fingerprint(step, prepared.snapshot.get(), interpreter_text(prepared.interpreter),
                           input_identities(step, prepared, result_.outputs));
      decision.reasons = differences(now, fingerprint_from_json(record->fingerprint));
    }
    if (!decision.reasons.empty()) return decision;
    auto outputs = outputs_of(step, *record);
    if (!outputs) {
      decision.reasons.push_back(fmt::format("its outputs in {} are gone", before_->name));
      return decision;
    }
    result_.outputs[n] = std::move(*outputs);
    decision.action = Decision::Action::keep;
    decision.reasons = {fmt::format("finished in {}, nothing changed since", before_->name)};
    decision.from_run = before_->name;
    return decision;
  }

  const Plan& plan_;
  const Prepared& prepared_;
  const model::Job& job_;
  const Options& options_;
  const Surroundings& surroundings_;
  std::optional<history::RunRecord> before_;
  Decided result_;
};

}  // namespace

std::vector<bool> wanted_steps(const Plan& plan, const Options& options) {
  std::vector<bool> wanted(plan.steps.size(), options.only.empty());
  for (const auto& name : options.only) wanted[plan.index_of(name)] = true;
  if (!options.until.empty()) {
    const auto needed = plan.needed_by(plan.index_of(options.until));
    for (std::size_t n = 0; n < wanted.size(); ++n) wanted[n] = wanted[n] && needed[n];
  }
  return wanted;
}

Decided decide(const Plan& plan, const std::vector<bool>& wanted, const Prepared& prepared,
               const model::Job& job, const Options& options, const Surroundings& surroundings) {
  return Decider(plan, prepared, job, options, surroundings).decide(wanted);
}

std::vector<Decision> decide(const model::Job& job, const Options& options,
                             const Surroundings& surroundings) {
  const Plan plan = make_plan(job);
  const auto wanted = wanted_steps(plan, options);
  const Prepared prepared = prepare(plan, wanted, surroundings, only_fetched_before(surroundings));
  return decide(plan, wanted, prepared, job, options, surroundings).decisions;
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

std::string interpreter_text(const compute::Interpreter& interpreter) {
  return fmt::format("Python {} at {}", interpreter.version, interpreter.python.native());
}

}  // namespace engine
