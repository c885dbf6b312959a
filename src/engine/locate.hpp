// Where data lies on this machine: URIs and assets become absolute paths.
#pragma once

#include <string>

#include "engine/plan.hpp"
#include "engine/remote.hpp"
#include "model/catalogue.hpp"

namespace engine {

struct Located {
  fs::path path;    // absolute
  std::string uri;  // as `direct` mode shows it
};

// Where a data input lies before anything is fetched. Throws not_found, with the command that
// supplies it, for an asset or datastore that is not known, and unavailable for a place that cannot
// be read from here (wasbs://, a registry). The path of an http(s) address is empty.
Located locate_input(const model::DataPath&, const model::Catalogue&);

// The same with the file that `remote` has for an address. Throws bad_input when the input is a
// folder, which http has no way to list, and as `remote` does.
Located fetch_input(const PlannedInput&, const Located&, const Remote& remote,
                    std::vector<std::string>& notices);

// Where an output goes: its `path` with ${{name}} (the step's id), ${{output_name}} and
// ${{default_datastore}} put in, or azureml/<step id>/<output>/ on the default datastore.
// Source: concept-expressions, output path expressions.
Located locate_output(const PlannedOutput&, const std::string& step_id,
                      const std::string& default_datastore, const model::Catalogue&);

}  // namespace engine
