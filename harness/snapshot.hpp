// Snapshots: what a step wrote once, kept beside its test and held against what it writes today.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/path.hpp"
#include "data/difference.hpp"

namespace harness {

// Which snapshots a call used, and which it wrote. May be used by several threads.
class Snapshots {
 public:
  enum class Missing { write, refuse };  // what becomes of one that is not there yet
  Snapshots(Missing missing, bool update) : missing_(missing), update_(update) {}

  // How `actual` differs from the snapshot; "" where it does not, or where it was written just now.
  // Throws not_found, with how to write it, for one that is missing and shall not be written.
  std::string compare(const fs::path& snapshot, const fs::path& actual, const data::Comparing&);

  // Files below `folder` that no test has used in this call, sorted.
  std::vector<fs::path> obsolete(const fs::path& folder) const;
  std::vector<fs::path> written() const;
  bool updating() const { return update_; }

 private:
  const Missing missing_;
  const bool update_;
  mutable std::mutex mutex_;
  std::set<fs::path> used_;
  std::set<fs::path> written_;
};

}  // namespace harness
