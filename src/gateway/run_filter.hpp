// The filters with which azureml-core asks for runs: OData's `eq`, `ne`, `ge`, `gt`, `and`, `or`.
#pragma once

#include <string>
#include <string_view>

#include "model/tracking.hpp"

namespace gateway {

// The words of azureml's services for a run's kind: "azureml.PipelineRun", "azureml.StepRun" …
std::string run_type(const model::TrackedRun&);

// Whether the run passes `filter` ("" lets all through). What the services know of a run and
// amlocal does not is null. Throws bad_input for what is no filter.
bool passes(const model::TrackedRun&, std::string_view filter);

}  // namespace gateway
