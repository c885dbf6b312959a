#include "step/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cctype>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/private_copy.hpp"
#include "step/supervise.hpp"

namespace step {
namespace {

// A command takes its paths as the shell splits them, and in the cloud they never hold a blank.
bool is_one_word(const fs::path& path) {
  constexpr std::string_view plain = "/._-+,:=@%";
  return std::all_of(path.native().begin(), path.native().end(), [&](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 || plain.find(static_cast<char>(c)) != plain.npos;
  });
}

// A link without blanks to where inputs and outputs are seen, for as long as the step runs.
void give_alias(Folder& folder) {
  const fs::path own = fs::temp_directory_path();
  folder.alias = std::make_shared<base::TempDir>(is_one_word(own) ? own : "/tmp", "amlocal-");
  const fs::path link = folder.alias->path() / "wd";
  fs::create_directory_symlink(folder.data, link);
  folder.data = link;
}

fs::path cloud_root(const Request& request) {
  if (!can_show_root()) return request.folder;
  std::string id = request.identity.step_id;
  std::erase(id, '-');
  return fs::path("/mnt/azureml/cr/j") / id;
}

}  // namespace

fs::path Folder::seen(const fs::path& path) const {
  const std::string& text = path.native();
  if (text != root.native() && !text.starts_with(root.native() + "/")) return path;
  return seen_root.native() + text.substr(root.native().size());
}

int process_count(const model::Component& component) {
  if (!component.distribution) return 1;
  const auto& distribution = *component.distribution;
  if (distribution.kind == model::Distribution::Kind::tensorflow)
    return std::max(1, distribution.worker_count + distribution.parameter_server_count);
  return std::max(1, distribution.process_count_per_instance);
}

fs::path log_path(const Request& request) {
  return request.folder / "user_logs" / "std_log.txt";
}

Folder make_folder(const Request& request) {
  Folder folder{request.folder,
                request.folder / "exe" / "wd",
                request.folder / "cap" / "data-capability" / "wd",
                request.folder / "exe" / "bin",
                {},
                {},
                cloud_root(request)};
  fs::create_directories(folder.work.parent_path());
  fs::create_directories(folder.data);
  if (!is_one_word(folder.seen(folder.data))) give_alias(folder);
  fs::create_directories(folder.root / "user_logs");
  fs::create_directories(folder.root / "azureml-logs");
  if (request.snapshot.empty())
    fs::create_directories(folder.work);
  else
    base::private_copy(request.snapshot, folder.work);  // a snapshot may hold read-only files
  ::chmod(folder.work.c_str(), 0755);
  for (const char* name : {"outputs", "logs"}) fs::create_directories(folder.work / name);
  // Scripts say `python`, as every image of the cloud has it; Debian's Python is only python3.
  boost::system::error_code ignored;
  if (!fs::exists(request.runtime.bin / "python", ignored)) {
    fs::create_directories(folder.programs);
    fs::create_symlink(request.runtime.python, folder.programs / "python");
  }
  const int count = process_count(*request.component);
  for (int rank = 0; rank < count; ++rank)
    folder.logs.push_back(count == 1 ? log_path(request)
                                     : folder.root / "user_logs" /
                                           fmt::format("std_log_process_{:02}.txt", rank));
  for (const auto& log : folder.logs) base::open_file(log, O_WRONLY | O_CREAT | O_APPEND);
  // The first process's log is the step's, and has the older runtime's name too.
  if (count > 1) fs::create_symlink(folder.logs[0].filename(), log_path(request));
  fs::create_symlink("../user_logs/std_log.txt",
                     folder.root / "azureml-logs" / "70_driver_log.txt");
  return folder;
}

fs::path mount_log_path(const Folder& folder) {
  return folder.root / "system_logs" / "data_capability" / "mount.log";
}

void keep_artifacts(const Folder& folder, bool keep_working_copy) {
  for (const char* name : {"outputs", "logs"}) {
    const fs::path made = folder.work / name;
    boost::system::error_code ignored;
    if (!fs::is_directory(made, ignored) || fs::is_empty(made, ignored)) continue;
    const fs::path kept = folder.root / "artifacts" / name;
    fs::create_directories(kept.parent_path());
    // What the script has uploaded under the same name lies there already.
    if (fs::exists(kept, ignored))
      base::merge_tree(made, kept);
    else if (keep_working_copy)
      base::copy_tree(made, kept);
    else
      fs::rename(made, kept);
  }
  if (keep_working_copy) return;
  base::remove_tree(folder.root / "exe");
  base::remove_tree(folder.root / "cap");
}

}  // namespace step
