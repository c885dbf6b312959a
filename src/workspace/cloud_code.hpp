// What the cloud would say of code when it is submitted from here.
#pragma once

#include <string>
#include <vector>

#include "workspace/workspace.hpp"

namespace workspace {

struct CodeWarning {
  std::string what;
  std::string hint;  // what to write into which file
};

// Whether `.amlocal` would be sent along with `code`, and the limits of 300 MB and 2,000 files.
// Looks at names and sizes only. The cloud's tools read one ignore file, in the top folder of the
// code: .amlignore, else .gitignore; those of other folders, such as the .gitignore in .amlocal
// itself, count for nothing there. Source: azure-ai-ml 1.35, _utils/_asset_utils.py.
std::vector<CodeWarning> code_warnings(const Layout&, const fs::path& code,
                                       const std::vector<fs::path>& includes);

}  // namespace workspace
