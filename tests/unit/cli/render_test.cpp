#include "cli/render.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <sstream>

namespace {

using namespace std::chrono_literals;

struct FixedClock final : base::Clock {
  base::Time now() const override { return base::from_iso("2026-01-02T03:04:05.000000Z"); }
};

// A run drawn without a machine: plain lines, or as on a terminal of some width.
struct Screen {
  std::ostringstream out;
  std::ostringstream err;
  FixedClock clock;
  cli::App app{out, err, {}, clock, "/here"};
  std::unique_ptr<cli::Lines> lines;

  explicit Screen(std::size_t columns = 0, bool colour = false) {
    app.terminal = columns > 0;
    app.colour = colour;
    app.columns = [columns] { return columns; };
    lines = std::make_unique<cli::Lines>(app, cli::Afterwards{"amlocal run p.yml", "", ""});
  }

  // What the event adds to the output.
  std::string on(events::Event event, std::chrono::milliseconds later = 0ms) {
    return added([&] { lines->on({clock.now() + later, std::move(event)}); });
  }
  std::string tick(std::chrono::milliseconds later) {
    return added([&] { lines->tick(clock.now() + later); });
  }
  std::string progress(const events::Progress& progress, std::chrono::milliseconds later) {
    return added([&] { lines->progress(clock.now() + later, progress); });
  }

  template <class Act>
  std::string added(Act act) {
    out.str("");
    act();
    return out.str();
  }
};

events::RunStarted started() {
  return {"calm_sea_1", "exp", "shown", "/p.yml", {}, {"prep", "nested/train"}};
}

events::StepEnded ended(const std::string& status = "Completed") {
  events::StepEnded event;
  event.step = "prep";
  event.status = status;
  event.seconds = 1.25;
  event.cpu_seconds = 0.5;
  event.peak_bytes = 81'000'000;
  event.bytes_in = 1200;
  return event;
}

constexpr const char* erase = "\033[A\033[2K";

}  // namespace

TEST_CASE("each event in plain lines") {
  Screen screen;
  CHECK(screen.on(started()) == "run calm_sea_1  (2 steps of /p.yml)\n");
  CHECK(screen.on(events::Notice{"", "look"}) == "note: look\n");
  CHECK(screen.on(events::Notice{"prep", "look"}) == "note: prep: look\n");
  CHECK(screen.on(events::StepStarted{"prep", "id", "/log", "", ""}) == "");
  CHECK(screen.on(events::OutputPublished{"prep", "o", "uri_file", "upload", "u", "/o"}) == "");
  CHECK(screen.on(ended()) ==
        "prep          Completed     1.2 s  cpu 0.5 s  peak 81.0 MB  in 1.20 kB\n");
  CHECK(screen.on(
            events::StepPassedOver{"nested/train", "Skipped", "step 'prep' did not finish", ""}) ==
        "nested/train  Skipped    step 'prep' did not finish\n");
  CHECK(screen.on(events::StepPassedOver{"nested/train", "Reused", "nothing changed", "old"}) ==
        "nested/train  kept       nothing changed\n");
  CHECK(screen.on(events::AssetRegistered{"iris", "2", "uri_file", "/i", "prep", "o"}) ==
        "registered azureml:iris:2\n");
  CHECK(screen.on(events::RunEnded{"Completed", 2, {{"acc", "uri_file", "u", "/o", "0.97"}}}) ==
        "Completed in 2.0 s\noutputs:\n  acc  0.97  /o\n");
}

TEST_CASE("a failure tells why, and the last line is the command that goes on") {
  Screen screen;
  screen.on(started());
  screen.on(events::StepStarted{"prep", "id", "/log", "", ""});
  auto failed = ended("Failed");
  failed.failure = events::Failure{
      "exit_code", "exit code 1", "KeyError: 'fare'", "train.py:88", "see it", {"line"}, ""};
  const auto text = screen.on(failed);
  CHECK(text.find("  exit code 1\n  KeyError: 'fare'\n  at train.py:88\n  the last lines of its "
                  "log:\n    line\n  the whole log: /log\n  hint: see it\n") != std::string::npos);
  const auto end = screen.on(events::RunEnded{"Failed", 2, {}});
  CHECK(end.ends_with("\n  amlocal run p.yml --resume calm_sea_1\n"));
}

TEST_CASE("plain output has no escape and nothing in place") {
  Screen screen;
  screen.on(started());
  screen.on(events::StepStarted{"prep", "id", "/log", "", ""});
  CHECK(screen.tick(5s) == "");
  CHECK(screen.progress({"fetching a.csv", 1, 2}, 0ms) == "");
  CHECK(screen.progress({"fetching a.csv", 2, 2}, 5s) == "");
  CHECK(screen.on(ended()).find('\033') == std::string::npos);
}

TEST_CASE("a running step's line is updated in place with its time") {
  Screen screen(80);
  screen.on(started());
  CHECK(screen.on(events::StepStarted{"prep", "id", "/log", "", ""}) ==
        "prep          running       0.0 s\n");
  CHECK(screen.tick(3s) == std::string(erase) + "prep          running       3.0 s\n");
  CHECK(screen.tick(75s) == std::string(erase) + "prep          running    1 min 15 s\n");
  const auto end = screen.on(ended());
  CHECK(end.starts_with(std::string(erase) + "prep          Completed"));
  CHECK(end.find("running") == std::string::npos);
  CHECK(screen.tick(80s) == "");
}

TEST_CASE("a line in place is never wider than the terminal") {
  Screen screen(20);
  screen.on(started());
  CHECK(screen.on(events::StepStarted{"prep", "id", "/log", "", ""}) == "prep          runni\n");
}

TEST_CASE("more running steps than a screen holds are counted") {
  Screen screen(80);
  screen.on(started());
  for (int n = 0; n < 20; ++n)
    screen.on(events::StepStarted{"s" + std::to_string(n), "id", "/log", "", ""});
  const auto text = screen.tick(1s);
  CHECK(text.find("and 8 more\n") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 13);
}

TEST_CASE("status words are coloured where colours are wanted") {
  Screen screen(80, true);
  screen.on(started());
  CHECK(screen.on(ended()).find("\033[32mCompleted\033[0m     1.2 s") != std::string::npos);
  CHECK(screen.on(events::RunEnded{"Failed", 2, {}}).starts_with("\033[31mFailed\033[0m in 2.0 s"));
  Screen plain(80, false);
  plain.on(started());
  CHECK(plain.on(ended()).find("\033[3") == std::string::npos);
}

TEST_CASE("progress shows after a second, in place, and leaves nothing behind") {
  Screen screen(80);
  CHECK(screen.progress({"fetching a.csv", 1000, {}}, 0ms) == "");
  CHECK(screen.progress({"fetching a.csv", 2000, {}}, 900ms) == "");
  CHECK(screen.progress({"fetching a.csv", 3000, {}}, 1100ms) == "fetching a.csv  3.00 kB\n");
  CHECK(screen.progress({"fetching a.csv", 4000, 9000}, 1200ms) == "");
  CHECK(screen.progress({"fetching a.csv", 5000, 9000}, 1400ms) ==
        std::string(erase) + "fetching a.csv  5.00 kB of 9.00 kB\n");
  CHECK(screen.progress({}, 1500ms) == erase);
}

TEST_CASE("a run that ends by an exception leaves no line in place") {
  Screen screen(80);
  screen.on(started());
  screen.on(events::StepStarted{"prep", "id", "/log", "", ""});
  CHECK(screen.added([&] { screen.lines.reset(); }) == erase);
}

TEST_CASE("a JSON line an event") {
  std::ostringstream out;
  cli::JsonLines lines(out);
  lines.on({FixedClock().now(), events::Notice{"prep", "look"}});
  CHECK(out.str().find("\"event\":\"notice\"") != std::string::npos);
  CHECK(out.str().ends_with("}\n"));
}
