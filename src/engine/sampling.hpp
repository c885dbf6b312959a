// The values of a sweep's trials, one trial after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/sweep.hpp"

namespace engine {

using TrialValues = std::vector<std::pair<std::string, model::Literal>>;

// The same seed gives the same values on every machine: no generator of the standard library is
// used whose numbers the standard leaves open. A bayesian sweep is sampled as a random one: see
// bayesian.hpp.
class Sampler {
 public:
  // `seed` where the sweep has none.
  Sampler(const model::Sweep&, std::uint64_t seed);
  ~Sampler();
  // Nothing when a grid has no more points.
  std::optional<TrialValues> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The values at a place in the unit cube: `at` has a number in [0, 1) for each dimension.
TrialValues values_at(const model::Sweep&, const std::vector<double>& at);

// How many points a grid has, at most 1,000,000,000; nothing for other sweeps.
std::optional<std::uint64_t> grid_size(const model::Sweep&);

}  // namespace engine
