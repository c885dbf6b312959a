#include "history/gc.hpp"

#include "support/recorded.hpp"

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

TEST_CASE("old snapshots and left-overs go, those of a run that is left stay") {
  const support::Scratch scratch;
  scratch.write(".amlocal/snapshots/aaa/f", "12345");
  scratch.write(".amlocal/snapshots/.making-x/f", "1");
  scratch.write(".amlocal/runs/.deleted-x/f", "1");
  {
    history::Recorder running(scratch.layout, "running");
    support::start(running, "running", 0);
    CHECK(history::plan_gc(scratch.layout, FixedClock(), 0, 0).snapshots.empty());
  }
  const auto plan = history::plan_gc(scratch.layout, FixedClock(), 0, 0);
  CHECK(plan.snapshots.size() == 1);
  CHECK(plan.left_overs.size() == 2);
  history::gc(scratch.layout, plan);
  CHECK_FALSE(fs::exists(scratch.layout.snapshots() / "aaa"));
  CHECK(fs::is_empty(scratch.layout.runs()));
}
