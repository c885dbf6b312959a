// Why a step failed, read from how it ended and from its log.
#pragma once

#include "base/error.hpp"
#include "step/folder.hpp"
#include "step/supervise.hpp"

namespace step {

// Reads at most the last 64 KiB of the log, however long it is.
events::Failure explain_failure(const Request&, const Folder&, const Supervised&,
                                const base::Clock&);

// A failure before the command ran: `kind` is "input", "output" or "launch".
events::Failure explain_refusal(const std::string& kind, const base::Error&, const base::Clock&);

// The last thing that the step's mounts refused, in words; "" where they refused nothing.
std::string last_refusal(const Folder&);

}  // namespace step
