// Everything that a job's files name, directly or through other files: what must go along when the
// job goes elsewhere.
#pragma once

#include <string>
#include <vector>

#include "base/path.hpp"
#include "base/place.hpp"

namespace definition {

// Something of a workspace's, named by "azureml:…" or a datastore's URI.
struct WorkspaceReference {
  std::string kind;  // "compute", "environment", "component", "datastore", "data"
  std::string name;  // as written, without "azureml:"
  base::Place place;
};

struct Closure {
  std::vector<fs::path> files;    // YAML files, conda files, single data files; absolute, sorted
  std::vector<fs::path> folders;  // code, build contexts, data; absolute, sorted
  std::vector<WorkspaceReference> references;  // each once, in the order of appearance
  // Absolute paths as they are written: on another machine they lead nowhere.
  std::vector<std::pair<std::string, base::Place>> absolute;
};

// Of a job or component in YAML. What is named and not there is left out: validate says so. Throws
// as text::parse_yaml does for a file that cannot be read.
Closure closure_of(const fs::path& file);

}  // namespace definition
