// Where a recorded step would have met another answer, so that nobody knows how it goes on.
#pragma once

#include <optional>
#include <string>

#include "fuse/view/profile.hpp"
#include "meter/ledger.hpp"

namespace fuse {

// What of the operation fails under `now` and succeeded under `then`, or the other way round;
// nothing where the answer is the same. Renames and cuts by name hang on the files:
// fuse/replay/mounted.hpp tells of them. Pure.
std::optional<std::string> parting(const meter::Entry&, const std::string& path,
                                   const Profile& then, const Profile& now);

}  // namespace fuse
