// A sweep: many trials of one step, of which the best gives its outputs.
#pragma once

#include "base/cancel.hpp"
#include "engine/run_store.hpp"
#include "events/sink.hpp"
#include "step/step.hpp"

namespace engine {

// Runs the trials of `request`, whose component is a sweep, and moves the best one's outputs to
// where the request's belong. `jobs`: trials side by side at most. Tells a notice for each trial
// and one for the best; of outputs only those that stay. Trials are runs below the step's, with the
// ids STEP_0, STEP_1 … as in the cloud. Never throws for what a trial does.
step::Outcome run_sweep(const step::Request& request, RunStore&, const base::Clock&, events::Sink&,
                        const base::Cancel&, int jobs);

}  // namespace engine
