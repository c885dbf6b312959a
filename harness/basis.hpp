// What a rung was earned with. It holds for as long as today's is the same, and where it is not,
// the difference is told in a user's words.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/execute.hpp"
#include "engine/fingerprint.hpp"
#include "harness/mock.hpp"

namespace harness {

struct Basis {
  engine::Fingerprint step;                  // of its inputs the types and modes only
  std::string snapshot;                      // the hash of its code, to find the line that changed
  std::map<std::string, std::string> tests;  // file → hash of its content
  std::map<std::string, std::string> mocks;  // name → identity of what it is made of
  std::map<std::string, std::string> neighbours;  // "prepare.train" → what it promises, to be read
  std::map<std::string, std::string> definition;  // file → hash of its content

  bool operator==(const Basis&) const = default;
};

std::string to_json(const Basis&);
// Throws corrupt.
Basis basis_from_json(const std::string&);

// Today's. `tests`: the files that hold tests of the step. Throws as engine::prepare does where its
// code or interpreter is not there.
Basis basis_today(const model::Job&, const engine::Plan&, std::size_t step,
                  const std::vector<Mock>& mocks, const std::vector<fs::path>& tests,
                  const engine::Surroundings&);

// "code: train.py:18 changed: 'a = 2', was 'a = 1'", "mock clean changed", one a line. Lines are
// named where both states of the code are still kept below `layout`.
std::vector<std::string> differences(const Basis& now, const Basis& before,
                                     const workspace::Layout& layout);

// Where the newest run of this definition that made the output has put it; "" where there is none.
fs::path newest_output(const model::Job&, const std::string& step, const std::string& output,
                       const workspace::Layout&);

}  // namespace harness
