#include "harness/step_tests.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "engine/machine.hpp"
#include "engine/stop.hpp"
#include "harness/runner.hpp"
#include "text/diagnostic.hpp"

namespace harness {
namespace {

fs::path home_of(const model::Job& job) {
  return job.script.empty() ? job.file : job.script;
}

// Of this definition's step; "" names the only one there is.
bool is_of(const Case& test, const model::Job& job, const std::string& step) {
  return test.definition == home_of(job) &&
         (test.step == step || step.ends_with("/" + test.step) || test.step.empty());
}

}  // namespace

std::vector<fs::path> tests_of(const model::Job& job, const std::string& step) {
  std::vector<fs::path> found;
  for (const auto& file : find_tests({home_of(job).parent_path()})) {
    text::Diagnostics diagnostics;
    const auto tests = read_tests(file, diagnostics);
    if (!diagnostics.ok() || std::any_of(tests.cases.begin(), tests.cases.end(),
                                         [&](const Case& test) { return is_of(test, job, step); }))
      found.push_back(file);
  }
  return found;
}

TestSum run_tests_of(const model::Job& job, const std::string& step,
                     const engine::Surroundings& surroundings, Definitions& definitions) {
  std::vector<TestFile> files;
  for (const auto& path : tests_of(job, step)) {
    text::Diagnostics diagnostics;
    files.push_back(read_tests(path, diagnostics));
    if (!diagnostics.ok())
      throw base::Error(base::Code::bad_definition,
                        fmt::format("{} has errors", base::display_path(path)))
          .hint("see them with: amlocal test " + base::display_path(path));
  }
  std::vector<const Case*> cases;
  for (const auto& file : files)
    for (const auto& test : file.cases)
      if (is_of(test, job, step)) cases.push_back(&test);
  Snapshots snapshots(Snapshots::Missing::refuse, false);
  Judging judging{surroundings, snapshots, {}, {}, home_of(job).parent_path(), definitions};
  step::settle(judging.mounting, surroundings.layout.hidden());
  const engine::SignalWatch signals;
  TestSum sum;
  auto verdicts = run_cases(
      cases, engine::default_jobs(), signals.fd().get(),
      [&](const Case&) -> const Judging& { return judging; }, [](const Verdict&) {});
  judge_durations(verdicts);
  for (const auto& verdict : verdicts) {
    if (verdict.kind == Verdict::Kind::passed)
      ++sum.passed;
    else
      sum.failed.push_back(fmt::format("{} (amlocal test {})", verdict.test->name,
                                       base::display_path(verdict.test->file)));
  }
  return sum;
}

}  // namespace harness
