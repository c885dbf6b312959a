// Reports of step tests for programs.
#include "harness/report.hpp"

#include <doctest/doctest.h>

#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>

#include "harness/draft_test.hpp"

namespace {

struct Two {
  harness::Case good, bad;
  std::vector<harness::Verdict> verdicts;

  Two() {
    const auto source =
        std::make_shared<base::SourceText>(base::SourceText{"t/a.steptest.yml", ""});
    good.name = "good";
    bad.name = "a <b> & \"c\"";
    for (auto* test : {&good, &bad}) {
      test->file = "/p/t/a.steptest.yml";
      test->place = {source, 3, 1};
    }
    harness::Verdict passed;
    passed.test = &good;
    passed.kind = harness::Verdict::Kind::passed;
    passed.seconds = 0.25;
    harness::Verdict failed;
    failed.test = &bad;
    failed.findings = {{{source, 7, 3}, "3 rows, expected <4>", "  a\x01 | b\n"}};
    failed.log_tail = {"last"};
    failed.debug = {"amlocal", "step", "debug", "p.yml#train", "--set", "x=a b"};
    verdicts = {passed, failed};
  }
};

}  // namespace

TEST_CASE("JUnit XML escapes what XML cannot hold") {
  const Two two;
  const std::string xml = harness::junit_xml(two.verdicts, 1.5);
  CHECK(xml.starts_with("<?xml version=\"1.0\""));
  CHECK(xml.find("<testsuites name=\"amlocal\" tests=\"2\" failures=\"1\" skipped=\"0\" "
                 "time=\"1.500\">") != std::string::npos);
  CHECK(xml.find("name=\"a &lt;b&gt; &amp; &quot;c&quot;\"") != std::string::npos);
  CHECK(xml.find("<failure message=\"3 rows, expected &lt;4&gt;\">") != std::string::npos);
  CHECK(xml.find('\x01') == std::string::npos);
}

TEST_CASE("GitHub's annotations: a line a finding, their separators escaped") {
  const Two two;
  const std::string text = harness::github_annotations(two.verdicts, fs::current_path());
  CHECK(
      text ==
      "::error file=t/a.steptest.yml,line=7,title=a <b> & \"c\"::3 rows, expected <4>%0A  a\x01 | "
      "b%0A\n");
}

TEST_CASE("JSON and Markdown say the same") {
  const Two two;
  const auto report = nlohmann::json::parse(harness::report_json(two.verdicts, 1.5));
  CHECK(report["passed"] == 1);
  CHECK(report["failed"] == 1);
  CHECK(report["tests"][1]["debug"] == "amlocal step debug p.yml#train --set 'x=a b'");
  CHECK(report["tests"][1]["findings"][0]["place"] == "t/a.steptest.yml:7");
  const std::string page = harness::report_markdown(two.verdicts, 1.5);
  CHECK(page.find("### Step tests: 1 passed, 1 failed in 1.5 s") != std::string::npos);
  CHECK(page.find("3 rows, expected <4>") != std::string::npos);
}

TEST_CASE("the words of a command") {
  CHECK(harness::shell_line({"a", "b c", "d'e", "", "x=1"}) == "a 'b c' 'd'\\''e' '' x=1");
}
