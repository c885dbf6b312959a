// Code, frozen at submission: a step runs a copy of what the folder held when the run began.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "workspace/workspace.hpp"

namespace workspace {

struct SnapshotFile {
  std::string path;  // relative, '/'-separated
  std::string hash;
  std::uint64_t bytes = 0;
  bool executable = false;
};

struct Snapshot {
  std::string hash;                                        // of names, modes and contents together
  fs::path folder;                                         // the frozen copy, absolute
  std::vector<SnapshotFile> files;                         // sorted by path
  std::vector<std::pair<std::string, std::string>> links;  // to folders within: path → target
  std::uint64_t bytes = 0;
  std::vector<std::string> left_out;  // links that were not followed, with the reason
};

// Copies `code` (a folder, or a single file) and the additional includes, each under its base name,
// into `.amlocal/snapshots/HASH`, once per content. Honours .amlignore, else .gitignore (with the
// rules of gitignore(5), in sub-folders too); .amlocal, .git and __pycache__ are always left out.
// A link to a file becomes a copy of that file. A link to a folder within the code stays a link,
// made relative; one to a folder outside is left out, because its size and its end are unknown.
// Empty folders are left out, as the cloud does. Executable bits are kept, other modes are not.
// A copy that is there is used when nobody has changed a file in it since, else made anew.
// Throws bad_definition when two things would have one name, and not_found, permission, no_space,
// io. Source: v2-yaml reference 3.1 (`code`), how-to-train-model "ignore file".
Snapshot take_snapshot(const Layout&, const fs::path& code, const std::vector<fs::path>& includes);

// The file that tells whether the copy in `folder` is as it was made. It goes with it.
fs::path snapshot_stamp(const fs::path& folder);

// What take_snapshot would take in, by names and sizes alone: nothing is read or copied, and there
// are no hashes. Throws like it.
Snapshot measure_code(const fs::path& code, const std::vector<fs::path>& includes);

// The cloud's limits: 300 MB and 2,000 files. One text for each that is broken, with the three
// largest offenders, and one for each link that was left out; empty when all is well.
std::vector<std::string> limit_warnings(const Snapshot&);

}  // namespace workspace
