// How the paths of azureml's services name a workspace.
#pragma once

#include <cstddef>
#include <string>

#include "gateway/route.hpp"

// Preprocessor text, so that a route's pattern stays one literal.
#define WORKSPACE \
  "subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}"

namespace gateway {

// The first of Call::words behind these three.
constexpr std::size_t first_word = 3;

// A run as the run history describes it.
nlohmann::json run_as_service(const model::TrackedRun&, const std::string& experiment_id);

}  // namespace gateway
