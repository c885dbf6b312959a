// From what was planned, prepared and decided to the one value a step is run from.
#pragma once

#include <string>

#include "engine/decide.hpp"
#include "step/step.hpp"

namespace engine {

// What all steps of a run share.
struct RunContext {
  std::string run;
  fs::path folder;  // the run's
  fs::path locks;   // where the locks of outputs lie
  step::Mounting mounting;
  step::Gateway gateway;
  step::Sdk sdk;
  fs::path log_watch;
  step::OnFailure on_failure = step::OnFailure::documented;
  fs::path outputs_to;  // where outputs lie in the place of their datastores, or ""
  std::string experiment;
  std::string default_datastore;
  base::Variables environment;  // what of the user's shell a step may see
};

// `made`: where the outputs of the steps before it lie; an optional input whose step made nothing
// is left out. `step_id`: the step's own run id. Throws not_found for an output's datastore.
step::Request make_request(const Plan&, std::size_t step, const PreparedStep&, const RunContext&,
                           const std::string& step_id, const std::vector<Outputs>& made,
                           const model::Catalogue&);

// Where the request puts its outputs.
Outputs outputs_of(const step::Request&);

}  // namespace engine
