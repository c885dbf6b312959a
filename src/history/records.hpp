// From events to a RunRecord, and what a run's folder holds.
#pragma once

#include <string>
#include <vector>

#include "history/history.hpp"

namespace history {

// The files of a run's folder that are history's.
fs::path journal_path(const workspace::Layout&, const std::string& run);
fs::path lock_path(const workspace::Layout&, const std::string& run);

// Adds what an event says. The events of a run come in order, so folding all of them gives its
// record.
void fold(RunRecord&, const events::Stamped&);

// A run that has not ended, and whose steps have not, was interrupted when nobody holds its lock.
void derive_status(RunRecord&, bool locked);

// A run's record from its journal, as far as it is whole; `status` is as the events say.
struct Folded {
  RunRecord record;
  std::uint64_t journal_bytes = 0;
  std::size_t damaged_line = 0;
};
Folded fold_journal(const workspace::Layout&, const std::string& run);

// The names in the folder of runs, sorted. Names that begin with a dot are drafts and left-overs.
std::vector<std::string> run_names(const workspace::Layout&);

}  // namespace history
