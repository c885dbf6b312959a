#include <atomic>
#include <barrier>
#include <cmath>
#include <thread>

#include "history/documents.hpp"
#include "history/models.hpp"
#include "history/tracking.hpp"
#include "support/recorded.hpp"

using support::error_of;

namespace {

model::MetricPoint point(std::string name, double number, std::optional<std::int64_t> step = {},
                         int second = 0) {
  model::MetricPoint made;
  made.name = std::move(name);
  made.number = number;
  made.step = step;
  made.time = support::at(second);
  return made;
}

std::vector<double> numbers(history::Tracking& tracking, const std::string& run,
                            const std::string& name) {
  std::vector<double> found;
  tracking.each_metric(run, name, [&](const auto& one) { found.push_back(*one.number); });
  return found;
}

}  // namespace

TEST_CASE("metrics come back in the order in which they came, from another process too") {
  const support::Scratch scratch;
  const fs::path file = scratch.layout.root / "t.sqlite";
  {
    history::Tracking tracking(file);
    tracking.log("r", {point("loss", 3, 0), point("acc", 0.5), point("loss", 2, 1)});
    tracking.log("r", {point("loss", 1, 2)});
    tracking.log("other", {point("loss", 9)});
  }
  history::Tracking tracking(file);
  CHECK(numbers(tracking, "r", "loss") == std::vector<double>{3, 2, 1});
  CHECK(numbers(tracking, "r", "") == std::vector<double>{0.5, 3, 2, 1});
  CHECK(numbers(tracking, "nobody", "") == std::vector<double>{});
}

TEST_CASE("many may open it at once, also the first time") {
  const support::Scratch scratch;
  std::atomic<int> refused = 0;
  // The moment in which SQLite refuses is short: so often that some thread meets it.
  for (int round = 0; round < 40; ++round) {
    const fs::path file = scratch.layout.root / std::to_string(round);
    std::barrier together(8);
    std::vector<std::jthread> threads;
    for (int n = 0; n < 8; ++n)
      threads.emplace_back([&, n] {
        together.arrive_and_wait();
        try {
          history::Tracking(file).log("r", {point("loss", n)});
        } catch (const base::Error&) {
          ++refused;
        }
      });
    threads.clear();
    history::Tracking tracking(file);
    CHECK(numbers(tracking, "r", "loss").size() == 8);
  }
  CHECK(refused == 0);
}

TEST_CASE("the latest point of a metric is the one of the highest step, then time") {
  const support::Scratch scratch;
  history::Tracking tracking(scratch.layout.root / "t.sqlite");
  tracking.log("r", {point("loss", 1, 5, 1), point("loss", 2, 4, 9), point("loss", 3, 5, 2)});
  tracking.log("r", {point("loss", 4, 5, 1)});
  const auto latest = tracking.latest("r");
  REQUIRE(latest.size() == 1);
  CHECK(*latest[0].point.number == 3);
  CHECK(latest[0].count == 4);
}

TEST_CASE("numbers that SQLite and JSON do not have are kept") {
  const support::Scratch scratch;
  history::Tracking tracking(scratch.layout.root / "t.sqlite");
  tracking.log("r", {point("loss", std::nan("")), point("loss", INFINITY)});
  const auto found = numbers(tracking, "r", "loss");
  REQUIRE(found.size() == 2);
  CHECK(std::isnan(found[0]));
  CHECK(std::isinf(found[1]));
}

TEST_CASE("a metric is read in pages, of its numbers alone") {
  const support::Scratch scratch;
  history::Tracking tracking(scratch.layout.root / "t.sqlite");
  std::vector<model::MetricPoint> logged;
  for (int n = 0; n < 5; ++n) {
    logged.push_back(point("loss", n, n));
    model::MetricPoint text = point("loss", 0);
    text.number.reset();
    text.json = "\"a text\"";
    logged.push_back(text);
    logged.push_back(point("other", 100 + n));
  }
  logged.push_back(point("loss", std::nan("")));
  tracking.log("r", logged);

  const auto page = [&](std::int64_t after, std::size_t most) {
    std::vector<model::MetricPoint> points;
    const auto next = tracking.page("r", "loss", after, most, points);
    std::vector<double> found;
    for (const auto& one : points) found.push_back(*one.number);
    return std::pair(found, next);
  };
  const auto [first, second_begins] = page(0, 2);
  CHECK(first == std::vector<double>{0, 1});
  REQUIRE(second_begins > 0);
  const auto [second, third_begins] = page(second_begins, 2);
  CHECK(second == std::vector<double>{2, 3});
  const auto [third, end] = page(third_begins, 2);
  REQUIRE(third.size() == 2);
  CHECK(third[0] == 4);
  CHECK(std::isnan(third[1]));
  CHECK(end == 0);
  CHECK(page(0, 6).second == 0);  // all in one page, and nothing behind it
  CHECK(page(0, 5).second > 0);
  CHECK(page(end + 1'000'000, 2).first.empty());
  std::vector<model::MetricPoint> none;
  CHECK(tracking.page("r", "nothing", 0, 2, none) == 0);
  CHECK(none.empty());
}

TEST_CASE("notes change, go, and are no tags") {
  const support::Scratch scratch;
  const fs::path file = scratch.layout.root / "t.sqlite";
  {
    history::Tracking tracking(file);
    model::RunChange change;
    change.notes = {{"a", "1"}, {"b", "2"}};
    change.tags = {{"a", "tag"}};
    tracking.change("r", change);
    model::RunChange again;
    again.notes = {{"a", "3"}, {"b", std::nullopt}, {"never", std::nullopt}};
    tracking.change("r", again);
  }
  history::Tracking tracking(file);
  const auto run = tracking.find("r");
  REQUIRE(run);
  CHECK(run->notes == model::Words{{"a", "3"}});
  CHECK(run->tags == model::Words{{"a", "tag"}});
}

TEST_CASE("an integer is known from a float of the same value") {
  const support::Scratch scratch;
  history::Tracking tracking(scratch.layout.root / "t.sqlite");
  auto whole = point("n", 3);
  whole.json = "3";
  tracking.log("r", {whole, point("n", 3)});
  std::vector<std::string> texts;
  tracking.each_metric("r", "n", [&](const auto& one) {
    CHECK(one.number == 3);
    texts.push_back(one.json);
  });
  CHECK(texts == std::vector<std::string>{"3", ""});
}

TEST_CASE("tags change, properties and parameters do not") {
  const support::Scratch scratch;
  history::Tracking tracking(scratch.layout.root / "t.sqlite");
  CHECK_FALSE(tracking.find("r"));
  model::RunChange change;
  change.tags = {{"a", "1"}, {"b", "2"}};
  change.properties = {{"p", "x"}};
  change.params = {{"rate", "0.1"}};
  tracking.change("r", change);
  tracking.change("r", change);  // the same again is no change
  model::RunChange next;
  next.tags = {{"a", std::nullopt}, {"b", "3"}};
  tracking.change("r", next);
  CHECK(tracking.find("r")->tags == model::Words{{"b", "3"}});
  model::RunChange bad;
  bad.tags = {{"c", "lost"}};
  bad.params = {{"rate", "0.2"}};
  const auto refused = error_of([&] { tracking.change("r", bad); });
  CHECK(refused.code() == base::Code::conflict);
  CHECK(refused.message() == "parameter 'rate' is '0.1' already and cannot become '0.2'");
  CHECK(tracking.find("r")->tags == model::Words{{"b", "3"}});  // nothing of it
}

TEST_CASE("children are found by their parent, and an id is taken once") {
  const support::Scratch scratch;
  history::Tracking tracking(scratch.layout.root / "t.sqlite");
  model::TrackedRun child;
  child.id = "c1";
  child.parent = "r";
  child.started = support::at(1);
  tracking.create(child);
  CHECK(error_of([&] { tracking.create(child); }).message() == "there is already a run 'c1'");
  child.id = "c2";
  child.parent = "c1";
  tracking.create(child);
  REQUIRE(tracking.children("r").size() == 1);
  CHECK(tracking.children("r")[0].id == "c1");
  CHECK(tracking.children("").size() == 2);
  model::RunChange done;
  done.status = model::Status::failed;
  done.error = "why";
  tracking.change("c1", done);
  CHECK(tracking.find("c1")->status == model::Status::failed);
  CHECK(tracking.find("c1")->error == "why");
}

TEST_CASE("documents have versions, and names that no file could have") {
  const support::Scratch scratch;
  const auto& layout = scratch.layout;
  CHECK(history::documents(layout, "environment", "").empty());
  CHECK(history::put_document(layout, "environment", {"a/b c", "", "{}"}) == "1");
  for (int n = 2; n <= 10; ++n) history::put_document(layout, "environment", {"a/b c", "", "{}"});
  history::put_document(layout, "environment", {"a/b c", "word", "[1]"});
  CHECK(history::put_document(layout, "environment", {"a/b c", "", "[2]"}) == "11");
  const auto all = history::documents(layout, "environment", "a/b c");
  REQUIRE(all.size() == 12);
  CHECK(all[9].version == "10");
  CHECK(all[11].version == "word");  // words come after numbers
  REQUIRE(history::documents(layout, "environment", "").size() == 1);
  history::remove_document(layout, "environment", "a/b c", "word");
  CHECK(history::documents(layout, "environment", "a/b c").back().content == "[2]");
  CHECK(error_of([&] { history::remove_document(layout, "environment", "x", ""); }).message() ==
        "there is no environment 'x'");
  CHECK(error_of([&] {
          history::put_document(layout, "environment", {"", "", ""});
        }).code() == base::Code::bad_input);
}

TEST_CASE("a model is copied, and each registration is a version") {
  const support::Scratch scratch;
  const fs::path file = scratch.layout.root / "model.pkl";
  base::write_file_atomically(file, "first");
  model::RegisteredModel given;
  given.name = "iris";
  given.path = file;
  given.tags = {{"a", "1"}};
  CHECK(history::register_model(scratch.layout, given).version == "1");
  base::write_file_atomically(file, "second");
  const auto second = history::register_model(scratch.layout, given);
  CHECK(second.version == "2");
  const auto all = history::models(scratch.layout, "iris");
  REQUIRE(all.size() == 2);
  CHECK(base::read_file(all[0].path) == "first");
  CHECK(base::read_file(all[1].path) == "second");
  CHECK(all[1].tags == given.tags);
  history::remove_model(scratch.layout, "iris", "1");
  CHECK(history::models(scratch.layout, "").size() == 1);
  given.name = "no good";
  CHECK(error_of([&] { history::register_model(scratch.layout, given); }).message() ==
        "'no good' cannot be the name of a model");
  given.name = "gone";
  given.path = scratch.layout.root / "nothing";
  CHECK(error_of([&] { history::register_model(scratch.layout, given); }).code() ==
        base::Code::not_found);
  CHECK(error_of([&] { history::remove_model(scratch.layout, "irsi", ""); }).hint() ==
        "did you mean 'iris'?");
}
