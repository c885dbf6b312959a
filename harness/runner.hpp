// Many cases side by side: each in a folder of its own, none longer than its time.
#pragma once

#include <functional>
#include <vector>

#include "harness/case.hpp"

namespace harness {

// Runs them, `jobs` side by side, and tells each verdict as it comes, from the calling thread. A
// case that hangs is ended at its timeout. While `interrupted` (a descriptor, -1 for none) is
// readable, all that run are ended and no more begin: those are told as canceled. `judging` gives
// what a case's project shares.
std::vector<Verdict> run_cases(const std::vector<const Case*>&, int jobs, int interrupted,
                               const std::function<const Judging&(const Case&)>& judging,
                               const std::function<void(const Verdict&)>& tell);

// What cases say of each other: a duration as a ratio to another's. Of those that passed; each that
// no longer does is changed.
void judge_durations(std::vector<Verdict>&);

}  // namespace harness
