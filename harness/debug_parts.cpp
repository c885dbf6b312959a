#include "harness/debug_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"

namespace harness {
namespace {

bool is_below(const fs::path& path, const fs::path& folder) {
  return path == folder || path.native().starts_with(folder.native() + "/");
}

std::string in_workspace(const fs::path& path, const fs::path& root) {
  if (!is_below(path, root)) return path.native();
  return "${workspaceFolder}" + path.native().substr(root.native().size());
}

// Of /proc, where a process may end at any moment and others are not ours to read.
std::string read_if_there(const fs::path& path) {
  try {
    return base::read_file(path);
  } catch (const base::Error&) {
    return "";
  }
}

}  // namespace

PathMappings path_mappings(const model::Component& component, const std::vector<fs::path>& editable,
                           const fs::path& work, bool in_place) {
  PathMappings mappings;
  if (!component.code || in_place) return mappings;
  boost::system::error_code ignored;
  const fs::path code = component.code->lexically_normal();
  const fs::path folder = fs::is_directory(code, ignored) ? code : code.parent_path();
  // Python imports these from where they are, although the copy may hold them too.
  for (const auto& package : editable)
    if (package != folder && is_below(package, folder)) mappings.emplace_back(package, package);
  bool files = false;
  for (const auto& include : component.additional_includes) {
    mappings.emplace_back(include.lexically_normal(), work / include.filename());
    files = files || !fs::is_directory(include, ignored);
  }
  if (!files) {
    mappings.emplace_back(folder, work);
    return mappings;
  }
  // debugpy looks at folders before files, in whatever order they are: the whole folder would take
  // an included file. Source: pydevd_file_utils.setup_client_server_paths.
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path name = entry.path().filename();
    if (name.native()[0] != '.' && name != "__pycache__")
      mappings.emplace_back(entry.path(), work / name);
  }
  return mappings;
}

std::string configuration(const std::string& name, int port, const PathMappings& mappings,
                          const fs::path& root) {
  nlohmann::ordered_json entry = {{"name", name},
                                  {"type", "debugpy"},
                                  {"request", "attach"},
                                  {"connect", {{"host", "127.0.0.1"}, {"port", port}}},
                                  {"pathMappings", nlohmann::ordered_json::array()}};
  for (const auto& [local, remote] : mappings)
    entry["pathMappings"].push_back(
        {{"localRoot", in_workspace(local, root)}, {"remoteRoot", remote.native()}});
  entry["justMyCode"] = true;
  return entry.dump();
}

fs::path launch_json(const fs::path& here, const fs::path& root) {
  boost::system::error_code ignored;
  for (fs::path folder = here; is_below(folder, root); folder = folder.parent_path()) {
    if (fs::is_directory(folder / ".vscode", ignored)) return folder / ".vscode/launch.json";
    if (folder == root) break;
  }
  return root / ".vscode/launch.json";
}

std::string shell_start(const std::string& step) {
  return fmt::format(
      "PS1='({}) \\W\\$ '\nunset HISTFILE\nset -o history\nhistory -s \"$AMLOCAL_COMMAND\"\n",
      step);
}

std::string enter_script(int pid, const fs::path& work, const std::string& step,
                         const fs::path& go) {
  // clang-format off
  return fmt::format(R"bash(#!/bin/bash
# Opens a shell in the paused step: its namespaces, variables and folder.
enter=$(command -v nsenter) || {{ echo "nsenter is missing: apt install util-linux" >&2; exit 1; }}
[ -d /proc/{0} ] || {{ echo "the step has ended" >&2; exit 1; }}
mapfile -d '' -t variables < /proc/{0}/environ
spaces=(--mount --pid)
if [ "$(readlink /proc/{0}/ns/user)" != "$(readlink /proc/self/ns/user)" ]; then
  spaces+=(--user --preserve-credentials)
fi
env -i "${{variables[@]}}" TERM="$TERM" "$enter" --target {0} "${{spaces[@]}}" \
  bash -c 'cd "$1" && exec bash --noprofile --rcfile "$2" -i' bash {1} {2}
code=$?
: > {3}
echo "the step {4} goes on"
exit $code
)bash",
                     pid, shell_quoted(work.native()),
                     shell_quoted((go.parent_path() / "start").native()),
                     shell_quoted(go.native()), step);
  // clang-format on
}

int find_attended(const std::string& token) {
  const std::string wanted = "AMLOCAL_ATTENDED=" + token;
  int found = 0;
  boost::system::error_code ignored;
  for (fs::directory_iterator entry("/proc", ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    const std::string name = entry->path().filename().native();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c); }))
      continue;
    if (!read_if_there(entry->path() / "cmdline").starts_with(std::string("/bin/bash\0-c", 12)))
      continue;
    const std::string variables = read_if_there(entry->path() / "environ");
    if (variables.find(wanted) == std::string::npos) continue;
    const int pid = std::stoi(name);
    if (found == 0 || pid < found) found = pid;
  }
  return found;
}

}  // namespace harness
