// The verbs that write names into amlocal.yml: datastores, components, environments, and init.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <istream>
#include <map>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/project.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "compute/interpreter.hpp"
#include "text/diagnostic.hpp"
#include "text/document.hpp"
#include "workspace/ignore.hpp"

namespace cli {
namespace {

struct Args {
  std::string name;
  std::string path;
};

// Changes amlocal.yml of the project around the current folder.
template <class Change>
void change_settings(App& app, Change&& change) {
  workspace::update_settings(workspace::find(app.here), change);
}

// amlocal.yml is committed: what lies outside of the project is nowhere on another machine.
void tell_where_nobody_else_has_it(const fs::path& path, App& app) {
  const auto layout = workspace::find(app.here);
  const fs::path inside = path.lexically_normal().lexically_relative(layout.root);
  if (!inside.empty() && *inside.begin() != "..") return;
  app.out << fmt::format(
      "note: '{}' lies outside of the project; amlocal.yml now names it by its absolute path, "
      "which "
      "a colleague's machine or a CI job will not have\n",
      path.native());
}

struct None {};
void declare_none(Options&, None&) {}

struct StoreArgs {
  std::string name;
  std::string path;
  std::string file;
};

void declare_datastore(Options& options, StoreArgs& args) {
  options.argument("name", args.name, false);
  options.value("--dir", args.path);
  options.value("-f,--file", args.file);
}

// A datastore's YAML names an account and a container of the cloud: here only the name counts, and
// what else it says is told to be passed over.
StoreArgs with_file(StoreArgs args, App& app) {
  if (args.file.empty()) return args;
  const auto node = text::parse_yaml(text::read_source(fs::absolute(args.file, app.here)));
  const auto* name = node.find("name");
  if (!name || !name->is_scalar())
    throw base::Error(base::Code::bad_definition, "a datastore's file needs a name")
        .at(node.place)
        .hint("write name: NAME");
  if (args.name.empty()) args.name = name->scalar;
  std::vector<std::string> passed_over;
  for (const auto& entry : node.entries)
    if (entry.key != "name" && entry.key != "$schema" && entry.key != "description")
      passed_over.push_back(entry.key);
  if (!passed_over.empty())
    app.out << fmt::format("note: without effect on one machine: {}\n",
                           fmt::join(passed_over, ", "));
  return args;
}

int create_datastore(const StoreArgs& given, App& app) {
  const StoreArgs args = with_file(given, app);
  if (args.name.empty())
    throw base::Error(base::Code::usage, "which datastore?")
        .hint("amlocal datastore create NAME --dir PATH");
  if (args.path.empty())
    throw base::Error(base::Code::usage, "a datastore needs a folder")
        .hint(fmt::format("amlocal datastore create {} --dir PATH", args.name));
  const fs::path folder = fs::absolute(args.path, app.here).lexically_normal();
  bool made = false;
  change_settings(app, [&](auto& settings) {
    const auto known = settings.datastores.find(args.name);
    if (known != settings.datastores.end() && known->second != folder.native())
      throw base::Error(base::Code::exists,
                        fmt::format("there is already a datastore '{}': '{}'", args.name,
                                    base::display_path(known->second)))
          .hint(fmt::format("to give it another folder, first: amlocal datastore delete {}",
                            args.name));
    boost::system::error_code failed;
    made = fs::create_directories(folder, failed);
    if (failed) throw base::os_error("create", folder.native(), failed.value());
    settings.datastores[args.name] = folder.native();
  });
  app.out << fmt::format("azureml://datastores/{}/paths/… is {}{}\n", args.name,
                         base::display_path(folder),
                         made ? ", which was not there and is now an empty folder" : "");
  tell_where_nobody_else_has_it(folder, app);
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
  const Project project = open_project(app.here);
  change_settings(app, [&](auto& settings) {
    if (settings.datastores.erase(args.name) > 0) return;
    if (project.catalogue.datastore(args.name))
      throw base::Error(base::Code::usage,
                        fmt::format("datastore '{}' is there from the start", args.name))
          .hint("`amlocal datastore create` gives it another folder");
    throw unknown_datastore(args.name, project);
  });
  app.out << fmt::format("removed {} from amlocal.yml; its folder stays\n", args.name);
  return 0;
}

// One table of amlocal.yml: what its names are called, and how its verbs speak of them.
struct Names {
  std::map<std::string, std::string> workspace::Settings::*map;
  const char* what;    // "component"
  const char* header;  // of the second column
  const char* supply;  // the command that makes one
};

constexpr Names components{&workspace::Settings::components, "component", "FILE",
                           "amlocal component map REFERENCE FILE"};
constexpr Names environments{&workspace::Settings::environments, "environment", "PYTHON",
                             "amlocal env use NAME PYTHON"};

template <const Names& names>
int list_names(const None&, App& app) {
  const auto settings = workspace::read_settings(workspace::find(app.here));
  const auto& map = settings.*names.map;
  if (map.empty()) {
    app.out << fmt::format("no {}s yet; add one with: {}\n", names.what, names.supply);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", names.header}};
  for (const auto& [name, value] : map) rows.push_back({name, base::display_path(value)});
  app.out << format_table(rows);
  return 0;
}

template <const Names& names>
base::Error unknown_name(const std::string& name, const workspace::Settings& settings) {
  std::vector<std::string> known;
  for (const auto& [other, value] : settings.*names.map) known.push_back(other);
  return base::Error(base::Code::not_found,
                     fmt::format("amlocal.yml has no {} '{}'", names.what, name))
      .hint(known.empty() ? names.supply : text::did_you_mean(name, known));
}

template <const Names& names>
int show_name(const Args& args, App& app) {
  const auto settings = workspace::read_settings(workspace::find(app.here));
  const auto& map = settings.*names.map;
  const auto found = map.find(args.name);
  if (found == map.end()) throw unknown_name<names>(args.name, settings);
  app.out << fmt::format("{}\n", base::display_path(found->second));
  return 0;
}

template <const Names& names>
int delete_name(const Args& args, App& app) {
  change_settings(app, [&](workspace::Settings& settings) {
    if ((settings.*names.map).erase(args.name) == 0) throw unknown_name<names>(args.name, settings);
  });
  app.out << fmt::format("removed {} from amlocal.yml\n", args.name);
  return 0;
}

void declare_map(Options& options, Args& args) {
  options.argument("reference", args.name);
  options.argument("file", args.path);
}

int map_component(const Args& args, App& app) {
  const fs::path file = fs::absolute(args.path, app.here).lexically_normal();
  boost::system::error_code ignored;
  if (!fs::is_regular_file(file, ignored))
    throw base::Error(base::Code::not_found, fmt::format("there is no file '{}'", args.path))
        .hint("give the component's YAML file");
  change_settings(app, [&](auto& settings) { settings.components[args.name] = file.native(); });
  app.out << fmt::format("{} is {}\n", args.name, base::display_path(file));
  tell_where_nobody_else_has_it(file, app);
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
  change_settings(app, [&](auto& settings) {
    settings.environments[name] = project.settings.environments[name];
  });
  app.out << fmt::format("{} is Python {} ({})\n", name, found.version, found.python.native());
  if (args.path.find('/') != std::string::npos)
    tell_where_nobody_else_has_it(project.settings.environments[name], app);
  return 0;
}

// git leaves .amlocal out by itself, but a job's code goes to the cloud with all that the ignore
// file at the top of the code folder does not name.
constexpr std::string_view ignore_line = ".amlocal/\n";

bool carries_hidden_folder(const fs::path& root) {
  // .gitignore counts only where there is no .amlignore. Source: v2-yaml reference, code folders.
  for (const char* name : {".amlignore", ".gitignore"}) {
    boost::system::error_code ignored;
    if (!fs::exists(root / name, ignored)) continue;
    workspace::IgnoreRules rules;
    rules.add(base::read_file(root / name), "");
    return !rules.ignored(".amlocal", true);
  }
  return true;
}

// Adds the line where somebody says yes; tells of it where nobody can be asked.
void offer_ignore_line(const fs::path& root, App& app) {
  if (!carries_hidden_folder(root)) return;
  boost::system::error_code ignored;
  const bool amlignore = fs::exists(root / ".amlignore", ignored);
  const fs::path file = amlignore || !fs::exists(root / ".gitignore", ignored)
                            ? root / ".amlignore"
                            : root / ".gitignore";
  if (!app.answers) {
    app.out << fmt::format(
        "a job whose code is this folder would take .amlocal to the cloud: add the line .amlocal/ "
        "to {}\n",
        base::display_path(file));
    return;
  }
  app.out << fmt::format(
      "A job whose code is this folder would take .amlocal to the cloud.\nAdd the line .amlocal/ "
      "to {}? [Y/n] ",
      base::display_path(file));
  app.out.flush();
  std::string answer;
  if (!std::getline(*app.answers, answer) ||
      (!answer.empty() && answer[0] != 'y' && answer[0] != 'Y'))
    return;
  std::string text = fs::exists(file, ignored) ? base::read_file(file) : "";
  if (!text.empty() && text.back() != '\n') text += '\n';
  base::write_file_atomically(file, text + std::string(ignore_line));
}

int init(const None&, App& app) {
  const auto layout = workspace::find(app.here);
  boost::system::error_code ignored;
  // What is there may hold comments of the user's, which writing would lose.
  if (!fs::exists(layout.settings_file(), ignored)) workspace::write_settings(layout, {});
  workspace::ensure(layout);
  app.out << fmt::format(
      "{} holds the settings to commit; {} holds caches and records, and git ignores it\n",
      base::display_path(layout.settings_file()), base::display_path(layout.hidden()));
  offer_ignore_line(layout.root, app);
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_datastore() {
  return {
      make_verb<StoreArgs>("datastore create", "datastore", declare_datastore, create_datastore),
      make_verb<None>("datastore list", "datastore", declare_none, list_datastores),
      make_verb<Args>("datastore show", "datastore", declare_name, show_datastore,
                      Words::datastores),
      make_verb<Args>("datastore delete", "datastore", declare_name, delete_datastore,
                      Words::datastores)};
}

std::vector<Verb> verbs_of_component() {
  return {make_verb<Args>("component map", "component", declare_map, map_component, Words::files),
          make_verb<None>("component list", "component", declare_none, list_names<components>),
          make_verb<Args>("component show", "component", declare_name, show_name<components>,
                          Words::components),
          make_verb<Args>("component delete", "component", declare_name, delete_name<components>,
                          Words::components)};
}
std::vector<Verb> verbs_of_env() {
  return {make_verb<Args>("env use", "env", declare_use, use_environment, Words::environments),
          make_verb<None>("env list", "env", declare_none, list_names<environments>),
          make_verb<Args>("env show", "env", declare_name, show_name<environments>,
                          Words::environments),
          make_verb<Args>("env delete", "env", declare_name, delete_name<environments>,
                          Words::environments)};
}
std::vector<Verb> verbs_of_init() {
  return {make_verb<None>("init", "init", declare_none, init)};
}

}  // namespace cli
