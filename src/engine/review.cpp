#include "engine/review.hpp"

#include <fmt/format.h>

namespace engine {

Review review_of(const PlannedStep& step, const Outputs& outputs, const Options& options) {
  std::map<std::string, fs::path> places;
  for (const auto& [name, located] : outputs) places.emplace(name, located.path);
  try {
    return options.review(step, places);
  } catch (const std::exception& problem) {
    return {{fmt::format("what {} made could not be looked at: {}", step.path, problem.what())},
            ""};
  }
}

}  // namespace engine
