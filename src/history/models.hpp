// Registered models: a folder each version, with the model's files and what was said of it.
#pragma once

#include <string>
#include <vector>

#include "model/tracking.hpp"
#include "workspace/workspace.hpp"

namespace history {

// Oldest version first; `name` "": of all names, by name. A version that cannot be read is left
// out. Where the records are apart, the workspace's models come before their own.
std::vector<model::RegisteredModel> models(const workspace::Layout&, const std::string& name);

// Copies `model.path` (a file or a folder) into the workspace as the next version of its name,
// whole or not at all, and returns what was registered. Throws bad_input for a name that the cloud
// refuses, not_found for a path that is not there, no_space or io.
// Source of the names: azureml-core, `^[a-zA-Z0-9][a-zA-Z0-9\-\._]{0,254}$`.
model::RegisteredModel register_model(const workspace::Layout&, model::RegisteredModel model);

// Changes what is said of a version: tags and properties; `name` of the change is its description.
// Throws not_found.
void change_model(const workspace::Layout&, const std::string& name, const std::string& version,
                  const model::RunChange&);

// Version "": all of them. Throws not_found.
void remove_model(const workspace::Layout&, const std::string& name, const std::string& version);

}  // namespace history
