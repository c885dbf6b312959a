#include "history/assets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <charconv>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "history/journal.hpp"
#include "history/records.hpp"

namespace history {
namespace {

constexpr const char* rebuild_hint =
    "run `amlocal doctor --rebuild`: it keeps the good lines and asks the runs for the rest";

base::FileLock lock_assets(const workspace::Layout& layout) {
  return base::FileLock::wait(layout.records() / "assets.lock");
}

// What lies in these records, without the workspace's where they are apart.
std::vector<events::Stamped> read_events(const workspace::Layout& layout) {
  std::vector<events::Stamped> all;
  boost::system::error_code ignored;
  if (!fs::exists(assets_path(layout), ignored)) return all;
  const JournalText journal = read_journal(assets_path(layout));
  if (journal.damaged_line > 0)
    throw_damaged(assets_path(layout), journal.damaged_line, rebuild_hint);
  for (const std::string& line : journal.lines)
    if (auto stamped = events::from_json(line)) all.push_back(std::move(*stamped));
  return all;
}

// The number a version is, or 0: only whole numbers count for "the next one".
std::uint64_t number_of(const std::string& version) {
  std::uint64_t number = 0;
  const char* end = version.data() + version.size();
  const auto read = std::from_chars(version.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? number : 0;
}

template <class Assets>
std::uint64_t highest(const Assets& assets, const std::string& name) {
  std::uint64_t number = 0;
  for (const auto& asset : assets)
    if (asset.name == name) number = std::max(number, number_of(asset.version));
  return number;
}

// What stands for the name and version already.
std::optional<std::string> path_of_taken(const workspace::Layout& layout,
                                         const workspace::Settings& settings,
                                         const events::AssetRegistered& asset) {
  for (const auto& other : asset_events(layout))
    if (other.name == asset.name && other.version == asset.version) return other.path;
  for (const auto& other : settings.data)
    if (other.name == asset.name && other.version == asset.version) return other.path;
  return std::nullopt;
}

events::Notice taken_notice(const events::AssetRegistered& asset, const std::string& path) {
  return {asset.step,
          fmt::format("output '{0}' was not registered: azureml:{1}:{2} stands for {3} and a "
                      "version does not change; leave out `version:` for the next number, or free "
                      "this one with `amlocal data delete {1} --version {2}`",
                      asset.output, asset.name, asset.version, base::display_path(path))};
}

}  // namespace

fs::path assets_path(const workspace::Layout& layout) {
  return layout.records() / "assets.journal";
}

events::Event register_asset(const workspace::Layout& layout, events::Stamped stamped,
                             bool durable) {
  auto& asset = std::get<events::AssetRegistered>(stamped.event);
  const base::FileLock lock = lock_assets(layout);
  const workspace::Settings settings = workspace::read_settings(layout);
  if (asset.version.empty())
    asset.version = next_version(layout, settings, asset.name);
  else if (const auto path = path_of_taken(layout, settings, asset))
    return *path == asset.path ? events::Event(asset) : events::Event(taken_notice(asset, *path));
  Journal(assets_path(layout), durable).append(events::to_json(stamped));
  return asset;
}

std::vector<events::AssetRegistered> asset_events(const workspace::Layout& layout) {
  std::vector<events::AssetRegistered> assets;
  if (!layout.apart.empty()) assets = asset_events({layout.root});
  for (auto& stamped : read_events(layout))
    if (auto* asset = std::get_if<events::AssetRegistered>(&stamped.event))
      assets.push_back(std::move(*asset));
  return assets;
}

std::vector<model::DataAsset> registered_assets(const workspace::Layout& layout) {
  std::vector<model::DataAsset> assets;
  for (const auto& event : asset_events(layout))
    assets.push_back({event.name, event.version,
                      model::parse_data_type(event.type).value_or(model::DataType::uri_folder),
                      event.path});
  return assets;
}

std::vector<std::string> forget_assets(const workspace::Layout& layout, const std::string& name,
                                       const std::string& version) {
  boost::system::error_code ignored;
  if (!fs::exists(assets_path(layout), ignored)) return {};
  const base::FileLock lock = lock_assets(layout);
  std::string text;
  std::vector<std::string> forgotten;
  for (const auto& stamped : read_events(layout)) {
    const auto* asset = std::get_if<events::AssetRegistered>(&stamped.event);
    if (asset && asset->name == name && (version.empty() || asset->version == version)) {
      forgotten.push_back(asset->version);
      continue;
    }
    const std::string json = events::to_json(stamped);
    text += fmt::format("{:08x} {}\n", base::crc32c(json), json);
  }
  if (!forgotten.empty()) base::write_file_atomically(assets_path(layout), text);
  return forgotten;
}

std::string next_version(const workspace::Layout& layout, const workspace::Settings& settings,
                         const std::string& name) {
  return std::to_string(
      std::max(highest(asset_events(layout), name), highest(settings.data, name)) + 1);
}

void mend_assets(const workspace::Layout& layout, const std::vector<std::string>& runs) {
  boost::system::error_code ignored;
  if (!fs::exists(assets_path(layout), ignored)) return;
  const base::FileLock lock = lock_assets(layout);
  if (read_journal(assets_path(layout)).damaged_line == 0) return;
  std::vector<std::string> lines = salvage_journal(assets_path(layout));
  for (const std::string& run : runs)
    for (const std::string& line : salvage_journal(journal_path(layout, run)))
      if (line.find("\"asset_registered\"") != std::string::npos) lines.push_back(line);

  std::vector<events::Stamped> all;
  for (const std::string& line : lines) {
    const auto stamped = events::from_json(line);
    if (stamped && std::holds_alternative<events::AssetRegistered>(stamped->event))
      all.push_back(*stamped);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.time < b.time; });
  std::string text;
  std::vector<std::string> written;
  for (const auto& stamped : all) {
    const std::string json = events::to_json(stamped);
    if (std::find(written.begin(), written.end(), json) != written.end()) continue;
    text += fmt::format("{:08x} {}\n", base::crc32c(json), json);
    written.push_back(json);
  }
  base::write_file_atomically(assets_path(layout), text);
}

}  // namespace history
