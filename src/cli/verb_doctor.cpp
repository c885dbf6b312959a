#include <fmt/format.h>
#include <sys/wait.h>

#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/project.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "compute/interpreter.hpp"
#include "definition/definition.hpp"
#include "engine/execute.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

struct Args {
  std::string file;
  bool rebuild = false;
};

void declare(Options& options, Args& args) {
  options.argument("file", args.file, false);
  options.flag("--rebuild", args.rebuild);
}

// The checks, a line each; a failed one says how to mend it.
class Examination {
 public:
  template <class F>
  void check(const std::string& what, F&& f) {
    try {
      rows_.push_back({"ok", what, f()});
    } catch (const base::Error& error) {
      ++failed_;
      rows_.push_back({"FAILS", what, error.message()});
      if (!error.hint().empty()) rows_.push_back({"", "", error.hint()});
    }
  }
  std::string text() const { return format_table(rows_); }
  int failed() const { return failed_; }

 private:
  std::vector<std::vector<std::string>> rows_;
  int failed_ = 0;
};

std::string isolation() {
  const auto probe =
      base::run_captured({(base::own_folder() / "amlocal-supervisor").native(), "--probe"}, {});
  if (!WIFEXITED(probe.status) || WEXITSTATUS(probe.status) != 0)
    throw base::Error(base::Code::unavailable, "the supervisor does not start")
        .hint("install amlocal again");
  return probe.out.substr(0, probe.out.find('\n'));
}

std::string can_run(const fs::path& file, const Project& project, App& app) {
  text::Diagnostics diagnostics;
  const auto job = definition::load_job(file, {}, project.catalogue, diagnostics);
  if (!job || !diagnostics.ok())
    throw base::Error(base::Code::bad_definition, fmt::format("{} errors", diagnostics.errors()))
        .hint(fmt::format("see: amlocal validate {}", base::display_path(file)));
  const engine::Surroundings surroundings{project.layout, project.settings, project.catalogue,
                                          app.environment, app.clock};
  return fmt::format("{} steps could run", engine::decide(*job, {}, surroundings).size());
}

int run(const Args& args, App& app) {
  const fs::path file = args.file.empty() ? app.here : fs::absolute(args.file, app.here);
  const auto layout = workspace::find(args.file.empty() ? file : file.parent_path());
  if (args.rebuild) {
    app.out << fmt::format("made the index anew from {} runs\n", history::rebuild_index(layout));
    return 0;
  }
  const Project project = open_project(layout.root);
  Examination examination;
  examination.check("workspace", [&] {
    workspace::ensure(layout);
    return base::display_path(layout.hidden());
  });
  examination.check("disk", [&] {
    return fmt::format("{} free{}", base::bytes_text(base::free_space(layout.hidden())),
                       base::can_reflink(layout.hidden()) ? ", copies share blocks" : "");
  });
  examination.check("isolation", isolation);
  examination.check("interpreter", [&] {
    const auto found = compute::find_interpreter("", project.settings.environments, app.environment,
                                                 layout.cache());
    return fmt::format("Python {} ({}): {}", found.version, found.python.native(), found.why);
  });
  if (!args.file.empty()) examination.check(args.file, [&] { return can_run(file, project, app); });
  app.out << examination.text();
  return examination.failed() > 0 ? 1 : 0;
}

}  // namespace

std::vector<Verb> verbs_of_doctor() {
  return {make_verb<Args>("doctor", "doctor", declare, run)};
}

}  // namespace cli
