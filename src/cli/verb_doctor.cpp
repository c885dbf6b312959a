#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/checked_job.hpp"
#include "cli/colour.hpp"
#include "cli/machine.hpp"
#include "cli/project.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "compute/interpreter.hpp"
#include "definition/definition.hpp"
#include "engine/execute.hpp"
#include "engine/recover.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

struct Args {
  std::string file;
  bool rebuild = false;
  bool json = false;
};

void declare(Options& options, Args& args) {
  options.argument("file", args.file, false);
  options.flag("--rebuild", args.rebuild);
  options.flag("--json", args.json);
}

struct Check {
  std::string status;  // "ok"; "note": worth knowing; "FAILS": runs will break
  std::string what;
  std::string text;
  std::string fix;
};

class Examination {
 public:
  template <class F>
  void check(const std::string& what, F&& f) {
    examine("FAILS", what, f);
  }
  // What is only a pity when it is missing.
  template <class F>
  void look(const std::string& what, F&& f) {
    examine("note", what, f);
  }
  void note(const std::string& what, const std::string& text, const std::string& fix) {
    checks_.push_back({"note", what, text, fix});
  }
  void fail(const std::string& what, const std::string& text, const std::string& fix) {
    checks_.push_back({"FAILS", what, text, fix});
  }

  bool good() const {
    return std::none_of(checks_.begin(), checks_.end(),
                        [](const auto& check) { return check.status == "FAILS"; });
  }

  std::string text(bool colour) const {
    std::vector<std::vector<std::string>> rows;
    for (const auto& check : checks_) {
      rows.push_back({paint(check.status, colour), check.what, check.text});
      if (!check.fix.empty()) rows.push_back({"", "", "→ " + check.fix});
    }
    return format_table(rows);
  }

  // Schema: docs/schemas/doctor.json.
  std::string json() const {
    nlohmann::json object = {{"ok", good()}, {"checks", nlohmann::json::array()}};
    for (const auto& check : checks_)
      object["checks"].push_back({{"status", check.status == "FAILS" ? "fails" : check.status},
                                  {"what", check.what},
                                  {"text", check.text},
                                  {"fix", check.fix}});
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

 private:
  template <class F>
  void examine(const char* otherwise, const std::string& what, F&& f) {
    try {
      checks_.push_back({"ok", what, f(), ""});
    } catch (const base::Error& error) {
      checks_.push_back({otherwise, what, error.message(), error.hint()});
    }
  }

  std::vector<Check> checks_;
};

void examine_machine(const workspace::Layout& layout, Examination& examination) {
  examination.check("workspace", [&] {
    workspace::ensure(layout);
    return base::display_path(layout.hidden());
  });
  if (!examination.good()) return;  // the rest looks into it
  examination.check("disk", [&] { return examine_disk(layout.hidden()); });
  examination.check("file system", [&] { return examine_file_system(layout.hidden()); });
  boost::system::error_code ignored;
  const std::string kernel =
      fs::exists("/proc/version", ignored) ? base::read_file("/proc/version") : "";
  if (const auto slow = windows_disk(layout.root, kernel))
    examination.note("Windows disk", *slow, "keep the project below your Linux home folder");
  examination.check("isolation", examine_isolation);
  examination.look("FUSE", examine_fuse);
}

std::string interpreter_of(const std::string& name, const Project& project, App& app) {
  const auto found = compute::find_interpreter(name, project.settings.environments, app.environment,
                                               project.layout.cache());
  return fmt::format("Python {} ({}): {}", found.version, found.python.native(), found.why);
}

void examine_settings(const Project& project, App& app, Examination& examination) {
  examination.check("interpreter", [&] { return interpreter_of("", project, app); });
  for (const auto& entry : project.settings.environments)
    if (entry.first != "default")
      examination.check("environment " + entry.first,
                        [&] { return interpreter_of(entry.first, project, app); });
  const auto gone = [](const fs::path& path) {
    boost::system::error_code ignored;
    return !fs::exists(path, ignored);
  };
  for (const auto& asset : project.settings.data)
    if (!workspace::is_uri(asset.path) && gone(asset.path))
      examination.note(fmt::format("data {}:{}", asset.name, asset.version),
                       fmt::format("there is nothing at {}", base::display_path(asset.path)),
                       fmt::format("amlocal data delete {}, or bring it back", asset.name));
  for (const auto& [name, folder] : project.settings.datastores)
    if (gone(folder))
      examination.note("datastore " + name,
                       fmt::format("there is no folder {}", base::display_path(folder)),
                       fmt::format("amlocal datastore create {} --dir PATH", name));
  for (const auto& [reference, file] : project.settings.components)
    if (gone(file))
      examination.note("component " + reference,
                       fmt::format("there is no file {}", base::display_path(file)),
                       fmt::format("amlocal component map {} FILE", reference));
}

// Could it run? Every error of the definition, then every thing that is missing.
void examine_definition(const Args& args, const Project& project, App& app,
                        Examination& examination) {
  const FileAndStep named = split_file(args.file, app.here);
  text::Diagnostics diagnostics;
  std::optional<model::Job> job;
  examination.check(args.file, [&] {
    job = load_checked(named.file, {}, project, app, diagnostics);
    if (!job || !diagnostics.ok())
      throw base::Error(
          base::Code::bad_definition,
          fmt::format("{} error{}", diagnostics.errors(), diagnostics.errors() == 1 ? "" : "s"))
          .hint(fmt::format("see: amlocal validate {}", base::display_path(named.file)));
    engine::Options options;
    if (!named.step.empty()) options.only = {named.step};
    const engine::Surroundings surroundings{project.layout, project.settings, project.catalogue,
                                            app.environment, app.clock};
    const auto decisions = engine::decide(*job, options, surroundings);
    const auto runs = std::count_if(decisions.begin(), decisions.end(), [](const auto& decision) {
      return decision.action == engine::Decision::Action::run;
    });
    return fmt::format("{} step{} could run", runs, runs == 1 ? "" : "s");
  });
  if (diagnostics.ok()) return;
  diagnostics.sort();
  for (const auto& diagnostic : diagnostics.all())
    if (diagnostic.severity == text::Severity::error)
      examination.fail(diagnostic.place.to_string(), diagnostic.what, diagnostic.hint);
}

// The index is made anew; a journal that is damaged is only told of.
int rebuild(const workspace::Layout& layout, App& app) {
  engine::recover(layout, app.clock);
  if (const auto aside = history::move_folder_aside(layout))
    app.out << fmt::format("a folder lay where the index belongs; it is now {}\n",
                           base::display_path(*aside));
  const std::size_t runs = history::rebuild_index(layout);
  app.out << fmt::format("made the index anew from {} run{}\n", runs, runs == 1 ? "" : "s");
  for (const auto& run : history::list_runs(layout)) {
    try {
      history::read_run(layout, run.name);
    } catch (const base::Error& error) {
      app.out << fmt::format("run {}: {}\n", run.name, error.message());
      if (!error.hint().empty()) app.out << fmt::format("  {}\n", error.hint());
    }
  }
  return 0;
}

int run(const Args& args, App& app) {
  const fs::path start =
      args.file.empty() ? app.here : split_file(args.file, app.here).file.parent_path();
  const auto layout = workspace::find(start);
  if (args.rebuild) return rebuild(layout, app);
  const Project project = open_project(layout.root);
  Examination examination;
  examine_machine(layout, examination);
  examine_settings(project, app, examination);
  if (!args.file.empty()) examine_definition(args, project, app, examination);
  app.out << (args.json ? examination.json() + "\n" : examination.text(app.colour));
  return examination.good() ? 0 : 1;
}

}  // namespace

std::vector<Verb> verbs_of_doctor() {
  return {make_verb<Args>("doctor", "doctor", declare, run, Words::files)};
}

}  // namespace cli
