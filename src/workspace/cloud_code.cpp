#include "workspace/cloud_code.hpp"

#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "workspace/ignore.hpp"
#include "workspace/snapshot.hpp"

namespace workspace {
namespace {

fs::path ignore_file(const fs::path& folder) {
  boost::system::error_code absent;
  if (fs::exists(folder / ".amlignore", absent)) return folder / ".amlignore";
  if (fs::exists(folder / ".gitignore", absent)) return folder / ".gitignore";
  return {};
}

// The folder of `code` or an include that `.amlocal` lies in is sent with it, unless its ignore
// file names one of the folders on the way.
bool sends_hidden(const Layout& layout, const fs::path& folder) {
  const fs::path way = layout.hidden().lexically_relative(folder.lexically_normal());
  if (way.empty() || *way.begin() == "..") return false;
  const fs::path file = ignore_file(folder);
  if (file.empty()) return true;
  IgnoreRules rules;
  rules.add(base::read_file(file), "");
  fs::path part;
  for (const auto& name : way) {
    part /= name;
    if (rules.ignored(part.native(), true)) return false;
  }
  return true;
}

}  // namespace

std::vector<CodeWarning> code_warnings(const Layout& layout, const fs::path& code,
                                       const std::vector<fs::path>& includes) {
  std::vector<CodeWarning> warnings;
  std::vector<fs::path> folders{code};
  folders.insert(folders.end(), includes.begin(), includes.end());
  boost::system::error_code absent;
  for (const fs::path& given : folders) {
    // "src/." and "src/" are src.
    fs::path folder = given.lexically_normal();
    if (folder.filename() == ".") folder = folder.parent_path();
    if (!fs::is_directory(folder, absent) || !sends_hidden(layout, folder)) continue;
    const fs::path file = ignore_file(folder);
    warnings.push_back(
        {"the cloud would receive .amlocal, this machine's cache and records, with the code",
         fmt::format("write the line '.amlocal/' into {}",
                     base::display_path(file.empty() ? folder / ".amlignore" : file))});
  }
  for (auto& text : limit_warnings(measure_code(code, includes)))
    warnings.push_back({std::move(text), ""});
  return warnings;
}

}  // namespace workspace
