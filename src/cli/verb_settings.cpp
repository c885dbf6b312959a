// The verbs that write names into amlocal.yml: datastores, components, environments, and init.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/project.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "compute/interpreter.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

struct Args {
  std::string name;
  std::string path;
};

struct None {};
void declare_none(Options&, None&) {}

void declare_datastore(Options& options, Args& args) {
  options.argument("name", args.name);
  options.value("--dir", args.path);
}

int create_datastore(const Args& args, App& app) {
  if (args.path.empty())
    throw base::Error(base::Code::usage, "a datastore needs a folder")
        .hint(fmt::format("amlocal datastore create {} --dir PATH", args.name));
  Project project = open_project(app.here);
  const fs::path folder = fs::absolute(args.path, app.here).lexically_normal();
  boost::system::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw base::os_error("create", folder.native(), failed.value());
  project.settings.datastores[args.name] = folder.native();
  workspace::write_settings(project.layout, project.settings);
  app.out << fmt::format("azureml://datastores/{}/paths/… is {}\n", args.name,
                         base::display_path(folder));
  return 0;
}

int list_datastores(const None&, App& app) {
  const Project project = open_project(app.here);
  std::vector<std::vector<std::string>> rows{{"NAME", "FOLDER"}};
  for (const auto& name : project.catalogue.datastore_names())
    rows.push_back({name, base::display_path(*project.catalogue.datastore(name))});
  app.out << format_table(rows);
  return 0;
}

void declare_name(Options& options, Args& args) {
  options.argument("name", args.name);
}

base::Error unknown_datastore(const std::string& name, const Project& project) {
  return base::Error(base::Code::not_found, fmt::format("there is no datastore '{}'", name))
      .hint(text::did_you_mean(name, project.catalogue.datastore_names()));
}

int show_datastore(const Args& args, App& app) {
  const Project project = open_project(app.here);
  const auto folder = project.catalogue.datastore(args.name);
  if (!folder) throw unknown_datastore(args.name, project);
  app.out << fmt::format("name: {}\nfolder: {}\n", args.name, base::display_path(*folder));
  return 0;
}

int delete_datastore(const Args& args, App& app) {
  Project project = open_project(app.here);
  if (project.settings.datastores.erase(args.name) == 0)
    throw unknown_datastore(args.name, project);
  workspace::write_settings(project.layout, project.settings);
  app.out << fmt::format("removed {} from amlocal.yml; its folder stays\n", args.name);
  return 0;
}

void declare_map(Options& options, Args& args) {
  options.argument("reference", args.name);
  options.argument("file", args.path);
}

int map_component(const Args& args, App& app) {
  Project project = open_project(app.here);
  const fs::path file = fs::absolute(args.path, app.here).lexically_normal();
  boost::system::error_code ignored;
  if (!fs::is_regular_file(file, ignored))
    throw base::Error(base::Code::not_found, fmt::format("there is no file '{}'", args.path))
        .hint("give the component's YAML file");
  project.settings.components[args.name] = file.native();
  workspace::write_settings(project.layout, project.settings);
  app.out << fmt::format("{} is {}\n", args.name, base::display_path(file));
  return 0;
}

void declare_use(Options& options, Args& args) {
  options.argument("name", args.name);
  options.argument("python", args.path);
}

int use_environment(const Args& args, App& app) {
  Project project = open_project(app.here);
  std::string name = args.name;
  if (name.starts_with("azureml:")) name.erase(0, 8);
  name = name.substr(0, name.find_first_of(":@"));
  project.settings.environments[name] =
      args.path.find('/') == std::string::npos
          ? args.path
          : fs::absolute(args.path, app.here).lexically_normal().native();
  workspace::ensure(project.layout);
  const auto found = compute::find_interpreter(name, project.settings.environments, app.environment,
                                               project.layout.cache());
  workspace::write_settings(project.layout, project.settings);
  app.out << fmt::format("{} is Python {} ({})\n", name, found.version, found.python.native());
  return 0;
}

int init(const None&, App& app) {
  const auto layout = workspace::find(app.here);
  boost::system::error_code ignored;
  if (!fs::exists(layout.settings_file(), ignored)) workspace::write_settings(layout, {});
  workspace::ensure(layout);
  app.out << fmt::format(
      "{} holds the settings to commit; {} holds caches and records, and git ignores it\n",
      base::display_path(layout.settings_file()), base::display_path(layout.hidden()));
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_datastore() {
  return {make_verb<Args>("datastore create", "datastore", declare_datastore, create_datastore),
          make_verb<None>("datastore list", "datastore", declare_none, list_datastores),
          make_verb<Args>("datastore show", "datastore", declare_name, show_datastore),
          make_verb<Args>("datastore delete", "datastore", declare_name, delete_datastore)};
}

std::vector<Verb> verbs_of_component() {
  return {make_verb<Args>("component map", "component", declare_map, map_component)};
}
std::vector<Verb> verbs_of_env() {
  return {make_verb<Args>("env use", "env", declare_use, use_environment)};
}
std::vector<Verb> verbs_of_init() {
  return {make_verb<None>("init", "init", declare_none, init)};
}

}  // namespace cli
