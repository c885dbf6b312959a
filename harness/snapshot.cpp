#include "harness/snapshot.hpp"

#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"

namespace harness {
namespace {

void replace(const fs::path& snapshot, const fs::path& actual) {
  base::remove_tree(snapshot);
  fs::create_directories(snapshot.parent_path());
  if (fs::is_directory(actual))
    base::copy_tree(actual, snapshot);
  else
    base::copy_file(actual, snapshot);
}

}  // namespace

std::string Snapshots::compare(const fs::path& snapshot, const fs::path& actual,
                               const data::Comparing& comparing) {
  boost::system::error_code ignored;
  const bool there = fs::exists(snapshot, ignored);
  {
    const std::lock_guard lock(mutex_);
    used_.insert(snapshot);
  }
  if (!there && !update_ && missing_ == Missing::refuse)
    throw base::Error(base::Code::not_found, fmt::format("its snapshot is not written yet: {}",
                                                         base::display_path(snapshot)))
        .hint("write it with --snapshot-update, look at it, and commit it");
  if (there) {
    std::string difference = data::difference(snapshot, actual, comparing);
    if (difference.empty() || !update_) return difference;
  }
  replace(snapshot, actual);
  const std::lock_guard lock(mutex_);
  written_.insert(snapshot);
  return "";
}

std::vector<fs::path> Snapshots::obsolete(const fs::path& folder) const {
  const std::lock_guard lock(mutex_);
  std::set<fs::path> found;
  boost::system::error_code failed;
  fs::recursive_directory_iterator entry(folder, failed), end;
  for (; !failed && entry != end; entry.increment(failed)) {
    boost::system::error_code ignored;
    if (fs::is_directory(entry->symlink_status(ignored))) continue;
    bool used = false;
    for (fs::path path = entry->path(); !used && path != folder; path = path.parent_path())
      used = used_.contains(path);
    if (!used) found.insert(entry->path());
  }
  return {found.begin(), found.end()};
}

std::vector<fs::path> Snapshots::written() const {
  const std::lock_guard lock(mutex_);
  return {written_.begin(), written_.end()};
}

}  // namespace harness
