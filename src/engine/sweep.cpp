#include "engine/sweep.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <map>
#include <random>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "engine/bayesian.hpp"
#include "engine/early_termination.hpp"
#include "engine/inbox.hpp"
#include "engine/sweep_trial.hpp"
#include "engine/telling.hpp"

namespace engine {
namespace {

using model::Status;

struct Ended {
  std::size_t number;
  step::Outcome outcome;
};

class Sweep {
 public:
  Sweep(const step::Request& request, RunStore& store, const base::Clock& clock, events::Sink& sink,
        const base::Cancel& cancel, int jobs)
      : request_(request),
        sweep_(*request.component->sweep),
        store_(store),
        clock_(clock),
        sink_(sink),
        cancel_(cancel),
        jobs_(std::min(jobs, sweep_.max_concurrent_trials.value_or(jobs))),
        sampler_(sweep_, std::random_device{}()),
        began_(clock.now()) {}

  step::Outcome run() {
    if (sweep_.sampling == model::Sweep::Sampling::bayesian) find_optimiser();
    run_trials();
    step::Outcome outcome = cancel_.requested() ? canceled() : conclude();
    outcome.seconds = seconds();
    for (const auto& trial : trials_) {
      if (!trial->outcome) continue;
      outcome.cpu_seconds += trial->outcome->cpu_seconds;
      outcome.peak_bytes = std::max(outcome.peak_bytes, trial->outcome->peak_bytes);
      outcome.bytes_in += trial->outcome->bytes_in;
      outcome.bytes_out += trial->outcome->bytes_out;
    }
    return outcome;
  }

 private:
  double seconds() const { return std::chrono::duration<double>(clock_.now() - began_).count(); }
  void notice(std::string text) {
    sink_.on({clock_.now(), events::Notice{request_.path, std::move(text)}});
  }

  void find_optimiser() {
    try {
      optimiser_.emplace(sweep_, request_.runtime, request_.environment, std::random_device{}());
      notice(fmt::format("bayesian sampling with {}", optimiser_->name()));
    } catch (const base::Error& error) {
      notice(fmt::format("{}: the trials are sampled at random, not bayesian ({})", error.message(),
                         error.hint()));
    }
  }

  // With the optimiser where there is one. When it goes, chance takes over.
  template <class Act>
  void with_optimiser(Act act) {
    if (!optimiser_) return;
    try {
      act(*optimiser_);
    } catch (const base::Error& error) {
      optimiser_.reset();
      notice(error.message() + ": the other trials are sampled at random");
    }
  }

  std::optional<TrialValues> next_values(std::size_t number) {
    std::optional<TrialValues> values;
    with_optimiser([&](Optimiser& optimiser) { values = optimiser.ask(number); });
    return values ? values : sampler_.next();
  }

  void run_trials() {
    for (;;) {
      while (running_ < jobs_ && start_next()) {
      }
      if (running_ == 0) return;
      pollfd polls[] = {{inbox_.poll_fd(), POLLIN, 0}, {cancel_.poll_fd(), POLLIN, 0}};
      // A canceled sweep waits for its trials alone: its own descriptor stays readable.
      ::poll(polls, cancel_.requested() ? 1 : 2, 200);
      if (cancel_.requested() || seconds() > sweep_.timeout_seconds) stop_all();
      for (auto& ended : inbox_.take()) end(ended);
      judge();
    }
  }

  bool start_next() {
    if (cancel_.requested() || stopping_ || exhausted_ ||
        trials_.size() >= static_cast<std::size_t>(sweep_.max_total_trials))
      return false;
    const std::size_t number = trials_.size();
    auto values = next_values(number);
    if (!values) {
      exhausted_ = true;
      return false;
    }
    trials_.push_back(make_trial(number, std::move(*values)));
    Trial& trial = *trials_.back();
    ++running_;
    trial.thread = std::jthread([this, &trial, number] {
      Ended ended{number, {}};
      try {
        ended.outcome = step::run(trial.request, clock_, *trial.sink, *trial.cancel);
      } catch (const base::Error& error) {
        ended.outcome = outcome_of(error);
      } catch (const std::exception& problem) {
        ended.outcome = outcome_of({base::Code::internal, problem.what()});
      }
      inbox_.post(std::move(ended));
    });
    return true;
  }

  std::unique_ptr<Trial> make_trial(std::size_t number, TrialValues values) {
    auto trial = std::make_unique<Trial>();
    trial->id = fmt::format("{}_{}", request_.identity.step_id, number);
    trial->values = std::move(values);
    trial->sink = std::make_unique<TrialSink>(sink_, request_.path, number);
    auto component = std::make_shared<model::Component>(*request_.component);
    std::vector<model::ExpressionProblem> ignored;
    for (const auto& [name, value] : trial->values)
      component->environment_variables.emplace_back("AZUREML_SWEEP_" + name,
                                                    model::parse_template(value.text, {}, ignored));
    trial->component = component;
    trial->request = request_;
    trial->request.component = component.get();
    trial->request.identity.step_id = trial->id;
    trial->request.folder = request_.folder / "trials" / std::to_string(number);
    for (const auto& entry : trial->values) {
      auto& inputs = trial->request.inputs;
      std::erase_if(inputs, [&](const auto& input) { return input.name == entry.first; });
      step::BoundInput input;
      input.name = entry.first;
      input.type = type_of(entry.second);
      input.literal = entry.second.text;
      inputs.push_back(std::move(input));
    }
    auto& outputs = trial->request.outputs;
    std::erase_if(outputs,
                  [&](const auto& output) { return output.name == sweep_.metrics_output; });
    for (auto& output : outputs) output.destination = place_of(output, number);
    tell_store(*trial, number);
    return trial;
  }

  // Beside where the step's own output will be.
  static fs::path place_of(const step::BoundOutput& output, std::size_t number) {
    std::string place = output.destination.native();
    while (place.ends_with('/')) place.pop_back();
    return place + fmt::format("_trial_{}", number);
  }

  void tell_store(const Trial& trial, std::size_t number) {
    model::TrackedRun run;
    run.id = trial.id;
    run.name = fmt::format("trial {}", number);
    run.parent = request_.identity.step_id;
    run.kind = model::TrackedRun::Kind::trial;
    run.started = clock_.now();
    for (const auto& [name, value] : trial.values) run.params[name] = value.text;
    store_.create(std::move(run));
  }

  void stop_all() {
    stopping_ = true;
    for (const auto& trial : trials_)
      if (!trial->outcome) trial->cancel->request();
  }

  void read_reports(Trial& trial) {
    trial.reports.values.clear();
    store_.each_metric(trial.id, sweep_.primary_metric, [&](const model::MetricPoint& point) {
      if (point.number) trial.reports.values.push_back(*point.number);
    });
  }

  void judge() {
    if (sweep_.early_termination.kind == model::EarlyTermination::Kind::none) return;
    std::vector<TrialReports> all;
    for (const auto& trial : trials_) {
      if (!trial->outcome) read_reports(*trial);
      trial->reports.live = !trial->outcome;
      all.push_back(trial->reports);
    }
    for (std::size_t n = 0; n < trials_.size(); ++n) {
      Trial& trial = *trials_[n];
      if (trial.outcome || !trial.stopped.empty()) continue;
      // Several reports may have come since the last look; each is an interval of its own.
      TrialReports& own = all[n];
      const auto values = own.values;
      for (; trial.judged < values.size() && trial.stopped.empty(); ++trial.judged) {
        own.values.assign(values.begin(),
                          values.begin() + static_cast<std::ptrdiff_t>(trial.judged) + 1);
        trial.stopped = why_stop(sweep_, all, n);
      }
      own.values = values;
      if (!trial.stopped.empty()) trial.cancel->request();
    }
  }

  void end(Ended& ended) {
    --running_;
    Trial& trial = *trials_[ended.number];
    trial.thread.join();
    trial.outcome = std::move(ended.outcome);
    read_reports(trial);
    model::RunChange change;
    change.status = trial.outcome->status;
    change.ended = clock_.now();
    if (trial.outcome->failure) change.error = trial.outcome->failure->summary;
    store_.change(trial.id, change);
    notice(describe(trial, ended.number));
    with_optimiser([&](Optimiser& optimiser) { optimiser.tell(ended.number, best_of(trial)); });
  }

  std::optional<double> best_of(const Trial& trial) const {
    const auto& values = trial.reports.values;
    if (values.empty()) return std::nullopt;
    return sweep_.maximize ? *std::max_element(values.begin(), values.end())
                           : *std::min_element(values.begin(), values.end());
  }

  std::string describe(const Trial& trial, std::size_t number) const {
    std::string text = fmt::format("trial {}", number);
    for (const auto& [name, value] : trial.values) text += fmt::format("  {}={}", name, value.text);
    const auto best = best_of(trial);
    text += best ? fmt::format("  {} {:.6g}", sweep_.primary_metric, *best)
                 : fmt::format("  no {}", sweep_.primary_metric);
    text +=
        fmt::format("  {}", trial.stopped.empty() ? std::string(to_string(trial.outcome->status))
                                                  : "stopped (" + trial.stopped + ")");
    if (trial.outcome->failure && trial.stopped.empty())
      text += ": " + trial.outcome->failure->summary;
    return text;
  }

  // The best of those that completed; nobody's outputs are complete otherwise.
  std::optional<std::size_t> best() const {
    std::optional<std::size_t> found;
    for (std::size_t n = 0; n < trials_.size(); ++n) {
      const Trial& trial = *trials_[n];
      const auto value = best_of(trial);
      if (!value || trial.outcome->status != Status::completed) continue;
      if (!found || (sweep_.maximize ? *value > *best_of(*trials_[*found])
                                     : *value < *best_of(*trials_[*found])))
        found = n;
    }
    return found;
  }

  step::Outcome canceled() const {
    step::Outcome outcome;
    outcome.status = Status::canceled;
    return outcome;
  }

  step::Outcome failed() const {
    step::Outcome outcome;
    const auto any = [&](auto&& test) {
      return std::find_if(trials_.begin(), trials_.end(), [&](const auto& t) { return test(*t); });
    };
    const auto completed =
        any([](const Trial& trial) { return trial.outcome->status == Status::completed; });
    if (completed != trials_.end()) {
      outcome.failure = events::Failure{
          "sweep",
          fmt::format("no trial logged the primary metric '{}'", sweep_.primary_metric),
          "",
          "",
          fmt::format("log it with mlflow.log_metric('{0}', …) or run.log('{0}', …)",
                      sweep_.primary_metric),
          {},
          ""};
      return outcome;
    }
    // All failed, and mostly for the same reason: the first one's failure tells it.
    const auto first = any([](const Trial& trial) { return trial.outcome->failure.has_value(); });
    if (first != trials_.end()) {
      outcome = *(*first)->outcome;
      outcome.outputs.clear();  // the trial's own
      outcome.failure->summary = fmt::format("no trial of {} completed; the first failed: {}",
                                             trials_.size(), outcome.failure->summary);
    }
    outcome.status = Status::failed;
    return outcome;
  }

  step::Outcome conclude() {
    const auto winner = best();
    if (!winner) return failed();
    const Trial& trial = *trials_[*winner];
    notice(fmt::format("best: {}", describe(trial, *winner)));
    model::RunChange change;
    change.tags["best_child_run_id"] = trial.id;
    store_.change(request_.identity.step_id, change);
    step::Outcome outcome;
    outcome.status = Status::completed;
    try {
      for (const auto& output : request_.outputs)
        if (output.name == sweep_.metrics_output)
          write_metrics(output);
        else
          take_over(trial, output);
    } catch (const base::Error& error) {
      return outcome_of(error);
    }
    return outcome;
  }

  // What all trials logged, in one file. Source: HyperDriveStep's metrics_output.
  void write_metrics(const step::BoundOutput& output) {
    std::vector<std::string> ids;
    for (const auto& trial : trials_) ids.push_back(trial->id);
    std::string place = output.destination.native();
    while (place.ends_with('/')) place.pop_back();
    fs::create_directories(fs::path(place).parent_path());
    base::write_file_atomically(place, metrics_of_trials(store_, ids));
    sink_.on({clock_.now(), events::OutputPublished{
                                request_.path, output.name, std::string(to_string(output.type)),
                                std::string(to_string(output.mode)), output.uri, place}});
  }

  // The best trial's output becomes the step's.
  void take_over(const Trial& trial, const step::BoundOutput& output) {
    const auto published =
        std::find_if(trial.sink->published.begin(), trial.sink->published.end(),
                     [&](const auto& each) { return each.output == output.name; });
    if (published == trial.sink->published.end()) return;
    std::string place = output.destination.native();
    while (place.ends_with('/')) place.pop_back();
    boost::system::error_code failed;
    if (output.mode != model::AccessMode::direct) {
      base::remove_tree(place);
      fs::create_directories(fs::path(place).parent_path());
      fs::rename(published->path, place, failed);
      if (failed) throw base::os_error("move", published->path, failed.value());
    }
    events::OutputPublished told = *published;
    told.step = request_.path;
    told.uri = output.uri;
    told.path = place;
    sink_.on({clock_.now(), std::move(told)});
  }

  const step::Request& request_;
  const model::Sweep& sweep_;
  RunStore& store_;
  const base::Clock& clock_;
  events::Sink& sink_;
  const base::Cancel& cancel_;
  const int jobs_;
  Sampler sampler_;
  std::optional<Optimiser> optimiser_;
  base::Time began_;
  Inbox<Ended> inbox_;
  int running_ = 0;
  bool stopping_ = false;
  bool exhausted_ = false;
  std::vector<std::unique_ptr<Trial>> trials_;  // last: their threads use everything above
};

}  // namespace

step::Outcome run_sweep(const step::Request& request, RunStore& store, const base::Clock& clock,
                        events::Sink& sink, const base::Cancel& cancel, int jobs) {
  return Sweep(request, store, clock, sink, cancel, jobs).run();
}

}  // namespace engine
