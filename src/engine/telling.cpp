#include "engine/telling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"

namespace engine {
namespace {

std::string word(model::Status status) {
  return std::string(model::to_string(status));
}

// "a, b, c and 4 more"
std::string listed(const std::vector<std::string>& words, std::size_t most, const char* between) {
  const std::size_t shown = std::min(words.size(), most);
  std::string text = fmt::format(
      "{}", fmt::join(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(shown), between));
  if (words.size() > shown) text += fmt::format(" and {} more", words.size() - shown);
  return text;
}

std::string value_of(const Located& located) {
  constexpr std::uintmax_t short_enough = 200;
  boost::system::error_code failed;
  if (!fs::is_regular_file(located.path, failed) ||
      fs::file_size(located.path, failed) > short_enough || failed)
    return "";
  std::string text = base::read_file(located.path);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) >= 32; });
  return plain ? text : "";
}

events::AssetRegistered asset_of(const PlannedStep& step, const PlannedOutput& output,
                                 const Outputs& outputs) {
  return {output.asset_name,
          output.asset_version,
          std::string(to_string(output.type)),
          outputs.at(output.name).path.native(),
          step.path,
          output.name};
}

// "output 'model': 2 files were not uploaded, and 'titanic' was not registered"
std::string done_with(const PlannedOutput& output, const step::OutputEnd& end, const char* no) {
  std::string text = fmt::format("output '{}'", output.name);
  const char* between = ": ";
  if (output.mode == model::AccessMode::upload && end.files > 0) {
    text += fmt::format(": {} file{} {}{}uploaded", end.files, end.files == 1 ? "" : "s",
                        end.files == 1 ? "was " : "were ", no);
    between = ", and ";
  }
  if (!output.asset_name.empty())
    text += fmt::format("{}'{}' was {}registered", between, output.asset_name, no);
  return text;
}

std::string kept_back_text(const PlannedOutput& output, const step::OutputEnd& end) {
  return done_with(output, end, "not ") +
         ", as the documentation has it of a step that fails; users saw the cloud do it all the "
         "same: --on-failure observed does";
}

std::string let_go_text(const PlannedOutput& output, const step::OutputEnd& end) {
  return done_with(output, end, "") +
         " although the step failed, as users saw in the cloud; by the documentation it is not: "
         "--on-failure documented";
}

}  // namespace

std::vector<events::Event> events_of_kept(const PlannedStep& step, const Decision& decision,
                                          const Outputs& outputs, const Decided::Kept& kept) {
  std::vector<events::Event> events;
  events.push_back(events::StepStarted{step.path, "", "", kept.fingerprint, kept.snapshot});
  for (const auto& output : step.outputs) {
    const Located& located = outputs.at(output.name);
    events.push_back(events::OutputPublished{
        step.path, output.name, std::string(to_string(output.type)),
        std::string(to_string(output.mode)), located.uri, located.path.native()});
  }
  events.push_back(events::StepPassedOver{step.path, word(model::Status::reused),
                                          decision.reasons.front(), decision.from_run});
  return events;
}

std::vector<events::Notice> why_again(const Decided& decided) {
  constexpr std::size_t few = 3;
  std::vector<events::Notice> notices;
  std::vector<std::string> unfinished;
  for (const auto& decision : decided.decisions) {
    if (decision.action != Decision::Action::run) continue;
    if (decision.cause == Decision::Cause::unfinished) {
      unfinished.push_back(decision.step);
      continue;
    }
    notices.push_back(
        {"", fmt::format("{} {}: {}", decision.step,
                         decision.cause == Decision::Cause::first ? "runs" : "runs again",
                         listed(decision.reasons, few, "; "))});
  }
  if (unfinished.size() == 1)
    notices.push_back({"", fmt::format("{} runs again: it did not finish in {}", unfinished.front(),
                                       decided.resumed)});
  else if (!unfinished.empty())
    notices.push_back({"", fmt::format("{} run again: they did not finish in {}",
                                       listed(unfinished, few, ", "), decided.resumed)});
  return notices;
}

events::StepEnded event_of(const std::string& step, const step::Outcome& outcome) {
  return {step,
          word(outcome.status),
          outcome.exit_code,
          outcome.seconds,
          outcome.cpu_seconds,
          outcome.peak_bytes,
          outcome.bytes_in,
          outcome.bytes_out,
          outcome.failure};
}

step::Outcome outcome_of(const base::Error& error) {
  events::Failure failure;
  failure.kind = "launch";
  failure.summary = error.message();
  failure.hint = error.hint();
  step::Outcome outcome;
  outcome.status = model::Status::failed;
  outcome.failure = std::move(failure);
  return outcome;
}

std::vector<events::AssetRegistered> assets_of(const PlannedStep& step, const Outputs& outputs) {
  std::vector<events::AssetRegistered> assets;
  for (const auto& output : step.outputs)
    if (!output.asset_name.empty()) assets.push_back(asset_of(step, output, outputs));
  return assets;
}

std::vector<events::Event> events_of_failed(const PlannedStep& step, const Outputs& made,
                                            const step::Outcome& outcome,
                                            step::OnFailure on_failure) {
  std::vector<events::Event> events;
  for (const auto& end : outcome.outputs) {
    const PlannedOutput& output = *step.find_output(end.output);
    const bool uploaded = output.mode == model::AccessMode::upload && end.files > 0;
    const bool named = !output.asset_name.empty();
    if (!uploaded && !named) continue;
    const bool kept_back = on_failure == step::OnFailure::documented;
    events.push_back(events::Notice{
        step.path, kept_back ? kept_back_text(output, end) : let_go_text(output, end)});
    if (named && !kept_back) events.push_back(asset_of(step, output, made));
  }
  return events;
}

std::vector<gateway::Document> documents_of(const PlannedStep& step, const Outputs& outputs) {
  std::vector<gateway::Document> documents;
  for (const auto& output : step.outputs) {
    if (output.asset_name.empty() || !output.v1 || output.v1->registration.empty()) continue;
    auto content = nlohmann::json::parse(output.v1->registration);
    content["path"] = outputs.at(output.name).path.native();
    documents.push_back({output.asset_name, "", content.dump()});
  }
  return documents;
}

std::vector<events::RunOutput> run_outputs(const Plan& plan, const std::vector<Outputs>& made) {
  std::vector<events::RunOutput> outputs;
  for (const auto& output : plan.outputs) {
    const auto found = made[output.from.step].find(output.from.output);
    if (found == made[output.from.step].end()) continue;
    const auto* planned = plan.steps[output.from.step].find_output(output.from.output);
    outputs.push_back({output.name, std::string(to_string(planned->type)), found->second.uri,
                       found->second.path.native(), value_of(found->second)});
  }
  return outputs;
}

}  // namespace engine
