#include "step/step.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/filesystem/exception.hpp>
#include <map>

#include "base/error.hpp"
#include "fuse/server/client.hpp"
#include "meter/fault.hpp"
#include "step/audit_setup.hpp"
#include "step/bind.hpp"
#include "step/command.hpp"
#include "step/failure.hpp"
#include "step/folder.hpp"
#include "step/input_writes.hpp"
#include "step/log_watch.hpp"
#include "step/stage_log.hpp"
#include "step/supervise.hpp"

namespace step {
namespace {

// Source: DATASET_UNMOUNT_TIMEOUT_SECONDS, 30 by default.
constexpr std::chrono::seconds unmount_patience{30};

class Run {
 public:
  Run(const Request& request, const base::Clock& clock, events::Sink& sink,
      const base::Cancel& cancel)
      : request_(request), clock_(clock), sink_(sink), cancel_(cancel), began_(clock.now()) {}

  Outcome run() {
    attempt("input", [&] { start_mount_process(); }) &&
        attempt("launch", [&] { prepare_folder(); }) &&
        attempt("input", [&] { bind_inputs(request_, folder_, bindings_); }) &&
        attempt("output", [&] { bind_outputs(request_, folder_, bindings_); }) &&
        attempt("launch", [&] { log_bindings(); }) && attempt("input", [&] { mount(); }) &&
        attempt("launch", [&] { supervise_command(); }) &&
        attempt("output", [&] { finish_mounts(); }) &&
        attempt("output", [&] { publish_outputs(); });
    attempt("output", [&] { tell_writes_to_inputs(); });
    attempt("output", [&] { keep_what_remains(); });
    outcome_.seconds = std::chrono::duration<double>(clock_.now() - began_).count();
    return std::move(outcome_);
  }

 private:
  void log(const std::string& text) {
    if (log_) log_->say(text);
  }

  void prepare_folder() {
    folder_ = make_folder(request_);
    bindings_.root = folder_.root;
    bindings_.seen_root = folder_.seen_root;
    log_.emplace(folder_.root, "lifecycler", "execution-wrapper", clock_);
    log(fmt::format("step '{}' of run {}: the working copy of its code is ready", request_.path,
                    request_.identity.run));
  }

  void log_bindings() {
    if (request_.inputs.empty() && request_.outputs.empty()) return;
    StageLog data(folder_.root, "data_capability", "data-capability", clock_);
    for (const auto& input : request_.inputs)
      data.say(model::is_data(input.type)
                   ? fmt::format("input {} ({}): {} is seen at {}", input.name,
                                 to_string(input.mode), input.source.native(),
                                 bindings_.inputs.at(input.name))
                   : fmt::format("input {}: a value", input.name));
    for (const auto& output : request_.outputs)
      data.say(fmt::format("output {} ({}): {} goes to {}", output.name, to_string(output.mode),
                           bindings_.outputs.at(output.name), output.destination.native()));
    for (const auto& text : bindings_.notices) data.say(text);
    log(fmt::format("{} inputs and {} outputs are bound", request_.inputs.size(),
                    request_.outputs.size()));
  }

  // Transfers alone are worth a process only where somebody asks what they cost or looks at them.
  bool needs_mount_process() const {
    const Mounting& mounting = request_.mounting;
    if (mounting.access != Mounting::Access::mount) return false;
    const bool transfers =
        mounting.cost != "none" || !mounting.faults.empty() || mounting.see_everything;
    const auto needs = [&](const auto& bound) {
      return model::is_data(bound.type) && (model::is_mount(bound.mode) ||
                                            (transfers && bound.mode != model::AccessMode::direct));
    };
    return std::any_of(request_.inputs.begin(), request_.inputs.end(), needs) ||
           std::any_of(request_.outputs.begin(), request_.outputs.end(), needs);
  }

  // Before everything else, so that it starts beside that.
  void start_mount_process() {
    if (needs_mount_process()) mounts_.emplace(fuse::MountProcess::spawn());
  }

  // In namespaces of the mount process's own, which the command then joins: nobody else sees the
  // mounts, and nothing that dies leaves one behind.
  void mount() {
    if (!mounts_) return;
    const Mounting& mounting = request_.mounting;
    fuse::Order order;
    order.sessions = bindings_.mounts;
    order.see_everything = mounting.see_everything;
    order.ledger = io_path(request_);
    order.log = mount_log_path(folder_);
    order.cost = mounting.cost;
    order.clock = mounting.clock;
    order.step = request_.path;
    order.faults = mounting.faults;
    order.own_namespace = true;
    mounts_->mount(order);
    log(fmt::format("{} mounts are ready (profile {})", bindings_.mounts.size(),
                    request_.mounting.profile));
  }

  bool sends_uploads() const {
    return outcome_.status == model::Status::completed ||
           (outcome_.status == model::Status::failed && request_.on_failure == OnFailure::observed);
  }

  // A close that returned is in the store already; what is left is what no close has sent. Of a
  // failed step nothing more is sent, as the documentation has it.
  void finish_mounts() {
    if (!mounts_) return;
    const bool succeeded = outcome_.status == model::Status::completed;
    const auto finished = [&] {
      try {
        return finish_process(sends_uploads());
      } catch (const base::Error& error) {
        // The command's own end would hide why it failed.
        if (!succeeded) notice(error.message() + "; " + error.hint());
        throw;
      }
    }();
    changed_ = finished.changed;
    const auto& unsent = finished.unsent;
    if (succeeded && !finished.gone.empty()) refuse_gone(finished.gone.front(), !unsent.empty());
    if (succeeded) tell_what_it_survived(finished);
    if (unsent.empty()) return;
    const auto& [session, file] = unsent.front();
    const std::string text = fmt::format(
        "'{}' of output '{}' did not reach the datastore{}: {}", file.path,
        session.substr(session.find('.') + 1),
        unsent.size() > 1 ? fmt::format(", nor did {} more", unsent.size() - 1) : "", file.why);
    const std::string kept = fmt::format("kept in {}", base::display_path(folder_.root / "unsent"));
    if (!succeeded) return notice(text + "; " + kept);
    throw base::Error(base::Code::io, text)
        .hint("make room there or mend what refused it, then run it again; what was written is " +
              kept);
  }

  [[noreturn]] void refuse_gone(const std::string& session, bool unsent) const {
    const std::string name = session.substr(session.find('.') + 1);
    const auto output = std::find_if(request_.outputs.begin(), request_.outputs.end(),
                                     [&](const auto& one) { return one.name == name; });
    throw base::Error(
        base::Code::io,
        fmt::format("the folder of output '{}' in the datastore was removed or replaced while the "
                    "step ran{}",
                    name,
                    output == request_.outputs.end() ? "" : ": " + output->destination.native()))
        .hint(fmt::format("what had been sent there is lost with it{}; leave the datastore alone "
                          "while a run uses it, and run the step again",
                          unsent ? fmt::format(" (what was not sent is kept in {})",
                                               base::display_path(folder_.root / "unsent"))
                                 : ""));
  }

  // A script that swallowed a refusal (a full disk, a read-only input) has perhaps lost something.
  void tell_what_it_survived(const fuse::Finished& finished) {
    if (finished.refusals > 0)
      notice(fmt::format("it finished although its mounts refused something{}; last: {} (all: {})",
                         finished.refusals > 1 ? fmt::format(" {} times", finished.refusals) : "",
                         finished.last_refusal, base::display_path(mount_log_path(folder_))));
    for (const auto& [fault, times] : finished.fired) {
      const std::string often = times > 1 ? fmt::format("{} times", times) : "once";
      notice(meter::parse_fault(fault).only_delays()
                 ? fmt::format("fault '{}' delayed it {}", fault, often)
                 : fmt::format("it finished although fault '{}' struck {}", fault, often));
    }
  }

  // Notes also what became of the faults. One that kills the process cannot say so afterwards.
  fuse::Finished finish_process(bool send) {
    try {
      auto finished = mounts_->finish(unmount_patience, send);
      for (const auto& fault : request_.mounting.faults) {
        const auto& never = finished.never_fired;
        const auto found = std::find_if(never.begin(), never.end(),
                                        [&](const auto& one) { return one.fault == fault; });
        if (found == never.end())
          outcome_.faults.push_back({fault, FaultEnd::Kind::struck, ""});
        else
          outcome_.faults.push_back(
              {fault, found->came_near ? FaultEnd::Kind::missed : FaultEnd::Kind::untouched,
               found->why});
      }
      return finished;
    } catch (const base::Error&) {
      mounts_.reset();  // ends it, where it lives and is silent
      mend_stores(bindings_);
      for (const auto& fault : request_.mounting.faults)
        if (meter::parse_fault(fault).how == meter::Fault::How::disconnect)
          outcome_.faults.push_back({fault, FaultEnd::Kind::struck, ""});
      throw;
    }
  }

  // Beside mounts the hook tells the lines; in the place of mounts it also counts, from the sizes
  // that files have when they are opened (docs/audit-file.md).
  base::Variables with_hook(base::Variables environment) const {
    const Mounting& mounting = request_.mounting;
    const bool counts = mounting.access == Mounting::Access::link;
    if (mounting.audit_hook.empty() || (!mounts_ && !counts)) return environment;
    write_audit_hook(mounting.audit_hook);
    Audit audit{mounting.audit_hook, audit_path(request_), folder_.seen(folder_.work), {}, counts};
    if (counts) audit.watched.push_back(folder_.seen(folder_.data));
    for (const auto& mount : bindings_.mounts)
      audit.watched.push_back(folder_.seen(mount.point.empty() ? mount.local : mount.point));
    return with_audit(std::move(environment), audit);
  }

  // A phase that throws ends the step, not amlocal.
  template <class Phase>
  bool attempt(const char* kind, Phase&& phase) {
    try {
      phase();
      return true;
    } catch (const base::Error& error) {
      fail(kind, error);
    } catch (const fs::filesystem_error& problem) {
      fail(kind, base::os_error("prepare", problem.path1().native(), problem.code().value()));
    }
    return false;
  }

  void fail(const char* kind, const base::Error& error) {
    outcome_.status = model::Status::failed;
    if (outcome_.failure) return;
    outcome_.failure = explain_refusal(kind, error, clock_);
    try {
      log(fmt::format("failed ({}): {}", kind, error.message()));
    } catch (const base::Error&) {
      // A full disk, perhaps: the outcome tells it.
    }
  }

  void notice(std::string text) {
    sink_.on({clock_.now(), events::Notice{request_.path, std::move(text)}});
  }

  void supervise_command() {
    for (auto& text : bindings_.notices) notice(std::move(text));
    outcome_.bytes_in = bindings_.bytes_in;
    Launch launch;
    launch.argv = command_line(request_, bindings_);
    launch.cwd = folder_.seen(folder_.work);
    if (folder_.seen_root != folder_.root) launch.root = {folder_.root, folder_.seen_root};
    launch.environment = with_hook(variables(request_, folder_, bindings_));
    if (!request_.log_watch.empty())
      launch.environment = with_log_watch(std::move(launch.environment), request_.log_watch,
                                          request_.folder, folder_.seen(folder_.work));
    if (mounts_) launch.join = mounts_->namespaces();
    launch.read_only = bindings_.views;
    if (!request_.gateway.hosts.empty())
      launch.read_only.emplace_back(request_.gateway.hosts, "/etc/hosts");
    launch.timeout_seconds = request_.component->limits.timeout_seconds;
    launch.grace_seconds = request_.grace_seconds;
    const int count = static_cast<int>(folder_.logs.size());
    const int port = count > 1 ? free_port() : 0;
    for (int rank = 0; rank < count; ++rank)
      launch.processes.push_back({folder_.logs[static_cast<std::size_t>(rank)],
                                  rank_variables(*request_.component, rank, count, port)});
    log(fmt::format("starting the command in {} processes", count));
    read_ending(supervise(launch, cancel_));
    log(fmt::format("the command has ended: {}, exit code {}", to_string(outcome_.status),
                    outcome_.exit_code));
  }

  // "python3, sleep (300)"
  static std::string names_counted(const std::vector<std::string>& names) {
    std::map<std::string, std::size_t> counts;
    for (const auto& name : names) ++counts[name];
    std::vector<std::string> words;
    for (const auto& [name, count] : counts)
      words.push_back(count > 1 ? fmt::format("{} ({})", name, count) : name);
    return fmt::format("{}", fmt::join(words, ", "));
  }

  void read_ending(const Supervised& ended) {
    outcome_.cpu_seconds = ended.cpu_seconds;
    outcome_.peak_bytes = ended.peak_bytes;
    for (const int status : ended.statuses)
      if (outcome_.exit_code == 0)
        outcome_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (!ended.left.empty())
      notice(fmt::format("left background processes behind, now killed: {}",
                         names_counted(ended.left)));
    const bool clean = ended.error.empty() && !ended.timed_out && outcome_.exit_code == 0;
    if (ended.canceled) {
      outcome_.status = model::Status::canceled;
    } else if (clean) {
      outcome_.status = model::Status::completed;
    } else {
      outcome_.status = model::Status::failed;
      outcome_.failure = explain_failure(request_, folder_, ended, clock_);
    }
  }

  void publish_outputs() {
    const bool succeeded = outcome_.status == model::Status::completed;
    Published published = [&] {
      try {
        return publish(request_, bindings_, {succeeded, sends_uploads()});
      } catch (const base::Error& error) {
        // The command's own end would hide why nothing was uploaded.
        if (!succeeded) notice(error.message() + "; " + error.hint());
        throw;
      }
    }();
    outcome_.bytes_out = published.bytes_out;
    if (outcome_.status == model::Status::failed) outcome_.outputs = std::move(published.ends);
    for (auto& text : published.notices) notice(std::move(text));
    for (const auto& output : published.outputs)
      log(fmt::format("published output {} at {}", output.output, output.path));
    for (auto& output : published.outputs) sink_.on({clock_.now(), std::move(output)});
  }

  void tell_writes_to_inputs() {
    const bool succeeded = outcome_.status == model::Status::completed;
    for (auto& text : notices_of_writes(request_, bindings_, changed_, succeeded))
      notice(std::move(text));
  }

  void keep_what_remains() {
    if (!folder_.work.empty()) keep_artifacts(folder_, outcome_.status != model::Status::completed);
  }

  const Request& request_;
  const base::Clock& clock_;
  events::Sink& sink_;
  const base::Cancel& cancel_;
  base::Time began_;
  Folder folder_;
  Bindings bindings_;
  std::optional<fuse::MountProcess> mounts_;
  std::vector<fuse::Changed> changed_;  // by the step, through its mounts
  std::optional<StageLog> log_;
  Outcome outcome_;
};

}  // namespace

fs::path io_path(const Request& request) {
  return request.folder / "io";
}
fs::path audit_path(const Request& request) {
  return request.folder / "audit.jsonl";
}
fs::path fallback_path(const Request& request) {
  return request.folder / "not-sent.jsonl";
}

Outcome run(const Request& request, const base::Clock& clock, events::Sink& sink,
            const base::Cancel& cancel) {
  return Run(request, clock, sink, cancel).run();
}

}  // namespace step
