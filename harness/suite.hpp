// Step tests as their files say them: *.steptest.yml, docs/step-tests.md.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/path.hpp"
#include "base/place.hpp"
#include "harness/alone.hpp"
#include "text/diagnostic.hpp"
#include "text/document.hpp"

namespace harness {

// One test: a step, what it is given, and what is expected of it. Of a table (`each:`) every row is
// one.
struct Case {
  std::string name;  // with its row's values in it
  std::string slug;  // the name as a file can be called; unique in its file
  base::Place place;
  fs::path file;                                           // that it stands in, absolute
  fs::path definition;                                     // of the step, absolute
  std::string step;                                        // "": the only one
  std::vector<std::pair<std::string, text::Node>> inputs;  // a word as after --in, or a mock
  Words set;
  Words modes;
  Words environment;
  std::vector<std::string> faults;
  std::string cost;
  std::string clock;
  std::string data_access;
  double timeout = 120;  // seconds, for all of it
  std::string before;    // shell commands, run in the test file's folder
  std::string after;
  text::Node expect;  // null: that the step succeeds. Checked: harness/suite_grammar.hpp

  std::string id() const;      // "train.steptest.yml::a clean table": for people and -k
  fs::path snapshots() const;  // the folder of its own
};

struct TestFile {
  fs::path path;  // absolute
  std::vector<Case> cases;
};

inline constexpr std::string_view test_suffix = ".steptest.yml";

// The files below the folders, and those named, each once, sorted. Hidden folders are left out.
// Throws not_found for a path that is not there, usage for a file that is called otherwise.
std::vector<fs::path> find_tests(const std::vector<fs::path>& paths);

// Every problem of it goes to the diagnostics; with errors among them what is returned must not be
// run. Throws as text::read_source.
TestFile read_tests(const fs::path&, text::Diagnostics&);

// -k: "clean and not (slow or huge)". Words that stand side by side are one phrase, sought in
// Case::id() whatever their case. Throws usage.
bool is_selected(const std::string& expression, const Case&);

}  // namespace harness
