#include "data/edit_script.hpp"

#include <algorithm>
#include <cstdint>

namespace data {
namespace {

constexpr std::size_t most_steps = 500;
constexpr std::size_t most_work = 20'000'000;

using Ends = std::vector<std::int64_t>;  // how far each diagonal reaches, from -d to d

// The diagonals after each step, until the ends meet; empty where that takes more than `most`
// steps.
std::vector<Ends> steps_to_end(std::int64_t n, std::int64_t m, std::int64_t most,
                               const std::function<bool(std::int64_t, std::int64_t)>& same) {
  std::vector<Ends> steps;
  Ends ends(static_cast<std::size_t>(2 * most + 3), 0);
  const auto at = [&](std::int64_t k) -> std::int64_t& {
    return ends[static_cast<std::size_t>(k + most + 1)];
  };
  for (std::int64_t d = 0; d <= most; ++d) {
    for (std::int64_t k = -d; k <= d; k += 2) {
      const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
      std::int64_t x = down ? at(k + 1) : at(k - 1) + 1;
      std::int64_t y = x - k;
      while (x < n && y < m && same(x, y)) ++x, ++y;
      at(k) = x;
      if (x < n || y < m) continue;
      steps.emplace_back(ends.begin() + (most + 1 - d), ends.begin() + (most + 2 + d));
      return steps;
    }
    steps.emplace_back(ends.begin() + (most + 1 - d), ends.begin() + (most + 2 + d));
  }
  return {};
}

// Single steps from the end back: {x, y, down}: at (x, y) one of `actual` was added (down), or one
// of `expected` is gone.
struct Step {
  std::int64_t x, y;
  bool down;
};

std::vector<Step> way_back(std::int64_t n, std::int64_t m, const std::vector<Ends>& steps) {
  std::vector<Step> way;
  std::int64_t x = n;
  std::int64_t y = m;
  for (auto d = static_cast<std::int64_t>(steps.size()) - 1; d > 0; --d) {
    const Ends& before = steps[static_cast<std::size_t>(d - 1)];
    const auto at = [&](std::int64_t k) { return before[static_cast<std::size_t>(k + d - 1)]; };
    const std::int64_t k = x - y;
    const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
    const std::int64_t from = down ? k + 1 : k - 1;
    x = at(from);
    y = x - from;
    way.push_back({x, y, down});
  }
  std::reverse(way.begin(), way.end());
  return way;
}

}  // namespace

std::vector<Changed> changes(std::size_t expected, std::size_t actual,
                             const std::function<bool(std::size_t, std::size_t)>& same) {
  std::size_t head = 0;
  while (head < expected && head < actual && same(head, head)) ++head;
  std::size_t tail = 0;
  while (tail < expected - head && tail < actual - head &&
         same(expected - 1 - tail, actual - 1 - tail))
    ++tail;
  const std::size_t n = expected - head - tail;
  const std::size_t m = actual - head - tail;
  if (n == 0 && m == 0) return {};
  const std::size_t most = std::min({most_steps, n + m, most_work / (n + m) + 2});
  const auto steps =
      n == 0 || m == 0
          ? std::vector<Ends>()
          : steps_to_end(static_cast<std::int64_t>(n), static_cast<std::int64_t>(m),
                         static_cast<std::int64_t>(most), [&](std::int64_t x, std::int64_t y) {
                           return same(head + static_cast<std::size_t>(x),
                                       head + static_cast<std::size_t>(y));
                         });
  if (steps.empty()) return {{head, head + n, head, head + m}};
  std::vector<Changed> found;
  for (const Step& step :
       way_back(static_cast<std::int64_t>(n), static_cast<std::int64_t>(m), steps)) {
    const std::size_t x = head + static_cast<std::size_t>(step.x);
    const std::size_t y = head + static_cast<std::size_t>(step.y);
    const Changed one{x, x + (step.down ? 0U : 1U), y, y + (step.down ? 1U : 0U)};
    if (!found.empty() && found.back().expected_end == one.expected_begin &&
        found.back().actual_end == one.actual_begin) {
      found.back().expected_end = one.expected_end;
      found.back().actual_end = one.actual_end;
    } else {
      found.push_back(one);
    }
  }
  return found;
}

}  // namespace data
