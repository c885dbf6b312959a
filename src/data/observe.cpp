// A folder's files into groups of one pattern each, and each group's files into one contract.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "data/name_pattern.hpp"
#include "data/observe.hpp"

namespace data {
namespace {

constexpr std::size_t most_groups_alike = 20;  // of one folder and extension
constexpr std::size_t deepest = 64;

bool is_image(std::string_view extension) {
  constexpr std::string_view known[]{".png", ".jpg",  ".jpeg", ".gif", ".bmp",
                                     ".tif", ".tiff", ".webp", ".ppm"};
  return std::find(std::begin(known), std::end(known), extension) != std::end(known);
}

struct Listing {
  std::vector<FoundFile> files;
  std::vector<std::string> notes;
  bool full = false;
};

void list(const fs::path& folder, const std::string& prefix, const Limits& limits,
          std::size_t depth, Listing& listing) {
  if (depth > deepest) {
    listing.notes.push_back(
        fmt::format("{}: deeper than {} folders, not looked at", prefix, deepest));
    return;
  }
  boost::system::error_code failed;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed))
    entries.push_back(entry->path());
  if (failed) {
    if (depth == 0) throw base::os_error("list", folder.native(), failed.value());
    listing.notes.push_back(fmt::format("{}: cannot be listed: {}", prefix, failed.message()));
    return;
  }
  std::sort(entries.begin(), entries.end());
  for (const fs::path& entry : entries) {
    if (listing.full) return;
    const std::string name = prefix + entry.filename().native();
    struct stat status {};
    if (::stat(entry.c_str(), &status) != 0) {
      listing.notes.push_back(fmt::format("{}: a link to nothing", name));
    } else if (S_ISDIR(status.st_mode)) {
      list(entry, name + "/", limits, depth + 1, listing);
    } else if (S_ISREG(status.st_mode)) {
      if (listing.files.size() == limits.listed) {
        listing.full = true;
        listing.notes.push_back(fmt::format("more than {} files: those behind {} are not counted",
                                            limits.listed, name));
        return;
      }
      listing.files.push_back({name, static_cast<std::uint64_t>(status.st_size)});
    }
  }
}

// "a/b" of "a/b/c.csv" with its last '/', "" of "c.csv".
std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// Images lie in a folder a class, whatever it is called: "train/*/*.png".
std::string image_pattern(const std::string& path, const std::string& extension) {
  const std::string folder = folder_of(path);
  if (folder.empty()) return "*" + extension;
  const std::string above = folder_of(folder.substr(0, folder.size() - 1));
  return folder_of(generalised(above + "x")) + "*/*" + extension;
}

using Groups = std::map<std::string, std::vector<FoundFile>>;

Groups grouped(std::vector<FoundFile> files) {
  Groups groups;
  for (FoundFile& file : files) {
    const std::string extension = extension_of(file.name);
    const std::string pattern =
        is_image(extension) ? image_pattern(file.name, extension) : generalised(file.name);
    groups[pattern].push_back(std::move(file));
  }
  Groups named;
  std::map<std::string, std::size_t> alike;
  for (auto& [pattern, members] : groups) {
    const bool alone = members.size() == 1 && !is_numbered(members.front().name) &&
                       !is_image(extension_of(members.front().name));
    const std::string name = alone ? members.front().name : pattern;
    ++alike[folder_of(name) + "*" + extension_of(name)];
    named[name] = std::move(members);
  }
  // Many names without a system, such as hashes: only the extension is left of them.
  Groups result;
  for (auto& [name, members] : named) {
    const std::string any = folder_of(name) + "*" + extension_of(name);
    auto& into = result[alike[any] > most_groups_alike ? any : name];
    into.insert(into.end(), members.begin(), members.end());
  }
  for (auto& [_, members] : result)
    std::sort(members.begin(), members.end(),
              [](const FoundFile& a, const FoundFile& b) { return a.name < b.name; });
  return result;
}

Group observe_images(std::string pattern, const std::vector<FoundFile>& files) {
  Group group;
  group.pattern = std::move(pattern);
  group.format = Format::image;
  for (const FoundFile& file : files) {
    const std::string folder = folder_of(file.name);
    if (folder.empty()) continue;
    const auto start = folder.rfind('/', folder.size() - 2);
    const std::size_t from = start == std::string::npos ? 0 : start + 1;
    ++group.classes[folder.substr(from, folder.size() - 1 - from)];
  }
  return group;
}

Group observe_group(const fs::path& root, std::string pattern, const std::vector<FoundFile>& files,
                    const Limits& limits) {
  Group group = is_image(extension_of(pattern))
                    ? observe_images(std::move(pattern), files)
                    : observe_files(root, std::move(pattern), files, limits);
  group.files = files.size();
  for (const FoundFile& file : files) group.bytes += file.bytes;
  // Names of files may be any bytes; a shape can be written as JSON.
  group.pattern = shown_utf8(group.pattern);
  for (std::string& text : group.faults) text = shown_utf8(text);
  for (std::string& text : group.notes) text = shown_utf8(text);
  std::map<std::string, std::uint64_t> classes;
  for (const auto& [name, count] : group.classes) classes[shown_utf8(name)] += count;
  group.classes = std::move(classes);
  return group;
}

}  // namespace

Shape observe(const fs::path& root, const Limits& limits) {
  Shape shape;
  struct stat status {};
  base::sys("read", root.native(), [&] { return ::stat(root.c_str(), &status); });
  if (!S_ISDIR(status.st_mode)) {
    if (!S_ISREG(status.st_mode))
      throw base::Error(base::Code::bad_input,
                        fmt::format("{} is neither a file nor a folder", root.native()));
    const FoundFile file{root.filename().native(), static_cast<std::uint64_t>(status.st_size)};
    shape.groups.push_back(observe_group(root.parent_path(), file.name, {file}, limits));
    return shape;
  }
  shape.folder = true;
  Listing listing;
  list(root, "", limits, 0, listing);
  for (const std::string& text : listing.notes) shape.notes.push_back(shown_utf8(text));
  for (const FoundFile& file : listing.files) {
    if (file.name == "MLTable") shape.mltable = observe_mltable(root / file.name, shape.notes);
    if (!shape.model && (file.name == "MLmodel" || file.name.ends_with("/MLmodel")))
      shape.model = observe_model(root, file.name, shape.notes);
  }
  for (auto& [pattern, files] : grouped(std::move(listing.files)))
    shape.groups.push_back(observe_group(root, pattern, files, limits));
  return shape;
}

}  // namespace data
