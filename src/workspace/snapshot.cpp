#include "workspace/snapshot.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <map>
#include <optional>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "workspace/draft.hpp"
#include "workspace/ignore.hpp"

namespace workspace {
namespace {

// Source: how-to-train-model ("300 MB and 2000 files"); the SDK counts 300 * 2^20 bytes.
constexpr std::uint64_t most_bytes = 300ULL << 20;
constexpr std::size_t most_files = 2000;

struct Item {
  fs::path source;  // a file to be copied
  bool executable = false;
  std::string target;  // a link to be made, where not empty
};

// What a snapshot will hold, by the path in it; a std::map so that the order is the same
// everywhere.
struct Listing {
  std::map<std::string, Item> items;
  std::vector<std::string> left_out;
};

bool always_left_out(const std::string& name) {
  return name == ".amlocal" || name == ".git" || name == "__pycache__";
}

// Walks one folder that the snapshot takes in: the code, or an additional include that is a folder.
class Walk {
 public:
  Walk(Listing& listing, fs::path top, std::string prefix)
      : listing_(listing),
        top_(std::move(top)),
        real_top_(fs::canonical(top_)),
        prefix_(std::move(prefix)) {
    boost::system::error_code ignored;
    ignore_name_ = fs::exists(top_ / ".amlignore", ignored) ? ".amlignore" : ".gitignore";
  }

  void folder(const std::string& relative, IgnoreRules rules) {
    const fs::path here = relative.empty() ? top_ : top_ / relative;
    boost::system::error_code failed;
    if (fs::is_regular_file(here / ignore_name_, failed))
      rules.add(base::read_file(here / ignore_name_), relative);
    fs::directory_iterator entries(here, failed);
    if (failed) throw base::os_error("read", here.native(), failed.value());
    for (const auto& entry : entries) {
      const std::string name = entry.path().filename().native();
      if (!always_left_out(name))
        entry_in(entry.path(), relative.empty() ? name : relative + "/" + name, rules);
    }
  }

 private:
  void entry_in(const fs::path& path, const std::string& relative, const IgnoreRules& rules) {
    struct stat own {};
    base::sys("read", path.native(), [&] { return ::lstat(path.c_str(), &own); });
    if (rules.ignored(relative, S_ISDIR(own.st_mode))) return;
    if (S_ISDIR(own.st_mode)) return folder(relative, rules);
    if (S_ISLNK(own.st_mode)) return link(path, relative);
    if (S_ISREG(own.st_mode)) take(path, relative, own);
  }

  void link(const fs::path& path, const std::string& relative) {
    struct stat target {};
    if (::stat(path.c_str(), &target) != 0) {
      listing_.left_out.push_back(
          fmt::format("'{}' is a link to nothing and is left out", prefix_ + relative));
      return;
    }
    if (S_ISREG(target.st_mode)) return take(path, relative, target);
    if (!S_ISDIR(target.st_mode)) return;
    const fs::path inside = fs::canonical(path).lexically_relative(real_top_);
    if (inside.empty() || *inside.begin() == "..") {
      listing_.left_out.push_back(fmt::format(
          "'{}' is a link to a folder outside the code and is left out; name that folder under "
          "additional_includes",
          prefix_ + relative));
      return;
    }
    Item item;
    const fs::path from = (fs::path("/") / relative).parent_path();
    item.target = (fs::path("/") / inside).lexically_normal().lexically_relative(from).native();
    listing_.items.emplace(prefix_ + relative, std::move(item));
  }

  void take(const fs::path& path, const std::string& relative, const struct stat& status) {
    listing_.items.emplace(prefix_ + relative, Item{path, (status.st_mode & 0111) != 0, ""});
  }

  Listing& listing_;
  fs::path top_;
  fs::path real_top_;
  std::string prefix_;
  std::string ignore_name_;
};

void add_file(Listing& listing, const fs::path& file) {
  struct stat status {};
  base::sys("read", file.native(), [&] { return ::stat(file.c_str(), &status); });
  listing.items.emplace(file.filename().native(), Item{file, (status.st_mode & 0111) != 0, ""});
}

fs::path without_trailing_slash(const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  return normal.filename() == "." ? normal.parent_path() : normal;
}

Listing list(const fs::path& code, const std::vector<fs::path>& includes) {
  Listing listing;
  boost::system::error_code ignored;
  if (!code.empty()) {
    if (fs::is_directory(code, ignored))
      Walk(listing, code, "").folder("", {});
    else
      add_file(listing, code);
  }
  for (const fs::path& given : includes) {
    const fs::path include = without_trailing_slash(given);
    const std::string name = include.filename().native();
    const auto taken = listing.items.lower_bound(name);
    if (taken != listing.items.end() &&
        (taken->first == name || taken->first.starts_with(name + "/")))
      throw base::Error(
          base::Code::bad_definition,
          fmt::format("the additional include '{}' would take the place of '{}' in the code",
                      base::display_path(include), taken->first))
          .hint("rename one of the two");
    if (fs::is_directory(include, ignored))
      Walk(listing, include, name + "/").folder("", {});
    else
      add_file(listing, include);
  }
  return listing;
}

// The hash of everything, and each file's; `source` says where an item's bytes are read from.
template <class Source>
Snapshot measure(const Listing& listing, Source source) {
  Snapshot snapshot;
  snapshot.left_out = listing.left_out;
  base::Hasher all;
  for (const auto& [path, item] : listing.items) {
    if (!item.target.empty()) {
      snapshot.links.emplace_back(path, item.target);
      all.add(
          fmt::format("link {}:{} {}:{}\n", path.size(), path, item.target.size(), item.target));
      continue;
    }
    const fs::path file = source(path, item);
    SnapshotFile entry{path, base::hash_file(file), fs::file_size(file), item.executable};
    all.add(fmt::format("file {}:{} {} {}\n", path.size(), path, item.executable ? "x" : "-",
                        entry.hash));
    snapshot.bytes += entry.bytes;
    snapshot.files.push_back(std::move(entry));
  }
  snapshot.hash = all.hex();
  return snapshot;
}

void make_folders(const fs::path& folder) {
  boost::system::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw base::os_error("create", folder.native(), failed.value());
}

void copy_into(const Listing& listing, const fs::path& folder) {
  for (const auto& entry : listing.items) {
    const fs::path to = folder / entry.first;
    const auto& item = entry.second;
    make_folders(to.parent_path());
    if (!item.target.empty()) {
      base::sys("create", to.native(), [&] { return ::symlink(item.target.c_str(), to.c_str()); });
      continue;
    }
    base::copy_file(item.source, to);
    base::sys("set the mode of", to.native(),
              [&] { return ::chmod(to.c_str(), item.executable ? 0755 : 0644); });
  }
}

// A frozen copy as it lies there, and what each change of a file in it would change.
struct Frozen {
  Listing listing;
  std::string stamp;
};

void look_at(const fs::path& folder, const std::string& prefix, Frozen& frozen) {
  boost::system::error_code failed;
  fs::directory_iterator entries(folder, failed);
  if (failed) throw base::os_error("read", folder.native(), failed.value());
  for (const auto& entry : entries) {
    const std::string name = prefix + entry.path().filename().native();
    struct stat own {};
    base::sys("read", entry.path().native(), [&] { return ::lstat(entry.path().c_str(), &own); });
    if (S_ISDIR(own.st_mode)) {
      look_at(entry.path(), name + "/", frozen);
      continue;
    }
    Item item{entry.path(), (own.st_mode & 0111) != 0, ""};
    if (S_ISLNK(own.st_mode)) item.target = fs::read_symlink(entry.path()).native();
    frozen.listing.items.emplace(name, std::move(item));
  }
}

Frozen look_at(const fs::path& folder) {
  Frozen frozen;
  look_at(folder, "", frozen);
  for (const auto& [name, item] : frozen.listing.items) {
    struct stat own {};
    const fs::path& source = item.source;
    base::sys("read", source.native(), [&] { return ::lstat(source.c_str(), &own); });
    frozen.stamp += fmt::format("{}:{} {} {} {} {}.{:09}\n", name.size(), name, own.st_ino,
                                own.st_mode, own.st_size, own.st_ctim.tv_sec, own.st_ctim.tv_nsec);
  }
  frozen.stamp = base::hash_text(frozen.stamp);
  return frozen;
}

std::string stamp_of(const fs::path& folder) {
  try {
    return base::read_file(snapshot_stamp(folder));
  } catch (const base::Error&) {
    return "";
  }
}

// Whether the copy is there and nobody has changed a file in it. Only where a file's time of change
// says otherwise are the contents read.
bool already_there(const fs::path& folder, const std::string& hash) {
  // Also notes the use: garbage collection goes by the folder's time.
  if (::utimensat(AT_FDCWD, folder.c_str(), nullptr, 0) != 0) return false;
  const Frozen frozen = look_at(folder);
  if (frozen.stamp == stamp_of(folder)) return true;
  const auto own_bytes = [](const std::string&, const Item& item) { return item.source; };
  if (measure(frozen.listing, own_bytes).hash != hash) return false;
  base::write_file_atomically(snapshot_stamp(folder), frozen.stamp);
  return true;
}

// Puts a copy in its place, where a changed one may lie. Another process may have made the same one
// meanwhile: then that is as good.
void put(const fs::path& content, const fs::path& folder) {
  const std::string stamp = look_at(content).stamp;  // renaming a folder changes no file in it
  const auto take_place = [&] {
    if (::rename(content.c_str(), folder.c_str()) == 0) return true;
    if (errno != EEXIST && errno != ENOTEMPTY) throw base::os_error("create", folder.native());
    return false;
  };
  if (!take_place()) {
    if (already_there(folder, folder.filename().native())) return;
    // It goes with the draft. That it is gone already tells of another who mends it.
    ::rename(folder.c_str(), (content.parent_path() / "changed").c_str());
    if (!take_place()) return;
  }
  base::write_file_atomically(snapshot_stamp(folder), stamp);
}

std::string largest_text(std::vector<std::pair<std::string, std::uint64_t>> all, bool as_bytes) {
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (std::size_t n = 0; n < all.size() && n < 3; ++n)
    text += fmt::format("{}{} ({})", n == 0 ? "" : ", ", all[n].first,
                        as_bytes ? base::bytes_text(all[n].second) : std::to_string(all[n].second));
  return text;
}

}  // namespace

Snapshot take_snapshot(const Layout& layout, const fs::path& code,
                       const std::vector<fs::path>& includes) {
  return base::while_doing(
      [&] { return fmt::format("taking a snapshot of '{}'", base::display_path(code)); },
      [&] {
        ensure(layout);
        const Listing listing = list(code, includes);
        Snapshot snapshot =
            measure(listing, [](const std::string&, const Item& item) { return item.source; });
        snapshot.folder = layout.snapshots() / snapshot.hash;
        if (already_there(snapshot.folder, snapshot.hash)) return snapshot;

        // Measured once more from the copy: a file that was saved in between counts as it was
        // copied.
        const Draft draft(layout.snapshots(), ".making-");
        const fs::path content = draft.path() / "content";
        make_folders(content);
        copy_into(listing, content);
        snapshot =
            measure(listing, [&](const std::string& path, const Item&) { return content / path; });
        snapshot.folder = layout.snapshots() / snapshot.hash;
        put(content, snapshot.folder);
        return snapshot;
      });
}

fs::path snapshot_stamp(const fs::path& folder) {
  return folder.parent_path() / ("." + folder.filename().native() + ".stamp");
}

Snapshot measure_code(const fs::path& code, const std::vector<fs::path>& includes) {
  const Listing listing = list(code, includes);
  Snapshot snapshot;
  snapshot.left_out = listing.left_out;
  for (const auto& [path, item] : listing.items) {
    if (!item.target.empty()) continue;
    snapshot.files.push_back({path, "", fs::file_size(item.source)});
    snapshot.bytes += snapshot.files.back().bytes;
  }
  return snapshot;
}

std::vector<std::string> limit_warnings(const Snapshot& snapshot) {
  std::vector<std::string> texts;
  if (snapshot.bytes > most_bytes) {
    std::vector<std::pair<std::string, std::uint64_t>> sizes;
    for (const auto& file : snapshot.files) sizes.emplace_back(file.path, file.bytes);
    texts.push_back(fmt::format(
        "the code is {}, and the cloud takes at most 300 MB; largest: {}; leave out what the "
        "step does not need in .amlignore",
        base::bytes_text(snapshot.bytes), largest_text(std::move(sizes), true)));
  }
  if (snapshot.files.size() > most_files) {
    std::map<std::string, std::uint64_t> folders;
    for (const auto& file : snapshot.files)
      ++folders[fs::path(file.path).parent_path().native() + "/"];
    texts.push_back(fmt::format(
        "the code has {} files, and the cloud takes at most {}; most are in: {}; leave out "
        "what the step does not need in .amlignore",
        snapshot.files.size(), most_files, largest_text({folders.begin(), folders.end()}, false)));
  }
  texts.insert(texts.end(), snapshot.left_out.begin(), snapshot.left_out.end());
  return texts;
}

}  // namespace workspace
