#include "definition/closure.hpp"

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <set>
#include <string_view>

#include "text/document.hpp"

namespace definition {
namespace {

bool is_one_of(std::string_view key, std::initializer_list<std::string_view> keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Keys whose text may be a path. Source: azure-ai-ml's schemas of jobs, components, environments.
bool names_path(std::string_view key) {
  return is_one_of(key, {"code", "component", "trial", "environment", "conda_file", "path",
                         "local_path", "additional_includes"});
}

std::string kind_of_reference(std::string_view key) {
  if (is_one_of(key, {"compute", "default_compute", "target"})) return "compute";
  if (key == "environment") return "environment";
  if (is_one_of(key, {"component", "trial"})) return "component";
  if (is_one_of(key, {"default_datastore", "datastore"})) return "datastore";
  return "data";
}

class Walk {
 public:
  Closure of(const fs::path& file) {
    read(file.lexically_normal());
    closure_.files.assign(files_.begin(), files_.end());
    closure_.folders.assign(folders_.begin(), folders_.end());
    return std::move(closure_);
  }

 private:
  void read(const fs::path& file) {
    if (!files_.insert(file).second) return;
    look(text::parse_yaml(text::read_source(file)), "", file.parent_path());
  }

  void look(const text::Node& node, std::string_view key, const fs::path& folder) {
    for (const auto& entry : node.entries) look(entry.value, entry.key, folder);
    for (const auto& item : node.items) look(item, key, folder);
    if (node.is_scalar() && node.scalar.find("${{") == std::string::npos) take(node, key, folder);
  }

  void take(const text::Node& node, std::string_view key, const fs::path& folder) {
    std::string text = node.scalar;
    const bool compute = is_one_of(key, {"compute", "default_compute"});
    if (text.starts_with("azureml:") || text.starts_with("azureml://")) {
      refer(kind_of_reference(key), text.starts_with("azureml://") ? text : text.substr(8),
            node.place);
    } else if (compute && text != "local" && text != "serverless") {
      refer("compute", text, node.place);
    } else if (names_path(key) && text.find("://") == std::string::npos) {
      if (text.starts_with("file:")) text.erase(0, 5);
      add(text, node.place, key, folder);
    }
  }

  void add(const std::string& text, const base::Place& place, std::string_view key,
           const fs::path& folder) {
    const fs::path path = fs::absolute(text, folder).lexically_normal();
    boost::system::error_code ignored;
    if (text.empty() || !fs::exists(path, ignored)) return;
    if (fs::path(text).is_absolute()) closure_.absolute.emplace_back(text, place);
    if (fs::is_directory(path, ignored))
      folders_.insert(path.filename() == "." ? path.parent_path() : path);
    else if (is_one_of(key, {"component", "environment", "trial"}))
      read(path);
    else
      files_.insert(path);
  }

  void refer(std::string kind, std::string name, const base::Place& place) {
    for (const auto& known : closure_.references)
      if (known.kind == kind && known.name == name) return;
    closure_.references.push_back({std::move(kind), std::move(name), place});
  }

  Closure closure_;
  std::set<fs::path> files_;
  std::set<fs::path> folders_;
};

}  // namespace

Closure closure_of(const fs::path& file) {
  return Walk().of(fs::absolute(file));
}

}  // namespace definition
