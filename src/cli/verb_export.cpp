// A definition in Python as v2 YAML. What it submits is written by the SDK's own side of amlocal
// (src/step/python/azureml/_export.py), which AMLOCAL_EXPORT tells where.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/checked_job.hpp"
#include "cli/definition_script.hpp"
#include "cli/project.hpp"
#include "cli/verb.hpp"
#include "compute/interpreter.hpp"
#include "harness/exported.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

struct Args {
  std::string file;
  std::string to;
  bool validate = false;
  std::vector<std::string> arguments;  // the script's own
};

void declare(Options& options, Args& args) {
  options.argument("file", args.file);
  options.arguments("arguments", args.arguments, false);
  options.value("--to", args.to);
  options.flag("--validate", args.validate);
}

bool is_yaml(const fs::path& file) {
  return file.extension() == ".yml" || file.extension() == ".yaml";
}

// Loads it with the real SDK; whether that has nothing to say against it.
bool validate(const fs::path& job, const Project& project, App& app) {
  const auto interpreter = compute::find_interpreter("", project.settings.environments,
                                                     app.environment, project.layout.cache());
  workspace::ensure(project.layout);
  const fs::path python = harness::python_with_azure_ai_ml(
      interpreter.python, project.layout.cache(), app.environment, [&] {
        app.out << "installing azure-ai-ml into an environment of its own (once, about a minute)\n";
        app.out.flush();
      });
  const auto verdict = harness::ask_sdk(job, python, app.environment);
  for (const auto& warning : verdict.warnings)
    app.out << fmt::format("azure-ai-ml {} warns: {}\n", verdict.version, warning);
  for (const auto& error : verdict.errors)
    app.err << fmt::format("azure-ai-ml {} says: {}\n", verdict.version, error);
  if (verdict.errors.empty()) app.out << fmt::format("azure-ai-ml {} loads it\n", verdict.version);
  return verdict.errors.empty();
}

int export_yaml(const fs::path& file, const fs::path& target, bool validated, App& app) {
  const Project project = open_project(file.parent_path());
  text::Diagnostics diagnostics;
  const auto job = load_checked(file, {}, project, app, diagnostics);
  diagnostics.sort();
  for (const auto& diagnostic : diagnostics.all()) app.err << text::render(diagnostic, app.colour);
  if (!job || !diagnostics.ok())
    throw base::Error(base::Code::bad_definition,
                      fmt::format("{} has errors; nothing was exported", base::display_path(file)))
        .hint("mend them, then check with: amlocal validate " + base::display_path(file));
  const auto exported = harness::export_job(file, target.lexically_normal(), project.catalogue);
  app.out << base::display_path(exported.job) << "\n";
  for (const auto& note : exported.notes) app.out << fmt::format("the workspace needs {}\n", note);
  if (validated) return validate(exported.job, project, app) ? 0 : 1;
  app.out << fmt::format("submit it: az ml job create -f {}\n", base::display_path(exported.job));
  return 0;
}

int run(const Args& args, App& app) {
  if (args.to.empty())
    throw base::Error(base::Code::usage, "amlocal export: where to is missing")
        .hint(fmt::format("amlocal export {} --to FOLDER", args.file));
  const fs::path file = fs::absolute(args.file, app.here).lexically_normal();
  const fs::path target = fs::absolute(args.to, app.here);
  if (is_yaml(file)) return export_yaml(file, target, args.validate, app);
  if (!is_script(file) || file.extension() == ".ipynb")
    throw base::Error(base::Code::usage,
                      fmt::format("amlocal export: {} is no Python script and no YAML file",
                                  base::display_path(file)))
        .hint(
            "export takes a definition out to the cloud: amlocal export pipeline.py --to FOLDER, "
            "or pipeline.yml");
  boost::system::error_code ignored;
  if (fs::exists(target, ignored) && !fs::is_empty(target, ignored))
    throw base::Error(base::Code::exists, fmt::format("{} is there already and is not empty",
                                                      base::display_path(target)))
        .hint("choose another folder for --to, or remove this one");
  const base::Variables more = {{"AMLOCAL_EXPORT", target.lexically_normal().native()}};
  const int status = run_script(file, args.arguments, {}, false, app, more);
  if (status == 0 && !fs::exists(target / "pipeline.yml", ignored))
    throw base::Error(
        base::Code::bad_input,
        fmt::format("{} submitted nothing, so that nothing was exported", base::display_path(file)))
        .hint(
            "export takes the pipelines, scripts and jobs that the script submits; give the "
            "script's own words behind --");
  return status;
}

}  // namespace

std::vector<Verb> verbs_of_export() {
  return {make_verb<Args>("export", "export", declare, run, Words::files)};
}

}  // namespace cli
