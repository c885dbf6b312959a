#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/project.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "history/models.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

using model::RegisteredModel;
using nlohmann::json;

struct Args {
  std::string name;
  std::string named;  // az's --name
  std::string version;
  std::string path;
  std::string type;
  std::string run;
  std::string description;
  std::vector<std::string> tags;
  std::string to;
  bool json = false;
};

std::string to_json(const RegisteredModel& model) {
  const json value = {{"name", model.name},
                      {"version", model.version},
                      {"type", model.type},
                      {"path", model.path.native()},
                      {"run", model.run},
                      {"description", model.description},
                      {"created", base::to_iso(model.created)},
                      {"tags", model.tags},
                      {"properties", model.properties}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string name_of(const Args& args) {
  const std::string& name = args.name.empty() ? args.named : args.name;
  if (name.empty())
    throw base::Error(base::Code::usage, "which model?").hint("amlocal model list shows them all");
  return name;
}

void declare_list(Options& options, Args& args) {
  options.flag("--json", args.json);
}

int list(const Args& args, App& app) {
  const auto models = history::models(open_project(app.here).layout, "");
  if (args.json) {
    for (const auto& model : models) app.out << to_json(model) << "\n";
    return 0;
  }
  if (models.empty()) {
    app.out << "no models yet; register one with: amlocal model register NAME --path PATH\n";
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "VERSION", "TYPE", "CREATED"}};
  for (const auto& model : models)
    rows.push_back(
        {model.name, model.version, model.type, base::to_iso(model.created).substr(0, 19) + "Z"});
  app.out << format_table(rows);
  return 0;
}

void declare_named(Options& options, Args& args) {
  options.argument("name", args.name, false);
  options.value("-n,--name", args.named);
  options.value("-v,--version", args.version);
}

void declare_show(Options& options, Args& args) {
  declare_named(options, args);
  options.flag("--json", args.json);
}

// The version that is asked for, else the newest.
RegisteredModel find(const workspace::Layout& layout, const Args& args) {
  const std::string name = name_of(args);
  const auto versions = history::models(layout, name);
  if (versions.empty()) {
    std::vector<std::string> known;
    for (const auto& model : history::models(layout, ""))
      if (known.empty() || known.back() != model.name) known.push_back(model.name);
    throw base::Error(base::Code::not_found, fmt::format("there is no model '{}'", name))
        .hint(known.empty() ? "amlocal model register NAME --path PATH makes one"
                            : text::did_you_mean(name, known));
  }
  if (args.version.empty()) return versions.back();
  std::vector<std::string> known;
  for (const auto& model : versions) {
    if (model.version == args.version) return model;
    known.push_back(model.version);
  }
  throw base::Error(base::Code::not_found,
                    fmt::format("model '{}' has no version {}", name, args.version))
      .hint(fmt::format("it has {}", fmt::join(known, ", ")));
}

int show(const Args& args, App& app) {
  const auto model = find(open_project(app.here).layout, args);
  if (args.json) {
    app.out << to_json(model) << "\n";
    return 0;
  }
  app.out << fmt::format("name: {}\nversion: {}\ntype: {}\npath: {}\ncreated: {}\n", model.name,
                         model.version, model.type, base::display_path(model.path),
                         base::to_iso(model.created).substr(0, 19) + "Z");
  if (!model.run.empty()) app.out << fmt::format("run: {}\n", model.run);
  if (!model.description.empty()) app.out << fmt::format("description: {}\n", model.description);
  for (const auto& [name, value] : model.tags) app.out << fmt::format("tag {}: {}\n", name, value);
  return 0;
}

void declare_register(Options& options, Args& args) {
  options.argument("name", args.name, false);
  options.value("-n,--name", args.named);
  options.value("--path", args.path);
  options.value("--type", args.type);
  options.value("--run", args.run);
  options.value("--description", args.description);
  options.values("--tag", args.tags);
}

// A path of a step's artifacts, with the step's id for the record.
fs::path path_in_run(const workspace::Layout& layout, const Args& args, RegisteredModel& model) {
  const auto [name, step_path] = split_run(args.run);
  const auto run = history::read_run(layout, name);
  if (step_path.empty()) {
    model.run = run.name;
    return layout.run(run.name) / "artifacts" / args.path;
  }
  const auto& step = find_step(run, step_path);
  model.run = step.id;
  return layout.run(run.name) / "steps" / step.path / "artifacts" / args.path;
}

void check_type(const std::string& type) {
  const std::vector<std::string> types{"custom_model", "mlflow_model", "triton_model"};
  if (std::find(types.begin(), types.end(), type) == types.end())
    throw base::Error(base::Code::usage, fmt::format("'{}' is no type of a model", type))
        .hint(text::did_you_mean(type, types));
}

int add(const Args& args, App& app) {
  const Project project = open_project(app.here);
  RegisteredModel model;
  model.name = args.name.empty() ? args.named : args.name;
  if (model.name.empty() || args.path.empty())
    throw base::Error(base::Code::usage, "a model needs a name and a path")
        .hint("amlocal model register NAME --path PATH");
  if (!args.type.empty()) check_type(args.type);
  model.path = args.run.empty() ? fs::absolute(args.path, app.here).lexically_normal()
                                : path_in_run(project.layout, args, model);
  boost::system::error_code ignored;
  const bool has_description = fs::exists(model.path / "MLmodel", ignored);
  model.type = !args.type.empty() ? args.type : has_description ? "mlflow_model" : "custom_model";
  if (model.type == "mlflow_model" && !has_description)
    throw base::Error(base::Code::bad_input,
                      fmt::format("'{}' is no MLflow model: it has no file MLmodel", args.path))
        .hint("give the folder that mlflow's save_model or log_model made");
  model.description = args.description;
  for (const auto& tag : args.tags) model.tags.insert(split_assignment("--tag", tag));
  model.created = app.clock.now();
  const auto made = history::register_model(project.layout, std::move(model));
  app.out << fmt::format("azureml:{}:{} is {}\n", made.name, made.version,
                         base::display_path(made.path));
  return 0;
}

void declare_download(Options& options, Args& args) {
  declare_named(options, args);
  options.value("--to", args.to);
}

int download(const Args& args, App& app) {
  const auto model = find(open_project(app.here).layout, args);
  const fs::path target =
      (fs::absolute(args.to, app.here) / model.path.filename()).lexically_normal();
  boost::system::error_code failed;
  if (fs::exists(target, failed))
    throw base::Error(base::Code::exists,
                      fmt::format("'{}' is already there", base::display_path(target)))
        .hint("choose another folder with --to");
  fs::create_directories(target.parent_path(), failed);
  if (failed) throw base::os_error("create", target.parent_path().native(), failed.value());
  if (fs::is_directory(model.path, failed))
    base::copy_tree(model.path, target);
  else
    base::copy_file(model.path, target);
  app.out << base::display_path(target) << "\n";
  return 0;
}

int remove(const Args& args, App& app) {
  const auto layout = open_project(app.here).layout;
  const auto model = find(layout, args);
  const auto count = history::models(layout, model.name).size();
  history::remove_model(layout, model.name, args.version);
  if (args.version.empty() && count > 1)
    app.out << fmt::format("deleted {} versions of {}\n", count, model.name);
  else
    app.out << fmt::format("deleted {}:{}\n", model.name, model.version);
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_model() {
  return {make_verb<Args>("model list", "model", declare_list, list),
          make_verb<Args>("model show", "model", declare_show, show, Words::models),
          make_verb<Args>("model register", "model", declare_register, add, Words::files),
          make_verb<Args>("model download", "model", declare_download, download, Words::models),
          make_verb<Args>("model delete", "model", declare_named, remove, Words::models)};
}

}  // namespace cli
