// What an upload may hold: files and folders, since a datastore knows no links.
#pragma once

#include <string>
#include <vector>

#include "base/path.hpp"

namespace step {

// Puts in the place of each link below `made` (and of `made` itself) what it leads to, as the
// cloud's upload does: the step's working folder, where most such links lead, is gone afterwards.
// A relative link that stays below `made` is kept. Removes pipes, sockets and devices, and gives
// their paths below `made`. Throws bad_input for a link to nothing or to a folder around itself,
// naming it after `what` ("output 'model'").
std::vector<std::string> make_plain(const fs::path& made, const std::string& what);

}  // namespace step
