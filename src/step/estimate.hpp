// What a step without mounts would have asked of its mounts, as far as the audit hook could see.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "meter/ledger.hpp"
#include "step/audit.hpp"

namespace step {

// A path as the step saw it: which binding it lies in ("outputs.logs"), and where in it.
struct InBinding {
  std::string binding;
  std::string path;
};
// Nothing for a path outside of the step's data. The step's folder may have been seen at its own
// place, at the cloud's path, or behind a link (step/folder.cpp).
std::optional<InBinding> in_binding(const std::string& path);

// A record as mounts would have made it, from which lines opened what and how large the files were:
// each open for writing ends with a close that sends the whole file, as large as it is at the next
// open; the first open for reading fetches it. Writing to an input is refused. `final_size`: bytes
// of a file when the step had ended. What no Python did is not in it, nor whether it came off.
meter::LedgerText estimate(
    const std::vector<AuditRecord>&,
    const std::function<std::optional<std::uint64_t>(const InBinding&)>& final_size);

}  // namespace step
