// A test file written from a run's record is one that can be read.
#include "harness/draft_test.hpp"

#include <doctest/doctest.h>

#include "support/scratch.hpp"

namespace {

const char* expected = R"(# Written from run brave_fox. What else may stand here: docs/step-tests.md
pipeline: "p.yml#train"
inputs:
  rows: brave_fox/prep.rows
set:
  rate: 0.1
  note: "yes: no"
cases:
  as in brave_fox:
    expect:
      outputs:
        model/about.txt: exists
        model/rows.csv: {rows: 1, columns: {id: int64, "a b": float64}}
      metrics:
        loss: {near: 0.25, relative: 0.1}
)";

}  // namespace

TEST_CASE("of a step that completed") {
  const support::Scratch scratch;
  scratch.write("m/about.txt", "x");
  scratch.write("m/rows.csv", "id,a b\n1,0.5\n");
  scratch.write("p.yml", "");
  history::StepRecord step;
  step.status = model::Status::completed;
  events::OutputPublished output;
  output.output = "model";
  output.path = scratch.path("m").native();
  step.outputs = {output};
  harness::Draft draft;
  draft.definition = "p.yml#train";
  draft.run = "brave_fox";
  draft.inputs = {{"rows", "brave_fox/prep.rows"}};
  draft.set = {{"rate", "0.1"}, {"note", "yes: no"}};
  draft.step = &step;
  draft.metrics = {{"loss", "0.25"}};
  const std::string text = harness::draft_test(draft);
  CHECK(text == expected);

  scratch.write("a.steptest.yml", text);
  text::Diagnostics diagnostics;
  const auto file = harness::read_tests(scratch.path("a.steptest.yml"), diagnostics);
  CHECK(diagnostics.all().empty());
  REQUIRE(file.cases.size() == 1);
  CHECK(file.cases.front().set == harness::Words{{"rate", "0.1"}, {"note", "yes: no"}});
}

TEST_CASE("of a step that failed") {
  history::StepRecord step;
  step.status = model::Status::failed;
  step.ended.emplace();
  step.ended->exit_code = 1;
  step.ended->failure.emplace();
  step.ended->failure->exception = "KeyError: 'fare'";
  step.ended->failure->place = "train.py:88";
  harness::Draft draft;
  draft.definition = "p.yml#train";
  draft.run = "brave_fox";
  draft.step = &step;
  CHECK(harness::draft_test(draft).find("error: {type: KeyError, at: \"train.py:88\"}") !=
        std::string::npos);
}
