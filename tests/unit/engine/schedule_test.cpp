#include "engine/schedule.hpp"

#include <doctest/doctest.h>

#include <random>

namespace {

using engine::Schedule;
using Ending = Schedule::Ending;

engine::PlannedStep step(const std::string& name, bool gpu = false) {
  return {name, std::make_shared<model::Component>(), {}, {}, {}, gpu};
}

void feed(engine::Plan& plan, std::size_t from, std::size_t to, bool optional = false) {
  engine::PlannedInput input;
  input.name = "from_" + std::to_string(from);
  input.optional = optional;
  input.source = engine::Upstream{from, "out"};
  plan.steps[to].inputs.push_back(std::move(input));
}

// What a plan must come to, said as simply as can be: whether each step runs.
struct Model {
  const engine::Plan& plan;
  std::vector<bool> fails;
  std::vector<bool> runs = {};
  std::vector<bool> finishes = {};

  void work_out() {
    for (std::size_t n = 0; n < plan.steps.size(); ++n) {
      bool run = true;
      for (const auto& input : plan.steps[n].inputs)
        if (!input.optional && !finishes[std::get<engine::Upstream>(input.source).step])
          run = false;
      runs.push_back(run);
      finishes.push_back(run && !fails[n]);
    }
  }
};

}  // namespace

TEST_CASE("steps that use a GPU run one at a time, others beside them") {
  engine::Plan plan;
  plan.steps = {step("a", true), step("b", true), step("c")};
  Schedule schedule(plan, {3, true});
  CHECK(schedule.start_next() == 0u);
  CHECK(schedule.start_next() == 2u);
  CHECK_FALSE(schedule.start_next());
  schedule.end(0, Ending::completed);
  CHECK(schedule.start_next() == 1u);
}

TEST_CASE("the first failure stops a run that is not to continue") {
  engine::Plan plan;
  plan.steps = {step("a"), step("b"), step("c")};
  Schedule schedule(plan, {2, false});
  schedule.start_next();
  schedule.start_next();
  schedule.end(0, Ending::failed);
  CHECK(schedule.stopped());
  CHECK_FALSE(schedule.start_next());
  const auto hopeless = schedule.take_hopeless();
  REQUIRE(hopeless.size() == 1);
  CHECK(hopeless[0].step == 2);
  CHECK(hopeless[0].reason == "the run stopped at the first failure");
  schedule.end(1, Ending::canceled);
  CHECK(schedule.status() == model::Status::failed);
}

TEST_CASE("a canceled run leaves the rest waiting, and skips nothing") {
  engine::Plan plan;
  plan.steps = {step("a"), step("b")};
  feed(plan, 0, 1);
  Schedule schedule(plan, {1, true});
  schedule.start_next();
  schedule.cancel();
  schedule.end(0, Ending::canceled);
  CHECK(schedule.take_hopeless().empty());
  CHECK(schedule.waiting() == std::vector<std::size_t>{1});
  CHECK(schedule.status() == model::Status::canceled);
}

TEST_CASE("random graphs: each step runs once, after what it needs, and as the rules say") {
  std::mt19937 random(20260101);
  const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
  for (int round = 0; round < 2000; ++round) {
    CAPTURE(round);
    engine::Plan plan;
    const std::size_t count = 1 + random() % 12;
    for (std::size_t n = 0; n < count; ++n) {
      plan.steps.push_back(step("s" + std::to_string(n), chance(20)));
      for (std::size_t from = 0; from < n; ++from)
        if (chance(25)) feed(plan, from, n, chance(30));
    }
    Model model{plan, {}};
    for (std::size_t n = 0; n < count; ++n) model.fails.push_back(chance(20));
    model.work_out();
    const int jobs = 1 + static_cast<int>(random() % 4);
    Schedule schedule(plan, {jobs, true});

    // Some steps were finished by an earlier run: a prefix of the graph, as a resume keeps it.
    std::vector<bool> settled(count, false);
    for (std::size_t n = 0; n < count; ++n) {
      bool possible = model.finishes[n] && chance(30);
      for (const auto& input : plan.steps[n].inputs)
        possible = possible && settled[std::get<engine::Upstream>(input.source).step];
      if (!possible) continue;
      settled[n] = true;
      schedule.settle(n);
    }

    std::vector<int> ran(count, 0);
    std::vector<int> skipped(count, 0);
    std::vector<bool> over = settled;
    std::vector<std::size_t> running;
    for (;;) {
      while (const auto next = schedule.start_next()) {
        ++ran[*next];
        for (const auto& input : plan.steps[*next].inputs)
          CHECK(over[std::get<engine::Upstream>(input.source).step]);
        running.push_back(*next);
      }
      REQUIRE(static_cast<int>(running.size()) <= jobs);
      REQUIRE(std::count_if(running.begin(), running.end(),
                            [&](std::size_t n) { return plan.steps[n].gpu; }) <= 1);
      if (running.empty()) break;
      const std::size_t at = random() % running.size();
      const std::size_t ended = running[at];
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(at));
      over[ended] = true;
      schedule.end(ended, model.fails[ended] ? Ending::failed : Ending::completed);
      for (const auto& hopeless : schedule.take_hopeless()) {
        ++skipped[hopeless.step];
        over[hopeless.step] = true;
      }
    }
    for (std::size_t n = 0; n < count; ++n) {
      CAPTURE(n);
      CHECK(ran[n] == (model.runs[n] && !settled[n] ? 1 : 0));
      CHECK(skipped[n] == (model.runs[n] ? 0 : 1));
    }
    CHECK(schedule.waiting().empty());
  }
}

TEST_CASE("a thousand steps are scheduled without looking at all of them each time") {
  engine::Plan plan;
  constexpr std::size_t count = 20000;
  for (std::size_t n = 0; n < count; ++n) plan.steps.push_back(step("s" + std::to_string(n)));
  for (std::size_t n = 1; n < count; ++n) feed(plan, n - 1, n);
  const auto began = std::chrono::steady_clock::now();
  Schedule schedule(plan, {2, true});
  std::size_t ran = 0;
  while (const auto next = schedule.start_next()) {
    ++ran;
    schedule.end(*next, Ending::completed);
  }
  CHECK(ran == count);
  // Quadratic work would take some hundred times as long, under sanitizers too.
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));
}

TEST_CASE("what needs a refused step is given up, by its optional inputs too") {
  engine::Plan plan;
  plan.steps = {step("a"), step("b"), step("c"), step("d"), step("e")};
  feed(plan, 0, 1);
  feed(plan, 0, 2, true);
  feed(plan, 1, 3);
  Schedule schedule(plan, {5, true});
  CHECK(schedule.start_next() == 0u);
  CHECK(schedule.start_next() == 4u);
  schedule.refuse(0, "it is not what was promised");
  CHECK(schedule.running() == 1);
  CHECK_FALSE(schedule.start_next());
  const auto hopeless = schedule.take_hopeless();
  REQUIRE(hopeless.size() == 3);
  CHECK(hopeless[0].reason == "it is not what was promised");
  CHECK(hopeless[1].step == 2);
  CHECK(hopeless[2].reason == "step 'b' did not finish");
  schedule.end(4, Ending::completed);
  CHECK(schedule.status() == model::Status::failed);
}

TEST_CASE("a kept step that is refused frees no place, and stops a run that is not to continue") {
  engine::Plan plan;
  plan.steps = {step("a"), step("b"), step("c")};
  feed(plan, 0, 1);
  Schedule schedule(plan, {1, false});
  schedule.refuse(0, "no");
  CHECK(schedule.running() == 0);
  CHECK(schedule.stopped());
  CHECK_FALSE(schedule.start_next());
  CHECK(schedule.take_hopeless().size() == 2);
}
