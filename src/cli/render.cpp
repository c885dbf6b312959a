#include "cli/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/files.hpp"
#include "cli/colour.hpp"
#include "cli/table.hpp"
#include "text/diagnostic.hpp"

namespace cli {

void JsonLines::on(const events::Stamped& stamped) {
  out_ << events::to_json(stamped) << std::endl;
}

std::string report_line(const events::StepEnded& ended, std::size_t step_width, bool colour) {
  std::string line =
      fmt::format("{:<{}}  {}  {:>8}  cpu {}  peak {}", ended.step, step_width,
                  paint(ended.status, 9, colour), base::duration_text(ended.seconds),
                  base::duration_text(ended.cpu_seconds), base::bytes_text(ended.peak_bytes));
  if (ended.bytes_in > 0) line += fmt::format("  in {}", base::bytes_text(ended.bytes_in));
  if (ended.bytes_out > 0) line += fmt::format("  out {}", base::bytes_text(ended.bytes_out));
  return line;
}

std::string passed_over_line(const history::StepRecord& step, std::size_t step_width, bool colour) {
  const bool kept = step.status == model::Status::reused;
  std::string line =
      fmt::format("{:<{}}  {}", step.path, step_width,
                  paint(kept ? "kept" : std::string(to_string(step.status)), 9, colour));
  if (!step.reason.empty()) line += "  " + step.reason;
  // The reason names the run that was resumed; that one may have kept them from another.
  if (!step.from_run.empty() && step.reason.find(step.from_run) == std::string::npos)
    line += fmt::format("{}outputs of {}", step.reason.empty() ? "  " : "; ", step.from_run);
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

std::string failure_text(const events::Failure& failure, const std::string& log) {
  std::string text = "  " + failure.summary + "\n";
  if (!failure.exception.empty()) text += fmt::format("  {}\n", failure.exception);
  if (!failure.place.empty()) text += fmt::format("  at {}\n", failure.place);
  if (!failure.log_tail.empty()) {
    text += "  the last lines of its log:\n";
    for (const auto& line : failure.log_tail)
      text += fmt::format("    {}\n", text::shown_line(line));
  }
  if (!log.empty()) text += fmt::format("  the whole log: {}\n", base::display_path(log));
  if (!failure.hint.empty()) text += fmt::format("  hint: {}\n", failure.hint);
  return text;
}

namespace {

// An empty folder is what stands for an output that nobody wrote.
bool is_written(const fs::path& path) {
  boost::system::error_code ignored;
  return path.empty() || (fs::exists(path, ignored) &&
                          (!fs::is_directory(path, ignored) || !fs::is_empty(path, ignored)));
}

}  // namespace

std::string outputs_table(const std::vector<events::RunOutput>& outputs) {
  std::vector<std::vector<std::string>> rows;
  rows.reserve(outputs.size());
  for (const auto& output : outputs)
    rows.push_back(
        {"  " + output.name, output.value,
         base::display_path(output.path) +
             (!output.value.empty() || is_written(output.path) ? "" : "  (not written)")});
  return format_table(rows);
}

Lines::~Lines() {
  hide();
  app_.out.flush();
}

void Lines::on(const events::Stamped& stamped) {
  now_ = stamped.time;
  hide();
  std::visit([this](const auto& event) { draw(event); }, stamped.event);
  show_running();
  app_.out.flush();
}

void Lines::tick(base::Time now) {
  if (!app_.terminal || running_.empty()) return;
  now_ = now;
  hide();
  show_running();
  app_.out.flush();
}

void Lines::progress(base::Time now, const events::Progress& progress) {
  if (!app_.terminal) return;
  if (progress.what != progress_of_) {
    progress_of_ = progress.what;
    progress_began_ = progress_drawn_ = now;
    hide();
    app_.out.flush();
    return;
  }
  // What is over within a second needs no line, and more than five updates a second nobody reads.
  if (now - progress_began_ < std::chrono::seconds(1) ||
      now - progress_drawn_ < std::chrono::milliseconds(200))
    return;
  progress_drawn_ = now;
  hide();
  show({fmt::format("{}  {}{}", progress.what, base::bytes_text(progress.done),
                    progress.total ? " of " + base::bytes_text(*progress.total) : "")});
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
  running_.push_back({started.step, now_});
}

void Lines::draw(const events::OutputPublished&) {}

void Lines::draw(const events::StepEnded& ended) {
  std::erase_if(running_, [&](const auto& running) { return running.step == ended.step; });
  app_.out << report_line(ended, step_width_, app_.colour) << "\n";
  if (ended.status != "Completed") ++unfinished_;
  if (ended.failure) app_.out << failure_text(*ended.failure, logs_[ended.step]);
}

void Lines::draw(const events::StepPassedOver& passed) {
  if (passed.status != "Reused") ++unfinished_;
  app_.out << fmt::format("{:<{}}  {}  {}\n", passed.step, step_width_,
                          paint(passed.status == "Reused" ? "kept" : passed.status, 9, app_.colour),
                          passed.reason);
}

void Lines::draw(const events::AssetRegistered& asset) {
  app_.out << fmt::format("registered azureml:{}:{}\n", asset.name, asset.version);
}

void Lines::draw(const events::RunEnded& ended) {
  app_.out << fmt::format("{} in {}\n", paint(ended.status, app_.colour),
                          base::duration_text(ended.seconds));
  if (!ended.outputs.empty()) app_.out << "outputs:\n" << outputs_table(ended.outputs);
  if (!afterwards_.report.empty() && any_record())
    app_.out << fmt::format("what that costs in the cloud: {}\n", afterwards_.report);
  if (ended.status == "Completed") return;
  app_.out << fmt::format(
      "{} of {} steps did not finish; what finished is kept. Run the rest{} with:\n  {} --resume "
      "{}\n",
      unfinished_, steps_,
      afterwards_.caveat.empty() ? "" : fmt::format(" ({})", afterwards_.caveat), afterwards_.retry,
      run_);
}

// Of a step that had mounts.
bool Lines::any_record() const {
  return std::any_of(logs_.begin(), logs_.end(), [](const auto& log) {
    boost::system::error_code none;
    return fs::exists(fs::path(log.second).parent_path().parent_path() / "io", none);
  });
}

void Lines::show(const std::vector<std::string>& lines) {
  const std::size_t width = std::max<std::size_t>(app_.columns(), 2) - 1;
  for (const auto& line : lines) app_.out << cut(line, width) << "\n";
  shown_ = lines.size();
}

void Lines::show_running() {
  if (!app_.terminal) return;
  // A line that has left the screen at its top cannot be erased any more.
  constexpr std::size_t most = 12;
  std::vector<std::string> lines;
  for (const auto& running : running_) {
    if (lines.size() == most) {
      lines.push_back(fmt::format("and {} more", running_.size() - most));
      break;
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now_ - running.since);
    lines.push_back(fmt::format("{:<{}}  running    {:>8}", running.step, step_width_,
                                base::duration_text(static_cast<double>(seconds.count()))));
  }
  show(lines);
}

void Lines::hide() {
  // Up one line and erase it, once for each line shown.
  for (; shown_ > 0; --shown_) app_.out << "\033[A\033[2K";
}

}  // namespace cli
