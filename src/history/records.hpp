// From events to a RunRecord, and what a run's folder holds.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "history/history.hpp"

namespace history {

// The files of a run's folder that are history's.
fs::path journal_path(const workspace::Layout&, const std::string& run);
fs::path lock_path(const workspace::Layout&, const std::string& run);

// Makes a run's record from its events, which come in order.
class Folding {
 public:
  void add(const events::Stamped&);
  RunRecord record;

 private:
  StepRecord& step(const std::string& path);
  std::unordered_map<std::string, std::size_t> positions_;
};

// A run that has not ended, and whose steps have not, was interrupted when nobody holds its lock.
void derive_status(RunRecord&, bool locked);

// A run's record from its journal, as far as it is whole; `status` is as the events say.
struct Folded {
  RunRecord record;
  std::uint64_t journal_bytes = 0;
};
Folded fold_journal(const workspace::Layout&, const std::string& run);

// The names in the folder of runs, sorted. Names that begin with a dot are drafts and left-overs.
std::vector<std::string> run_names(const workspace::Layout&);

}  // namespace history
