#include "engine/sampling.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "engine/early_termination.hpp"

namespace {

using Kind = model::Dimension::Kind;

model::Dimension between(Kind kind, double min, double max, double q = 0) {
  model::Dimension dimension;
  dimension.name = "x";
  dimension.kind = kind;
  dimension.min = min;
  dimension.max = max;
  dimension.q = q;
  return dimension;
}

model::Dimension around(Kind kind, double mu, double sigma) {
  model::Dimension dimension;
  dimension.name = "x";
  dimension.kind = kind;
  dimension.mu = mu;
  dimension.sigma = sigma;
  return dimension;
}

model::Dimension choice(std::string name, std::vector<std::string> words) {
  model::Dimension dimension;
  dimension.name = std::move(name);
  for (auto& word : words) dimension.values.push_back({word, word});
  return dimension;
}

std::vector<double> draw(const model::Dimension& dimension, std::size_t count,
                         model::Sweep::Sampling sampling = model::Sweep::Sampling::random) {
  model::Sweep sweep;
  sweep.sampling = sampling;
  sweep.seed = 5;
  sweep.space = {dimension};
  engine::Sampler sampler(sweep, 0);
  std::vector<double> values;
  for (std::size_t n = 0; n < count; ++n) {
    const auto trial = sampler.next();
    const auto& value = trial->front().second.value;
    values.push_back(std::holds_alternative<double>(value)
                         ? std::get<double>(value)
                         : static_cast<double>(std::get<std::int64_t>(value)));
  }
  return values;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation(const std::vector<double>& values) {
  const double middle = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - middle) * (value - middle);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

model::Sweep with(model::EarlyTermination early, bool maximize = true) {
  model::Sweep sweep;
  sweep.maximize = maximize;
  sweep.early_termination = early;
  return sweep;
}

}  // namespace

TEST_CASE("each distribution has the mean and the bounds that it says") {
  constexpr std::size_t many = 20'000;
  const auto uniform = draw(between(Kind::uniform, 2, 4), many);
  CHECK(mean(uniform) == doctest::Approx(3).epsilon(0.01));
  CHECK(*std::min_element(uniform.begin(), uniform.end()) >= 2);
  CHECK(*std::max_element(uniform.begin(), uniform.end()) < 4);

  auto logs = draw(between(Kind::loguniform, -7, -2), many);
  CHECK(*std::min_element(logs.begin(), logs.end()) >= std::exp(-7));
  CHECK(*std::max_element(logs.begin(), logs.end()) <= std::exp(-2));
  for (double& value : logs) value = std::log(value);
  CHECK(mean(logs) == doctest::Approx(-4.5).epsilon(0.01));

  for (const double value : draw(between(Kind::quniform, 0, 1, 0.25), 200))
    CHECK(std::fmod(value, 0.25) == 0);

  const auto normal = draw(around(Kind::normal, 10, 2), many);
  CHECK(mean(normal) == doctest::Approx(10).epsilon(0.01));
  CHECK(deviation(normal) == doctest::Approx(2).epsilon(0.03));
  auto lognormal = draw(around(Kind::lognormal, 1, 0.5), many);
  for (double& value : lognormal) value = std::log(value);
  CHECK(mean(lognormal) == doctest::Approx(1).epsilon(0.02));

  model::Dimension whole;
  whole.name = "x";
  whole.kind = Kind::randint;
  whole.upper = 3;
  std::array<int, 3> seen{};
  for (const double value : draw(whole, 3000)) ++seen[static_cast<std::size_t>(value)];
  for (const int count : seen) CHECK(count == doctest::Approx(1000).epsilon(0.1));
}

TEST_CASE("a seed gives the same trials again, another one others") {
  model::Sweep sweep;
  sweep.space = {between(Kind::uniform, 0, 1), choice("c", {"a", "b", "c"})};
  const auto texts = [&](std::uint64_t seed) {
    sweep.seed = seed;
    engine::Sampler sampler(sweep, 0);
    std::string all;
    for (int n = 0; n < 5; ++n) {
      const auto trial = *sampler.next();
      for (const auto& [name, value] : trial) all += value.text + " ";
    }
    return all;
  };
  CHECK(texts(7) == texts(7));
  CHECK(texts(7) != texts(8));
}

TEST_CASE("a grid has every point once, the last dimension changing fastest") {
  model::Sweep sweep;
  sweep.sampling = model::Sweep::Sampling::grid;
  sweep.space = {choice("a", {"1", "2"}), choice("b", {"x", "y", "z"})};
  CHECK(engine::grid_size(sweep) == 6);
  engine::Sampler sampler(sweep, 0);
  std::string points;
  while (const auto trial = sampler.next())
    points += (*trial)[0].second.text + (*trial)[1].second.text + " ";
  CHECK(points == "1x 1y 1z 2x 2y 2z ");
}

TEST_CASE("sobol fills the range more evenly than chance") {
  const auto values = draw(between(Kind::uniform, 0, 1), 64, model::Sweep::Sampling::sobol);
  std::set<int> sixteenths;
  for (const double value : values) sixteenths.insert(static_cast<int>(value * 16));
  CHECK(sixteenths.size() == 16);
}

TEST_CASE("a bandit stops what is far behind the best at the same number of reports") {
  model::EarlyTermination early;
  early.kind = model::EarlyTermination::Kind::bandit;
  early.slack_factor = 0.5;
  const std::vector<engine::TrialReports> trials{{{0.9, 0.95}}, {{0.5}}, {{0.61}}};
  CHECK(engine::why_stop(with(early), trials, 1) ==
        "bandit: 0.5 after 1 reports, and the bound is 0.6");
  CHECK(engine::why_stop(with(early), trials, 2) == "");
  CHECK(engine::why_stop(with(early), trials, 0) == "");
  early.delay_evaluation = 2;
  CHECK(engine::why_stop(with(early), trials, 1) == "");
  early = {};
  early.kind = model::EarlyTermination::Kind::bandit;
  early.slack_amount = 0.1;
  CHECK(engine::why_stop(with(early, false), {{{1.0}}, {{1.2}}}, 1) ==
        "bandit: 1.2 after 1 reports, and the bound is 1.1");
}

TEST_CASE("median stopping and truncation selection") {
  model::EarlyTermination early;
  early.kind = model::EarlyTermination::Kind::median_stopping;
  const std::vector<engine::TrialReports> trials{{{0.8, 0.9}}, {{0.6, 0.7}}, {{0.1, 0.2}}};
  CHECK(engine::why_stop(with(early), trials, 2) ==
        "median stopping: 0.2 after 2 reports, and the median of the means is 0.65");
  CHECK(engine::why_stop(with(early), trials, 1) == "");
  early.kind = model::EarlyTermination::Kind::truncation_selection;
  early.truncation_percentage = 40;
  CHECK(engine::why_stop(with(early), trials, 2) ==
        "truncation selection: 0.2 after 2 reports is among the last 1 of 3");
  CHECK(engine::why_stop(with(early), trials, 1) == "");
  early.evaluation_interval = 3;
  CHECK(engine::why_stop(with(early), trials, 2) == "");
}
