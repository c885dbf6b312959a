#include "harness/mock_drift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "data/content.hpp"
#include "definition/definition.hpp"
#include "history/history.hpp"
#include "text/diagnostic.hpp"

namespace harness {
namespace {

// A look at gigabytes would hold up what waits for them; what is cut off is a lower bound.
constexpr data::Limits looked_at{.bytes = 64 << 20, .files = 200};

data::Shape shape_of(const fs::path& path, const workspace::Layout& layout) {
  const fs::path kept = layout.cache() / "shapes" /
                        (base::hash_text(fmt::format("1 {} {}", path.filename().native(),
                                                     data::content_identity(path))) +
                         ".json");
  boost::system::error_code ignored;
  if (fs::exists(kept, ignored)) {
    try {
      return data::shape_from_json(nlohmann::ordered_json::parse(base::read_file(kept)));
    } catch (const std::exception&) {
      // A torn or newer one is looked at anew.
    }
  }
  auto shape = data::observe(path, looked_at);
  workspace::ensure(layout);
  base::write_file_atomically(kept, data::to_json(shape).dump());
  return shape;
}

engine::PlannedInput input_for(const engine::PlannedOutput& output) {
  engine::PlannedInput input;
  input.name = output.name;
  input.type = output.type;
  input.v1 = output.v1;
  return input;
}

std::size_t taker_of(const engine::Plan& plan, std::size_t step, const std::string& output) {
  for (std::size_t n = 0; n < plan.steps.size(); ++n)
    for (const auto& input : plan.steps[n].inputs)
      if (const auto* from = std::get_if<engine::Upstream>(&input.source);
          from && from->step == step && from->output == output)
        return n;
  return step;
}

// The pipelines of one folder as their definitions are now.
class Definitions {
 public:
  Definitions(const fs::path& folder, const engine::Surroundings& surroundings)
      : folder_(folder), surroundings_(surroundings) {}

  // Null where the run's definition is gone, is no longer valid, or lies in another folder.
  const engine::Plan* plan_of(const history::RunRecord& run) {
    const auto known = plans_.find(run.definition);
    if (known != plans_.end()) return known->second ? &*known->second : nullptr;
    auto& plan = plans_[run.definition];
    boost::system::error_code ignored;
    if (!fs::exists(run.definition, ignored)) return nullptr;
    text::Diagnostics diagnostics;
    try {
      const auto job =
          definition::load_steps(run.definition, {}, surroundings_.catalogue, diagnostics);
      if (!job || !diagnostics.ok()) return nullptr;
      const fs::path& file = job->script.empty() ? job->file : job->script;
      if (file.parent_path() == folder_) plan = engine::make_plan(*job);
    } catch (const base::Error&) {
      return nullptr;
    }
    return plan ? &*plan : nullptr;
  }

 private:
  const fs::path folder_;
  const engine::Surroundings& surroundings_;
  std::map<std::string, std::optional<engine::Plan>> plans_;
};

MockCheck::State state_of(const std::vector<data::DriftLine>& lines) {
  if (lines.empty()) return MockCheck::State::same;
  return lines.front().severity == data::Severity::breaks ? MockCheck::State::breaks
                                                          : MockCheck::State::worth_knowing;
}

std::string renewal(const Mock& mock, const std::string& run, const std::string& output) {
  const auto* recording = std::get_if<Recording>(&mock.source);
  if (!recording) return "";
  return fmt::format("amlocal mock record {}/{} {} --replace{}", run, output, mock.name,
                     recording->sample > 0 ? fmt::format(" --sample {}", recording->sample) : "");
}

class Checker {
 public:
  Checker(const fs::path& folder, std::vector<history::RunRecord> runs,
          const engine::Surroundings& surroundings)
      : runs_(std::move(runs)), surroundings_(surroundings), definitions_(folder, surroundings) {}

  MockCheck check(const fs::path& file) {
    MockCheck check;
    check.name = mock_name(file);
    check.file = file;
    try {
      const Mock mock = read_mock_file(file);
      if (!hold(mock, check)) leave_unchecked(mock, check);
    } catch (const base::Error& error) {
      check.state = MockCheck::State::broken;
      const std::string place = error.place().to_string();
      check.why = place.empty() ? error.message() : place + ": " + error.message();
      check.next = error.hint();
    }
    return check;
  }

 private:
  // Against the newest run that has each of what it stands for.
  bool hold(const Mock& mock, MockCheck& check) {
    for (const auto& run : runs_) {
      const auto* plan = definitions_.plan_of(run);
      if (!plan) continue;
      for (const auto& target : targets_of(mock, *plan)) {
        const fs::path real = made_by(run, plan->steps[target.step].path, target.output);
        if (real.empty()) continue;
        check.run = run.name;
        check.output = plan->steps[target.step].path + "." + target.output;
        check.lines = drift_of(mock, target, *plan, real, surroundings_);
        check.state = state_of(check.lines);
        if (check.state == MockCheck::State::breaks)
          check.next = renewal(mock, check.run, check.output);
        return true;
      }
    }
    return false;
  }

  static fs::path made_by(const history::RunRecord& run, const std::string& step,
                          const std::string& output) {
    const auto* record = run.find_step(step);
    if (!record ||
        (record->status != model::Status::completed && record->status != model::Status::reused))
      return {};
    boost::system::error_code ignored;
    for (const auto& published : record->outputs)
      if (published.output == output && fs::exists(published.path, ignored)) return published.path;
    return {};
  }

  void leave_unchecked(const Mock& mock, MockCheck& check) const {
    check.state = MockCheck::State::unchecked;
    if (mock.stands_for.empty()) {
      check.why = "it does not say what it stands for";
      check.next = "add a line to it: for: STEP.OUTPUT";
    } else {
      check.output = mock.stands_for.front();
      check.why = fmt::format("no run has made {}", fmt::join(mock.stands_for, " or "));
      const bool input = check.output.find(".inputs.") != std::string::npos;
      check.next = input ? "only an input that another step gives can be held against a run"
                         : "run the pipeline, or mend 'for' where it names no output of it";
    }
  }

  const std::vector<history::RunRecord> runs_;
  const engine::Surroundings& surroundings_;
  Definitions definitions_;
};

// Asked from several threads; a mock is made by one of them at a time.
class Watch {
 public:
  Watch(const model::Job& job, const engine::Surroundings& surroundings, bool refuse)
      : plan_(engine::make_plan(job)), surroundings_(surroundings), refuse_(refuse) {
    for (const auto& file : mock_files_beside(job.script.empty() ? job.file : job.script)) {
      try {
        mocks_.push_back(read_mock_file(file));
      } catch (const base::Error& error) {
        if (refuse) throw;
        unread_.push_back(fmt::format("{} is held against nothing: {}: {}",
                                      base::display_path(file), error.place().to_string(),
                                      error.message()));
      }
    }
  }

  bool idle() const { return mocks_.empty() && unread_.empty(); }

  engine::Review look(const std::string& step, const std::map<std::string, fs::path>& outputs) {
    const std::lock_guard lock(mutex_);
    engine::Review review;
    review.notices = std::exchange(unread_, {});
    for (const auto& mock : mocks_)
      for (const auto& target : targets_of(mock, plan_)) {
        if (plan_.steps[target.step].path != step) continue;
        const auto made = outputs.find(target.output);
        boost::system::error_code ignored;
        if (made != outputs.end() && fs::exists(made->second, ignored))
          compare(mock, target, made->second, review);
      }
    return review;
  }

 private:
  void compare(const Mock& mock, const MockTarget& target, const fs::path& real,
               engine::Review& review) const {
    const std::string shown = base::display_path(mock.file);
    const std::string& step = plan_.steps[target.step].path;
    try {
      bool breaks = false;
      for (const auto& line : drift_of(mock, target, plan_, real, surroundings_, refuse_)) {
        if (line.severity != data::Severity::breaks) continue;
        review.notices.push_back(fmt::format("{}: {}", shown, line.text));
        breaks = true;
      }
      if (!breaks || !refuse_) return;
      review.refusal = fmt::format("{} is no longer what {} makes (--check-mocks)", shown, step);
      if (const auto next = renewal(mock, "@last", step + "." + target.output); !next.empty())
        review.notices.push_back("where the new data is right, renew the mock: " + next);
    } catch (const base::Error& error) {
      if (error.code() == base::Code::unavailable && !refuse_) return;  // its generator never ran
      const std::string place = error.place().to_string();
      review.notices.push_back(fmt::format("{} is held against nothing: {}{}",
                                           place.empty() ? shown : place, error.message(),
                                           error.hint().empty() ? "" : "; " + error.hint()));
      if (refuse_) review.refusal = fmt::format("{} is broken (--check-mocks)", shown);
    }
  }

  const engine::Plan plan_;
  const engine::Surroundings& surroundings_;
  const bool refuse_;
  std::mutex mutex_;
  std::vector<Mock> mocks_;
  std::vector<std::string> unread_;
};

}  // namespace

std::string_view to_string(MockCheck::State state) {
  switch (state) {
    case MockCheck::State::same:
      return "same";
    case MockCheck::State::worth_knowing:
      return "differs";
    case MockCheck::State::breaks:
      return "breaks";
    case MockCheck::State::broken:
      return "broken";
    case MockCheck::State::unchecked:
      return "unchecked";
  }
  return "";
}

std::vector<MockTarget> targets_of(const Mock& mock, const engine::Plan& plan) {
  std::vector<MockTarget> targets;
  for (std::size_t n = 0; n < plan.steps.size(); ++n) {
    for (const auto& output : plan.steps[n].outputs)
      if (stands_for(mock, plan.steps[n].path, output.name))
        targets.push_back({n, output.name, input_for(output), taker_of(plan, n, output.name)});
    for (const auto& input : plan.steps[n].inputs) {
      const auto* from = std::get_if<engine::Upstream>(&input.source);
      const std::string name = plan.steps[n].path + ".inputs." + input.name;
      if (from &&
          std::find(mock.stands_for.begin(), mock.stands_for.end(), name) != mock.stands_for.end())
        targets.push_back({from->step, from->output, input, n});
    }
  }
  return targets;
}

std::vector<data::DriftLine> drift_of(const Mock& mock, const MockTarget& target,
                                      const engine::Plan& plan, const fs::path& real,
                                      const engine::Surroundings& surroundings,
                                      bool run_generators) {
  Workshop workshop = workshop_for(*plan.steps[target.taker].component, mock.folder, surroundings);
  workshop.run_generators = run_generators;
  const auto given = materialize(mock, target.input, workshop);
  const auto* recording = std::get_if<Recording>(&mock.source);
  // Of a recording the shape of all that was there counts, not that of the sample.
  const data::Shape mocked =
      recording && recording->shape
          ? *recording->shape
          : shape_of(std::get<model::DataPath>(given).text, surroundings.layout);
  return data::drift_lines(data::compare(mocked, shape_of(real, surroundings.layout), mock.promises,
                                         {"your mock", plan.steps[target.step].path}));
}

std::vector<MockCheck> check_mocks(const fs::path& folder, const std::vector<fs::path>& files,
                                   const std::string& run,
                                   const engine::Surroundings& surroundings) {
  std::vector<history::RunRecord> runs;
  if (run.empty())
    runs = history::list_runs(surroundings.layout);
  else
    runs.push_back(history::read_run(surroundings.layout, run));
  Checker checker(folder, std::move(runs), surroundings);
  std::vector<MockCheck> checks;
  for (const auto& file : files) checks.push_back(checker.check(file));
  return checks;
}

engine::Reviewer mock_reviewer(const model::Job& job, const engine::Surroundings& surroundings,
                               bool refuse) {
  const auto watch = std::make_shared<Watch>(job, surroundings, refuse);
  if (watch->idle()) return {};
  return [watch](const engine::PlannedStep& step, const std::map<std::string, fs::path>& outputs) {
    return watch->look(step.path, outputs);
  };
}

}  // namespace harness
