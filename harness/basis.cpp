#include "harness/basis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "data/content.hpp"
#include "data/shape.hpp"
#include "definition/closure.hpp"
#include "engine/earlier.hpp"
#include "engine/prepare.hpp"
#include "engine/remote.hpp"

namespace harness {
namespace {

using nlohmann::json;
using Part = std::map<std::string, std::string>;

// The columns of its tables and the names of its files: what a consumer relies on.
std::string contract_of(const fs::path& data) {
  data::Limits limits;
  limits.rows = 10'000;
  std::string text;
  for (const auto& group : data::observe(data, limits).groups) {
    std::string columns;
    if (group.table)
      for (const auto& column : group.table->columns)
        columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", column.name, column.dtype());
    text += fmt::format("{}{} {}{}", text.empty() ? "" : "; ", group.pattern,
                        to_string(group.format), columns.empty() ? "" : " (" + columns + ")");
  }
  return text;
}

Part neighbours_of(const model::Job& job, const engine::Plan& plan, std::size_t n,
                   const workspace::Layout& layout) {
  Part neighbours;
  for (const auto& input : plan.steps[n].inputs) {
    const auto* from = std::get_if<engine::Upstream>(&input.source);
    if (!from) continue;
    const auto& producer = plan.steps[from->step];
    const auto* output = producer.find_output(from->output);
    const fs::path data = newest_output(job, producer.path, from->output, layout);
    neighbours[producer.path + "." + from->output] =
        fmt::format("{}: {}", output ? to_string(output->type) : "",
                    data.empty() ? "not made yet" : contract_of(data));
  }
  for (const auto& consumer : plan.steps)
    for (const auto& input : consumer.inputs)
      if (const auto* from = std::get_if<engine::Upstream>(&input.source); from && from->step == n)
        neighbours[consumer.path + ".inputs." + input.name] =
            fmt::format("{} {}", to_string(input.type), to_string(input.mode));
  return neighbours;
}

Part hashes_of(const std::vector<fs::path>& files, const fs::path& root) {
  Part hashes;
  for (const auto& file : files)
    hashes[file.lexically_proximate(root).native()] = base::hash_text(base::read_file(file));
  return hashes;
}

std::string identity_of(const Mock& mock) {
  std::string text = mock.file.empty() ? "" : base::hash_text(base::read_file(mock.file));
  boost::system::error_code ignored;
  for (const auto& path : made_from(mock))
    text += " " + (fs::exists(path, ignored) ? data::content_identity(path) : "gone");
  return text;
}

// The first line in which two texts differ, as "18 changed: 'new', was 'old'".
std::string changed_line(const std::string& now, const std::string& before) {
  std::istringstream a(now), b(before);
  for (int number = 1;; ++number) {
    std::string one, other;
    const bool more = static_cast<bool>(std::getline(a, one));
    const bool was_more = static_cast<bool>(std::getline(b, other));
    if (!more && !was_more) return "";
    if (more && was_more && one == other) continue;
    return fmt::format("{} changed: {}, was {}", number, more ? "'" + one + "'" : "gone",
                       was_more ? "'" + other + "'" : "not there");
  }
}

std::string name_line(const std::string& file, const Basis& now, const Basis& before,
                      const workspace::Layout& layout) {
  try {
    const auto line = changed_line(base::read_file(layout.snapshots() / now.snapshot / file),
                                   base::read_file(layout.snapshots() / before.snapshot / file));
    if (!line.empty()) return fmt::format("code: {}:{}", file, line);
  } catch (const base::Error&) {  // not kept any more
  }
  return fmt::format("code: {} changed", file);
}

void compare(const char* what, const Part& now, const Part& before, bool show,
             std::vector<std::string>& lines) {
  for (const auto& [name, value] : now) {
    const auto old = before.find(name);
    if (old == before.end())
      lines.push_back(fmt::format("{} {} is new", what, name));
    else if (old->second != value)
      lines.push_back(show ? fmt::format("{} {}: {}, was {}", what, name, value, old->second)
                           : fmt::format("{} {} changed", what, name));
  }
  for (const auto& [name, value] : before)
    if (!now.contains(name)) lines.push_back(fmt::format("{} {} is gone", what, name));
}

}  // namespace

fs::path newest_output(const model::Job& job, const std::string& step, const std::string& output,
                       const workspace::Layout& layout) {
  boost::system::error_code ignored;
  for (const auto& run : history::list_runs(layout)) {
    if (!engine::is_run_of(run, job)) continue;
    const auto* record = run.find_step(step);
    if (!record) continue;
    for (const auto& published : record->outputs)
      if (published.output == output && fs::exists(published.path, ignored)) return published.path;
  }
  return {};
}

std::string to_json(const Basis& basis) {
  const json value = {{"step", json::parse(engine::to_json(basis.step))},
                      {"snapshot", basis.snapshot},
                      {"tests", basis.tests},
                      {"mocks", basis.mocks},
                      {"neighbours", basis.neighbours},
                      {"definition", basis.definition}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Basis basis_from_json(const std::string& text) {
  try {
    const json value = json::parse(text);
    Basis basis;
    basis.step = engine::fingerprint_from_json(value.at("step").dump());
    basis.snapshot = value.at("snapshot");
    basis.tests = value.at("tests").get<Part>();
    basis.mocks = value.at("mocks").get<Part>();
    basis.neighbours = value.at("neighbours").get<Part>();
    basis.definition = value.at("definition").get<Part>();
    return basis;
  } catch (const json::exception& problem) {
    throw base::Error(base::Code::corrupt,
                      std::string("not what a rung was earned with: ") + problem.what());
  }
}

Basis basis_today(const model::Job& job, const engine::Plan& plan, std::size_t n,
                  const std::vector<Mock>& mocks, const std::vector<fs::path>& tests,
                  const engine::Surroundings& surroundings) {
  engine::Plan alone;
  alone.steps.push_back(plan.steps[n]);
  alone.steps.front().after.clear();
  auto& inputs = alone.steps.front().inputs;
  const auto all = inputs;
  inputs.clear();  // what they hold is not part of it
  const auto prepared =
      engine::prepare(alone, {true}, surroundings, engine::only_fetched_before(surroundings));
  const auto& own = prepared.steps.front();
  inputs = all;
  Basis basis;
  basis.step = engine::make_fingerprint(alone.steps.front(), own.snapshot.get(),
                                        own.interpreter.version, own.interpreter.python, {});
  if (own.snapshot) basis.snapshot = own.snapshot->hash;
  const fs::path home = job.script.empty() ? job.file : job.script;
  basis.tests = hashes_of(tests, home.parent_path());
  for (const auto& input : plan.steps[n].inputs)
    if (const Mock* mock = find_mock(mocks, plan, n, input))
      basis.mocks[mock->name] = identity_of(*mock);
  basis.neighbours = neighbours_of(job, plan, n, surroundings.layout);
  const auto closure = definition::closure_of(job.file);
  basis.definition = hashes_of(closure.files, home.parent_path());
  return basis;
}

std::vector<std::string> differences(const Basis& now, const Basis& before,
                                     const workspace::Layout& layout) {
  std::vector<std::string> lines;
  for (auto& line : engine::differences(now.step, before.step)) {
    constexpr std::string_view begin = "code: ", end = " changed";
    if (line.starts_with(begin) && line.ends_with(end))
      line = name_line(line.substr(begin.size(), line.size() - begin.size() - end.size()), now,
                       before, layout);
    lines.push_back(std::move(line));
  }
  compare("test", now.tests, before.tests, false, lines);
  compare("mock", now.mocks, before.mocks, false, lines);
  compare("neighbour", now.neighbours, before.neighbours, true, lines);
  compare("definition", now.definition, before.definition, false, lines);
  return lines;
}

}  // namespace harness
