#include "fuse/server/serve.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/clock.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "base/process.hpp"
#include "fuse/kernel/mount.hpp"
#include "fuse/server/logged_store.hpp"
#include "fuse/server/namespaces.hpp"
#include "fuse/server/order.hpp"
#include "fuse/server/transfer.hpp"
#include "fuse/view/disk_view.hpp"
#include "fuse/view/object_view.hpp"
#include "fuse/view/profile.hpp"
#include "fuse/view/recorded.hpp"
#include "meter/compose.hpp"
#include "meter/cost_profile.hpp"
#include "store/hollow_store.hpp"
#include "store/local_root.hpp"
#include "store/local_store.hpp"

namespace fuse {
namespace {

using nlohmann::json;

// Lines in, lines out. The other end may go at any time.
class Control {
 public:
  explicit Control(const base::Fd& fd) : fd_(fd) {}

  std::optional<std::string> read_line() {
    for (;;) {
      if (const auto end = text_.find('\n'); end != std::string::npos) {
        std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        return line;
      }
      char buffer[4096];
      const ssize_t n = ::read(fd_.get(), buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return std::nullopt;
      text_.append(buffer, static_cast<std::size_t>(n));
    }
  }

  void say(const std::string& line) const {
    const std::string text = line + "\n";
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = ::send(fd_.get(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      done += static_cast<std::size_t>(n);
    }
  }

 private:
  const base::Fd& fd_;
  std::string text_;
};

// Refusals, a line each, for people: system_logs/data_capability/data-capability.log.
class Log {
 public:
  explicit Log(const fs::path& path) {
    if (!path.empty()) file_ = base::open_file(path, O_WRONLY | O_CREAT | O_APPEND);
  }
  // What a mount itself refused is counted, too.
  void refusal(const std::string& session, const std::string& text) {
    {
      const std::lock_guard lock(mutex_);
      ++refusals_;
      last_refusal_ = session + ": " + text;
    }
    write(session, text);
  }
  void tell(Finished& finished) const {
    const std::lock_guard lock(mutex_);
    finished.refusals = refusals_;
    finished.last_refusal = last_refusal_;
  }
  void write(const std::string& session, const std::string& text) const {
    if (!file_) return;
    const std::string line =
        base::to_iso(base::SystemClock().now()) + " " + session + ": " + text + "\n";
    [[maybe_unused]] const ssize_t n = ::write(file_.get(), line.data(), line.size());
  }

 private:
  base::Fd file_;
  mutable std::mutex mutex_;
  std::uint64_t refusals_ = 0;
  std::string last_refusal_;
};

// One binding's mount with everything it stands on, in tear-down order.
struct Session {
  SessionOrder order;
  std::optional<store::LocalRoot> root;
  std::shared_ptr<LoggedStore> store;
  std::uint16_t number = 0;  // the ledger's
  std::unique_ptr<FileSystem> view;
  std::optional<Mount> mount;
};

// What all sessions share: what requests cost, how time passes, and the record.
struct Metering {
  explicit Metering(const Order& order)
      : profile(meter::load_cost_profile(order.cost)),
        clock(meter::make_clock(meter::parse_clock(order.clock))),
        account(profile) {
    if (!order.ledger.empty()) ledger.emplace(order.ledger);
    std::vector<meter::Fault> parsed;
    for (const auto& text : order.faults) parsed.push_back(meter::parse_fault(text));
    if (!parsed.empty()) faults.emplace(std::move(parsed));
  }
  meter::CostProfile profile;
  std::unique_ptr<meter::Clock> clock;
  meter::Account account;
  std::optional<meter::Ledger> ledger;
  std::optional<meter::Faults> faults;

  std::shared_ptr<store::ObjectStore> metered(std::shared_ptr<store::ObjectStore> store) {
    return meter::compose(std::move(store), {profile, *clock, account, faults ? &*faults : nullptr,
                                             ledger ? &*ledger : nullptr});
  }
};

// The store behind a transfer: names and sizes are those of `folder`.
std::shared_ptr<store::ObjectStore> hollow(const fs::path& folder, const SessionOrder& order,
                                           Metering& metering) {
  return metering.metered(std::make_shared<store::HollowStore>(
      std::make_shared<store::LocalStore>(folder, order.intents)));
}

// There modes come from the callers, with their own umask taken off; everywhere else the user's
// umask holds for what this process makes.
std::unique_ptr<FileSystem> local_disk(const fs::path& folder, const DiskViewOptions& options) {
  ::umask(0);
  return make_disk_view(folder, options);
}

std::unique_ptr<FileSystem> make_view(const Order& order, Session& session, Metering& metering,
                                      Log& log) {
  const SessionOrder& wanted = session.order;
  const double seconds = order.see_everything ? 0 : 1.0;
  if (wanted.kind != SessionOrder::Kind::mount)
    return local_disk(wanted.local, {wanted.read_only, seconds, ""});
  const Profile* profile = find_profile(wanted.profile);
  if (profile == nullptr)
    throw base::Error(base::Code::bad_input, "there is no mount profile '" + wanted.profile + "'");
  if (profile->is_local_disk)
    return local_disk(wanted.root, {wanted.read_only, seconds, wanted.only});
  ObjectViewOptions options;
  options.profile = with_variables(*profile, wanted.variables);
  options.read_only = wanted.read_only;
  options.see_everything = order.see_everything;
  options.cache = wanted.cache;
  options.unsent = wanted.unsent;
  options.only = wanted.only;
  options.log = [&log, name = wanted.name](const std::string& text) { log.refusal(name, text); };
  options.is_ended_by_signal = base::is_ended_by_signal;
  store::LocalStore::recover(wanted.intents);
  session.store = std::make_shared<LoggedStore>(
      metering.metered(std::make_shared<store::LocalStore>(wanted.root, wanted.intents)),
      options.log);
  return make_object_view(*session.store, std::move(options));
}

std::optional<Struck> struck(const Order& order, const SessionOrder& session, Metering& metering,
                             Log& log) {
  if (!metering.faults) return std::nullopt;
  return Struck{*metering.faults, *metering.clock, order.step + "." + session.name,
                [&log, name = session.name](const std::string& text) { log.write(name, text); }};
}

meter::SessionNote note_of(const Order& order, const SessionOrder& wanted) {
  return {wanted.name,      mode_of(wanted.kind), wanted.profile, wanted.variables,    order.cost,
          wanted.read_only, wanted.root.native(), wanted.only,    order.see_everything};
}

void start(const Order& order, bool seen_by_all, Session& session, Metering& metering, Log& log) {
  const SessionOrder& wanted = session.order;
  if (wanted.kind == SessionOrder::Kind::mount) session.root.emplace(wanted.root);
  if (metering.ledger) session.number = metering.ledger->session(note_of(order, wanted));
  if (wanted.kind == SessionOrder::Kind::download)
    download(*hollow(wanted.root, wanted, metering), wanted.only, session.number);
  if (wanted.point.empty()) return;
  session.view = make_view(order, session, metering, log);
  if (metering.ledger)
    session.view = make_recorded(std::move(session.view), *metering.ledger, session.number,
                                 struck(order, wanted, metering, log));
  // A mount that a whole machine sees must not outlive a killed process.
  const bool ends_with_us = seen_by_all && order.state.empty();
  session.mount.emplace(Mount::start(
      *session.view,
      {wanted.point, "amlocal:" + wanted.name, wanted.read_only, order.for_others, ends_with_us}));
}

std::vector<Session> start(const Order& order, bool seen_by_all, std::optional<Metering>& metering,
                           Log& log) {
  metering.emplace(order);
  std::vector<Session> sessions;
  for (const auto& wanted : order.sessions)
    base::while_doing(
        [&] {
          return (wanted.kind == SessionOrder::Kind::download ? "downloading " : "mounting ") +
                 wanted.name;
        },
        [&] {
          Session& session = sessions.emplace_back();
          session.order = wanted;
          start(order, seen_by_all, session, *metering, log);
        });
  for (const auto& session : sessions)
    if (session.mount) session.mount->wait_ready();
  return sessions;
}

Finished finish(std::vector<Session>& sessions, Metering& metering, const Log& log, bool send) {
  Finished finished;
  for (Session& session : sessions) {
    if (session.mount)
      for (auto& file : session.mount->finish(send))
        finished.unsent.emplace_back(session.order.name, std::move(file));
    session.mount.reset();
    if (session.store)
      if (auto changes = session.store->changes(); changes.requests > 0)
        finished.changed.push_back(
            {session.order.name, std::move(changes.first), changes.requests});
    if (send && session.order.kind == SessionOrder::Kind::upload)
      for (auto& file : upload(*hollow(session.order.local, session.order, metering),
                               session.order.local, session.number))
        finished.unsent.emplace_back(session.order.name, std::move(file));
    session.view.reset();
    if (session.root && !session.order.read_only && !session.root->is_there())
      finished.gone.push_back(session.order.name);
    if (!session.order.cache.empty()) base::remove_tree(session.order.cache);
    if (!session.order.unsent.empty()) base::remove_empty_folders(session.order.unsent);
    ::unlink(session.order.intents.c_str());
  }
  if (metering.faults) {
    finished.never_fired = metering.faults->never_fired();
    finished.fired = metering.faults->fired();
  }
  log.tell(finished);
  return finished;
}

// Until SIGTERM, or until somebody unmounts it.
void wait_for_the_end(const std::vector<Session>& sessions) {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  const timespec moment{0, 300'000'000};
  const auto ended = [&] {
    return std::any_of(sessions.begin(), sessions.end(),
                       [](const Session& s) { return s.mount && s.mount->ended(); });
  };
  while (::sigtimedwait(&ending, nullptr, &moment) < 0 && !ended()) {
  }
}

std::string error_text(const base::Error& error) {
  json j = {{"code", base::to_string(error.code())},
            {"what", error.message()},
            {"hint", error.hint()},
            {"frames", error.frames()}};
  return "error " + j.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A mount that outlives its command holds nothing of whoever gave it: `$(amlocal mount …)` would
// wait for the end of the standard output, and a lock on an inherited descriptor would be kept.
void stand_alone(const base::Fd& control) {
  ::setsid();
  {
    const base::Fd nothing = base::open_file("/dev/null", O_RDWR);
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::dup2(nothing.get(), standard);
  }
  const auto number = static_cast<unsigned>(control.get());
  if (number > 3) ::close_range(3, number - 1, 0);
  ::close_range(number + 1, ~0U, 0);
}

}  // namespace

int serve(const base::Fd& control_fd) {
  Control control(control_fd);
  try {
    const auto line = control.read_line();
    if (!line) return 1;
    const Order order = order_from_json(*line);
    std::optional<base::FileLock> lock;
    if (!order.state.empty()) {
      stand_alone(control_fd);
      lock.emplace(base::FileLock::wait(order.state / "lock"));
    }
    Log log(order.log);
    std::optional<Metering> metering;
    const bool alone = order.own_namespace && enter_own_namespaces();
    std::vector<Session> sessions = start(order, !alone, metering, log);
    control.say(alone ? "ready alone" : "ready");
    if (lock) {
      wait_for_the_end(sessions);
      base::write_file_atomically(order.state / "finished.json",
                                  to_json(finish(sessions, *metering, log, true)) + "\n");
      return 0;
    }
    while (const auto request = control.read_line()) {
      if (*request != "finish" && *request != "abandon") continue;
      control.say("finished " + to_json(finish(sessions, *metering, log, *request == "finish")));
      return 0;
    }
    return 1;
  } catch (const base::Error& error) {
    control.say(error_text(error));
    return 1;
  } catch (const std::exception& problem) {
    control.say(error_text(base::Error(base::Code::internal, problem.what())));
    return 1;
  }
}

}  // namespace fuse
