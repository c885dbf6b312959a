#include "harness/mock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "definition/definition.hpp"
#include "history/history.hpp"
#include "text/diagnostic.hpp"
#include "text/document.hpp"

namespace harness {
namespace {

constexpr std::string_view suffix = ".mock.yml";

base::Error at(base::Error error, const base::Place& place) {
  error.at(place);
  return error;
}

std::vector<std::string> words_of(const text::Node& node) {
  std::vector<std::string> words;
  if (node.is_scalar()) words.push_back(node.scalar);
  for (const auto& item : node.items) words.push_back(item.scalar);
  return words;
}

model::DataPath data_at(const fs::path& path) {
  return {model::DataPath::Kind::local, path.lexically_normal().native()};
}

Mock read_mock_file(const fs::path& file) {
  Mock mock = read_mock(text::parse_yaml(text::read_source(file)), file.parent_path());
  mock.file = file;
  mock.name = file.filename().native();
  mock.name.resize(mock.name.size() - suffix.size());
  return mock;
}

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

}  // namespace

Mock read_mock(const text::Node& root, const fs::path& folder) {
  Mock mock;
  mock.place = root.place;
  if (!root.is_map())
    throw at({base::Code::bad_definition, "a mock's file holds a mapping"}, root.place);
  static const std::vector<std::string> known = {"for", "path", "value"};
  for (const auto& entry : root.entries)
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      base::Error error(base::Code::bad_definition, fmt::format("unknown key '{}'", entry.key));
      error.hint(text::did_you_mean(entry.key, known));
      throw at(std::move(error), entry.key_place);
    }
  if (const auto* target = root.find("for")) mock.stands_for = words_of(*target);
  if (const auto* path = root.find("path")) {
    const fs::path data = fs::absolute(path->scalar, folder);
    if (boost::system::error_code ignored; !fs::exists(data, ignored))
      throw at({base::Code::not_found, fmt::format("there is no {}", base::display_path(data))},
               path->place);
    mock.given = data_at(data);
  } else if (const auto* value = root.find("value")) {
    mock.given = definition::parse_literal(value->scalar);
  }
  return mock;
}

std::vector<Mock> mocks_beside(const fs::path& file) {
  std::vector<Mock> mocks;
  boost::system::error_code ignored;
  for (fs::directory_iterator entry(file.parent_path() / "mocks", ignored), end;
       !ignored && entry != end; entry.increment(ignored))
    if (entry->path().native().ends_with(suffix)) mocks.push_back(read_mock_file(entry->path()));
  std::sort(mocks.begin(), mocks.end(),
            [](const Mock& a, const Mock& b) { return a.name < b.name; });
  return mocks;
}

const Mock* find_mock(const std::vector<Mock>& mocks, const engine::Plan& plan, std::size_t step,
                      const engine::PlannedInput& input) {
  std::vector<std::string> names = {plan.steps[step].path + ".inputs." + input.name};
  if (const auto* from = std::get_if<engine::Upstream>(&input.source)) {
    names.push_back(plan.steps[from->step].path + "." + from->output);
    names.push_back(plan.steps[from->step].path + ".outputs." + from->output);
  }
  for (const auto& name : names)
    for (const auto& mock : mocks)
      if (std::find(mock.stands_for.begin(), mock.stands_for.end(), name) != mock.stands_for.end())
        return &mock;
  return nullptr;
}

engine::Given materialize(const Mock& mock, const engine::PlannedInput& input, const Workshop&) {
  if (model::is_data(input.type) == std::holds_alternative<model::DataPath>(*mock.given))
    return *mock.given;
  throw base::Error(base::Code::bad_input,
                    fmt::format("mock '{}' is {}, and input '{}' is of type {}", mock.name,
                                model::is_data(input.type) ? "a value" : "data", input.name,
                                to_string(input.type)));
}

Mock typed_mock(const std::string& text, const std::vector<Mock>& mocks, const Workshop& workshop) {
  for (const auto& mock : mocks)
    if (mock.name == text) return mock;
  Mock mock;
  fs::path data = fs::absolute(text, workshop.here);
  if (const auto output = output_of_run(text, workshop)) data = *output;
  if (boost::system::error_code ignored; !fs::exists(data, ignored)) {
    std::vector<std::string> names;
    for (const auto& each : mocks) names.push_back(each.name);
    throw base::Error(
        base::Code::not_found,
        fmt::format("'{}' is no file or folder, and no mock beside the pipeline", text))
        .hint(names.empty() ? "give the path of its data, or RUN/STEP.OUTPUT of an earlier run"
                            : text::did_you_mean(text, names));
  }
  mock.given = data_at(data);
  return mock;
}

}  // namespace harness
