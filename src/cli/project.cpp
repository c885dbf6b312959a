#include "cli/project.hpp"

#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "fuse/view/profile.hpp"
#include "text/diagnostic.hpp"

namespace cli {

Project open_project(const fs::path& start) {
  const auto layout = workspace::find(start);
  auto settings = workspace::read_settings(layout);
  history::Catalogue catalogue(layout, settings);
  return {layout, std::move(settings), std::move(catalogue)};
}

RunAndStep split_run(const std::string& word) {
  const auto slash = word.find('/');
  if (slash == std::string::npos) return {word, ""};
  return {word.substr(0, slash), word.substr(slash + 1)};
}

FileAndStep split_file(const std::string& word, const fs::path& here) {
  boost::system::error_code ignored;
  const fs::path whole = fs::absolute(word, here);
  if (fs::exists(whole, ignored)) return {whole, ""};
  const auto hash = word.rfind('#');
  const auto colons = word.rfind("::");
  const auto cut = hash != std::string::npos ? hash : colons;
  if (cut == std::string::npos) return {whole, ""};
  return {fs::absolute(word.substr(0, cut), here), word.substr(cut + (cut == hash ? 1 : 2))};
}

bool is_settings_file(const fs::path& file) {
  return file.filename() == "amlocal.yml";
}

const history::StepRecord& find_step(const history::RunRecord& run, const std::string& step) {
  if (const auto* record = run.find_step(step)) return *record;
  std::vector<std::string> names;
  for (const auto& record : run.steps) names.push_back(record.path);
  throw base::Error(base::Code::not_found, fmt::format("run '{}' has no step '{}'", run.name, step))
      .hint(text::did_you_mean(step, names));
}

std::pair<std::string, std::string> split_assignment(const std::string& option,
                                                     const std::string& word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos || equals == 0)
    throw base::Error(base::Code::usage, fmt::format("{} takes KEY=VALUE, not '{}'", option, word))
        .hint(fmt::format("for example: {} inputs.rate=0.1", option));
  return {word.substr(0, equals), word.substr(equals + 1)};
}

void check_mount_profile(const std::string& name) {
  if (fuse::find_profile(name)) return;
  std::vector<std::string> names;
  for (const auto& known : fuse::profile_names()) names.emplace_back(known);
  throw base::Error(base::Code::usage, fmt::format("there is no mount profile '{}'", name))
      .hint(text::did_you_mean(name, names));
}

}  // namespace cli
