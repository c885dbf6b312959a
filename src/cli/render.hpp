// Draws a run's events: for people (on a terminal or in plain lines) or as JSON lines.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "engine/execute.hpp"
#include "events/sink.hpp"
#include "history/history.hpp"

namespace cli {

// One JSON object an event, flushed line by line. Schema: docs/schemas/events.json.
class JsonLines final : public events::Sink {
 public:
  explicit JsonLines(std::ostream& out) : out_(out) {}
  void on(const events::Stamped&) override;

 private:
  std::ostream& out_;
};

// What a run's last lines point to.
struct Afterwards {
  // The command that runs again from where a failed run stopped, without the run's name; and what
  // is to be known about it, such as "its faults left out".
  std::string retry;
  std::string caveat;
  std::string report;  // shows what the run's mounts cost; "" where that was not asked for
};

// One report line a step; on a terminal the running steps stand below them and are updated in
// place.
class Lines final : public events::Sink {
 public:
  Lines(App& app, Afterwards afterwards) : app_(app), afterwards_(std::move(afterwards)) {}
  // What stands in place would be left behind when a run ends by an exception.
  ~Lines() override;
  void on(const events::Stamped&) override;
  void tick(base::Time) override;
  void progress(base::Time, const events::Progress&) override;

 private:
  void draw(const events::RunStarted&);
  void draw(const events::Notice&);
  void draw(const events::StepStarted&);
  void draw(const events::OutputPublished&);
  void draw(const events::StepEnded&);
  void draw(const events::StepPassedOver&);
  void draw(const events::AssetRegistered&);
  void draw(const events::RunEnded&);
  // What stands in place, below the lines that stay: one line each, cut to the terminal's width,
  // because a wrapped one could not be erased by going up one line.
  void show(const std::vector<std::string>& lines);
  void show_running();
  bool any_record() const;
  void hide();

  App& app_;
  Afterwards afterwards_;
  std::string run_;
  std::size_t step_width_ = 0;
  std::size_t steps_ = 0;
  std::size_t unfinished_ = 0;
  struct Running {
    std::string step;
    base::Time since;
  };
  std::vector<Running> running_;
  base::Time now_;
  std::size_t shown_ = 0;
  std::string progress_of_;
  base::Time progress_began_;
  base::Time progress_drawn_;
  std::map<std::string, std::string> logs_;  // step → its log
};

// "train    Completed    1.2 s   cpu 0.9 s   peak 81 MB   in 1.2 kB   out 3 B"
std::string report_line(const events::StepEnded&, std::size_t step_width, bool colour = false);
// A step that did not run, with the reason that is kept for it.
std::string passed_over_line(const history::StepRecord&, std::size_t step_width, bool colour);
// Why a step failed: exception, place, last lines, log, hint; each line indented by two.
std::string failure_text(const events::Failure&, const std::string& log);
// "accuracy  0.9737  path"
std::string outputs_table(const std::vector<events::RunOutput>&);

// A run as one JSON object on one line: for `runs list --json` and `runs show --json`.
// Schema: docs/schemas/run.json.
std::string to_json(const history::RunRecord&);

// What a dry run decided, as one JSON object on one line. Schema: docs/schemas/dry-run.json.
std::string to_json(const std::vector<engine::Decision>&);

}  // namespace cli
