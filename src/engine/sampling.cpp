#include "engine/sampling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <cmath>
#include <numbers>
#include <random>

namespace engine {
namespace {

using model::Dimension;
using model::Literal;
using model::Sweep;

Literal number(double value) {
  // As Python prints it: the shortest text that reads back as the same number.
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".einf") == std::string::npos) text += ".0";
  return {value, text};
}
Literal integer(std::int64_t value) {
  return {value, std::to_string(value)};
}

double rounded(double value, double q) {
  return std::round(value / q) * q;
}

// `u` is uniform in [0, 1); `normal` is a standard normal deviate.
Literal draw(const Dimension& dimension, double u, double normal) {
  using Kind = Dimension::Kind;
  const double between = dimension.min + u * (dimension.max - dimension.min);
  const double around = dimension.mu + dimension.sigma * normal;
  switch (dimension.kind) {
    case Kind::choice:
      return dimension.values[std::min(
          static_cast<std::size_t>(u * static_cast<double>(dimension.values.size())),
          dimension.values.size() - 1)];
    case Kind::randint:
      return integer(std::min(static_cast<std::int64_t>(u * static_cast<double>(dimension.upper)),
                              dimension.upper - 1));
    case Kind::uniform:
      return number(between);
    case Kind::loguniform:
      return number(std::exp(between));
    case Kind::quniform:
      return number(rounded(between, dimension.q));
    case Kind::qloguniform:
      return number(rounded(std::exp(between), dimension.q));
    case Kind::normal:
      return number(around);
    case Kind::lognormal:
      return number(std::exp(around));
    case Kind::qnormal:
      return number(rounded(around, dimension.q));
    case Kind::qlognormal:
      return number(rounded(std::exp(around), dimension.q));
  }
  return {};
}

// The inverse of the normal distribution's function, by bisection: exact enough, and the same
// everywhere.
double normal_quantile(double u) {
  double low = -10, high = 10;
  for (int n = 0; n < 80; ++n) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::numbers::sqrt2) < u ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

struct Sampler::State {
  const Sweep& sweep;
  std::mt19937_64 random;
  std::optional<boost::random::sobol> sobol;
  std::uint64_t taken = 0;  // points of the grid

  // 53 bits, as a double has.
  double uniform() { return static_cast<double>(random() >> 11) * 0x1.0p-53; }
  double quasi() {
    return static_cast<double>((*sobol)()) /
           (static_cast<double>(boost::random::sobol::max()) + 1.0);
  }

  std::optional<TrialValues> grid() {
    if (taken >= *grid_size(sweep)) return std::nullopt;
    std::uint64_t rest = taken++;
    TrialValues values;
    // The last dimension changes fastest, as nested loops in the file's order would.
    for (auto dimension = sweep.space.rbegin(); dimension != sweep.space.rend(); ++dimension) {
      values.emplace_back(dimension->name, dimension->values[rest % dimension->values.size()]);
      rest /= dimension->values.size();
    }
    std::reverse(values.begin(), values.end());
    return values;
  }
};

Sampler::Sampler(const Sweep& sweep, std::uint64_t seed)
    : state_(new State{sweep, std::mt19937_64(sweep.seed.value_or(seed)), std::nullopt, 0}) {
  if (sweep.sampling != Sweep::Sampling::sobol) return;
  state_->sobol.emplace(std::max<std::size_t>(sweep.space.size(), 1));
  // A seed begins elsewhere in the one sequence.
  state_->sobol->discard(sweep.space.size() * (1 + sweep.seed.value_or(seed) % 1024));
}

Sampler::~Sampler() = default;

std::optional<TrialValues> Sampler::next() {
  State& state = *state_;
  if (state.sweep.sampling == Sweep::Sampling::grid) return state.grid();
  std::vector<double> at;
  for (std::size_t n = 0; n < state.sweep.space.size(); ++n)
    at.push_back(state.sobol ? state.quasi() : state.uniform());
  return values_at(state.sweep, at);
}

TrialValues values_at(const Sweep& sweep, const std::vector<double>& at) {
  TrialValues values;
  for (std::size_t n = 0; n < at.size(); ++n)
    values.emplace_back(sweep.space[n].name, draw(sweep.space[n], at[n], normal_quantile(at[n])));
  return values;
}

std::optional<std::uint64_t> grid_size(const Sweep& sweep) {
  if (sweep.sampling != Sweep::Sampling::grid) return std::nullopt;
  constexpr std::uint64_t most = 1'000'000'000;
  std::uint64_t size = 1;
  for (const auto& dimension : sweep.space)
    size = std::min<std::uint64_t>(most, size * dimension.values.size());
  return size;
}

}  // namespace engine
