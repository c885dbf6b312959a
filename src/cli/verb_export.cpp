// A definition in Python as v2 YAML. What it submits is written by the SDK's own side of amlocal
// (src/step/python/azureml/_export.py), which AMLOCAL_EXPORT tells where.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/definition_script.hpp"
#include "cli/verb.hpp"

namespace cli {
namespace {

struct Args {
  std::string file;
  std::string to;
  std::vector<std::string> arguments;  // the script's own
};

void declare(Options& options, Args& args) {
  options.argument("file", args.file);
  options.arguments("arguments", args.arguments, false);
  options.value("--to", args.to);
}

int run(const Args& args, App& app) {
  if (args.to.empty())
    throw base::Error(base::Code::usage, "amlocal export: where to is missing")
        .hint(fmt::format("amlocal export {} --to FOLDER", args.file));
  const fs::path file = fs::absolute(args.file, app.here);
  const fs::path target = fs::absolute(args.to, app.here);
  if (!is_script(file) || file.extension() == ".ipynb")
    throw base::Error(base::Code::usage, fmt::format("amlocal export: {} is no Python script",
                                                     base::display_path(file)))
        .hint(
            "export turns a definition in Python into v2 YAML: amlocal export pipeline.py --to "
            "FOLDER");
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
            "export takes the first pipeline, script or job that the script submits; give the "
            "script's own words behind --");
  return status;
}

}  // namespace

std::vector<Verb> verbs_of_export() {
  return {make_verb<Args>("export", "export", declare, run, Words::files)};
}

}  // namespace cli
