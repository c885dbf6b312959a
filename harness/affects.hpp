// Which files a test depends on: a change of one of them is a reason to run it again.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/suite.hpp"
#include "model/catalogue.hpp"

namespace harness {

// Files and folders (for all that lies below them), absolute: the test, what its step is made of,
// the mocks beside the pipeline, the data it is given, its snapshots. Where the definition cannot
// be read, the folder of it.
// `known` keeps what a step is made of, for the other tests of it.
using StepSources = std::map<std::pair<fs::path, std::string>, std::vector<fs::path>>;
std::vector<fs::path> sources_of(const Case&, const model::Catalogue&, StepSources& known);

// Whether `changed` is one of them or lies below one.
bool is_among(const fs::path& changed, const std::vector<fs::path>& sources);

// What differs from a commit in the work tree around `folder`, and what is not tracked, absolute.
// Throws usage for a name that git does not know, unavailable without git.
std::vector<fs::path> changed_since(const std::string& ref, const fs::path& folder,
                                    const base::Variables& environment);

}  // namespace harness
