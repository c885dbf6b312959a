#include "events/event.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "events/sink.hpp"

namespace {

const base::Time moment = base::from_iso("2026-01-02T03:04:05.678901Z");

struct Recording final : events::Keeper {
  int count = 0;
  bool throws = false;
  events::Stamped keep(const events::Stamped& told) override {
    if (throws) throw base::Error(base::Code::io, "no");
    ++count;
    events::Stamped kept = told;
    if (auto* asset = std::get_if<events::AssetRegistered>(&kept.event)) asset->version = "7";
    return kept;
  }
};

struct Counter final : events::Sink {
  std::string version;
  int count = 0;
  bool throws = false;
  void on(const events::Stamped& told) override {
    ++count;
    if (const auto* asset = std::get_if<events::AssetRegistered>(&told.event))
      version = asset->version;
    if (throws) throw base::Error(base::Code::io, "no");
  }
};

}  // namespace

TEST_CASE("every kind of event comes back from its line") {
  events::StepEnded failed{"s", "Failed", 1, 1.5, 0.5, 10, 20, 30, events::Failure()};
  failed.failure->kind = "exit_code";
  failed.failure->log_tail = {"a\nb", "\"c\""};
  for (const events::Event& event : std::vector<events::Event>{
           events::RunStarted{"r", "e", "d", "/p.yml", {"amlocal", "run"}, {"s"}},
           events::Notice{"s", "text"}, events::StepStarted{"s", "id", "/log", "{}", "aaa"},
           events::OutputPublished{"s", "o", "uri_file", "upload", "azureml://x", "/x"}, failed,
           events::StepPassedOver{"s", "Reused", "why", "r0"},
           events::AssetRegistered{"n", "1", "uri_file", "/x", "s", "o"},
           events::RunEnded{"Completed", 2.5, {{"o", "uri_file", "u", "/x", "42"}}}}) {
    const std::string line = events::to_json({moment, event});
    CHECK(line.find('\n') == std::string::npos);
    const auto back = events::from_json(line);
    REQUIRE(back);
    CHECK(back->time == moment);
    CHECK(back->event.index() == event.index());
    CHECK(events::to_json(*back) == line);
  }
}

TEST_CASE("an event of a newer amlocal is passed over, and no event is corrupt") {
  CHECK_FALSE(events::from_json(R"({"event":"step_dreamt","time":"2026-01-02T03:04:05.678901Z"})"));
  CHECK_THROWS_AS(events::from_json("{"), base::Error);
  CHECK_THROWS_AS(events::from_json("[]"), base::Error);
}

TEST_CASE("a time or a number that cannot be is corrupt") {
  for (const char* line :
       {R"({"event":"notice","time":"2026-99-01T00:00:00.000000Z"})",
        R"({"event":"notice","time":"yesterday"})",
        R"({"event":"step_ended","time":"2026-01-02T03:04:05.678901Z","exit_code":1e300})",
        R"({"event":"step_ended","time":"2026-01-02T03:04:05.678901Z","peak_bytes":-1})"}) {
    CAPTURE(line);
    try {
      events::from_json(line);
      FAIL("it was taken");
    } catch (const base::Error& error) {
      CHECK(error.code() == base::Code::corrupt);
    }
  }
}

TEST_CASE("bytes that are no UTF-8 do not stop a line") {
  const auto back = events::from_json(events::to_json({moment, events::Notice{"", "a\xff"}}));
  REQUIRE(back);
  CHECK(std::get<events::Notice>(back->event).text == "a\xEF\xBF\xBD");
}

TEST_CASE("a throwing listener is put aside, a throwing recorder is heard") {
  Recording recorder;
  Counter good, bad;
  bad.throws = true;
  events::Tee tee(recorder, {&bad, &good});
  const events::Stamped notice{moment, events::Notice{"", "x"}};
  tee.on(notice);
  tee.on(notice);
  CHECK(bad.count == 1);
  CHECK(good.count == 2);
  recorder.throws = true;
  CHECK_THROWS_AS(tee.on(notice), base::Error);
  recorder.throws = false;  // too late: something is missing in the record by now
  CHECK_THROWS_AS(tee.on(notice), base::Error);
  CHECK(recorder.count == 2);
  CHECK(good.count == 2);
}

TEST_CASE("listeners hear an event as it was recorded") {
  Recording recorder;
  Counter listener;
  events::Tee tee(recorder, {&listener});
  tee.on({moment, events::AssetRegistered{"n", "", "uri_file", "/x", "s", "o"}});
  CHECK(listener.version == "7");
}
