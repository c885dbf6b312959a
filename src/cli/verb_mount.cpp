// Mounts that a user asks for by hand; those of a step are the step's own.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "base/error.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "cli/io_record.hpp"
#include "cli/project.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "engine/locate.hpp"
#include "engine/recover.hpp"
#include "fuse/server/client.hpp"
#include "fuse/view/profile.hpp"
#include "meter/clock.hpp"
#include "meter/cost_profile.hpp"
#include "meter/report.hpp"
#include "step/step.hpp"
#include "store/local_store.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

using nlohmann::json;

struct MountArgs {
  std::string uri;
  std::string folder;
  bool rw = false;
  std::string profile = "rslex";
  std::string cost;
  std::string clock = "ledger";
};

void declare_mount(Options& options, MountArgs& args) {
  options.argument("uri", args.uri);
  options.argument("dir", args.folder);
  options.flag("--rw", args.rw);
  options.value("--mount-profile", args.profile);
  options.value("--cost", args.cost);
  options.value("--clock", args.clock);
}

// One mount's folder below .amlocal/mounts. `mount.json` says what it is.
struct Known {
  fs::path state;
  std::string uri;
  fs::path point;
  std::string profile;
  std::string cost;  // "" where none was asked for
  bool rw = false;
  int pid = 0;
  bool alive() const { return base::FileLock::held(state / "lock"); }
};

fs::path mounts_folder(const workspace::Layout& layout) {
  return layout.hidden() / "mounts";
}

std::vector<Known> known_mounts(const workspace::Layout& layout) {
  std::vector<Known> all;
  boost::system::error_code failed;
  for (fs::directory_iterator entry(mounts_folder(layout), failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const fs::path file = entry->path() / "mount.json";
    if (!fs::exists(file, failed)) continue;
    const json j = json::parse(base::read_file(file), nullptr, false);
    if (!j.is_object()) continue;
    all.push_back({entry->path(), j.value("uri", ""), j.value("point", ""), j.value("profile", ""),
                   j.value("cost", ""), j.value("rw", false), j.value("pid", 0)});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.point < b.point; });
  return all;
}

// Takes away a mount that is served no more; its files that did not reach the store stay where they
// are, and are named.
std::vector<std::string> retire(const Known& known) {
  store::LocalStore::recover(known.state / "intents");
  auto kept = step::unsent_files(known.state);
  if (kept.empty()) {
    base::remove_tree(known.state);
  } else {
    base::remove_tree(known.state / "cache");
    fs::remove(known.state / "mount.json");
  }
  return kept;
}

std::string kept_text(const Known& known) {
  return fmt::format("they are kept in {}; remove that folder when you have what you need",
                     base::display_path(known.state / "unsent"));
}

// What earlier mounts on the folder have left behind.
void retire_dead(const fs::path& point, const Project& project, App& app) {
  for (const auto& known : known_mounts(project.layout)) {
    if (known.point != point || known.alive()) continue;
    const auto kept = retire(known);
    if (!kept.empty())
      app.err << fmt::format("note: an earlier mount of {} did not send {} file{}: {}\n",
                             base::display_path(point), kept.size(), kept.size() == 1 ? "" : "s",
                             kept_text(known));
  }
}

// The folder that the URI names. A path that is not there cannot be shown; one that may be written
// to is made.
fs::path root_of(const MountArgs& args, const Project& project) {
  if (workspace::is_uri(args.uri) && !args.uri.starts_with("azureml:"))
    throw base::Error(base::Code::usage, fmt::format("{} is no folder of a datastore", args.uri))
        .hint(
            "mount azureml://datastores/NAME/paths/P; `amlocal datastore create NAME --dir PATH` "
            "makes a folder of yours one");
  const auto located =
      engine::locate_input({model::DataPath::Kind::url, args.uri}, project.catalogue);
  boost::system::error_code failed;
  if (args.rw) fs::create_directories(located.path, failed);
  if (failed) throw base::os_error("create", located.path.native(), failed.value());
  if (!fs::exists(located.path, failed))
    throw base::Error(base::Code::not_found, fmt::format("there is nothing at {}", args.uri))
        .hint(
            "look at what is there: amlocal datastore list; or mount with --rw, which makes the "
            "folder");
  if (!fs::is_directory(located.path, failed))
    throw base::Error(base::Code::bad_input, fmt::format("{} is a file", args.uri))
        .hint("mount the folder it lies in");
  return located.path;
}

// A mount that shows itself would wait for its own answers.
void refuse_overlap(const fs::path& point, const fs::path& root) {
  boost::system::error_code failed;
  const fs::path outer = fs::canonical(root, failed);
  const fs::path there = fs::weakly_canonical(point, failed);
  const auto is_within = [](const fs::path& path, const fs::path& folder) {
    return path == folder || path.native().starts_with(folder.native() + "/");
  };
  if (!is_within(there, outer) && !is_within(outer, there)) return;
  throw base::Error(base::Code::bad_input,
                    fmt::format("'{}' and the folder of the datastore, '{}', lie within each other",
                                base::display_path(point), base::display_path(root)))
      .hint("mount on a folder outside of it");
}

// As the mount process and a later umount find it from wherever they run.
std::string cost_of(const MountArgs& args, const App& app) {
  if (args.cost.empty()) return "";
  const auto presets = meter::preset_names();
  const bool known = std::find(presets.begin(), presets.end(), args.cost) != presets.end();
  const bool is_file = args.cost.ends_with(".json") || args.cost.find('/') != std::string::npos;
  std::string cost = known || !is_file ? args.cost : fs::absolute(args.cost, app.here).native();
  meter::load_cost_profile(cost);
  return cost;
}

int mount(const MountArgs& args, App& app) {
  check_mount_profile(args.profile);
  const std::string cost = cost_of(args, app);
  meter::parse_clock(args.clock);
  const Project project = open_project(app.here);
  workspace::ensure(project.layout);
  engine::recover(project.layout, app.clock);  // before somebody appends to what was torn
  const fs::path point = base::folder_path(fs::absolute(args.folder, app.here));
  fuse::SessionOrder session;
  session.root = root_of(args, project);
  refuse_overlap(point, session.root);
  const fs::path state = mounts_folder(project.layout) / base::random_id(8);
  fs::create_directories(state);
  session.name = args.uri;
  session.point = point;
  session.profile = args.profile;
  session.read_only = !args.rw;
  session.cache = state / "cache";
  session.unsent = state / "unsent";
  session.intents = state / "intents";
  fuse::Order order;
  order.sessions.push_back(std::move(session));
  order.log = state / "log";
  order.state = state;
  order.clock = args.clock;
  if (!cost.empty()) {
    order.cost = cost;
    order.ledger = state / "io";
  }
  try {
    auto process = fuse::MountProcess::start(order);
    const json record = {{"uri", args.uri}, {"point", point.native()}, {"profile", args.profile},
                         {"cost", cost},    {"rw", args.rw},           {"pid", process.pid()}};
    base::write_file_atomically(state / "mount.json", record.dump(2) + "\n");
    process.let_go();
  } catch (...) {
    base::remove_tree(state);
    throw;
  }
  retire_dead(point, project, app);
  app.out << fmt::format("{} is {}; unmount it with: amlocal umount {}\n",
                         base::display_path(point), args.uri, base::display_path(point));
  return 0;
}

struct UmountArgs {
  std::string folder;
};

void declare_umount(Options& options, UmountArgs& args) {
  options.argument("dir", args.folder);
}

// The one that is served, where several are known of one folder.
Known find_mount(const fs::path& point, const Project& project) {
  std::optional<Known> found;
  std::vector<std::string> points;
  for (auto& known : known_mounts(project.layout)) {
    if (known.point == point && (!found || known.alive())) found = known;
    points.push_back(base::display_path(known.point));
  }
  if (found) return *found;
  throw base::Error(base::Code::not_found, fmt::format("nothing of amlocal's is mounted on '{}'",
                                                       base::display_path(point)))
      .hint(points.empty() ? "nothing is mounted"
                           : text::did_you_mean(base::display_path(point), points));
}

// Taking the outer one away would take the inner one with it, unsent files and all.
void refuse_nested(const Known& known) {
  const auto inner = fuse::mounts_below(known.point);
  if (inner.empty()) return;
  throw base::Error(base::Code::conflict, fmt::format("something is mounted within it, on '{}'",
                                                      base::display_path(inner.front())))
      .hint(
          fmt::format("unmount that first: amlocal umount {}", base::display_path(inner.front())));
}

// What the mount's requests came to, where --cost asked for it.
void show_cost(const Known& known, App& app) {
  boost::system::error_code failed;
  if (known.cost.empty() || !fs::exists(known.state / "io", failed)) return;
  meter::ReportOptions options;
  if (const auto* profile = fuse::find_profile(known.profile))
    options.assumed = assumed_rules(*profile);
  app.out << meter::report_table(meter::make_report(meter::read_ledger(known.state / "io"),
                                                    meter::load_cost_profile(known.cost), options));
}

// Sending what is unsent may take as long as it takes, and a mount that somebody detached lives for
// as long as a file is open in it.
void wait_for_end(const Known& known, App& app) {
  constexpr int patience = 60;  // looks, of 50 ms each
  for (int looks = 0; known.alive(); ++looks) {
    if (looks == patience)
      app.err << "waiting for what is still sent, or open in it (Ctrl-C leaves that to itself)\n"
              << std::flush;
    ::poll(nullptr, 0, 50);
  }
}

int umount(const UmountArgs& args, App& app) {
  const Project project = open_project(app.here);
  const Known known = find_mount(base::folder_path(fs::absolute(args.folder, app.here)), project);
  refuse_nested(known);
  if (known.alive()) {
    ::kill(known.pid, SIGTERM);
    wait_for_end(known, app);
  }
  boost::system::error_code failed;
  const fs::path finished = known.state / "finished.json";
  if (!fs::exists(finished, failed)) {
    app.err << fmt::format(
        "the process that served {} had died; what was closed before is in the store\n",
        base::display_path(known.point));
    fuse::unmount_left_over(known.point);
  }
  const auto ended = fs::exists(finished, failed)
                         ? fuse::finished_from_json(base::read_file(finished))
                         : fuse::Finished{};
  for (const auto& [session, file] : ended.unsent)
    app.err << fmt::format("not sent: {}: {}\n", file.path, file.why);
  show_cost(known, app);
  const auto kept = retire(known);
  retire_dead(known.point, project, app);
  if (!kept.empty())
    throw base::Error(
        base::Code::io,
        fmt::format(
            "{} is unmounted, but {} did not reach the store", base::display_path(known.point),
            kept.size() == 1 ? "'" + kept.front() + "'" : fmt::format("{} files", kept.size())))
        .hint(kept_text(known));
  if (!ended.gone.empty())
    throw base::Error(base::Code::io,
                      fmt::format("{} was removed or replaced while it was mounted", known.uri))
        .hint("what had been sent there is lost with it; it is unmounted now");
  app.out << fmt::format("unmounted {}\n", base::display_path(known.point));
  return 0;
}

struct None {};
void declare_none(Options&, None&) {}

int mounts(const None&, App& app) {
  const auto all = known_mounts(open_project(app.here).layout);
  if (all.empty()) {
    app.out << "nothing is mounted; mount a folder with: amlocal mount "
               "azureml://datastores/NAME/paths/P DIR\n";
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"FOLDER", "STATE", "PROFILE", "MODE", "URI"}};
  for (const auto& known : all)
    rows.push_back({base::display_path(known.point), known.alive() ? "mounted" : "dead",
                    known.profile, known.rw ? "rw" : "ro", known.uri});
  app.out << format_table(rows);
  for (const auto& known : all)
    if (!known.alive())
      app.out << fmt::format(
          "dead: the process that served it has ended; clear it with: amlocal umount {}\n",
          base::display_path(known.point));
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_mount() {
  return {make_verb<MountArgs>("mount", "mount", declare_mount, mount),
          make_verb<UmountArgs>("umount", "mount", declare_umount, umount),
          make_verb<None>("mounts", "mount", declare_none, mounts)};
}

}  // namespace cli
