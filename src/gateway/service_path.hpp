// How the paths of azureml's services name a workspace.
#pragma once

#include <cstddef>

// Preprocessor text, so that a route's pattern stays one literal.
#define WORKSPACE \
  "subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}"

namespace gateway {

// The first of Call::words behind these three.
constexpr std::size_t first_word = 3;

}  // namespace gateway
