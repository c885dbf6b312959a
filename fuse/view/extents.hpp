// A set of runs of bytes of a file.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "store/object_store.hpp"

namespace fuse {

class Extents {
 public:
  void add(std::uint64_t begin, std::uint64_t end);
  // Takes away everything from `size` on.
  void cut(std::uint64_t size);
  void clear() { runs_.clear(); }
  bool holds(std::uint64_t begin, std::uint64_t end) const;
  bool empty() const { return runs_.empty(); }
  // The sum of all runs.
  std::uint64_t bytes() const;
  std::vector<store::Extent> all() const;

 private:
  std::map<std::uint64_t, std::uint64_t> runs_;  // begin → end; they neither touch nor overlap
};

}  // namespace fuse
