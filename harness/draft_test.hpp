// A file of step tests, written from what a real run did.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/suite.hpp"
#include "history/history.hpp"

namespace harness {

// What the test is to say.
struct Draft {
  std::string definition;  // as the file shall name it: "pipeline.yml#train"
  std::string run;         // "brave_fox"
  Words inputs;            // input → a mock's name or a path
  Words set;               // input → value, where it was another than the definition's
  const history::StepRecord* step = nullptr;
  Words metrics;  // name → its last value
};

// The file's text: one case, whose expectations are what the step's record and outputs show and a
// second run would show again: files, tables' columns and rows, JSON's keys; the error of a failed
// one. Not what varies from run to run.
std::string draft_test(const Draft&);

}  // namespace harness
