#include "workspace/draft.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"

namespace workspace {
namespace {

constexpr const char* lock_name = ".maker";

// Between its making and its locking a draft has no lock: that long nobody takes it for abandoned.
constexpr auto patience = std::chrono::minutes(1);

bool is_draft(const std::string& name) {
  return name.starts_with(".new-") || name.starts_with(".making-") || name.starts_with(".deleted-");
}

bool is_abandoned(const fs::path& draft, const base::Clock& clock) {
  boost::system::error_code ignored;
  if (fs::exists(draft / lock_name, ignored)) return !base::FileLock::held(draft / lock_name);
  struct stat status {};
  if (::lstat(draft.c_str(), &status) != 0) return false;
  return base::Time(std::chrono::seconds(status.st_mtim.tv_sec)) + patience < clock.now();
}

base::FileLock take(const fs::path& file) {
  auto lock = base::FileLock::try_take(file);
  if (!lock) throw base::Error(base::Code::internal, "a new draft is locked: " + file.native());
  return std::move(*lock);
}

}  // namespace

Draft::Draft(const fs::path& parent, std::string_view prefix)
    : folder_(parent, prefix), lock_(take(folder_.path() / lock_name)) {}

std::vector<fs::path> abandoned_drafts(const Layout& layout, const base::Clock& clock) {
  std::vector<fs::path> drafts;
  for (const fs::path& folder : {layout.runs(), layout.snapshots()}) {
    boost::system::error_code failed;
    for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed))
      if (is_draft(entry->path().filename().native()) && is_abandoned(entry->path(), clock))
        drafts.push_back(entry->path());
  }
  std::sort(drafts.begin(), drafts.end());
  return drafts;
}

}  // namespace workspace
