#include "engine/execute.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/filesystem/operations.hpp>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "engine/blob_door.hpp"
#include "engine/decide.hpp"
#include "engine/inbox.hpp"
#include "engine/machine.hpp"
#include "engine/recover.hpp"
#include "engine/remote.hpp"
#include "engine/request.hpp"
#include "engine/review.hpp"
#include "engine/run_store.hpp"
#include "engine/schedule.hpp"
#include "engine/stop.hpp"
#include "engine/sweep.hpp"
#include "engine/telling.hpp"
#include "gateway/gateway.hpp"
#include "history/gc.hpp"

namespace engine {
namespace {

using model::Status;

// What became of one step's thread.
struct Ended {
  std::size_t step = 0;
  step::Outcome outcome;
  Review review;
};

class Run {
 public:
  Run(const model::Job& job, Plan plan, const Options& options, const Surroundings& surroundings)
      : job_(job), options_(options), surroundings_(surroundings), plan_(std::move(plan)) {
    if (!options.stop) signals_.emplace();
  }
  // Steps still run here only when the run ends by an exception: they must not be waited for.
  ~Run() { cancel_.request(); }

  Status execute(const std::vector<events::Sink*>& listeners) {
    clean_up_after_crashes();
    decide_steps(listeners);
    settle_mounting();
    start_record(listeners);
    open_gateway();
    pass_over_kept_steps();
    run_steps();
    give_up_what_waits();
    tell_faults_that_never_fired();
    keep_disk_in_bounds();
    return finish();
  }

 private:
  void tell(events::Event event) { tee_->on({surroundings_.clock.now(), std::move(event)}); }
  void pass_over(std::size_t n, Status status, const std::string& reason) {
    tell(events::StepPassedOver{plan_.steps[n].path, std::string(to_string(status)), reason, ""});
  }

  void clean_up_after_crashes() {
    workspace::ensure(surroundings_.layout);
    recover(surroundings_.layout, surroundings_.clock);
  }

  void decide_steps(const std::vector<events::Sink*>& listeners) {
    const auto wanted = wanted_steps(plan_, options_);
    prepared_ =
        prepare(plan_, wanted, surroundings_, fetching(surroundings_, listeners, stop_fd()));
    decided_ = decide(plan_, wanted, prepared_, job_, options_, surroundings_, false);
  }

  // Where no step that runs has a mount, nothing is tried.
  void settle_mounting() {
    context_.mounting = options_.mounting;
    bool any = false;
    for (std::size_t n = 0; n < plan_.steps.size(); ++n)
      any = any ||
            (decided_.decisions[n].action == Decision::Action::run && has_mounts(plan_.steps[n]));
    // Asked for, they show the cost of transfers too.
    if (!any && context_.mounting.access == step::Mounting::Access::automatic) return;
    const auto reason = step::settle(context_.mounting, surroundings_.layout.hidden());
    if (!reason) return;
    prepared_.notices.push_back(
        fmt::format("no mounts on this machine ({}): inputs are read-only views, outputs links{}",
                    reason->message(), reason->hint().empty() ? "" : "; " + reason->hint()));
  }

  void start_record(const std::vector<events::Sink*>& listeners) {
    context_.run = !options_.name.empty() ? options_.name
                   : !job_.name.empty()   ? job_.name
                                          : base::random_run_name();
    make_recorder();
    mark_.emplace(surroundings_.layout, context_.run);
    tee_ = std::make_unique<events::Tee>(*recorder_, listeners);
    started_ = surroundings_.clock.now();
    context_.folder = recorder_->folder();
    context_.locks = surroundings_.layout.locks();
    context_.mounting.audit_hook = surroundings_.layout.cache() / "audit-hook";
    if (options_.watch_logs) context_.log_watch = surroundings_.layout.cache() / "log-watch";
    context_.on_failure = options_.on_failure;
    context_.outputs_to = options_.outputs_to;
    context_.experiment = job_.experiment_name;
    context_.default_datastore = job_.settings.default_datastore;
    auto pass = options_.pass_env;
    pass.insert(pass.end(), surroundings_.settings.pass_env.begin(),
                surroundings_.settings.pass_env.end());
    context_.environment = compute::clean_environment(surroundings_.shell, pass);
    events::RunStarted event{context_.run,       job_.experiment_name, job_.display_name,
                             job_.file.native(), options_.command,     {}};
    for (const auto& step : plan_.steps) event.steps.push_back(step.path);
    tell(std::move(event));
    for (const auto& notice : prepared_.notices) tell(events::Notice{"", notice});
    for (const auto& notice : decided_.notices) tell(events::Notice{"", notice});
    if (!options_.resume.empty())
      for (auto& notice : why_again(decided_)) tell(std::move(notice));
  }

  void open_gateway() {
    store_.emplace(surroundings_.layout, surroundings_.shell, surroundings_.clock, context_.run);
    gateway_.emplace(*store_, surroundings_.clock, options_.tls);
    if (!job_.tags.empty() || !job_.properties.empty()) {
      model::RunChange said;
      said.tags.insert(job_.tags.begin(), job_.tags.end());
      said.properties = job_.properties;
      store_->change(context_.run, said);
    }
    context_.gateway = {gateway_->endpoint(),
                        gateway_->token(),
                        gateway_->expires(),
                        gateway_->instrumentation_key(),
                        "",
                        ""};
    if (options_.tls)
      if (const auto advice =
              open_blob_door(*gateway_, context_.folder, surroundings_.shell, context_.gateway))
        tell(events::Notice{"", *advice});
    if (!options_.real_sdk) context_.sdk.shim = step::write_shim(surroundings_.layout.cache());
  }

  void make_recorder() {
    try {
      recorder_ = std::make_unique<history::Recorder>(surroundings_.layout, context_.run);
    } catch (base::Error& error) {
      if (error.code() == base::Code::exists && options_.name.empty() && !job_.name.empty())
        error.hint(fmt::format(
            "'name: {}' of {} names every run of it: give this one another with --name, or take "
            "that line out",
            job_.name, base::display_path(job_.file)));
      throw;
    }
  }

  void pass_over_kept_steps() {
    jobs_ = options_.jobs > 0 ? options_.jobs : default_jobs();
    schedule_.emplace(plan_, Schedule::Rules{jobs_, job_.settings.continue_on_step_failure});
    for (std::size_t n = 0; n < plan_.steps.size(); ++n) {
      const Decision& decision = decided_.decisions[n];
      if (decision.action == Decision::Action::run) continue;
      if (!decision.from_run.empty())
        for (auto& event :
             events_of_kept(plan_.steps[n], decision, decided_.outputs[n], decided_.kept[n]))
          tell(std::move(event));
      Review review;
      if (decision.action == Decision::Action::keep && options_.review)
        review = review_of(plan_.steps[n], decided_.outputs[n], options_);
      for (auto& notice : review.notices) tell(events::Notice{"", std::move(notice)});
      if (review.refusal.empty())
        schedule_->settle(n);
      else
        schedule_->refuse(n, review.refusal);
    }
    tell_hopeless();
  }

  void tell_hopeless() {
    for (const auto& hopeless : schedule_->take_hopeless())
      pass_over(hopeless.step, Status::skipped, hopeless.reason);
  }

  // Readable when the run is to be stopped.
  int stop_fd() const { return signals_ ? signals_->fd().get() : options_.stop->poll_fd(); }

  // The one loop that owns the state: workers only post to it.
  void run_steps() {
    CancelWatch cancel_watch(surroundings_.layout, context_.run);
    for (;;) {
      while (const auto next = schedule_->start_next()) start(*next);
      if (schedule_->running() == 0) return;
      std::array<pollfd, 3> polls{{{inbox_.poll_fd(), POLLIN, 0},
                                   {interrupted_ && !signals_ ? -1 : stop_fd(), POLLIN, 0},
                                   {cancel_watch.poll_fd(), POLLIN, 0}}};
      if (base::sys("wait", "", [&] { return ::poll(polls.data(), polls.size(), 1000); }) == 0)
        tee_->tick(surroundings_.clock.now());
      recorder_->check_there();
      take_interrupts();
      if (polls[2].revents && cancel_watch.take()) cancel();
      for (auto& ended : inbox_.take()) end_step(ended);
    }
  }

  void take_interrupts() {
    if (signals_)
      for (int n = signals_->take(); n > 0; --n) on_interrupt();
    else if (options_.stop->requested() && !interrupted_)
      on_interrupt();
  }

  void on_interrupt() {
    // The second one ends this process at once; every supervisor sees its socket close and kills.
    if (interrupted_) ::_exit(130);
    interrupted_ = true;
    cancel();
  }

  void cancel() {
    schedule_->cancel();
    cancel_.request();
  }

  void start(std::size_t n) {
    step::Request request =
        make_request(plan_, n, prepared_.steps[n], context_, base::random_uuid(), decided_.outputs,
                     surroundings_.catalogue);
    made_[n] = outputs_of(request);
    store_->step_started(request.identity.step_id, request.path);
    for (const auto& output : request.outputs)
      if (output.mode == model::AccessMode::upload) mark_->add(output.destination);
    const auto& snapshot = prepared_.steps[n].snapshot;
    tell(events::StepStarted{request.path, request.identity.step_id,
                             step::log_path(request).native(), fingerprint(n),
                             snapshot ? snapshot->hash : ""});
    threads_[n] = std::jthread([this, n, request = std::move(request)] {
      Ended ended{n, {}, {}};
      try {
        ended.outcome =
            request.component->sweep
                ? run_sweep(request, *store_, surroundings_.clock, *tee_, cancel_, jobs_)
                : step::run(request, surroundings_.clock, *tee_, cancel_);
        take_in_what_was_not_sent(request);
        if (ended.outcome.status == Status::completed && options_.review)
          ended.review = review_of(plan_.steps[n], outputs_of(request), options_);
      } catch (const base::Error& error) {
        ended.outcome = outcome_of(error);
      } catch (const std::exception& problem) {
        ended.outcome = outcome_of({base::Code::internal, problem.what()});
      }
      inbox_.post(std::move(ended));
    });
  }

  void take_in_what_was_not_sent(const step::Request& request) {
    boost::system::error_code ignored;
    const fs::path file = step::fallback_path(request);
    if (!fs::exists(file, ignored)) return;
    if (const std::size_t refused = gateway::take_in(*store_, surroundings_.clock, file))
      tell(events::Notice{request.path,
                          fmt::format("{} of the calls it could not send were refused: {}", refused,
                                      base::display_path(file))});
  }

  std::string fingerprint(std::size_t n) const {
    const PreparedStep& prepared = prepared_.steps[n];
    return to_json(make_fingerprint(plan_.steps[n], prepared.snapshot.get(),
                                    prepared.interpreter.version, prepared.interpreter.python,
                                    input_identities(plan_.steps[n], prepared, decided_.outputs)));
  }

  void end_step(Ended& ended) {
    const std::size_t n = ended.step;
    for (auto& end : ended.outcome.faults) {
      const auto known = faults_.emplace(end.fault, end).first;
      if (end.kind > known->second.kind) known->second = std::move(end);
    }
    threads_.erase(n);  // it has nothing left to do: joins at once
    if (ended.outcome.status == Status::completed ||
        options_.on_failure == step::OnFailure::observed)
      for (const auto& document : documents_of(plan_.steps[n], made_[n]))
        store_->put_document("output_dataset", document);
    if (ended.outcome.status == Status::completed) {
      decided_.outputs[n] = std::move(made_[n]);
      for (auto& asset : assets_of(plan_.steps[n], decided_.outputs[n])) tell(std::move(asset));
    } else {
      for (auto& event :
           events_of_failed(plan_.steps[n], made_[n], ended.outcome, options_.on_failure))
        tell(std::move(event));
    }
    made_.erase(n);
    tell(event_of(plan_.steps[n].path, ended.outcome));
    for (auto& notice : ended.review.notices) tell(events::Notice{"", std::move(notice)});
    if (!ended.review.refusal.empty())
      schedule_->refuse(n, ended.review.refusal);
    else
      schedule_->end(n, ended.outcome.status == Status::completed  ? Schedule::Ending::completed
                        : ended.outcome.status == Status::canceled ? Schedule::Ending::canceled
                                                                   : Schedule::Ending::failed);
    tell_hopeless();
    if (schedule_->stopped()) cancel_.request();
  }

  void give_up_what_waits() {
    for (const std::size_t n : schedule_->waiting())
      pass_over(n, Status::canceled, "the run was canceled");
  }

  // A fault that struck in no step tests nothing: that must not pass for a test.
  void tell_faults_that_never_fired() {
    for (const auto& fault : context_.mounting.faults) {
      const auto found = faults_.find(fault);
      if (found != faults_.end() && found->second.kind == step::FaultEnd::Kind::struck) continue;
      tell(events::Notice{
          "", fmt::format("fault '{}' never fired: {}", fault,
                          found == faults_.end() ? "no step that ran has a mount or a store for it"
                                                 : found->second.why)});
    }
  }

  // A convenience: what goes wrong in it is for the next run to meet. Records that lie apart know
  // nothing of what the workspace's own runs have in its datastores.
  void keep_disk_in_bounds() {
    if (!surroundings_.layout.apart.empty()) return;
    const auto& settings = surroundings_.settings;
    history::GcResult removed;
    try {
      removed = history::keep_in_bounds(surroundings_.layout, surroundings_.clock,
                                        {settings.keep_runs, settings.max_bytes});
    } catch (const base::Error&) {
      return;
    }
    if (removed.runs > 0)
      tell(events::Notice{
          "", fmt::format("removed the oldest {} run{} ({}), to stay within keep_runs and "
                          "max_bytes of amlocal.yml",
                          removed.runs, removed.runs == 1 ? "" : "s",
                          base::bytes_text(removed.bytes))});
  }

  Status finish() {
    const Status status = schedule_->status();
    tell(events::RunEnded{
        std::string(to_string(status)),
        std::chrono::duration<double>(surroundings_.clock.now() - started_).count(),
        run_outputs(plan_, decided_.outputs)});
    return status;
  }

  const model::Job& job_;
  const Options& options_;
  const Surroundings& surroundings_;
  std::optional<SignalWatch> signals_;  // from the start: preparing may take long
  const Plan plan_;
  Prepared prepared_;
  Decided decided_;  // its outputs grow as steps complete
  RunContext context_;
  base::Time started_;
  std::unique_ptr<history::Recorder> recorder_;
  std::optional<LiveMark> mark_;  // goes before the run's lock is released
  std::unique_ptr<events::Tee> tee_;
  int jobs_ = 1;  // steps, or trials of a sweep, side by side
  std::optional<RunStore> store_;
  std::optional<gateway::Gateway> gateway_;  // goes before what it serves
  std::optional<Schedule> schedule_;
  std::map<std::string, step::FaultEnd> faults_;  // the furthest that each came in any step
  std::map<std::size_t, Outputs> made_;           // where running steps put their outputs
  base::Cancel cancel_;
  Inbox<Ended> inbox_;
  bool interrupted_ = false;
  // Last, so that they end first: they use everything above.
  std::map<std::size_t, std::jthread> threads_;
};

}  // namespace

Status execute(const model::Job& job, const Options& options, const Surroundings& surroundings,
               const std::vector<events::Sink*>& listeners) {
  return execute(job, make_plan(job), options, surroundings, listeners);
}

Status execute(const model::Job& job, Plan plan, const Options& options,
               const Surroundings& surroundings, const std::vector<events::Sink*>& listeners) {
  return Run(job, std::move(plan), options, surroundings).execute(listeners);
}

}  // namespace engine
