// Whether a trial of a sweep is worth going on with.
#pragma once

#include <string>
#include <vector>

#include "model/sweep.hpp"

namespace engine {

// What each trial has reported of the primary metric so far, in order; `live`: whether it runs.
struct TrialReports {
  std::vector<double> values;
  bool live = true;
};

// Why trial `number` is to be stopped now, or "" when it goes on. Asked after each of its reports:
// a report counts as an interval. Source: reference-yaml-job-sweep, early_termination; v1's
// BanditPolicy, MedianStoppingPolicy and TruncationSelectionPolicy.
std::string why_stop(const model::Sweep&, const std::vector<TrialReports>& trials,
                     std::size_t number);

}  // namespace engine
