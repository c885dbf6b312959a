#include "engine/execute.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <fstream>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "compute/interpreter.hpp"
#include "engine/decide.hpp"
#include "engine/inbox.hpp"
#include "step/step.hpp"

namespace engine {
namespace {

using model::Status;

// What became of one step's thread.
struct Ended {
  std::size_t step = 0;
  step::Outcome outcome;
  std::optional<base::Error> error;  // amlocal itself could not go on
};

int cores() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

// In GiB; a step is assumed to want one.
int available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string word;
  while (file >> word)
    if (long kilobytes = 0; word == "MemAvailable:" && file >> kilobytes)
      return static_cast<int>(std::max(1L, kilobytes >> 20));
  return 1;
}

// SIGINT and SIGTERM as something a poll loop can wait for.
base::Fd open_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return base::Fd(base::sys("watch signals", "",
                            [&] { return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK); }));
}

base::Fd watch_folder(const fs::path& folder) {
  base::Fd fd(base::sys("watch", folder.native(),
                        [] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }));
  base::sys("watch", folder.native(),
            [&] { return ::inotify_add_watch(fd.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO); });
  return fd;
}

// A short text file's one line: shown as the output's value.
std::string value_of(const Located& located) {
  boost::system::error_code failed;
  if (!fs::is_regular_file(located.path, failed) || fs::file_size(located.path, failed) > 200)
    return "";
  std::string text = base::read_file(located.path);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) >= 32; });
  return plain ? text : "";
}

class Run {
 public:
  Run(const model::Job& job, const Options& options, const Surroundings& surroundings)
      : job_(job), options_(options), surroundings_(surroundings) {}
  // Steps still run here only when the run ends by an exception: they must not be waited for.
  ~Run() { cancel_.request(); }

  Status execute(const std::vector<events::Sink*>& listeners) {
    plan_ = make_plan(job_);
    wanted_ = wanted_steps(plan_, options_);
    const Remote remote = fetching(surroundings_, listeners, signals_);
    prepared_ = prepare(plan_, wanted_, surroundings_, remote);
    decided_ = decide(plan_, wanted_, prepared_, job_, options_, surroundings_);
    start_record(listeners);
    pass_over_kept_steps();
    run_steps();
    return finish();
  }

 private:
  enum class State { waiting, running, done, failed };

  void tell(events::Event event) { tee_->on({surroundings_.clock.now(), std::move(event)}); }

  void start_record(const std::vector<events::Sink*>& listeners) {
    name_ = !options_.name.empty() ? options_.name
            : !job_.name.empty()   ? job_.name
                                   : base::random_run_name();
    workspace::ensure(surroundings_.layout);
    recorder_ = std::make_unique<history::Recorder>(surroundings_.layout, name_);
    tee_ = std::make_unique<events::Tee>(*recorder_, listeners);
    cancel_watch_ = watch_folder(recorder_->folder());
    started_ = surroundings_.clock.now();
    events::RunStarted event{
        name_, job_.experiment_name, job_.display_name, job_.file.native(), options_.command, {}};
    for (const auto& step : plan_.steps) event.steps.push_back(step.path);
    tell(std::move(event));
    for (const auto& notice : prepared_.notices) tell(events::Notice{"", notice});
  }

  void pass_over_kept_steps() {
    states_.assign(plan_.steps.size(), State::waiting);
    for (std::size_t n = 0; n < plan_.steps.size(); ++n) {
      const Decision& decision = decided_.decisions[n];
      if (decision.action == Decision::Action::run) continue;
      states_[n] = State::done;
      if (decision.action == Decision::Action::leave) continue;
      publish_kept(n);
      tell(events::StepPassedOver{decision.step, std::string(to_string(Status::reused)),
                                  decision.reasons.front(), decision.from_run});
    }
  }

  // A kept step's record says where its outputs are, so that the next resume finds them here.
  void publish_kept(std::size_t n) {
    const PlannedStep& step = plan_.steps[n];
    tell(events::StepStarted{step.path, "", "", fingerprint(n)});
    for (const auto& output : step.outputs) {
      const Located& located = decided_.outputs[n].at(output.name);
      tell(events::OutputPublished{step.path, output.name, std::string(to_string(output.type)),
                                   std::string(to_string(output.mode)), located.uri,
                                   located.path.native()});
    }
  }

  std::string fingerprint(std::size_t n) const {
    const auto& prepared = prepared_.steps[n];
    return to_json(make_fingerprint(plan_.steps[n], prepared.snapshot.get(),
                                    interpreter_text(prepared.interpreter),
                                    input_identities(plan_.steps[n], prepared, decided_.outputs)));
  }

  void run_steps() {
    const int limit = options_.jobs > 0 ? options_.jobs : std::min(cores(), available_memory());
    for (;;) {
      skip_hopeless_steps();
      while (!cancel_.requested() && running_ < limit && start_next()) {
      }
      if (running_ == 0) return;
      std::array<pollfd, 3> polls{{{inbox_.poll_fd(), POLLIN, 0},
                                   {signals_.get(), POLLIN, 0},
                                   {cancel_watch_.get(), POLLIN, 0}}};
      if (base::sys("wait", "", [&] { return ::poll(polls.data(), polls.size(), 1000); }) == 0)
        tee_->tick(surroundings_.clock.now());
      if (polls[1].revents) on_signal();
      if (polls[2].revents) on_cancel_request();
      for (auto& ended : inbox_.take()) end_step(std::move(ended));
    }
  }

  // A step whose required input comes from a failed or skipped one is skipped; one whose optional
  // input does runs without it. Source: how-to-manage-inputs-outputs-pipeline.
  void skip_hopeless_steps() {
    for (std::size_t n = 0; n < plan_.steps.size(); ++n) {
      if (states_[n] != State::waiting) continue;
      std::string reason;
      if (stopped_) reason = "the run stopped at the first failure";
      for (const auto& input : plan_.steps[n].inputs)
        if (const auto* from = std::get_if<Upstream>(&input.source);
            from && !input.optional && states_[from->step] == State::failed)
          reason = fmt::format("step '{}' did not finish", plan_.steps[from->step].path);
      if (reason.empty()) continue;
      states_[n] = State::failed;
      tell(events::StepPassedOver{plan_.steps[n].path, std::string(to_string(Status::skipped)),
                                  reason, ""});
    }
  }

  bool is_ready(std::size_t n) const {
    if (states_[n] != State::waiting) return false;
    if (plan_.steps[n].component->resources.gpu && gpu_running_) return false;
    return std::all_of(plan_.steps[n].inputs.begin(), plan_.steps[n].inputs.end(),
                       [&](const auto& input) {
                         const auto* from = std::get_if<Upstream>(&input.source);
                         return !from || states_[from->step] == State::done ||
                                states_[from->step] == State::failed;
                       });
  }

  bool start_next() {
    for (std::size_t n = 0; n < plan_.steps.size(); ++n)
      if (is_ready(n)) return start(n), true;
    return false;
  }

  void start(std::size_t n) {
    step::Request request = make_request(n);
    tell(events::StepStarted{request.path, request.identity.step_id,
                             step::log_path(request).native(), fingerprint(n)});
    states_[n] = State::running;
    ++running_;
    gpu_running_ = gpu_running_ || request.component->resources.gpu;
    threads_[n] = std::jthread([this, n, request = std::move(request)] {
      Ended ended{n, {}, {}};
      try {
        ended.outcome = step::run(request, surroundings_.clock, *tee_, cancel_);
      } catch (const base::Error& error) {
        ended.error = error;
      } catch (const std::exception& problem) {
        ended.error = base::Error(base::Code::internal, problem.what());
      }
      inbox_.post(std::move(ended));
    });
  }

  step::Request make_request(std::size_t n) {
    const PlannedStep& planned = plan_.steps[n];
    const auto& [snapshot, interpreter, at_hand, identities] = prepared_.steps[n];
    step::Request request;
    request.path = planned.path;
    request.component = planned.component.get();
    request.identity = {name_, base::random_uuid(), job_.experiment_name, job_.experiment_name};
    request.runtime = {interpreter.python, interpreter.bin, interpreter.activation};
    request.folder = recorder_->folder() / "steps" / planned.path;
    request.locks = surroundings_.layout.locks();
    if (snapshot) request.snapshot = snapshot->folder;
    auto pass = options_.pass_env;
    for (const auto& more : surroundings_.settings.pass_env) pass.push_back(more);
    request.environment = compute::clean_environment(surroundings_.shell, pass);
    for (const auto& input : planned.inputs) {
      step::BoundInput bound{input.name, input.type, input.mode, "", "", "", ""};
      const Located* located = nullptr;
      if (const auto* literal = std::get_if<model::Literal>(&input.source)) {
        bound.literal = literal->text;
      } else if (const auto* from = std::get_if<Upstream>(&input.source)) {
        const auto found = decided_.outputs[from->step].find(from->output);
        if (found == decided_.outputs[from->step].end()) continue;  // optional, and its step failed
        located = &found->second;
        bound.origin =
            "output '" + from->output + "' of step '" + plan_.steps[from->step].path + "'";
      } else {
        located = &at_hand.at(input.name);
      }
      if (located) bound.source = located->path, bound.uri = located->uri;
      request.inputs.push_back(std::move(bound));
    }
    for (const auto& output : planned.outputs) {
      const Located located =
          locate_output(output, request.identity.step_id, job_.settings.default_datastore,
                        surroundings_.catalogue);
      request.outputs.push_back({output.name, output.type, output.mode, located.path, located.uri});
      pending_[n][output.name] = located;
    }
    return request;
  }

  void end_step(Ended ended) {
    const std::size_t n = ended.step;
    threads_.erase(n);  // it has nothing left to do: joins at once
    --running_;
    if (plan_.steps[n].component->resources.gpu) gpu_running_ = false;
    if (ended.error) {
      events::Failure failure;
      failure.kind = "launch";
      failure.summary = ended.error->message();
      failure.hint = ended.error->hint();
      ended.outcome.status = Status::failed;
      ended.outcome.failure = std::move(failure);
    }
    const bool completed = ended.outcome.status == Status::completed;
    states_[n] = completed ? State::done : State::failed;
    if (completed) {
      decided_.outputs[n] = std::move(pending_[n]);
      register_assets(n);
    } else if (!cancel_.requested()) {
      failed_ = true;
      if (!job_.settings.continue_on_step_failure) stop_at_first_failure();
    }
    const step::Outcome& outcome = ended.outcome;
    tell(events::StepEnded{plan_.steps[n].path, std::string(to_string(outcome.status)),
                           outcome.exit_code, outcome.seconds, outcome.cpu_seconds,
                           outcome.peak_bytes, outcome.bytes_in, outcome.bytes_out,
                           outcome.failure});
  }

  // Source: reference-yaml-job-pipeline, settings.continue_on_step_failure: running steps are
  // cancelled.
  void stop_at_first_failure() {
    stopped_ = true;
    cancel_.request();
  }

  void register_assets(std::size_t n) {
    for (const auto& output : plan_.steps[n].outputs) {
      if (output.asset_name.empty()) continue;
      const Located& located = decided_.outputs[n].at(output.name);
      tell(events::AssetRegistered{output.asset_name, next_version(output),
                                   std::string(to_string(output.type)), located.path.native(),
                                   plan_.steps[n].path, output.name});
    }
  }

  std::string next_version(const PlannedOutput& output) const {
    if (!output.asset_version.empty()) return output.asset_version;
    long highest = 0;
    auto assets = history::registered_assets(surroundings_.layout);
    assets.insert(assets.end(), surroundings_.settings.data.begin(),
                  surroundings_.settings.data.end());
    for (const auto& asset : assets)
      if (asset.name == output.asset_name)
        highest = std::max(highest, std::strtol(asset.version.c_str(), nullptr, 10));
    return std::to_string(highest + 1);
  }

  void on_signal() {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      // The second one ends this process at once; every supervisor sees its socket close and kills.
      if (canceled_) ::_exit(130);
      canceled_ = true;
      cancel_.request();
    }
  }

  void on_cancel_request() {
    char buffer[4096];
    while (::read(cancel_watch_.get(), buffer, sizeof buffer) > 0) {
    }
    if (!fs::exists(history::cancel_request_path(surroundings_.layout, name_))) return;
    canceled_ = true;
    cancel_.request();
  }

  Status finish() {
    for (std::size_t n = 0; n < plan_.steps.size(); ++n)
      if (states_[n] == State::waiting)
        tell(events::StepPassedOver{plan_.steps[n].path, std::string(to_string(Status::canceled)),
                                    "the run was canceled", ""});
    const Status status = canceled_ ? Status::canceled
                          : failed_ ? Status::failed
                                    : Status::completed;
    events::RunEnded event;
    event.status = to_string(status);
    event.seconds = std::chrono::duration<double>(surroundings_.clock.now() - started_).count();
    for (const auto& output : plan_.outputs) {
      const auto& made = decided_.outputs[output.from.step];
      const auto found = made.find(output.from.output);
      if (found == made.end()) continue;
      const auto* planned = plan_.steps[output.from.step].find_output(output.from.output);
      event.outputs.push_back({output.name, std::string(to_string(planned->type)),
                               found->second.uri, found->second.path.native(),
                               value_of(found->second)});
    }
    tell(std::move(event));
    return status;
  }

  const model::Job& job_;
  const Options& options_;
  const Surroundings& surroundings_;
  base::Fd signals_ = open_signals();  // from the start: preparing may take long
  Plan plan_;
  std::vector<bool> wanted_;
  Prepared prepared_;
  Decided decided_;
  std::string name_;
  base::Time started_;
  std::unique_ptr<history::Recorder> recorder_;
  std::unique_ptr<events::Tee> tee_;
  base::Fd cancel_watch_;
  std::vector<State> states_;
  std::map<std::size_t, Outputs> pending_;
  base::Cancel cancel_;
  Inbox<Ended> inbox_;
  int running_ = 0;
  bool gpu_running_ = false;
  bool failed_ = false, stopped_ = false, canceled_ = false;
  // Last, so that they end first: they use everything above.
  std::map<std::size_t, std::jthread> threads_;
};

}  // namespace

Status execute(const model::Job& job, const Options& options, const Surroundings& surroundings,
               const std::vector<events::Sink*>& listeners) {
  return Run(job, options, surroundings).execute(listeners);
}

}  // namespace engine
