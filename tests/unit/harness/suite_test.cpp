// Files of step tests, as they are read.
#include "harness/suite.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "support/scratch.hpp"

namespace {

using harness::Case;

// What reading says, a line a problem: "3:5 unknown key 'x' (did you mean 'y'?)".
struct Read {
  harness::TestFile file;
  std::string problems;
};

Read read(const std::string& text, const std::string& step = "step: c.yml\n") {
  const support::Scratch scratch;
  scratch.write("c.yml", "");
  const fs::path path = scratch.path("a.steptest.yml");
  scratch.write("a.steptest.yml", step + text);
  text::Diagnostics diagnostics;
  Read read{harness::read_tests(path, diagnostics), ""};
  diagnostics.sort();
  for (const auto& each : diagnostics.all())
    read.problems += fmt::format("{}:{} {}{}\n", each.place.line, each.place.column, each.what,
                                 each.hint.empty() ? "" : " (" + each.hint + ")");
  return read;
}

std::string names(const std::vector<Case>& cases) {
  std::string all;
  for (const auto& test : cases) all += test.name + "\n";
  return all;
}

}  // namespace

TEST_CASE("what is wrong with a test file is said where it stands") {
  struct Row {
    const char* what;
    const char* text;
    const char* problems;
  };
  const Row rows[] = {
      {"an unknown key", "cases: {a: {expekt: {exit: 0}}}\n",
       "2:13 unknown key 'expekt' (did you mean 'expect'?)\n"},
      {"deep in an expectation", "cases:\n  a:\n    expect:\n      outputs:\n        m: {row: 3}\n",
       "6:13 unknown key 'row' (did you mean 'rows'?)\n"},
      {"no cases", "timeout: 3\n",
       "1:1 it has no cases ('cases:' holds a name for each test: 'cases: {a clean table: "
       "{…}}')\n"},
      {"a wrong kind", "cases: {a: {timeout: soon}}\n", "2:22 'timeout' takes a number\n"},
      {"no time at all", "cases: {a: {timeout: 0}}\n",
       "2:22 'timeout' takes seconds, more than 0\n"},
      {"exit is no number", "cases: {a: {expect: {exit: fine}}}\n",
       "2:28 'exit' takes a whole number\n"},
      {"no regular expression", "cases: {a: {expect: {logs: {matches: '(a'}}}}\n",
       "2:38 '(a' is no regular expression (ECMAScript's: a bracket or brace meant as such has a "
       "\\ "
       "before it)\n"},
      {"two of one name", "cases:\n  a: {}\n  a: {}\n",
       "4:3 two tests are called 'a' (the first is at line 3; give this one another name)\n"},
      {"two rows of one name", "cases:\n  'at {r}':\n    each: [{r: 1}, {r: 1}]\n",
       "4:20 two tests are called 'at 1' (the first is at line 4; give this one another name)\n"},
      {"neither there nor not", "cases: {a: {expect: {outputs: {m: maybe}}}}\n",
       "2:35 'm' takes exists, absent, or a mapping\n"},
      {"rows that are none", "cases: {a: {each: 3}}\n",
       "2:19 'each' takes a list of rows: '- {rate: 0.1, rows: 3}'\n"},
  };
  for (const Row& row : rows) {
    SUBCASE(row.what) {
      CHECK(read(row.text).problems == row.problems);
    }
  }
}

TEST_CASE("a file that does not say of which step, or of one that is not there") {
  CHECK(
      read("cases: {a: {}}\n", "").problems ==
      "1:1 it does not say of which step ('pipeline: FILE.yml#STEP', or 'step: COMPONENT.yml')\n");
  const auto gone = read("cases: {a: {}}\n", "pipeline: gone.yml#train\n");
  CHECK(gone.problems.find("there is no ") != std::string::npos);
  CHECK(gone.problems.starts_with("1:11 "));
}

TEST_CASE("a table of rows becomes tests, each with its values placed") {
  const auto [file, problems] = read(R"(
set: {rate: 0.5, trees: 3}
cases:
  "rate {rate}":
    each:
      - {rate: 0.1, rows: 3}
      - {rate: 1, rows: 4}
    set: {rate: "{rate}"}
    environment: {NOTE: "n={rows}."}
    expect: {outputs: {m: {rows: {rows}}}}
  unnamed:
    each: [{n: 1}, {n: 2}]
)");
  CHECK(problems == "");
  REQUIRE(names(file.cases) == "rate 0.1\nrate 1\nunnamed [n=1]\nunnamed [n=2]\n");
  const Case& second = file.cases[1];
  CHECK(second.set == harness::Words{{"rate", "1"}, {"trees", "3"}});
  CHECK(second.environment == harness::Words{{"NOTE", "n=4."}});
  const auto* rows = second.expect.find("outputs")->find("m")->find("rows");
  CHECK(rows->kind == text::Kind::integer);
  CHECK(rows->as_integer() == 4);
}

TEST_CASE("names become names of folders, none twice") {
  const auto file = read("cases: {a / b: {}, 'a: b': {}, '../..': {}, ünder: {}}\n").file;
  std::string slugs;
  for (const auto& test : file.cases) slugs += test.slug + " ";
  CHECK(slugs == "a-b a-b~2 case nder ");
  CHECK(file.cases[1].snapshots().native().ends_with("/snapshots/a/a-b~2"));
}

TEST_CASE("-k") {
  const Case test = read("cases: {a Clean table: {}}\n").file.cases.front();
  struct Row {
    const char* expression;
    bool chosen;
  };
  for (const Row& row :
       {Row{"clean", true}, Row{"clean table", true}, Row{"table clean", false},
        Row{"not clean", false}, Row{"clean and not slow", true}, Row{"slow or table", true},
        Row{"(slow or table) and huge", false}, Row{"a.steptest", true}, Row{"", true}}) {
    CAPTURE(row.expression);
    CHECK(harness::is_selected(row.expression, test) == row.chosen);
  }
  for (const char* wrong : {"and", "clean and", "(clean", "not", "clean )"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(harness::is_selected(wrong, test), base::Error);
  }
}
