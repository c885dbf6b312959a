// What a call of all tests came to, for programs and for people who were not there.
#pragma once

#include <string>
#include <vector>

#include "harness/case.hpp"

namespace harness {

struct Tally {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t canceled = 0;
};
Tally tally_of(const std::vector<Verdict>&);
// "3 passed, 1 failed in 2.1 s"
std::string tally_text(const Tally&, double seconds);

// JUnit XML as CI systems read it: a suite a file. `seconds`: of the whole call.
std::string junit_xml(const std::vector<Verdict>&, double seconds);
// One JSON object on one line. Schema: docs/schemas/test-report.json.
std::string report_json(const std::vector<Verdict>&, double seconds);
// For a comment on a pull request.
std::string report_markdown(const std::vector<Verdict>&, double seconds);
// GitHub's workflow commands: `::error file=…,line=…::…`, a line a finding. Files are relative to
// `root`.
std::string github_annotations(const std::vector<Verdict>&, const fs::path& root);

// The words as a shell takes them.
std::string shell_line(const std::vector<std::string>& words);

}  // namespace harness
