// What came of a step that ran alone, for a program: `amlocal step run --json` ends with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/project.hpp"
#include "events/sink.hpp"
#include "harness/alone.hpp"

namespace cli {

// Keeps what the run tells of the step.
class StepResult final : public events::Sink {
 public:
  explicit StepResult(std::string step) : step_(std::move(step)) {}
  void on(const events::Stamped&) override;

  // One JSON object on one line, without the newline. Schema: docs/schemas/step-result.json. `cost`
  // is the profile that its requests are priced by.
  std::string json(const harness::Isolated&, const Project&, const std::string& cost) const;

 private:
  std::string step_;
  std::string run_;
  base::Time now_;
  events::StepStarted started_;
  std::optional<events::StepEnded> ended_;
  std::vector<events::OutputPublished> outputs_;
  std::vector<events::AssetRegistered> assets_;
};

}  // namespace cli
