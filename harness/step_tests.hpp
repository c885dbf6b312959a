// The tests of one step, found and run: what the first rung of the ladder takes.
#pragma once

#include <string>
#include <vector>

#include "harness/definition.hpp"
#include "harness/promote.hpp"

namespace harness {

// The files below the definition's folder that hold a test of the step, sorted. One that cannot be
// read counts: it may hold one.
std::vector<fs::path> tests_of(const model::Job&, const std::string& step);

// Runs these tests. A snapshot that is missing fails: a rung is not earned with what has never been
// looked at. Ctrl-C ends them. Throws bad_definition for a file with errors.
TestSum run_tests_of(const model::Job&, const std::string& step, const engine::Surroundings&,
                     Definitions&);

}  // namespace harness
