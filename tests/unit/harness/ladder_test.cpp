#include "harness/ladder.hpp"

#include <doctest/doctest.h>

#include "support/scratch.hpp"

namespace {

using harness::Basis;
using harness::Earned;
using harness::Ladder;
using harness::Rung;

// A project with one state of the code kept for each content of train.py.
struct Project : support::Scratch {
  Project() { workspace::ensure(layout); }

  Basis basis(const std::string& code) const {
    Basis basis;
    basis.snapshot = "kept-" + std::to_string(std::hash<std::string>()(code));
    base::write_file_atomically(layout.snapshots() / basis.snapshot / "train.py", code);
    basis.step.code["train.py"] = code;
    basis.step.command = "python train.py";
    basis.tests["train.steptest.yml"] = "t1";
    basis.mocks["clean"] = "m1";
    basis.neighbours["prep.clean"] = "uri_folder: clean.csv CSV (a int64)";
    basis.definition["pipeline.yml"] = "d1";
    return basis;
  }

  model::Job job() const {
    model::Job job;
    job.file = path("pipeline.yml");
    return job;
  }

  // With every rung earned on that basis.
  Ladder climbed(const Basis& basis) const {
    Ladder ladder(layout, job());
    for (const Rung rung : harness::all_rungs)
      ladder.earn("train", {rung, basis, "tried", "2026-01-02T03:04:05Z"});
    return ladder;
  }
};

std::string held(const Ladder& ladder, const Basis& today) {
  const auto rung = harness::highest(ladder.standings("train", today));
  return rung ? std::string(to_string(*rung)) : "none";
}

}  // namespace

TEST_CASE("each change takes exactly the rungs that depend on it") {
  const Project project;
  const Basis first = project.basis("a = 1\nb = 2\n");
  const Ladder ladder = project.climbed(first);
  Basis today = first;
  std::string left;
  SUBCASE("none") {
    left = "exported";
  }
  SUBCASE("the definition") {
    today.definition["pipeline.yml"] = "d2";
    left = "pipeline";
  }
  SUBCASE("a neighbour's contract") {
    today.neighbours["prep.clean"] = "uri_folder: clean.csv CSV (a int64, b int64)";
    left = "single-step";
  }
  SUBCASE("a mock") {
    today.mocks["clean"] = "m2";
    left = "none";
  }
  SUBCASE("a test") {
    today.tests["train.steptest.yml"] = "t2";
    left = "none";
  }
  SUBCASE("the code") {
    today = project.basis("a = 1\nb = 3\n");
    left = "none";
  }
  CHECK(held(ladder, today) == left);
  CHECK(held(ladder, first) == "exported");  // changed back
}

TEST_CASE("a rung that is lost names the line that changed, and only what counts for it") {
  const Project project;
  const Basis first = project.basis("a = 1\nb = 2\n");
  const Ladder ladder = project.climbed(first);
  Basis today = project.basis("a = 1\nb = 3\n");
  today.neighbours["prep.clean"] = "uri_folder: clean.csv CSV (b int64)";
  const auto standings = ladder.standings("train", today);
  const std::string line = "code: train.py:2 changed: 'b = 3', was 'b = 2'";
  CHECK(standings[0].lost == std::vector<std::string>{line});
  CHECK(standings[2].lost ==
        std::vector<std::string>{line,
                                 "neighbour prep.clean: uri_folder: clean.csv CSV (b int64), was "
                                 "uri_folder: clean.csv CSV (a int64)"});
}

TEST_CASE("what was earned before it was changed counts again, however many changes lie between") {
  const Project project;
  Ladder ladder(project.layout, project.job());
  for (int n = 0; n < 5; ++n)
    ladder.earn("train", {Rung::isolated, project.basis("a = " + std::to_string(n)),
                          std::to_string(n) + " tests", ""});
  for (int n = 0; n < 5; ++n) {
    const auto standing =
        ladder.standings("train", project.basis("a = " + std::to_string(n))).front();
    CHECK(standing.holds);
    CHECK(standing.how == std::to_string(n) + " tests");
  }
  CHECK(!ladder.standings("score", project.basis("a = 0")).front().holds);
}

TEST_CASE("what another version of amlocal wrote proves nothing and breaks nothing") {
  const Project project;
  const Basis basis = project.basis("a");
  Ladder ladder = project.climbed(basis);
  for (const fs::path& folder :
       fs::directory_iterator(project.layout.hidden() / "documents" / "rung"))
    for (const fs::path& file : fs::directory_iterator(folder))
      base::write_file_atomically(file, "{\"basis\": 7}");
  CHECK(held(ladder, basis) == "none");
  ladder.earn("train", {Rung::isolated, basis, "", ""});
  CHECK(held(ladder, basis) == "isolated");
}

TEST_CASE("the rungs' names") {
  for (const Rung rung : harness::all_rungs) CHECK(harness::parse_rung(to_string(rung)) == rung);
  CHECK(harness::parse_rung("export") == Rung::exported);
  CHECK(!harness::parse_rung("top"));
}
