// The mocks beside a pipeline as files: recorded, looked at, deleted.
#pragma once

#include <string>
#include <vector>

#include "harness/mock.hpp"

namespace harness {

struct RecordOrder {
  std::string run;           // its name, or the beginning of one, or @last
  std::string step;          // "train", "outer/train"
  std::string output;        // "" for its only one
  std::string name;          // of the mock
  std::uint64_t sample = 0;  // rows of each table; 0: all
  bool replace = false;      // what is there under that name
};

struct Recorded {
  fs::path file;  // the mock's
  fs::path data;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> cut;
  std::vector<std::string> notices;  // what would keep it from a colleague
};

// Copies what the step of that run made to mocks/data/HASH beside the pipeline's file, and writes
// mocks/NAME.mock.yml, of which `replace` changes the recording alone. Data that no mock holds any
// more is removed. Throws usage for a name that is none, not_found for the run, the output, its
// data or the pipeline's file, exists where the mock is there, bad_input where the output is empty.
Recorded record_mock(const RecordOrder&, const engine::Surroundings&);

// Removes the mock's file, and the recording's data where no other mock of its folder holds it.
void delete_mock(const fs::path& file);

}  // namespace harness
