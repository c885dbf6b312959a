// Holds what a case's run left against what was expected of it.
#pragma once

#include <string>
#include <vector>

#include "harness/case.hpp"

namespace harness {

// Everything that is not as expected; empty: it passed. Throws os_error where what the run left
// cannot be read.
std::vector<Finding> judge(const Case&, const Ran&, const Judging&, const base::Cancel& stop);

// The parts of it. Internal to the room.

// What a number should have been: "expected at least 0.95"; "" where `rule`, a number or bounds,
// holds. `around`: the tolerance of `equals` and `near` where the rule has none.
std::string number_trouble(const text::Node& rule, double actual,
                           const data::Tolerance& around = {});
// What is wrong with a text: contains, matches and absent of `rules`.
void judge_text(const text::Node& rules, const std::string& subject, const std::string& text,
                std::vector<Finding>&);
// Each path below `root` (an output's, or an artifact's): "model/about.json".
void judge_files(const text::Node& rules, const std::string& subject, const fs::path& root,
                 const Case&, const Ran&, const Judging&, const base::Cancel& stop,
                 std::vector<Finding>&);
// A value in a JSON document: keys and [n] with dots between.
void judge_json(const text::Node& rules, const std::string& subject, const fs::path& file,
                const data::Tolerance&, std::vector<Finding>&);
// "uploads of outputs.logs: at most 1"
void judge_io(const text::Node& rules, const Case&, const Ran&, std::vector<Finding>&);
// "check.py:is_sorted", called with the path.
void judge_predicates(const text::Node& rules, const std::string& subject, const fs::path& path,
                      const Case&, const Ran&, const Judging&, const base::Cancel& stop,
                      std::vector<Finding>&);

}  // namespace harness
