#include "harness/mock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/mock_content.hpp"
#include "history/history.hpp"
#include "text/diagnostic.hpp"

namespace harness {
namespace {

// "brave_fox/prep.clean", "@last/outer/prep.clean": where it lies; nothing where no such run is.
std::optional<fs::path> output_of_run(const std::string& text, const Workshop& workshop) {
  const auto slash = text.find('/');
  const auto dot = text.rfind('.');
  boost::system::error_code ignored;
  if (slash == std::string::npos || dot == std::string::npos || dot < slash ||
      fs::exists(fs::absolute(text, workshop.here), ignored))
    return std::nullopt;
  const std::string step = text.substr(slash + 1, dot - slash - 1), name = text.substr(dot + 1);
  std::optional<history::RunRecord> run;
  try {
    run = history::read_run(workshop.layout, text.substr(0, slash));
  } catch (const base::Error& error) {
    if (error.code() != base::Code::not_found && error.code() != base::Code::bad_input) throw;
    return std::nullopt;
  }
  const auto* record = run->find_step(step);
  std::vector<std::string> made;
  for (const auto& each : run->steps)
    for (const auto& output : each.outputs) {
      if (&each == record && output.output == name) return fs::path(output.path);
      made.push_back(each.path + "." + output.output);
    }
  throw base::Error(base::Code::not_found,
                    fmt::format("run {} has no output '{}.{}'", run->name, step, name))
      .hint(made.empty() ? "it made none" : text::did_you_mean(step + "." + name, made));
}

// "csv:a,b\n1,2" and its kin, as a mock's file would have it.
std::optional<Mock> typed_content(const std::string& text, const fs::path& here) {
  constexpr std::array<std::string_view, 6> keys{"csv",    "text",     "json",
                                                 "base64", "generate", "command"};
  const auto colon = text.find(':');
  if (colon == std::string::npos ||
      std::find(keys.begin(), keys.end(), std::string_view(text).substr(0, colon)) == keys.end())
    return std::nullopt;
  text::Node value, root;
  value.kind = text::Kind::string;
  const std::string key = text.substr(0, colon);
  const bool escapes = key == "csv" || key == "text";
  value.scalar = escapes ? unescaped(text.substr(colon + 1)) : text.substr(colon + 1);
  root.kind = text::Kind::map;
  root.entries.push_back({key, {}, std::move(value)});
  return read_mock(root, here);
}

}  // namespace

const Mock* find_mock(const std::vector<Mock>& mocks, const engine::Plan& plan, std::size_t step,
                      const engine::PlannedInput& input) {
  const std::string own = plan.steps[step].path + ".inputs." + input.name;
  for (const auto& mock : mocks)
    if (std::find(mock.stands_for.begin(), mock.stands_for.end(), own) != mock.stands_for.end())
      return &mock;
  if (const auto* from = std::get_if<engine::Upstream>(&input.source))
    for (const auto& mock : mocks)
      if (stands_for(mock, plan.steps[from->step].path, from->output)) return &mock;
  return nullptr;
}

bool stands_for(const Mock& mock, const std::string& step, const std::string& output) {
  return std::any_of(mock.stands_for.begin(), mock.stands_for.end(), [&](const auto& name) {
    return name == step + "." + output || name == step + ".outputs." + output;
  });
}

Workshop workshop_for(const model::Component& component, const fs::path& here,
                      const engine::Surroundings& surroundings) {
  const std::string environment = component.environment ? component.environment->name : "";
  return {surroundings.layout.cache() / "mocks",
          here,
          surroundings.layout,
          [environment, &surroundings] {
            return compute::find_interpreter(environment, surroundings.settings.environments,
                                             surroundings.shell, surroundings.layout.cache());
          },
          compute::clean_environment(surroundings.shell, surroundings.settings.pass_env),
          true};
}

Mock typed_mock(const std::string& text, const std::vector<Mock>& mocks, const Workshop& workshop) {
  for (const auto& mock : mocks)
    if (mock.name == text) return mock;
  if (auto content = typed_content(text, workshop.here)) return *content;
  fs::path data = fs::absolute(text, workshop.here).lexically_normal();
  if (const auto output = output_of_run(text, workshop)) data = *output;
  if (boost::system::error_code ignored; !fs::exists(data, ignored)) {
    std::vector<std::string> names;
    for (const auto& each : mocks) names.push_back(each.name);
    throw base::Error(
        base::Code::not_found,
        fmt::format("'{}' is no file or folder, and no mock beside the pipeline", text))
        .hint(names.empty() ? "give the path of its data, content (csv:a,b\\n1,2), or "
                              "RUN/STEP.OUTPUT of an earlier run"
                            : text::did_you_mean(text, names));
  }
  Mock mock;
  mock.folder = workshop.here;
  mock.source = AtPath{data, {}};
  return mock;
}

}  // namespace harness
