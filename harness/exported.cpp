#include "harness/exported.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "workspace/snapshot.hpp"

namespace harness {
namespace {

// The deepest folder that holds all of them.
fs::path common_folder(const definition::Closure& closure) {
  fs::path common = closure.files.front().parent_path();
  const auto widen = [&](const fs::path& path) {
    while (!(path.native() + "/").starts_with(common.native() == "/" ? "/" : common.native() + "/"))
      common = common.parent_path();
  };
  for (const auto& file : closure.files) widen(file.parent_path());
  for (const auto& folder : closure.folders) widen(folder.parent_path());
  return common;
}

void bring(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  boost::system::error_code ignored;
  if (!fs::exists(to, ignored)) base::copy_file(from, to);
}

void copy_code(const fs::path& folder, const fs::path& to) {
  const auto listed = workspace::measure_code(folder, {});
  fs::create_directories(to);
  for (const auto& file : listed.files) bring(folder / file.path, to / file.path);
  boost::system::error_code ignored;
  for (const auto& [path, target] : listed.links) {
    fs::create_directories((to / path).parent_path());
    fs::create_symlink(target, to / path, ignored);
  }
}

void refuse_absolute_paths(const definition::Closure& closure) {
  if (closure.absolute.empty()) return;
  const auto& [text, place] = closure.absolute.front();
  throw base::Error(
      base::Code::bad_definition,
      fmt::format("'{}' is an absolute path: on another machine it leads nowhere", text))
      .at(place)
      .hint("write it relative to this file");
}

// A data asset that this project has under the name "n:1", "n@latest" or "n".
std::optional<model::DataAsset> asset_named(const std::string& name,
                                            const model::Catalogue& catalogue) {
  const auto cut = name.find_first_of(":@");
  return catalogue.data_asset(name.substr(0, cut),
                              cut == std::string::npos ? "" : name.substr(cut + 1));
}

std::string asset_file(const model::DataAsset& asset) {
  return fmt::format(
      "$schema: https://azuremlschemas.azureedge.net/latest/data.schema.json\n"
      "name: {}\nversion: \"{}\"\ntype: {}\npath: {}\n",
      asset.name, asset.version, to_string(asset.type), asset.path);
}

std::string note_for(const definition::WorkspaceReference& reference,
                     const model::Catalogue& catalogue, const fs::path& folder) {
  const std::string what = fmt::format("{} {}", reference.kind, reference.name);
  if (reference.kind == "compute") return what + ": az ml compute show --name " + reference.name;
  if (reference.kind != "data") return what;
  const auto asset = asset_named(reference.name, catalogue);
  if (!asset) return what;
  const std::string file = fmt::format("assets/{}-{}.yml", asset->name, asset->version);
  base::write_file_atomically(folder / file, asset_file(*asset));
  return fmt::format("{}: az ml data create -f {}", what, file);
}

std::string notes_text(const std::string& job, const std::vector<std::string>& notes) {
  std::string text = fmt::format("# To submit it\n\n    az ml job create -f {}\n\n", job);
  text += notes.empty() ? "It needs nothing of the workspace.\n"
                        : "The workspace must have, before that:\n\n";
  for (const auto& note : notes) text += fmt::format("- {}\n", note);
  return text;
}

std::vector<std::string> lines_of(const nlohmann::json& list) {
  std::vector<std::string> lines;
  for (const auto& each : list) {
    const std::string key = each.at("key");
    lines.push_back((key.empty() || key == "*" ? "" : key + ": ") +
                    each.at("text").get<std::string>());
  }
  return lines;
}

std::string last_lines(const std::string& text, std::size_t most) {
  std::size_t begin = text.size();
  for (std::size_t n = 0; n < most && begin != std::string::npos && begin > 0; ++n)
    begin = text.rfind('\n', begin - 1);
  return text.substr(begin == std::string::npos || begin >= text.size() ? 0 : begin);
}

void run_or_throw(const std::vector<std::string>& argv, const base::Variables& shell,
                  const char* doing) {
  const auto ended = base::run_captured(argv, shell);
  if (ended.status == 0) return;
  throw base::Error(
      base::Code::unavailable,
      fmt::format("cannot {}: {}", doing, last_lines(ended.err.empty() ? ended.out : ended.err, 4)))
      .hint("name a Python that has azure-ai-ml: AMLOCAL_AZURE_AI_ML=/path/to/python");
}

}  // namespace

Exported export_job(const fs::path& file, const fs::path& target,
                    const model::Catalogue& catalogue) {
  boost::system::error_code ignored;
  if (fs::exists(target, ignored) && !fs::is_empty(target, ignored))
    throw base::Error(base::Code::exists, fmt::format("{} is there already and is not empty",
                                                      base::display_path(target)))
        .hint("choose another folder for --to, or remove this one");
  const auto closure = definition::closure_of(file);
  refuse_absolute_paths(closure);
  const fs::path root = common_folder(closure);
  fs::create_directories(target.parent_path());
  const base::TempDir draft(target.parent_path(), ".exporting-");
  const fs::path made = draft.path() / "files";
  for (const auto& each : closure.files) bring(each, made / each.lexically_relative(root));
  for (const auto& each : closure.folders) copy_code(each, made / each.lexically_relative(root));

  Exported exported;
  const fs::path own = file.lexically_relative(root);
  for (const auto& reference : closure.references)
    if (!(reference.kind == "datastore" &&
          reference.name == "workspaceblobstore"))  // every one has it
      exported.notes.push_back(note_for(reference, catalogue, made));
  base::write_file_atomically(made / "export.md", notes_text(own.native(), exported.notes));
  fs::remove(target, ignored);  // an empty folder
  base::sys("create", target.native(), [&] { return ::rename(made.c_str(), target.c_str()); });
  exported.job = target / own;
  return exported;
}

fs::path python_with_azure_ai_ml(const fs::path& base_python, const fs::path& cache,
                                 const base::Variables& shell,
                                 const std::function<void()>& making) {
  if (const auto given = base::variable(shell, "AMLOCAL_AZURE_AI_ML"); !given.empty()) return given;
  const fs::path home = cache / "azure-ai-ml";
  const fs::path python = home / "bin" / "python", stamp = home / "ready";
  boost::system::error_code ignored;
  if (fs::exists(stamp, ignored)) return python;
  fs::create_directories(cache);
  const auto lock = base::FileLock::wait(cache / "azure-ai-ml.lock");
  if (fs::exists(stamp, ignored)) return python;
  making();
  base::remove_tree(home);  // what an interrupted try has left
  run_or_throw({base_python.native(), "-m", "venv", home.native()}, shell,
               "make an environment for azure-ai-ml");
  run_or_throw({python.native(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                "azure-ai-ml"},
               shell, "install azure-ai-ml");
  base::write_file_atomically(stamp, "");
  return python;
}

SdkVerdict ask_sdk(const fs::path& job, const fs::path& python, const base::Variables& shell) {
  const std::string source(export_files().at("validate_v2.py"));
  const auto ended =
      base::run_captured({python.native(), "-W", "ignore", "-c", source, job.native()}, shell);
  const auto value = nlohmann::json::parse(last_lines(ended.out, 2), nullptr, false);
  if (ended.status != 0 || !value.is_object())
    throw base::Error(base::Code::unavailable,
                      fmt::format("{} cannot load the job with azure-ai-ml: {}", python.native(),
                                  last_lines(ended.err, 4)))
        .hint("install it there: " + python.native() + " -m pip install azure-ai-ml");
  return {value.at("version"), lines_of(value.at("errors")), lines_of(value.at("warnings"))};
}

}  // namespace harness
