// The mocks that a command line means.
#pragma once

#include <string>
#include <vector>

#include "cli/app.hpp"

namespace cli {

struct MocksHere {
  fs::path folder;              // the pipeline's: they lie in mocks/ below it
  std::vector<fs::path> files;  // NAME.mock.yml, sorted
  // Throws not_found with did-you-mean.
  fs::path named(const std::string& name) const;
};

// Those beside `pipeline`, or where that is "" those of the current folder.
MocksHere mocks_here(const std::string& pipeline, const App&);

}  // namespace cli
