// What removing a run takes along.
#pragma once

#include <vector>

#include "history/history.hpp"

namespace history {

// The folders `azureml/<step id>` in datastores that only `run` still needs: no registered asset
// lies in them, and no other run of `all` reused them.
std::vector<fs::path> own_outputs(const workspace::Layout&, const RunRecord& run,
                                  const std::vector<RunRecord>& all);

}  // namespace history
