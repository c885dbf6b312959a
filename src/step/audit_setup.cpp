#include "step/audit_setup.hpp"

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/files.hpp"
#include "base/variables.hpp"

namespace step {
namespace {

using base::set;

// As _amlocal_audit.folders_of reads it.
std::string in_list(const fs::path& folder) {
  std::string text;
  for (const char c : folder.native()) {
    if (c == '%')
      text += "%25";
    else if (c == ':')
      text += "%3A";
    else if (c == '\n')
      text += "%0A";
    else
      text += c;
  }
  return text;
}

bool has(const fs::path& file, std::string_view text) {
  boost::system::error_code ignored;
  return fs::is_regular_file(file, ignored) && base::read_file(file) == text;
}

}  // namespace

void write_audit_hook(const fs::path& folder) {
  for (const auto& [name, text] : audit_hook_files())
    if (!has(folder / name, text)) base::write_file_atomically(folder / name, text);
}

base::Variables with_audit(base::Variables environment, const Audit& audit) {
  std::string folders;
  for (const auto& folder : audit.watched)
    folders += (folders.empty() ? "" : ":") + in_list(folder);
  set(environment, "AMLOCAL_AUDIT_FILE", audit.record.native());
  set(environment, "AMLOCAL_AUDIT_FOLDERS", folders);
  set(environment, "AMLOCAL_AUDIT_WORK", audit.work.native());
  if (audit.sizes) set(environment, "AMLOCAL_AUDIT_SIZES", "1");
  const std::string theirs = base::variable(environment, "PYTHONPATH");
  // An empty entry would be the current folder.
  set(environment, "PYTHONPATH", audit.hook.native() + (theirs.empty() ? "" : ":" + theirs));
  return environment;
}

}  // namespace step
