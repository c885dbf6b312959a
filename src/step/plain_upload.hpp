// What an upload may hold: files and folders, since a datastore knows no links.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/path.hpp"

namespace step {

// What only the command saw.
struct Views {
  std::vector<std::pair<fs::path, fs::path>> inputs;  // where the data lies → where it was seen
  fs::path root;                                      // the step's folder,
  fs::path seen_root;                                 // and where it was seen; the same, or ""
};

// Puts in the place of each link below `made` (and of `made` itself) what it leads to, as the
// cloud's upload does: the step's working folder, where most such links lead, is gone afterwards.
// A relative link that stays below `made` is kept. Removes pipes, sockets and devices, and gives
// notices of them that begin with `what` ("output 'model'"). Throws bad_input for a link to nothing
// or to a folder around itself, naming it.
std::vector<std::string> make_plain(const fs::path& made, const Views&, const std::string& what);

// The same for a place that was written directly and may hold more than this step's files: only
// links into `own`, the step's folder, are replaced. Those to nothing or out of `destination`, and
// pipes, sockets and devices, stay and are named in the notices.
std::vector<std::string> settle_links(const fs::path& destination, const fs::path& own,
                                      const Views&, const std::string& what);

}  // namespace step
