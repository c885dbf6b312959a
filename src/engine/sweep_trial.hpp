// One trial of a sweep, and what all of them logged.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel.hpp"
#include "engine/early_termination.hpp"
#include "engine/run_store.hpp"
#include "engine/sampling.hpp"
#include "events/sink.hpp"
#include "step/step.hpp"

namespace engine {

// Trials tell their notices; what they publish is the sweep's own to tell.
class TrialSink final : public events::Sink {
 public:
  TrialSink(events::Sink& sink, std::string step, std::size_t number)
      : sink_(sink), step_(std::move(step)), number_(number) {}
  void on(const events::Stamped& stamped) override {
    if (const auto* notice = std::get_if<events::Notice>(&stamped.event))
      sink_.on({stamped.time,
                events::Notice{step_, fmt::format("trial {}: {}", number_, notice->text)}});
    if (const auto* output = std::get_if<events::OutputPublished>(&stamped.event))
      published.push_back(*output);
  }
  std::vector<events::OutputPublished> published;

 private:
  events::Sink& sink_;
  std::string step_;
  std::size_t number_;
};

struct Trial {
  std::string id;
  TrialValues values;
  std::shared_ptr<const model::Component> component;
  step::Request request;
  std::unique_ptr<TrialSink> sink;
  std::unique_ptr<base::Cancel> cancel = std::make_unique<base::Cancel>();
  std::string stopped;  // why the policy stopped it
  TrialReports reports;
  std::size_t judged = 0;  // reports that the policy has seen
  std::optional<step::Outcome> outcome;
  std::jthread thread;
};

// {"TRIAL": {"METRIC": [value, …]}} as JSON, with a line end: what HyperDriveStep writes for its
// metrics_output. Metrics in the order of their names, values in the order of arrival.
std::string metrics_of_trials(RunStore&, const std::vector<std::string>& trials);

}  // namespace engine
