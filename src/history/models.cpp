#include "history/models.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "history/documents.hpp"
#include "text/diagnostic.hpp"
#include "workspace/draft.hpp"

namespace history {
namespace {

using nlohmann::json;

fs::path folder_of(const workspace::Layout& layout) {
  return layout.records() / "models";
}
fs::path folder_of(const workspace::Layout& layout, const std::string& name,
                   const std::string& version) {
  return folder_of(layout) / file_name_of(name) / file_name_of(version);
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  boost::system::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored))
    if (fs::is_directory(entry->path(), ignored))
      names.push_back(name_of_file(entry->path().filename().native()));
  return names;
}

void write(const fs::path& folder, const model::RegisteredModel& model) {
  const json value = {{"name", model.name},
                      {"version", model.version},
                      {"type", model.type},
                      {"file", model.path.filename().native()},
                      {"run", model.run},
                      {"description", model.description},
                      {"framework", model.framework},
                      {"created", base::to_iso(model.created)},
                      {"tags", model.tags},
                      {"properties", model.properties}};
  base::write_file_atomically(folder / "model.json",
                              value.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

std::optional<model::RegisteredModel> read(const fs::path& folder) {
  try {
    const json value = json::parse(base::read_file(folder / "model.json"));
    model::RegisteredModel model;
    model.name = value.at("name");
    model.version = value.at("version");
    model.type = value.at("type");
    model.path = folder / "files" / value.at("file").get<std::string>();
    model.run = value.at("run");
    model.description = value.at("description");
    model.framework = value.at("framework");
    model.created = base::from_iso(value.at("created"));
    model.tags = value.at("tags").get<model::Words>();
    model.properties = value.at("properties").get<model::Words>();
    return model;
  } catch (const json::exception&) {
    return std::nullopt;
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

void check_name(const std::string& name) {
  bool good =
      !name.empty() && name.size() <= 255 && std::isalnum(static_cast<unsigned char>(name[0]));
  for (const char c : name)
    good =
        good && (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.');
  if (!good)
    throw base::Error(base::Code::bad_input,
                      fmt::format("'{}' cannot be the name of a model", name))
        .hint(
            "use letters, digits, '_', '-' and '.', and begin with a letter or digit; 255 at most");
}

base::Error not_there(const workspace::Layout& layout, const std::string& name,
                      const std::string& version) {
  std::vector<std::string> known;
  for (const auto& model : models(layout, "")) known.push_back(model.name);
  return base::Error(base::Code::not_found,
                     fmt::format("there is no model '{}'{}", name,
                                 version.empty() ? "" : " in version " + version))
      .hint(known.empty() ? "`amlocal model register` makes one" : text::did_you_mean(name, known));
}

}  // namespace

std::vector<model::RegisteredModel> models(const workspace::Layout& layout,
                                           const std::string& name) {
  auto names = name.empty() ? names_in(folder_of(layout)) : std::vector<std::string>{name};
  std::sort(names.begin(), names.end());
  std::vector<model::RegisteredModel> found;
  if (!layout.apart.empty()) found = models({layout.root}, name);
  for (const auto& one : names) {
    auto versions = names_in(folder_of(layout) / file_name_of(one));
    std::sort(versions.begin(), versions.end(), older_version);
    for (const auto& version : versions)
      if (auto model = read(folder_of(layout, one, version))) found.push_back(std::move(*model));
  }
  return found;
}

model::RegisteredModel register_model(const workspace::Layout& layout,
                                      model::RegisteredModel model) {
  check_name(model.name);
  workspace::ensure(layout);
  boost::system::error_code failed;
  if (!fs::exists(model.path, failed))
    throw base::Error(base::Code::not_found,
                      fmt::format("model '{}': '{}' is not there", model.name, model.path.native()))
        .hint("give the path of the model's file or folder");
  const fs::path own = folder_of(layout) / file_name_of(model.name);
  fs::create_directories(own, failed);
  if (failed) throw base::os_error("create", own.native(), failed.value());
  const workspace::Draft draft(layout.runs(), ".new-");
  const fs::path made = draft.path() / "model";
  const std::string file = model.path.filename() == "."
                               ? model.path.parent_path().filename().native()
                               : model.path.filename().native();
  fs::create_directories(made / "files", failed);
  if (failed) throw base::os_error("create", made.native(), failed.value());
  if (fs::is_directory(model.path, failed))
    base::copy_tree(model.path, made / "files" / file);
  else
    base::copy_file(model.path, made / "files" / file);
  const auto held = base::FileLock::wait(folder_of(layout) / ".lock");
  auto versions = names_in(own);
  if (!layout.apart.empty())
    for (auto& version : names_in(folder_of({layout.root}) / file_name_of(model.name)))
      versions.push_back(std::move(version));
  model.version = version_after(versions);
  model.path = own / file_name_of(model.version) / "files" / file;
  write(made, model);
  base::sys("create", model.path.native(), [&] {
    return ::rename(made.c_str(), folder_of(layout, model.name, model.version).c_str());
  });
  return model;
}

void change_model(const workspace::Layout& layout, const std::string& name,
                  const std::string& version, const model::RunChange& change) {
  const fs::path folder = folder_of(layout, name, version);
  const auto held = base::FileLock::wait(folder_of(layout) / ".lock");
  auto model = read(folder);
  if (!model) throw not_there(layout, name, version);
  if (change.name) model->description = *change.name;
  for (const auto& [key, value] : change.tags) {
    if (value)
      model->tags[key] = *value;
    else
      model->tags.erase(key);
  }
  for (const auto& [key, value] : change.properties) model->properties[key] = value;
  write(folder, *model);
}

void remove_model(const workspace::Layout& layout, const std::string& name,
                  const std::string& version) {
  const fs::path target =
      version.empty() ? folder_of(layout) / file_name_of(name) : folder_of(layout, name, version);
  boost::system::error_code ignored;
  if (!fs::exists(target, ignored)) throw not_there(layout, name, version);
  const auto held = base::FileLock::wait(folder_of(layout) / ".lock");
  base::remove_tree(target);
}

}  // namespace history
