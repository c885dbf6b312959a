#include "harness/affects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/process.hpp"
#include "definition/definition.hpp"

namespace harness {
namespace {

void add_component(const model::Component& component, std::vector<fs::path>& sources) {
  if (component.place.known()) sources.push_back(fs::absolute(component.place.source->path));
  if (component.code) sources.push_back(*component.code);
  sources.insert(sources.end(), component.additional_includes.begin(),
                 component.additional_includes.end());
}

// What the definition says of the step; its folder, where it cannot be understood.
std::vector<fs::path> sources_of_step(const Case& test, const model::Catalogue& catalogue) {
  std::vector<fs::path> sources;
  try {
    text::Diagnostics ignored;
    const auto job = definition::load_steps(test.definition, {}, catalogue, ignored);
    if (!job || !ignored.ok()) return {test.definition.parent_path()};
    const auto plan = engine::make_plan(*job);
    const auto& step = plan.steps[find_step(plan, test.step)];
    add_component(*step.component, sources);
    for (const auto& input : step.inputs)
      if (const auto* data = std::get_if<model::DataPath>(&input.source);
          data && data->kind == model::DataPath::Kind::local)
        sources.emplace_back(data->text);
    return sources;
  } catch (const base::Error&) {
    return {test.definition.parent_path()};
  }
}

void add_if_there(const std::string& text, const fs::path& folder, std::vector<fs::path>& sources) {
  boost::system::error_code ignored;
  const fs::path path = base::folder_path(fs::absolute(text, folder));
  // "." and the like would make everything a source.
  const bool around = folder == path || folder.native().starts_with(path.native() + "/");
  if (!around && fs::exists(path, ignored)) sources.push_back(path);
}

// Everything in a node that names a file: a mock's data, a predicate's script.
void add_named(const text::Node& node, const fs::path& folder, std::vector<fs::path>& sources) {
  for (const auto& item : node.items) add_named(item, folder, sources);
  for (const auto& entry : node.entries) add_named(entry.value, folder, sources);
  if (node.kind != text::Kind::string || node.scalar.size() > 4096 || node.scalar.empty() ||
      node.scalar.find('\n') != std::string::npos)
    return;
  add_if_there(node.scalar, folder, sources);
  if (const auto colon = node.scalar.rfind(':'); colon != std::string::npos && colon > 0)
    add_if_there(node.scalar.substr(0, colon), folder, sources);
}

}  // namespace

std::vector<fs::path> sources_of(const Case& test, const model::Catalogue& catalogue,
                                 StepSources& known) {
  const fs::path folder = test.file.parent_path();
  std::vector<fs::path> sources = {test.file, test.definition,
                                   test.definition.parent_path() / "mocks", test.snapshots()};
  const auto [step, is_new] = known.try_emplace({test.definition, test.step});
  if (is_new) step->second = sources_of_step(test, catalogue);
  sources.insert(sources.end(), step->second.begin(), step->second.end());
  for (const auto& input : test.inputs) add_named(input.second, folder, sources);
  add_named(test.expect, folder, sources);
  std::sort(sources.begin(), sources.end());
  sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
  return sources;
}

bool is_among(const fs::path& changed, const std::vector<fs::path>& sources) {
  return std::any_of(sources.begin(), sources.end(), [&](const fs::path& source) {
    return changed == source || changed.native().starts_with(source.native() + "/");
  });
}

std::vector<fs::path> changed_since(const std::string& ref, const fs::path& folder,
                                    const base::Variables& environment) {
  if (base::find_program("git", base::variable(environment, "PATH")).empty())
    throw base::Error(base::Code::unavailable, "--changed-since needs git, which is not on PATH");
  const auto git = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", folder.native()});
    return base::run_captured(words, environment);
  };
  const auto top = git({"rev-parse", "--show-toplevel"});
  const auto changed = git({"diff", "--name-only", "-z", ref, "--"});
  const auto untracked = git({"ls-files", "--others", "--exclude-standard", "--full-name", "-z"});
  if (top.status != 0 || changed.status != 0)
    throw base::Error(base::Code::usage,
                      fmt::format("--changed-since {}: git cannot compare with it", ref))
        .hint((top.status != 0 ? top.err : changed.err).substr(0, 300));
  const fs::path root = top.out.substr(0, top.out.find('\n'));
  std::vector<fs::path> paths;
  for (const std::string* names : {&changed.out, &untracked.out})
    for (std::size_t begin = 0; begin < names->size();) {
      const auto end = std::min(names->find('\0', begin), names->size());
      paths.push_back(root / names->substr(begin, end - begin));
      begin = end + 1;
    }
  return paths;
}

}  // namespace harness
