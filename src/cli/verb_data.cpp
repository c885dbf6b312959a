#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/project.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "definition/definition.hpp"
#include "text/diagnostic.hpp"
#include "text/document.hpp"

namespace cli {
namespace {

struct Args {
  std::string file;
  std::string name;
  std::string version;
  std::string type;
  std::string path;
};

void declare_create(Options& options, Args& args) {
  options.value("-f,--file", args.file);
  options.value("-n,--name", args.name);
  options.value("-v,--version", args.version);
  options.value("--type", args.type);
  options.value("--path", args.path);
}

std::string scalar_of(const text::Node& node, const char* key) {
  const auto* value = node.find(key);
  return value && value->is_scalar() ? value->scalar : "";
}

void refuse_errors(const fs::path& file, const std::string& shown, App& app) {
  text::Diagnostics diagnostics;
  definition::validate_file(file, open_project(file.parent_path()).catalogue, diagnostics);
  diagnostics.sort();
  for (const auto& diagnostic : diagnostics.all()) app.err << text::render(diagnostic, app.colour);
  if (!diagnostics.ok())
    throw base::Error(base::Code::bad_definition,
                      fmt::format("{} has {} error{}; nothing was registered", shown,
                                  diagnostics.errors(), diagnostics.errors() == 1 ? "" : "s"));
}

// What `-f data.yml` says stands in for the options that are not given. Its paths are relative to
// it.
Args with_file(Args args, App& app) {
  if (args.file.empty()) return args;
  const fs::path file = fs::absolute(args.file, app.here);
  const auto node = text::parse_yaml(text::read_source(file));
  // Without either key the file could be anything to the validator; az takes it as data.
  if (node.find("$schema") || node.find("type")) refuse_errors(file, args.file, app);
  if (args.name.empty()) args.name = scalar_of(node, "name");
  if (args.version.empty()) args.version = scalar_of(node, "version");
  if (args.type.empty()) args.type = scalar_of(node, "type");
  if (args.path.empty()) {
    args.path = scalar_of(node, "path");
    if (!workspace::is_uri(args.path) && !args.path.empty())
      args.path = fs::absolute(args.path, file.parent_path()).lexically_normal().native();
  }
  return args;
}

model::DataAsset make_asset(const Args& args, App& app) {
  if (args.name.empty() || args.path.empty())
    throw base::Error(base::Code::usage, "a data asset needs a name and a path")
        .hint("amlocal data create --name NAME --version 1 --path PATH");
  model::DataAsset asset{args.name, args.version, model::DataType::uri_folder, args.path};
  const bool local = !workspace::is_uri(args.path);
  if (local) {
    const fs::path path = fs::absolute(args.path, app.here).lexically_normal();
    boost::system::error_code ignored;
    if (!fs::exists(path, ignored))
      throw base::Error(base::Code::not_found, fmt::format("there is nothing at '{}'", args.path))
          .hint("give the path of a file or folder that exists");
    asset.path = path.native();
    if (fs::is_regular_file(path, ignored)) asset.type = model::DataType::uri_file;
  }
  if (!args.type.empty()) {
    const auto type = model::parse_data_type(args.type);
    if (!type || !model::is_data(*type))
      throw base::Error(base::Code::usage, fmt::format("'{}' is no type of data", args.type))
          .hint(text::did_you_mean(args.type, {"uri_file", "uri_folder", "mltable"}));
    asset.type = *type;
  } else if (args.path.starts_with("https://") || args.path.starts_with("http://")) {
    asset.type = model::DataType::uri_file;  // all that http can give
  }
  return asset;
}

int create(const Args& given, App& app) {
  const Project project = open_project(app.here);
  model::DataAsset asset = make_asset(with_file(given, app), app);
  workspace::update_settings(project.layout, [&](workspace::Settings& settings) {
    const auto next = [&] { return history::next_version(project.layout, settings, asset.name); };
    if (asset.version.empty()) asset.version = next();
    const auto registered = history::registered_assets(project.layout);
    std::vector<model::DataAsset> all = settings.data;
    all.insert(all.end(), registered.begin(), registered.end());
    for (const auto& other : all)
      if (other.name == asset.name && other.version == asset.version)
        throw base::Error(base::Code::exists, fmt::format("azureml:{}:{} is already registered",
                                                          asset.name, asset.version))
            .hint(fmt::format("leave --version out for version {}, or free this one with `amlocal "
                              "data delete {} --version {}`",
                              next(), asset.name, asset.version));
    settings.data.push_back(asset);
  });
  app.out << fmt::format("azureml:{}:{} is {}\n", asset.name, asset.version,
                         base::display_path(asset.path));
  return 0;
}

void declare_none(Options&, Args&) {}

std::vector<model::DataAsset> all_assets(const Project& project) {
  auto data = project.settings.data;
  const auto registered = history::registered_assets(project.layout);
  data.insert(data.end(), registered.begin(), registered.end());
  return data;
}

int list(const Args&, App& app) {
  const auto data = all_assets(open_project(app.here));
  if (data.empty()) {
    app.out
        << "no data assets yet; register one with: amlocal data create --name NAME --path PATH\n";
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "VERSION", "TYPE", "PATH"}};
  for (const auto& asset : data)
    rows.push_back({asset.name, asset.version, std::string(to_string(asset.type)),
                    base::display_path(asset.path)});
  app.out << format_table(rows);
  return 0;
}

void declare_named(Options& options, Args& args) {
  options.argument("name", args.name, false);
  options.value("-n,--name", args.file);  // az's spelling of the same
  options.value("-v,--version", args.version);
}

std::string name_of(const Args& args) {
  const std::string& name = args.name.empty() ? args.file : args.name;
  if (name.empty())
    throw base::Error(base::Code::usage, "which data asset?")
        .hint("amlocal data list shows them all");
  return name;
}

base::Error unknown_asset(const std::string& name, const std::vector<model::DataAsset>& data) {
  std::vector<std::string> names;
  for (const auto& asset : data)
    if (std::find(names.begin(), names.end(), asset.name) == names.end())
      names.push_back(asset.name);
  return base::Error(base::Code::not_found, fmt::format("there is no data asset '{}'", name))
      .hint(text::did_you_mean(name, names));
}

int show(const Args& args, App& app) {
  const std::string name = name_of(args);
  const auto data = all_assets(open_project(app.here));
  bool any = false;
  for (const auto& asset : data) {
    if (asset.name != name || (!args.version.empty() && asset.version != args.version)) continue;
    any = true;
    app.out << fmt::format("name: {}\nversion: {}\ntype: {}\npath: {}\n", asset.name, asset.version,
                           to_string(asset.type), base::display_path(asset.path));
  }
  if (!any) throw unknown_asset(name, data);
  return 0;
}

// "raw:3", or "2 versions of raw (1, 3)".
std::string versions_of(const std::string& name, const std::vector<std::string>& versions) {
  if (versions.size() == 1) return name + ":" + versions.front();
  return fmt::format("{} versions of {} ({})", versions.size(), name, fmt::join(versions, ", "));
}

int remove(const Args& args, App& app) {
  const std::string name = name_of(args);
  const Project project = open_project(app.here);
  const auto meant = [&](const model::DataAsset& asset) {
    return asset.name == name && (args.version.empty() || asset.version == args.version);
  };
  std::vector<std::string> removed;
  if (std::any_of(project.settings.data.begin(), project.settings.data.end(), meant))
    workspace::update_settings(project.layout, [&](workspace::Settings& settings) {
      for (const auto& asset : settings.data)
        if (meant(asset)) removed.push_back(asset.version);
      std::erase_if(settings.data, meant);
    });
  const auto of_runs = history::forget_assets(project.layout, name, args.version);
  if (removed.empty() && of_runs.empty()) {
    const auto data = all_assets(project);
    std::vector<std::string> versions;
    for (const auto& asset : data)
      if (asset.name == name) versions.push_back(asset.version);
    if (versions.empty()) throw unknown_asset(name, data);
    throw base::Error(
        base::Code::not_found,
        fmt::format("there is no version '{}' of data asset '{}'", args.version, name))
        .hint(text::did_you_mean(args.version, versions));
  }
  if (!removed.empty())
    app.out << fmt::format("removed {} from amlocal.yml; the data itself stays\n",
                           versions_of(name, removed));
  if (!of_runs.empty())
    app.out << fmt::format("forgot {}, registered by runs; the data stays with them\n",
                           versions_of(name, of_runs));
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_data() {
  return {make_verb<Args>("data create", "data", declare_create, create),
          make_verb<Args>("data list", "data", declare_none, list),
          make_verb<Args>("data show", "data", declare_named, show, Words::data),
          make_verb<Args>("data delete", "data", declare_named, remove, Words::data)};
}

}  // namespace cli
