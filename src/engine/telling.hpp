// What the engine tells of a run: its own values as events.
#pragma once

#include <vector>

#include "base/error.hpp"
#include "engine/decide.hpp"
#include "events/event.hpp"
#include "gateway/run_store.hpp"
#include "step/step.hpp"

namespace engine {

// A step that an earlier run stands for: its outputs are told as this run's, so that the next
// resume, and garbage collection, find them here.
std::vector<events::Event> events_of_kept(const PlannedStep&, const Decision&, const Outputs&,
                                          const Decided::Kept&);

// Why steps of a resumed run are not kept: a line for each, but one for all that had not finished.
std::vector<events::Notice> why_again(const Decided&);

events::StepEnded event_of(const std::string& step, const step::Outcome&);
// amlocal itself could not go on with the step.
step::Outcome outcome_of(const base::Error&);

// Named outputs, to be registered: the recorder chooses a version that is left open.
std::vector<events::AssetRegistered> assets_of(const PlannedStep&, const Outputs&);

// Of a failed step: a notice for each output that the documentation and what users observed differ
// about, saying what was done; with `observed` also what is registered all the same.
std::vector<events::Event> events_of_failed(const PlannedStep&, const Outputs& made,
                                            const step::Outcome&, step::OnFailure);

// What SDK v1 keeps of registered outputs beside their names, for the shim: kind output_dataset,
// each with the `path` that it was registered with.
std::vector<gateway::Document> documents_of(const PlannedStep&, const Outputs&);

// The pipeline's outputs that were made; with its value where one is a file of one short line.
std::vector<events::RunOutput> run_outputs(const Plan&, const std::vector<Outputs>& made);

}  // namespace engine
