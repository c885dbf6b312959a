#include "engine/early_termination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace engine {
namespace {

using Kind = model::EarlyTermination::Kind;

bool better(const model::Sweep& sweep, double a, double b) {
  return sweep.maximize ? a > b : a < b;
}

double best_until(const model::Sweep& sweep, const std::vector<double>& values, std::size_t count) {
  double best = values.front();
  for (std::size_t n = 1; n < std::min(count, values.size()); ++n)
    if (better(sweep, values[n], best)) best = values[n];
  return best;
}

double mean_until(const std::vector<double>& values, std::size_t count) {
  return std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count), 0.0) /
         static_cast<double>(count);
}

// The others are compared as they were after the same number of reports.
std::string bandit(const model::Sweep& sweep, const std::vector<TrialReports>& trials,
                   std::size_t number, std::size_t reports) {
  std::optional<double> best;
  for (const auto& trial : trials) {
    if (trial.values.empty()) continue;
    const double value = best_until(sweep, trial.values, reports);
    if (!best || better(sweep, value, *best)) best = value;
  }
  const auto& policy = sweep.early_termination;
  const double slack = policy.slack_amount
                           ? *policy.slack_amount
                           : std::abs(*best) * (1.0 - 1.0 / (1.0 + *policy.slack_factor));
  const double bound = sweep.maximize ? *best - slack : *best + slack;
  const double own = best_until(sweep, trials[number].values, reports);
  if (!better(sweep, bound, own)) return "";
  return fmt::format("bandit: {:.6g} after {} reports, and the bound is {:.6g}", own, reports,
                     bound);
}

std::string median_stopping(const model::Sweep& sweep, const std::vector<TrialReports>& trials,
                            std::size_t number, std::size_t reports) {
  std::vector<double> means;
  for (const auto& trial : trials)
    if (trial.values.size() >= reports) means.push_back(mean_until(trial.values, reports));
  std::sort(means.begin(), means.end());
  const std::size_t half = means.size() / 2;
  const double median = means.size() % 2 == 1 ? means[half] : (means[half - 1] + means[half]) / 2;
  const double own = best_until(sweep, trials[number].values, reports);
  if (!better(sweep, median, own)) return "";
  return fmt::format(
      "median stopping: {:.6g} after {} reports, and the median of the means is "
      "{:.6g}",
      own, reports, median);
}

std::string truncation(const model::Sweep& sweep, const std::vector<TrialReports>& trials,
                       std::size_t number, std::size_t reports) {
  std::vector<double> values;
  for (const auto& trial : trials)
    if (trial.live && trial.values.size() >= reports) values.push_back(trial.values[reports - 1]);
  const auto cut = static_cast<std::size_t>(std::floor(
      static_cast<double>(values.size()) * sweep.early_termination.truncation_percentage / 100.0));
  if (cut == 0) return "";
  std::sort(values.begin(), values.end(), [&](double a, double b) { return better(sweep, b, a); });
  const double own = trials[number].values[reports - 1];
  if (better(sweep, own, values[cut - 1])) return "";
  return fmt::format("truncation selection: {:.6g} after {} reports is among the last {} of {}",
                     own, reports, cut, values.size());
}

}  // namespace

std::string why_stop(const model::Sweep& sweep, const std::vector<TrialReports>& trials,
                     std::size_t number) {
  const auto& policy = sweep.early_termination;
  const std::size_t reports = trials[number].values.size();
  if (policy.kind == Kind::none || reports == 0) return "";
  if (reports < static_cast<std::size_t>(policy.delay_evaluation) ||
      reports % static_cast<std::size_t>(policy.evaluation_interval) != 0)
    return "";
  switch (policy.kind) {
    case Kind::bandit:
      return bandit(sweep, trials, number, reports);
    case Kind::median_stopping:
      return median_stopping(sweep, trials, number, reports);
    case Kind::truncation_selection:
      return truncation(sweep, trials, number, reports);
    case Kind::none:
      break;
  }
  return "";
}

}  // namespace engine
