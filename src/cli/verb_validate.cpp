#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/files.hpp"
#include "cli/checked_job.hpp"
#include "cli/project.hpp"
#include "cli/verb.hpp"
#include "definition/definition.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

struct Args {
  std::vector<std::string> files;
  bool strict = false;
  bool json = false;
};

void declare(Options& options, Args& args) {
  options.arguments("files", args.files);
  options.flag("--strict", args.strict);
  options.flag("--json", args.json);
}

// Schema: docs/schemas/validate.json.
std::string to_json(const text::Diagnostics& diagnostics, bool strict) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& diagnostic : diagnostics.all()) {
    const bool error = strict || diagnostic.severity == text::Severity::error;
    nlohmann::json item = {{"severity", error ? "error" : "warning"},
                           {"what", diagnostic.what},
                           {"hint", diagnostic.hint}};
    if (diagnostic.place.known()) {
      item["file"] = diagnostic.place.source->path;
      item["line"] = diagnostic.place.line;
      item["column"] = diagnostic.place.column;
    }
    list.push_back(std::move(item));
  }
  const std::size_t errors = diagnostics.errors() + (strict ? diagnostics.warnings() : 0);
  const nlohmann::json object = {{"ok", errors == 0},
                                 {"errors", errors},
                                 {"warnings", strict ? 0 : diagnostics.warnings()},
                                 {"diagnostics", std::move(list)}};
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

int run(const Args& args, App& app) {
  text::Diagnostics diagnostics;
  for (const auto& file : args.files) {
    const fs::path path = fs::absolute(file, app.here);
    if (boost::system::error_code none; is_settings_file(path) && fs::exists(path, none)) {
      workspace::read_settings({path.parent_path()});
      continue;
    }
    const Project project = open_project(path.parent_path());
    if (const auto job = definition::validate_file(path, project.catalogue, diagnostics))
      check_against_project(*job, project, app, diagnostics);
  }
  diagnostics.sort();
  if (args.json) {
    app.out << to_json(diagnostics, args.strict) << "\n";
    return diagnostics.errors() + (args.strict ? diagnostics.warnings() : 0) > 0 ? 1 : 0;
  }
  for (auto diagnostic : diagnostics.all()) {
    if (args.strict) diagnostic.severity = text::Severity::error;
    app.err << text::render(diagnostic, app.colour);
  }
  const std::size_t errors = diagnostics.errors() + (args.strict ? diagnostics.warnings() : 0);
  const std::size_t warnings = args.strict ? 0 : diagnostics.warnings();
  if (errors > 0) {
    app.err << fmt::format("{} error{}, {} warning{}\n", errors, errors == 1 ? "" : "s", warnings,
                           warnings == 1 ? "" : "s");
    return 1;
  }
  app.out << fmt::format(
      "{}: valid{}\n", fmt::join(args.files, ", "),
      warnings > 0 ? fmt::format(", {} warning{}", warnings, warnings == 1 ? "" : "s") : "");
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_validate() {
  return {make_verb<Args>("validate", "validate", declare, run, Words::files)};
}

}  // namespace cli
