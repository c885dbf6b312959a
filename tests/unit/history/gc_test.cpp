#include "history/gc.hpp"

#include "support/recorded.hpp"
#include "workspace/draft.hpp"

namespace {

struct FixedClock final : base::Clock {
  base::Time now() const override { return support::at(1'000'000'000); }
};

}  // namespace

TEST_CASE("the oldest ended runs go first, running ones never") {
  const support::Scratch scratch;
  history::Recorder running(scratch.layout, "running");
  support::start(running, "running", 0);
  for (int n = 1; n <= 4; ++n) support::record(scratch.layout, "r" + std::to_string(n), n);
  const auto plan = history::plan_gc(scratch.layout, FixedClock(), 2, 0);
  REQUIRE(plan.runs.size() == 2);
  CHECK(plan.runs[0].record.name == "r1");
  CHECK(plan.runs[1].record.name == "r2");
  CHECK(plan.bytes > 0);
  const auto result = history::gc(scratch.layout, plan);
  CHECK(result.runs == 2);
  CHECK(history::list_runs(scratch.layout).size() == 3);
  CHECK(history::gc(scratch.layout, 10, 1).runs == 2);
  CHECK(history::list_runs(scratch.layout)[0].name == "running");
}

TEST_CASE("a snapshot goes when no run that is left names it, however old it is") {
  const support::Scratch scratch;
  scratch.write(".amlocal/snapshots/snap-running/f", "12345");
  scratch.write(".amlocal/snapshots/snap-gone/f", "1");
  {
    history::Recorder running(scratch.layout, "running");
    support::start(running, "running", 0);
    const auto plan = history::plan_gc(scratch.layout, FixedClock(), 0, 0);
    REQUIRE(plan.snapshots.size() == 1);
    CHECK(plan.snapshots[0].filename() == "snap-gone");
    // A run that is being prepared uses snapshots that no record names yet.
    CHECK(history::plan_gc(scratch.layout, base::SystemClock(), 0, 0).snapshots.empty());
  }
  history::gc(scratch.layout, history::plan_gc(scratch.layout, FixedClock(), 0, 0));
  CHECK(fs::is_empty(scratch.layout.snapshots()));
}

TEST_CASE("what dead processes left goes at once, what a live one makes stays") {
  const support::Scratch scratch;
  scratch.write(".amlocal/snapshots/.making-x/f", "1");
  scratch.write(".amlocal/snapshots/.making-x/.maker", "");
  scratch.write(".amlocal/runs/.deleted-x/f", "1");
  const workspace::Draft live(scratch.layout.runs(), ".new-");
  const auto left = workspace::abandoned_drafts(scratch.layout, base::SystemClock());
  REQUIRE(left.size() == 1);
  CHECK(left[0].filename() == ".making-x");
  // One without a lock may be a moment old.
  CHECK(workspace::abandoned_drafts(scratch.layout, FixedClock()).size() == 2);
  history::gc(scratch.layout, history::plan_gc(scratch.layout, FixedClock(), 0, 0));
  CHECK(fs::exists(live.path()));
  CHECK_FALSE(fs::exists(scratch.layout.runs() / ".deleted-x"));
}

TEST_CASE("what failed and lost steps wrote goes with their runs, an asset stays") {
  const support::Scratch scratch;
  const std::string store = ".amlocal/datastores/workspaceblobstore/azureml/";
  const std::string orphan = "01234567-89ab-4cde-8f01-23456789abcd";
  const std::string asset = "11234567-89ab-4cde-8f01-23456789abcd";
  scratch.write(store + "id-failed/out/f", "x");
  scratch.write(store + orphan + "/out/f", "x");
  scratch.write(store + asset + "/out/f", "x");
  scratch.write(store + "my-own-folder/f", "x");
  workspace::update_settings(scratch.layout, [&](workspace::Settings& settings) {
    settings.data = {
        {"a", "1", model::DataType::uri_folder, scratch.path(store + asset + "/out").native()}};
  });
  {
    history::Recorder failed(scratch.layout, "failed");
    support::start(failed, "failed", 0);
    events::StepEnded ended;
    ended.step = "prep";
    ended.status = "Failed";
    failed.on({support::at(2), ended});
    failed.on({support::at(2), events::RunEnded{"Failed", 2, {}}});
  }
  history::gc(scratch.layout, history::plan_gc(scratch.layout, FixedClock(), 0, 0));
  CHECK_FALSE(fs::exists(scratch.path(store + "id-failed")));
  CHECK_FALSE(fs::exists(scratch.path(store + orphan)));
  CHECK(fs::exists(scratch.path(store + asset + "/out/f")));
  CHECK(fs::exists(scratch.path(store + "my-own-folder/f")));
}

TEST_CASE(
    "the budget removes the oldest ended runs, and asks the index where nothing is too much") {
  const support::Scratch scratch;
  for (int n = 1; n <= 4; ++n) support::record(scratch.layout, "r" + std::to_string(n), n);
  history::Recorder running(scratch.layout, "running");
  support::start(running, "running", 0);
  CHECK(history::keep_in_bounds(scratch.layout, FixedClock(), {4, 0}).runs == 0);
  CHECK(history::keep_in_bounds(scratch.layout, FixedClock(), {2, 0}).runs == 2);
  CHECK(history::list_runs(scratch.layout).size() == 3);
  CHECK(history::keep_in_bounds(scratch.layout, FixedClock(), {0, 1}).runs == 2);
  CHECK(history::list_runs(scratch.layout).front().name == "running");
}
