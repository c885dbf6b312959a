#include "engine/recover.hpp"

#include "base/file_lock.hpp"
#include "base/files.hpp"
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
  const std::string own = ".amlocal/datastores/workspaceblobstore/azureml/";
  scratch.write(".amlocal/live/killed", scratch.path(store + "model").native() + "\n" +
                                            scratch.path(own + "id-1/model").native() + "\n" +
                                            scratch.path(own + "id-2/model").native() + "\n");
  scratch.write(own + "id-1/.publishing-abcd1234/f", "half");
  scratch.write(own + "id-2/.publishing-abcd1234/f", "half");
  scratch.write(own + "id-2/other/f", "whole");
  scratch.write(".amlocal/locks/free.lock", "step 'prep' of run killed");
  scratch.write(".amlocal/locks/held.lock", "");
  const auto held = base::FileLock::try_take(scratch.path(".amlocal/locks/held.lock"));
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
  CHECK_FALSE(fs::exists(scratch.path(own + "id-1")));
  CHECK(fs::exists(scratch.path(own + "id-2/other/f")));
  CHECK_FALSE(fs::exists(scratch.path(".amlocal/locks/free.lock")));
  CHECK(fs::exists(scratch.path(".amlocal/locks/held.lock")));
  CHECK(history::read_run(scratch.layout, "killed").status == model::Status::interrupted);
  CHECK(engine::recover(scratch.layout, base::SystemClock()).runs.empty());
}

TEST_CASE(
    "M51: what a killed mount of a user's had begun to append is cut; one that lives is left "
    "alone") {
  const support::Scratch scratch;
  const auto torn = [&](const std::string& name) {
    scratch.write("store/" + name, "wholeha");
    std::string note = "append 5 " + scratch.path("store/" + name).native() + "\n";
    note.resize(4352, '\0');
    scratch.write(".amlocal/mounts/" + name + "/intents", note);
    scratch.write(".amlocal/mounts/" + name + "/mount.json", "{}");
    scratch.write(".amlocal/mounts/" + name + "/lock", "");
  };
  torn("dead");
  torn("alive");
  const auto held = base::FileLock::try_take(scratch.path(".amlocal/mounts/alive/lock"));
  engine::recover(scratch.layout, base::SystemClock());
  CHECK(base::read_file(scratch.path("store/dead")) == "whole");
  CHECK(base::read_file(scratch.path("store/alive")) == "wholeha");
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
