// A job taken out to the cloud: its files in a folder of their own, and what the real SDK says of
// them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.hpp"
#include "definition/closure.hpp"
#include "model/catalogue.hpp"
#include "workspace/workspace.hpp"

namespace harness {

struct Exported {
  fs::path job;  // its file in the folder
  std::vector<std::string>
      notes;  // what the workspace must have before it is submitted, one a line
};

// Copies the job's YAML and everything it names below `target`, in the places they have to each
// other, comments and all; code without what its ignore files leave out. Data assets that this
// project has are written as files for `az ml data create`. Notes go to `export.md` there. The
// folder appears whole or not at all. Throws exists for a target that is not empty; bad_definition,
// with the place, for an absolute path in the job; permission, no_space, io.
Exported export_job(const fs::path& file, const fs::path& target, const model::Catalogue&);

// What azure-ai-ml finds.
struct SdkVerdict {
  std::string version;
  std::vector<std::string> errors;    // "jobs.train.compute: …"
  std::vector<std::string> warnings;  // in the same form
};

// A Python with azure-ai-ml: the one that AMLOCAL_AZURE_AI_ML names, else a private environment
// below `cache`, made with pip when it is first needed (about a minute; `making` is called before).
// Throws unavailable with what pip said.
fs::path python_with_azure_ai_ml(const fs::path& base_python, const fs::path& cache,
                                 const base::Variables& shell, const std::function<void()>& making);

// Loads and validates the job with the real SDK, without a workspace. Throws unavailable where that
// Python cannot.
SdkVerdict ask_sdk(const fs::path& job, const fs::path& python, const base::Variables& shell);

// The helper's source (harness/python).
std::map<std::string, std::string_view> export_files();

}  // namespace harness
