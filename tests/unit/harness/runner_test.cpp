// What tests say of each other, and which files they depend on.
#include "harness/runner.hpp"

#include <doctest/doctest.h>

#include "harness/affects.hpp"
#include "history/history.hpp"
#include "support/scratch.hpp"

namespace {

harness::Case named(const std::string& name, const std::string& expect) {
  harness::Case test;
  test.name = name;
  test.file = "/p/a.steptest.yml";
  if (!expect.empty())
    test.expect = text::parse_yaml(
        std::make_shared<base::SourceText>(base::SourceText{"a.steptest.yml", expect}));
  return test;
}

harness::Verdict passed(const harness::Case& test, double seconds) {
  harness::Verdict verdict;
  verdict.test = &test;
  verdict.kind = harness::Verdict::Kind::passed;
  verdict.step_seconds = seconds;
  return verdict;
}

}  // namespace

TEST_CASE("a duration is held against another test's") {
  const auto base = named("base", "");
  const auto fast = named("fast", "duration: {of: base, at_most: 2}");
  const auto slow = named("slow", "duration: {of: base, at_most: 1.5}");
  const auto lost = named("lost", "duration: {of: gone, at_most: 1.5}");
  std::vector<harness::Verdict> verdicts = {passed(base, 1), passed(fast, 2), passed(slow, 2),
                                            passed(lost, 1)};
  harness::judge_durations(verdicts);
  using Kind = harness::Verdict::Kind;
  CHECK(verdicts[1].kind == Kind::passed);
  REQUIRE(verdicts[2].kind == Kind::failed);
  CHECK(verdicts[2].findings.front().what ==
        "duration: 2.00 s, 2.00 times the 1.00 s of 'base', expected at most 1.5");
  REQUIRE(verdicts[3].kind == Kind::failed);
  CHECK(verdicts[3].findings.front().what == "duration: test 'gone' did not run in this call");
}

TEST_CASE("what a test depends on") {
  const support::Scratch scratch;
  scratch.write("src/a.py", "");
  scratch.write("data/rows.csv", "");
  scratch.write("check.py", "");
  scratch.write("c.yml",
                "type: command\nname: c\nenvironment: azureml:e:1\ncode: src\ncommand: cat "
                "${{inputs.rows}}\ninputs: {rows: {type: uri_file}}\n");
  scratch.write("a.steptest.yml",
                "step: c.yml\ncases: {one: {inputs: {rows: data/rows.csv}, expect: {check: "
                "'check.py:f'}}}\n");
  text::Diagnostics diagnostics;
  const auto file = harness::read_tests(scratch.path("a.steptest.yml"), diagnostics);
  REQUIRE(file.cases.size() == 1);
  const history::Catalogue catalogue(scratch.layout, {});
  harness::StepSources known;
  const auto sources = harness::sources_of(file.cases.front(), catalogue, known);
  for (const char* name : {"a.steptest.yml", "c.yml", "src/a.py", "src/deep/er.py", "data/rows.csv",
                           "check.py", "mocks/x.mock.yml", "snapshots/a/one/out/x"}) {
    CAPTURE(name);
    CHECK(harness::is_among(scratch.path(name), sources));
  }
  for (const char* name : {"srcs/a.py", "data/other.csv", "d.yml", "snapshots/a/two/x"}) {
    CAPTURE(name);
    CHECK_FALSE(harness::is_among(scratch.path(name), sources));
  }
}
