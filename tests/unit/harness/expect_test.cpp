// What is not as expected, in the words of a failing test.
#include "harness/expect.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "history/history.hpp"
#include "support/scratch.hpp"

namespace {

text::Node yaml(const std::string& text) {
  return text::parse_yaml(std::make_shared<base::SourceText>(base::SourceText{"t.yml", text}));
}

std::string shown(const std::vector<harness::Finding>& findings) {
  std::string text;
  for (const auto& finding : findings)
    text += fmt::format("{}: {}\n{}", finding.place.line, finding.what, finding.detail);
  return text;
}

// A case whose outputs lie in a folder.
struct Bench {
  support::Scratch scratch;
  history::Catalogue catalogue{scratch.layout, {}};
  base::SystemClock clock;
  engine::Surroundings surroundings{scratch.layout, {}, catalogue, {}, clock};
  harness::Snapshots snapshots{harness::Snapshots::Missing::refuse, false};
  harness::Definitions definitions{surroundings};
  harness::Judging judging{surroundings, snapshots, {}, {}, scratch.path(""), definitions};
  harness::Case test;
  harness::Ran ran;

  Bench() {
    test.file = scratch.path("a.steptest.yml");
    test.slug = "case";
  }
  std::string judge(const std::string& rules) {
    std::vector<harness::Finding> findings;
    harness::judge_files(yaml(rules), "outputs", scratch.path("out"), test, ran, judging, {},
                         findings);
    return shown(findings);
  }
};

}  // namespace

TEST_CASE("numbers and bounds") {
  struct Row {
    const char* rule;
    double actual;
    const char* trouble;
  };
  for (const Row& row : {
           Row{"3", 3, ""},
           Row{"3", 4, "expected 3"},
           Row{"{at_least: 3}", 3, ""},
           Row{"{at_least: 3}", 2.5, "expected at least 3"},
           Row{"{at_most: 3}", 3.5, "expected at most 3"},
           Row{"{near: 1, within: 0.1}", 1.05, ""},
           Row{"{near: 1, within: 0.1}", 1.2, "expected 1 within 0.1"},
           Row{"{near: 100, relative: 0.1}", 109, ""},
           Row{"{near: 100, relative: 0.1}", 111, "expected 100 within 0.1 of it"},
           Row{"{near: 1}", 1.0000001, ""},
           Row{"{equals: 1}", 1.0000001, "expected 1"},
           Row{"{at_least: 1, at_most: 2}", 3, "expected at most 2"},
       }) {
    CAPTURE(row.rule);
    CAPTURE(row.actual);
    CHECK(harness::number_trouble(yaml(row.rule), row.actual) == row.trouble);
  }
  CHECK(harness::number_trouble(yaml("{at_least: 0}"), std::nan("")) == "expected at least 0");
}

TEST_CASE("texts") {
  std::vector<harness::Finding> findings;
  harness::judge_text(
      yaml("contains: [fitted, gone]\nmatches: ['^rate \\d+$', '^\\d']\nabsent: Warning\n"), "log",
      "fitted\nrate 3\na Warning here\n", findings);
  CHECK(shown(findings) ==
        "1: log: it does not contain 'gone'\n"
        "2: log: no line matches '^\\d'\n"
        "3: log: it contains 'Warning', and must not\na Warning here\n");
}

TEST_CASE("a value in JSON") {
  const support::Scratch scratch;
  scratch.write("a.json",
                R"({"model": {"rates": [0.1, 0.5], "name": "trees", "fit": true, "x": null}})");
  struct Row {
    const char* rules;
    const char* trouble;
  };
  for (const Row& row : {
           Row{"model.rates[1]: 0.5", ""},
           Row{"model.rates[1]: {at_most: 0.4}",
               "1: it: model.rates[1] is 0.5, expected at most 0.4\n"},
           Row{"model.rates[7]: 1", "1: it: model.rates has 2 items\n"},
           Row{"model.rate: 1", "1: it: model has no 'rate'; did you mean 'rates'?\n"},
           Row{"model.rates: [0.1, 0.5]", ""},
           Row{"model.rates: [0.1, 0.6]", "1: it: model.rates [1] is 0.5, expected 0.6\n"},
           Row{"model: {name: trees, fit: true, x: null}", ""},
           Row{"model.name: forest", "1: it: model.name is \"trees\", expected \"forest\"\n"},
           Row{"model.fit: false", "1: it: model.fit is true, expected false\n"},
           Row{"model.name: 3", "1: it: model.name is \"trees\", no number\n"},
       }) {
    CAPTURE(row.rules);
    std::vector<harness::Finding> findings;
    harness::judge_json(yaml(row.rules), "it", scratch.path("a.json"), {}, findings);
    CHECK(shown(findings) == row.trouble);
  }
  scratch.write("b.json", "{");
  std::vector<harness::Finding> findings;
  harness::judge_json(yaml("a: 1"), "it", scratch.path("b.json"), {}, findings);
  CHECK(shown(findings) == "1: it: it is no JSON\n");
}

TEST_CASE("files of an output") {
  Bench bench;
  bench.scratch.write("out/clean/rows.csv", "id,fare\n1,2.5\n2,3.5\n");
  bench.scratch.write("want.csv", "id,fare\n1,2.5\n2,3.6\n");
  struct Row {
    const char* rules;
    const char* found;
  };
  for (const Row& row : {
           Row{"clean: exists", ""},
           Row{"clean/rows.csv: absent",
               "1: outputs clean/rows.csv: it is there, and must not be\n"},
           Row{"clean/row.csv: exists",
               "1: outputs clean/row.csv: it is not there\ndid you mean 'clean/rows.csv'?\n"},
           Row{"clean: {files: 2}", "1: outputs clean: 1 files, expected 2\n"},
           Row{"clean/rows.csv: {rows: 2, columns: [id, fare]}", ""},
           Row{"clean/rows.csv: {rows: {at_least: 3}}",
               "1: outputs clean/rows.csv: 2 rows, expected at least 3\n"},
           Row{"clean/rows.csv: {columns: [id, price]}",
               "1: outputs clean/rows.csv: 2 columns, expected 2\n  - price\n  + fare\n"},
           Row{"clean/rows.csv: {columns: [fare, id]}",
               "1: outputs clean/rows.csv: 2 columns, expected 2\n  they stand in another order: "
               "id, "
               "fare\n"},
           Row{"clean/rows.csv: {columns: {id: int64, fare: float64}}", ""},
           Row{"clean/rows.csv: {columns: {fare: int64}}",
               "1: outputs clean/rows.csv: column fare is float64, expected int64\n"},
           Row{"clean/rows.csv: {equals: want.csv, within: 0.2}", ""},
           Row{"clean/rows.csv: {contains: '2.5', absent: nothing}", ""},
           Row{"clean/rows.csv: {check: checks.py}",
               "1: outputs clean/rows.csv: 'checks.py' names no function\nFILE.py:FUNCTION, called "
               "with "
               "the path; it holds unless it returns something false\n"},
       }) {
    CAPTURE(row.rules);
    CHECK(bench.judge(row.rules) == row.found);
  }
  const auto differs = bench.judge("clean/rows.csv: {equals: want.csv}");
  CHECK(differs.find("it differs from want.csv") != std::string::npos);
  CHECK(differs.find("3.6") != std::string::npos);
  CHECK(differs.find("3.5") != std::string::npos);
}

TEST_CASE(
    "snapshots: refused where they are missing, written where that is allowed, then compared") {
  Bench bench;
  bench.scratch.write("out/m.csv", "a\n1\n");
  const std::string rules = "m.csv: {snapshot: true}";
  CHECK(bench.judge(rules).find("its snapshot is not written yet: ") != std::string::npos);
  CHECK(bench.judge(rules).find("--snapshot-update") != std::string::npos);

  harness::Snapshots writing(harness::Snapshots::Missing::write, false);
  const fs::path kept = bench.test.snapshots() / "m.csv";
  CHECK(writing.compare(kept, bench.scratch.path("out/m.csv"), {}) == "");
  CHECK(writing.written() == std::vector<fs::path>{kept});
  CHECK(bench.judge(rules) == "");

  bench.scratch.write("out/m.csv", "a\n2\n");
  CHECK(bench.judge(rules).find("it differs from its snapshot") != std::string::npos);
  bench.scratch.write("snapshots/a/gone/m.csv", "a\n");
  CHECK(bench.snapshots.obsolete(bench.scratch.path("snapshots/a")) ==
        std::vector<fs::path>{bench.scratch.path("snapshots/a/gone/m.csv")});

  harness::Snapshots updating(harness::Snapshots::Missing::refuse, true);
  CHECK(updating.compare(kept, bench.scratch.path("out/m.csv"), {}) == "");
  CHECK(bench.judge(rules) == "");
}
