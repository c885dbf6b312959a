#include "harness/bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "engine/earlier.hpp"
#include "text/diagnostic.hpp"

namespace harness {
namespace {

// One input that nothing stands for, as a line with what to do about it.
std::string lacking(const engine::Plan& plan, const engine::PlannedInput& input,
                    const std::optional<engine::EarlierOutput>& earlier) {
  std::string line = fmt::format("\n  {} ({})", input.name, to_string(input.type));
  const auto* from = std::get_if<engine::Upstream>(&input.source);
  if (!from)
    return line +
           fmt::format(": --in {}={}", input.name, model::is_data(input.type) ? "PATH" : "VALUE");
  const std::string producer = plan.steps[from->step].path + "." + from->output;
  line += fmt::format(
      ", output {} of the pipeline: --in {}=PATH, or a mock for it: amlocal mock "
      "record RUN/{} {}",
      producer, input.name, producer, input.name);
  if (!earlier) return line;
  line +=
      fmt::format("\n    run {} has one, but a run today would not make the same:", earlier->run);
  for (const auto& change : earlier->changes) line += "\n      " + change;
  return line + fmt::format("\n    as it is: --in {}={}/{}", input.name, earlier->run, producer);
}

class Supplier {
 public:
  Supplier(const model::Job& job, const engine::Plan& plan, std::size_t step,
           std::vector<Supply> said, const std::vector<Mock>& mocks, const Workshop& workshop,
           const engine::Surroundings& surroundings)
      : job_(job),
        plan_(plan),
        step_(step),
        said_(std::move(said)),
        mocks_(mocks),
        workshop_(workshop),
        surroundings_(surroundings) {}

  std::vector<Supply> all() {
    for (const auto& input : plan_.steps[step_].inputs) supply(input);
    for (const auto& declared : plan_.steps[step_].component->inputs) supply_unset(declared);
    if (!lacking_.empty())
      throw base::Error(base::Code::not_found,
                        fmt::format("step '{}' has nothing for {}:{}", plan_.steps[step_].path,
                                    count_ == 1 ? "this input" : "these inputs", lacking_));
    for (auto& supply : said_) found_.push_back(std::move(supply));  // isolate knows what is wrong
    return std::move(found_);
  }

 private:
  bool take_said(const std::string& input) {
    const auto said = std::find_if(said_.begin(), said_.end(),
                                   [&](const Supply& supply) { return supply.input == input; });
    if (said == said_.end()) return false;
    found_.push_back(std::move(*said));
    said_.erase(said);
    return true;
  }

  bool take_mock(const engine::PlannedInput& input) {
    const Mock* mock = find_mock(mocks_, plan_, step_, input);
    if (!mock) return false;
    found_.push_back(
        {input.name, materialize(*mock, input, workshop_), base::display_path(mock->file)});
    return true;
  }

  void supply(const engine::PlannedInput& input) {
    if (take_said(input.name) || take_mock(input)) return;
    const auto* from = std::get_if<engine::Upstream>(&input.source);
    if (const auto* literal = std::get_if<model::Literal>(&input.source))
      found_.push_back({input.name, *literal, "the pipeline"});
    else if (const auto* path = std::get_if<model::DataPath>(&input.source))
      found_.push_back({input.name, *path, "the pipeline"});
    else if (from)
      supply_upstream(input, *from);
  }

  void supply_upstream(const engine::PlannedInput& input, const engine::Upstream& from) {
    const auto earlier =
        engine::find_earlier_output(job_, plan_, from.step, from.output, surroundings_);
    if (earlier && earlier->changes.empty()) {
      found_.push_back({input.name,
                        model::DataPath{model::DataPath::Kind::local, earlier->where.path.native()},
                        fmt::format("{} in {}", plan_.steps[from.step].path, earlier->run)});
    } else if (!input.optional) {
      lack(input, earlier);
    }
  }

  void supply_unset(const model::InputDeclaration& declared) {
    const auto& set = plan_.steps[step_].inputs;
    if (std::any_of(set.begin(), set.end(),
                    [&](const auto& input) { return input.name == declared.name; }))
      return;
    engine::PlannedInput input;
    input.name = declared.name;
    input.type = declared.type;
    if (!take_said(input.name) && !take_mock(input) && !declared.optional) lack(input, {});
  }

  void lack(const engine::PlannedInput& input,
            const std::optional<engine::EarlierOutput>& earlier) {
    ++count_;
    lacking_ += lacking(plan_, input, earlier);
  }

  const model::Job& job_;
  const engine::Plan& plan_;
  const std::size_t step_;
  std::vector<Supply> said_;
  const std::vector<Mock>& mocks_;
  const Workshop& workshop_;
  const engine::Surroundings& surroundings_;
  std::vector<Supply> found_;
  std::string lacking_;
  std::size_t count_ = 0;
};

fs::path free_place(const fs::path& wanted, std::optional<base::FileLock>& lock) {
  fs::create_directories(wanted.parent_path());
  for (int n = 1;; ++n) {
    const fs::path place = n == 1 ? wanted : fs::path(fmt::format("{}-{}", wanted.native(), n));
    auto taken = base::FileLock::try_take(place.native() + ".lock");
    if (!taken) continue;
    lock.emplace(std::move(*taken)).remove_at_end(place.native() + ".lock");
    return place;
  }
}

}  // namespace

std::size_t find_step(const engine::Plan& plan, const std::string& name) {
  std::vector<std::size_t> found;
  std::vector<std::string> names;
  for (std::size_t n = 0; n < plan.steps.size(); ++n) {
    const std::string& path = plan.steps[n].path;
    names.push_back(path);
    if (path == name) return n;
    if (name.empty() || path.ends_with("/" + name)) found.push_back(n);
  }
  if (found.size() == 1) return found.front();
  if (found.empty())
    throw base::Error(base::Code::usage, fmt::format("there is no step '{}'", name))
        .hint(text::did_you_mean(name, names));
  std::vector<std::string> candidates;
  for (const std::size_t n : found) candidates.push_back(plan.steps[n].path);
  throw base::Error(base::Code::usage, name.empty()
                                           ? fmt::format("which step? There are {}", found.size())
                                           : fmt::format("several steps are called '{}'", name))
      .hint(fmt::format("name one of them: {}", fmt::join(candidates, ", ")));
}

std::vector<Supply> supply(const model::Job& job, const engine::Plan& plan, std::size_t step,
                           std::vector<Supply> said, const std::vector<Mock>& mocks,
                           const Workshop& workshop, const engine::Surroundings& surroundings) {
  return Supplier(job, plan, step, std::move(said), mocks, workshop, surroundings).all();
}

std::string describe(const std::vector<Supply>& supplies) {
  std::string line;
  for (const auto& supply : supplies) {
    const auto* literal = std::get_if<model::Literal>(&supply.given);
    line += fmt::format("{}{}{} from {}", line.empty() ? "" : ", ", supply.input,
                        literal ? " " + literal->text : "", supply.from);
  }
  return line.empty() ? "it has no inputs" : line;
}

Bench::Bench(const workspace::Layout& layout, const std::string& key) : root_(layout.root) {
  workspace::ensure(layout);
  folder_ = free_place(layout.hidden() / "alone" / key, lock_);
  base::remove_tree(folder_);
  fs::create_directories(folder_ / "records");
}

Bench::Bench(const workspace::Layout& layout, fs::path folder)
    : root_(layout.root), folder_(std::move(folder)) {
  fs::create_directories(folder_ / "records");
}

std::string bench_key(const model::Job& job, const std::string& step) {
  const fs::path& file = job.script.empty() ? job.file : job.script;
  std::string name = step;
  std::replace(name.begin(), name.end(), '/', '.');
  return fmt::format("{}-{}", name, base::hash_text(file.native()).substr(0, 8));
}

}  // namespace harness
