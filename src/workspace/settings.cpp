#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "text/diagnostic.hpp"
#include "text/document.hpp"
#include "workspace/workspace.hpp"

namespace workspace {
namespace {

using text::Node;

[[noreturn]] void refuse(const base::Place& place, std::string what, std::string hint = "") {
  throw base::Error(base::Code::bad_definition, std::move(what)).at(place).hint(std::move(hint));
}

std::string unknown_hint(const std::string& key, const std::vector<std::string>& known) {
  return text::did_you_mean(key, known);
}

void check_keys(const Node& map, const std::vector<std::string>& known, const std::string& where) {
  std::vector<std::string> seen;
  for (const auto& entry : map.entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end())
      refuse(entry.key_place, fmt::format("unknown key '{}' in {}", entry.key, where),
             unknown_hint(entry.key, known));
    if (std::find(seen.begin(), seen.end(), entry.key) != seen.end())
      refuse(entry.key_place, fmt::format("the key '{}' stands twice in {}", entry.key, where));
    seen.push_back(entry.key);
  }
}

std::string text_of(const Node& node, const std::string& what) {
  if (!node.is_scalar() || node.scalar.empty())
    refuse(node.place, fmt::format("{} must be a text", what));
  return node.scalar;
}

fs::path below(const Layout& layout, const std::string& path) {
  return fs::absolute(path, layout.root).lexically_normal();
}

// "python3" is looked up on PATH; anything with a '/' is a path.
std::string interpreter_of(const Layout& layout, const std::string& text) {
  return text.find('/') == std::string::npos ? text : below(layout, text).native();
}

std::string asset_path(const Layout& layout, const std::string& text) {
  return is_uri(text) ? text : below(layout, text).native();
}

template <class Convert>
std::map<std::string, std::string> read_map(const Node& node, const std::string& key,
                                            Convert convert) {
  std::map<std::string, std::string> result;
  if (node.is_null()) return result;
  if (!node.is_map()) refuse(node.place, fmt::format("'{}' must be a map of names", key));
  for (const auto& entry : node.entries) {
    const std::string value = text_of(entry.value, fmt::format("'{}.{}'", key, entry.key));
    if (!result.emplace(entry.key, convert(value)).second)
      refuse(entry.key_place, fmt::format("the key '{}' stands twice in '{}'", entry.key, key));
  }
  return result;
}

model::DataAsset read_asset(const Layout& layout, const Node& node) {
  if (!node.is_map())
    refuse(node.place, "an entry of 'data' must be a map", "write name, version, type and path");
  check_keys(node, {"name", "version", "type", "path"}, "an entry of 'data'");
  const auto word = [&](const char* key) {
    const Node* value = node.find(key);
    if (!value) refuse(node.place, fmt::format("an entry of 'data' has no '{}'", key));
    return text_of(*value, fmt::format("'{}'", key));
  };
  model::DataAsset asset;
  asset.name = word("name");
  asset.version = node.find("version") ? word("version") : "1";
  asset.path = asset_path(layout, word("path"));
  if (const Node* type = node.find("type")) {
    const auto parsed = model::parse_data_type(text_of(*type, "'type'"));
    if (!parsed || !model::is_data(*parsed))
      refuse(type->place, fmt::format("'{}' is no type of data", type->scalar),
             unknown_hint(type->scalar, {"uri_file", "uri_folder", "mltable", "mlflow_model",
                                         "custom_model", "triton_model"}));
    asset.type = *parsed;
  }
  return asset;
}

std::vector<model::DataAsset> read_data(const Layout& layout, const Node& node) {
  std::vector<model::DataAsset> assets;
  if (node.is_null()) return assets;
  if (!node.is_sequence()) refuse(node.place, "'data' must be a list");
  for (const Node& item : node.items) {
    model::DataAsset asset = read_asset(layout, item);
    for (const auto& other : assets)
      if (other.name == asset.name && other.version == asset.version)
        refuse(item.place,
               fmt::format("the data asset '{}:{}' stands twice", asset.name, asset.version));
    assets.push_back(std::move(asset));
  }
  return assets;
}

std::vector<std::string> read_words(const Node& node, const std::string& key) {
  std::vector<std::string> words;
  if (node.is_null()) return words;
  if (!node.is_sequence()) refuse(node.place, fmt::format("'{}' must be a list", key));
  for (const Node& item : node.items)
    words.push_back(text_of(item, fmt::format("an entry of '{}'", key)));
  return words;
}

std::vector<std::pair<std::string, base::Place>> read_faults(const Node& node,
                                                             const std::string& key) {
  std::vector<std::pair<std::string, base::Place>> faults;
  const auto words = read_words(node, key);
  for (std::size_t n = 0; n < words.size(); ++n) faults.emplace_back(words[n], node.items[n].place);
  return faults;
}

std::size_t read_count(const Node& node, const std::string& key) {
  const std::string text = text_of(node, fmt::format("'{}'", key));
  std::size_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    refuse(node.place, fmt::format("'{}' must be a whole number, not '{}'", key, text),
           "0 means no limit");
  return number;
}

std::uint64_t read_bytes(const Node& node, const std::string& key) {
  const std::string text = text_of(node, fmt::format("'{}'", key));
  const auto bytes = base::parse_bytes(text);
  if (!bytes)
    refuse(node.place,
           fmt::format("'{}' must be a size such as 500MB or 20GB, not '{}'", key, text),
           "0 means no limit");
  return *bytes;
}

// A scalar as YAML text: plain where every reader takes it for the same string, else in double
// quotes.
std::string scalar(const std::string& value) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("_./-@+").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!value.empty() && std::all_of(value.begin(), value.end(), plain) && value[0] != '@' &&
      value[0] != '-' && text::parse_scalar(value).kind == text::Kind::string)
    return value;
  try {
    return nlohmann::json(value).dump();
  } catch (const nlohmann::json::exception&) {
    throw base::Error(base::Code::bad_input,
                      "amlocal.yml is UTF-8 text, and a name or path to be written into it is not")
        .hint("rename the file or folder");
  }
}

// A path as it is written: relative where it lies below the root. `must_have_slash` tells an
// interpreter's path from a program's name.
std::string written_path(const Layout& layout, const std::string& path,
                         bool must_have_slash = false) {
  if (is_uri(path) || !fs::path(path).is_absolute()) return path;
  const fs::path relative = fs::path(path).lexically_normal().lexically_relative(layout.root);
  if (relative.empty() || *relative.begin() == "..") return path;
  std::string text = relative.native();
  if (is_uri(text) || (must_have_slash && text.find('/') == std::string::npos)) text = "./" + text;
  return text;
}

constexpr std::string_view leading_comment =
    "# What amlocal knows of this project: interpreters, data, datastores. Commit this file.\n";

std::string comment_of(const fs::path& file) {
  boost::system::error_code ignored;
  if (!fs::exists(file, ignored)) return std::string(leading_comment);
  const std::string old = base::read_file(file);
  std::size_t end = 0;
  while (end < old.size() && old[end] == '#')
    end = std::min(old.find('\n', end), old.size() - 1) + 1;
  if (end == 0) return std::string(leading_comment);
  std::string comment = old.substr(0, end);
  if (comment.back() != '\n') comment += '\n';
  return comment;
}

template <class Convert>
void write_map(std::string& out, const char* key, const std::map<std::string, std::string>& map,
               Convert convert) {
  if (map.empty()) return;
  out += fmt::format("{}:\n", key);
  for (const auto& [name, value] : map)
    out += fmt::format("  {}: {}\n", scalar(name), scalar(convert(value)));
}

std::string to_yaml(const Layout& layout, const Settings& settings) {
  const auto path = [&](const std::string& text) { return written_path(layout, text); };
  std::string out;
  write_map(out, "environments", settings.environments,
            [&](const std::string& text) { return written_path(layout, text, true); });
  if (!settings.data.empty()) out += "data:\n";
  for (const auto& asset : settings.data)
    out += fmt::format("  - name: {}\n    version: {}\n    type: {}\n    path: {}\n",
                       scalar(asset.name), scalar(asset.version), model::to_string(asset.type),
                       scalar(path(asset.path)));
  write_map(out, "datastores", settings.datastores, path);
  write_map(out, "components", settings.components, path);
  if (!settings.pass_env.empty()) out += "pass_env:\n";
  for (const auto& name : settings.pass_env) out += fmt::format("  - {}\n", scalar(name));
  if (!settings.faults.empty()) out += "faults:\n";
  for (const auto& [fault, place] : settings.faults) out += fmt::format("  - {}\n", scalar(fault));
  const Settings usual;
  if (settings.keep_runs != usual.keep_runs)
    out += fmt::format("keep_runs: {}\n", settings.keep_runs);
  if (settings.max_bytes != usual.max_bytes)
    out += fmt::format("max_bytes: {}\n", settings.max_bytes);
  return out;
}

base::FileLock settings_lock(const Layout& layout) {
  ensure(layout);
  return base::FileLock::wait(layout.hidden() / "settings.lock");
}

void write_locked(const Layout& layout, const Settings& settings) {
  base::write_file_atomically(layout.settings_file(),
                              comment_of(layout.settings_file()) + to_yaml(layout, settings));
}

}  // namespace

bool is_uri(const std::string& text) {
  if (text.starts_with("azureml:")) return true;
  const auto colon = text.find("://");
  return colon != std::string::npos && colon > 0 &&
         std::all_of(
             text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
             [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '-' || c == '.'; });
}

Settings read_settings(const Layout& layout) {
  Settings settings;
  boost::system::error_code ignored;
  if (!fs::exists(layout.settings_file(), ignored)) return settings;
  const Node root = text::parse_yaml(text::read_source(layout.settings_file()));
  if (root.is_null()) return settings;
  if (!root.is_map()) refuse(root.place, "amlocal.yml must be a map of settings");
  check_keys(root,
             {"environments", "data", "datastores", "components", "pass_env", "faults", "keep_runs",
              "max_bytes"},
             "amlocal.yml");
  const auto path = [&](const std::string& text) { return below(layout, text).native(); };
  for (const auto& [key, place, value] : root.entries) {
    if (key == "environments")
      settings.environments = read_map(
          value, key, [&](const std::string& text) { return interpreter_of(layout, text); });
    else if (key == "data")
      settings.data = read_data(layout, value);
    else if (key == "datastores")
      settings.datastores = read_map(value, key, path);
    else if (key == "components")
      settings.components = read_map(value, key, path);
    else if (key == "faults")
      settings.faults = read_faults(value, key);
    else if (key == "keep_runs")
      settings.keep_runs = read_count(value, key);
    else if (key == "max_bytes")
      settings.max_bytes = read_bytes(value, key);
    else
      settings.pass_env = read_words(value, key);
  }
  return settings;
}

void write_settings(const Layout& layout, const Settings& settings) {
  const base::FileLock lock = settings_lock(layout);
  write_locked(layout, settings);
}

void update_settings(const Layout& layout, const std::function<void(Settings&)>& change) {
  const base::FileLock lock = settings_lock(layout);
  Settings settings = read_settings(layout);
  change(settings);
  write_locked(layout, settings);
}

std::optional<fs::path> datastore_folder(const Layout& layout, const Settings& settings,
                                         const std::string& name) {
  const auto found = settings.datastores.find(name);
  if (found != settings.datastores.end()) return fs::path(found->second);
  if (name == "workspaceblobstore") return layout.datastores() / name;
  return std::nullopt;
}

}  // namespace workspace
