// A search over the values of a trial's inputs. Source: reference-yaml-job-sweep.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/place.hpp"
#include "model/value.hpp"

namespace model {

// One entry of search_space.
struct Dimension {
  enum class Kind {
    choice,
    randint,
    uniform,
    loguniform,
    quniform,
    qloguniform,
    normal,
    lognormal,
    qnormal,
    qlognormal
  };
  std::string name;
  base::Place place;
  Kind kind = Kind::choice;
  std::vector<Literal> values;  // choice
  std::int64_t upper = 0;       // randint: from 0 to upper - 1
  double min = 0;               // uniform ones; of the log ones the exponents of e
  double max = 0;
  double mu = 0;  // normal ones
  double sigma = 0;
  double q = 0;  // q ones: rounded to a multiple of it
};

struct EarlyTermination {
  enum class Kind { none, bandit, median_stopping, truncation_selection };
  Kind kind = Kind::none;
  // Counted in reports of the primary metric.
  int evaluation_interval = 1;
  int delay_evaluation = 0;
  std::optional<double> slack_factor;
  std::optional<double> slack_amount;
  double truncation_percentage = 0;
};

struct Sweep {
  enum class Sampling { random, sobol, grid, bayesian };
  Sampling sampling = Sampling::random;
  std::optional<std::uint64_t> seed;
  std::vector<Dimension> space;
  bool maximize = true;
  std::string primary_metric;
  int max_total_trials = 1000;
  std::optional<int> max_concurrent_trials;
  double timeout_seconds = 5184000;
  std::optional<double> trial_timeout_seconds;
  EarlyTermination early_termination;
  std::string metrics_output;  // v1: the output that takes what the trials logged; "" for none
  std::string text;            // all of it, for the fingerprint
};

}  // namespace model
