#include "engine/recover.hpp"

#include "history/history.hpp"
#include "support/recorded.hpp"

namespace {

void leave_step(const support::Scratch& scratch, const std::string& run) {
  const std::string folder = ".amlocal/runs/" + run + "/steps/prep/";
  scratch.write(folder + "exe/wd/train.py", "x");
  scratch.write(folder + "cap/data-capability/wd/INPUT_a/f", "x");
  scratch.write(folder + "user_logs/std_log.txt", "x");
}

}  // namespace

TEST_CASE("what a killed run left is removed; its journal, logs and published outputs stay") {
  const support::Scratch scratch;
  const std::string store = ".amlocal/datastores/workspaceblobstore/results/";
  {
    history::Recorder recorder(scratch.layout, "killed");
    support::start(recorder, "killed", 0);
    leave_step(scratch, "killed");
  }
  // A killed process removes no mark.
  scratch.write(".amlocal/live/killed", scratch.path(store + "model").native() + "\n");
  scratch.write(store + ".publishing-abcd1234/f", "half");
  scratch.write(store + "other/f", "whole");
  scratch.write(".amlocal/runs/.new-abc/.maker", "");

  const auto done = engine::recover(scratch.layout, base::SystemClock());
  CHECK(done.runs == std::vector<std::string>{"killed"});
  CHECK(done.drafts == 1);
  const fs::path step = scratch.layout.run("killed") / "steps/prep";
  CHECK_FALSE(fs::exists(step / "exe"));
  CHECK_FALSE(fs::exists(step / "cap"));
  CHECK(fs::exists(step / "user_logs/std_log.txt"));
  CHECK_FALSE(fs::exists(scratch.path(store + ".publishing-abcd1234")));
  CHECK(fs::exists(scratch.path(store + "other/f")));
  CHECK(history::read_run(scratch.layout, "killed").status == model::Status::interrupted);
  CHECK(engine::recover(scratch.layout, base::SystemClock()).runs.empty());
}

TEST_CASE("nothing of a live run is touched") {
  const support::Scratch scratch;
  const std::string store = ".amlocal/datastores/workspaceblobstore/results/";
  history::Recorder recorder(scratch.layout, "live");
  support::start(recorder, "live", 0);
  leave_step(scratch, "live");
  engine::LiveMark mark(scratch.layout, "live");
  mark.add(scratch.path(store + "model"));
  scratch.write(store + ".publishing-abcd1234/f", "half");
  // A dead run that wrote to the same place: that place is cleaned when nobody uses it any more.
  scratch.write(".amlocal/live/dead", scratch.path(store + "model").native() + "\n");

  CHECK(engine::recover(scratch.layout, base::SystemClock()).runs.empty());
  CHECK(fs::exists(scratch.layout.run("live") / "steps/prep/exe/wd/train.py"));
  CHECK(fs::exists(scratch.path(store + ".publishing-abcd1234/f")));
  CHECK(fs::exists(scratch.path(".amlocal/live/dead")));
}
