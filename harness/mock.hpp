// What stands in for an upstream output, or for any other input of a step.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/path.hpp"
#include "base/place.hpp"
#include "engine/isolate.hpp"
#include "engine/plan.hpp"
#include "text/document.hpp"
#include "workspace/workspace.hpp"

namespace harness {

struct Mock {
  std::string name;                     // "clean" of clean.mock.yml; "" where it is written inline
  fs::path file;                        // its .mock.yml, absolute; "" where it is written inline
  base::Place place;                    // of what it says
  std::vector<std::string> stands_for;  // "prep.clean" (an output), "train.inputs.clean"
  // What it is made of: data that lies somewhere, or a value.
  std::optional<engine::Given> given;
};

// What a mock is made with and where.
struct Workshop {
  fs::path folder;           // for what is made: a cache, absolute
  fs::path here;             // relative paths of the command line start there, absolute
  workspace::Layout layout;  // where runs have left their outputs
};

// A mock's mapping, as in a .mock.yml; relative paths start at `folder`. Throws bad_definition with
// the place.
Mock read_mock(const text::Node&, const fs::path& folder);

// The mocks beside a pipeline: mocks/*.mock.yml in the folder of its file, by name. Throws
// bad_definition with the place.
std::vector<Mock> mocks_beside(const fs::path& file);

// The one that stands for that input, best first: the input itself, then the upstream output.
const Mock* find_mock(const std::vector<Mock>&, const engine::Plan&, std::size_t step,
                      const engine::PlannedInput&);

// Makes what the input is given. Throws bad_input where the mock is of the wrong kind for it.
engine::Given materialize(const Mock&, const engine::PlannedInput&, const Workshop&);

// A mock as it is typed behind --in: the name of one of `mocks`, a path, or an output of an earlier
// run, RUN/STEP.OUTPUT. Throws not_found.
Mock typed_mock(const std::string& text, const std::vector<Mock>& mocks, const Workshop&);

}  // namespace harness
