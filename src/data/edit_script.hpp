// The shortest way from one sequence to another. Source: E. Myers, "An O(ND) Difference Algorithm
// and Its Variations", 1986. Internal to the room.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace data {

// Where they differ: [begin, end) of the one became [begin, end) of the other; one may be empty.
struct Changed {
  std::size_t expected_begin, expected_end;
  std::size_t actual_begin, actual_end;
};

// In order. Where they are too different to find the shortest way in reasonable time (more than 500
// steps, fewer for long ones), everything between the common start and end is one change.
std::vector<Changed> changes(std::size_t expected, std::size_t actual,
                             const std::function<bool(std::size_t, std::size_t)>& same);

}  // namespace data
