#include "cli/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/files.hpp"
#include "cli/table.hpp"

namespace cli {

void JsonLines::on(const events::Stamped& stamped) {
  out_ << events::to_json(stamped) << std::endl;
}

std::string report_line(const events::StepEnded& ended, std::size_t step_width) {
  std::string line =
      fmt::format("{:<{}}  {:<9}  {:>8}  cpu {}  peak {}", ended.step, step_width, ended.status,
                  base::duration_text(ended.seconds), base::duration_text(ended.cpu_seconds),
                  base::bytes_text(ended.peak_bytes));
  if (ended.bytes_in > 0) line += fmt::format("  in {}", base::bytes_text(ended.bytes_in));
  if (ended.bytes_out > 0) line += fmt::format("  out {}", base::bytes_text(ended.bytes_out));
  return line;
}

std::string failure_text(const events::Failure& failure, const std::string& log) {
  std::string text = "  " + failure.summary + "\n";
  if (!failure.exception.empty()) text += fmt::format("  {}\n", failure.exception);
  if (!failure.place.empty()) text += fmt::format("  at {}\n", failure.place);
  if (!failure.log_tail.empty()) {
    text += "  the last lines of its log:\n";
    for (const auto& line : failure.log_tail) text += fmt::format("    {}\n", line);
  }
  if (!log.empty()) text += fmt::format("  the whole log: {}\n", base::display_path(log));
  if (!failure.hint.empty()) text += fmt::format("  hint: {}\n", failure.hint);
  return text;
}

std::string outputs_table(const std::vector<events::RunOutput>& outputs) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& output : outputs)
    rows.push_back({"  " + output.name, output.value, base::display_path(output.path)});
  return format_table(rows);
}

void Lines::on(const events::Stamped& stamped) {
  hide_running();
  std::visit([this](const auto& event) { draw(event); }, stamped.event);
  show_running();
  app_.out.flush();
}

void Lines::draw(const events::RunStarted& started) {
  run_ = started.run;
  steps_ = started.steps.size();
  for (const auto& step : started.steps) step_width_ = std::max(step_width_, step.size());
  app_.out << fmt::format("run {}  ({} step{} of {})\n", run_, steps_, steps_ == 1 ? "" : "s",
                          base::display_path(started.definition));
}

void Lines::draw(const events::Notice& notice) {
  app_.out << (notice.step.empty() ? fmt::format("note: {}\n", notice.text)
                                   : fmt::format("note: {}: {}\n", notice.step, notice.text));
}

void Lines::draw(const events::StepStarted& started) {
  if (started.log.empty()) return;  // kept from an earlier run: nothing is running
  logs_[started.step] = started.log;
  running_.push_back(started.step);
}

void Lines::draw(const events::OutputPublished&) {}

void Lines::draw(const events::StepEnded& ended) {
  std::erase(running_, ended.step);
  app_.out << report_line(ended, step_width_) << "\n";
  if (ended.status != "Completed") ++unfinished_;
  if (ended.failure) app_.out << failure_text(*ended.failure, logs_[ended.step]);
}

void Lines::draw(const events::StepPassedOver& passed) {
  if (passed.status != "Reused") ++unfinished_;
  app_.out << fmt::format("{:<{}}  {:<9}  {}\n", passed.step, step_width_,
                          passed.status == "Reused" ? "kept" : passed.status, passed.reason);
}

void Lines::draw(const events::AssetRegistered& asset) {
  app_.out << fmt::format("registered azureml:{}:{}\n", asset.name, asset.version);
}

void Lines::draw(const events::RunEnded& ended) {
  app_.out << fmt::format("{} in {}\n", ended.status, base::duration_text(ended.seconds));
  if (!ended.outputs.empty()) app_.out << "outputs:\n" << outputs_table(ended.outputs);
  if (ended.status == "Completed") return;
  app_.out << fmt::format(
      "{} of {} steps did not finish; what finished is kept. Run the rest with:\n  {} --resume "
      "{}\n",
      unfinished_, steps_, retry_, run_);
}

void Lines::show_running() {
  if (!app_.terminal) return;
  for (const auto& step : running_) app_.out << fmt::format("{:<{}}  running\n", step, step_width_);
  shown_ = running_.size();
}

void Lines::hide_running() {
  // Up one line and erase it, once for each line shown.
  for (; shown_ > 0; --shown_) app_.out << "\033[A\033[2K";
}

}  // namespace cli
