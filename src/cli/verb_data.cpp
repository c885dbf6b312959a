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

// What `-f data.yml` says stands in for the options that are not given.
Args with_file(Args args, App& app) {
  if (args.file.empty()) return args;
  const fs::path file = fs::absolute(args.file, app.here);
  const auto node = text::parse_yaml(text::read_source(file));
  if (args.name.empty()) args.name = scalar_of(node, "name");
  if (args.version.empty()) args.version = scalar_of(node, "version");
  if (args.type.empty()) args.type = scalar_of(node, "type");
  if (args.path.empty()) {
    args.path = scalar_of(node, "path");
    if (args.path.find("://") == std::string::npos && !args.path.empty())
      args.path = fs::absolute(args.path, file.parent_path()).lexically_normal().native();
  }
  return args;
}

model::DataAsset make_asset(const Args& args, App& app) {
  if (args.name.empty() || args.path.empty())
    throw base::Error(base::Code::usage, "a data asset needs a name and a path")
        .hint("amlocal data create --name NAME --version 1 --path PATH");
  model::DataAsset asset{args.name, args.version, model::DataType::uri_folder, args.path};
  const bool local = args.path.find("://") == std::string::npos;
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
  }
  return asset;
}

std::string next_version(const std::vector<model::DataAsset>& data, const std::string& name) {
  long highest = 0;
  for (const auto& asset : data)
    if (asset.name == name)
      highest = std::max(highest, std::strtol(asset.version.c_str(), nullptr, 10));
  return std::to_string(highest + 1);
}

int create(const Args& given, App& app) {
  Project project = open_project(app.here);
  model::DataAsset asset = make_asset(with_file(given, app), app);
  auto& data = project.settings.data;
  if (asset.version.empty()) asset.version = next_version(data, asset.name);
  for (const auto& other : data)
    if (other.name == asset.name && other.version == asset.version)
      throw base::Error(base::Code::exists, fmt::format("azureml:{}:{} is already registered",
                                                        asset.name, asset.version))
          .hint(fmt::format("leave --version out for version {}", next_version(data, asset.name)));
  data.push_back(asset);
  workspace::write_settings(project.layout, project.settings);
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
  for (const auto& asset : data) names.push_back(asset.name);
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

int remove(const Args& args, App& app) {
  const std::string name = name_of(args);
  Project project = open_project(app.here);
  auto& data = project.settings.data;
  const auto before = data;
  std::erase_if(data, [&](const auto& asset) {
    return asset.name == name && (args.version.empty() || asset.version == args.version);
  });
  if (data.size() == before.size()) throw unknown_asset(name, before);
  workspace::write_settings(project.layout, project.settings);
  app.out << fmt::format("removed {} from amlocal.yml; the data itself stays\n", name);
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_data() {
  return {make_verb<Args>("data create", "data", declare_create, create),
          make_verb<Args>("data list", "data", declare_none, list),
          make_verb<Args>("data show", "data", declare_named, show),
          make_verb<Args>("data delete", "data", declare_named, remove)};
}

}  // namespace cli
