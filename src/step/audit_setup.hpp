// What a step needs so that its Pythons note what they open.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.hpp"
#include "base/process.hpp"

namespace step {

struct Audit {
  fs::path hook;                  // the folder that write_audit_hook filled
  fs::path record;                // the file that grows; its folder exists
  fs::path work;                  // the step's working folder: whose lines are the user's
  std::vector<fs::path> watched;  // the bindings' folders (and what they are links to), absolute
  bool sizes = false;  // note a file's size at each open: one more stat, so not on a mount
};

// The hook's files by name.
std::map<std::string, std::string_view> audit_hook_files();

// Makes `folder` with the hook in it. One folder may serve many steps and runs, also at once: then
// each Python compiles the hook once and not at the first start of every step (some 5 ms).
void write_audit_hook(const fs::path& folder);

// `environment` with the hook in it: the AMLOCAL_AUDIT_* variables, and PYTHONPATH with the hook
// before what the user has there. To be called last, when the user's own variables are in.
base::Variables with_audit(base::Variables environment, const Audit&);

}  // namespace step
