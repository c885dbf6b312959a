#include "fuse/view/extents.hpp"

#include <algorithm>
#include <iterator>

namespace fuse {

void Extents::add(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto run = runs_.upper_bound(begin);
  if (run != runs_.begin() && std::prev(run)->second >= begin) --run;
  while (run != runs_.end() && run->first <= end) {
    begin = std::min(begin, run->first);
    end = std::max(end, run->second);
    run = runs_.erase(run);
  }
  runs_.emplace(begin, end);
}

void Extents::cut(std::uint64_t size) {
  auto run = runs_.lower_bound(size);
  if (run != runs_.begin() && std::prev(run)->second > size) std::prev(run)->second = size;
  runs_.erase(run, runs_.end());
}

bool Extents::holds(std::uint64_t begin, std::uint64_t end) const {
  if (begin >= end) return true;
  const auto after = runs_.upper_bound(begin);
  return after != runs_.begin() && std::prev(after)->second >= end;
}

std::uint64_t Extents::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [begin, end] : runs_) sum += end - begin;
  return sum;
}

std::vector<store::Extent> Extents::all() const {
  std::vector<store::Extent> runs;
  for (const auto& [begin, end] : runs_) runs.push_back({begin, end - begin});
  return runs;
}

}  // namespace fuse
