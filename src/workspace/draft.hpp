// Things in the making: folders that nobody sees until a rename gives them their name.
#pragma once

#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "workspace/workspace.hpp"

namespace workspace {

// A hidden folder in `parent` that removes itself, with a lock for as long as it lives: so what a
// killed process left is told from what a live one still makes.
class Draft {
 public:
  // Throws os_error.
  Draft(const fs::path& parent, std::string_view prefix);
  const fs::path& path() const { return folder_.path(); }

 private:
  base::TempDir folder_;
  base::FileLock lock_;
};

// The drafts in `.amlocal/runs` and `.amlocal/snapshots` whose maker lives no more.
std::vector<fs::path> abandoned_drafts(const Layout&, const base::Clock&);

}  // namespace workspace
