#include "meter/clock.hpp"

#include <thread>

#include "support/fake_time.hpp"
#include "support/scratch.hpp"

using meter::ClockChoice;
using meter::parse_clock;
using support::error_of;

TEST_CASE("the words of --clock") {
  CHECK(parse_clock("real").kind == ClockChoice::Kind::real);
  CHECK(parse_clock("ledger").kind == ClockChoice::Kind::ledger);
  CHECK(parse_clock("scale=10").kind == ClockChoice::Kind::scale);
  CHECK(parse_clock("scale=2.5").factor == 2.5);
}

TEST_CASE("a wrong clock is refused with what to write") {
  struct Case {
    const char* text;
    const char* what;
    const char* hint;
  };
  for (const Case& c : {
           Case{"ledgr", "'ledgr' is no clock", "did you mean 'ledger'?"},
           Case{"scale", "'scale' is no clock", "write scale=N, as in scale=10"},
           Case{"scale=0", "'scale=0' is no clock: the scale must be a number from 1 to 1000000",
                "scale=10 lets ten cloud seconds pass in one"},
           Case{"scale=fast",
                "'scale=fast' is no clock: the scale must be a number from 1 to 1000000",
                "scale=10 lets ten cloud seconds pass in one"},
           Case{"", "'' is no clock", "one of: real, scale=N, ledger"},
       }) {
    const auto error = error_of([&] { parse_clock(c.text); });
    CHECK(error.code() == base::Code::usage);
    CHECK(error.message() == c.what);
    CHECK(error.hint() == c.hint);
  }
}

TEST_CASE("the ledger's clock runs ahead without sleeping, each thread on its own") {
  const auto clock = meter::make_clock({ClockChoice::Kind::ledger, 1});
  CHECK_FALSE(clock->shared());
  const auto before = std::chrono::steady_clock::now();
  const meter::Nanos hour = 3600ULL * 1'000'000'000;
  const meter::Nanos slept = meter::Clock::slept();
  clock->sleep_until(clock->now() + hour);
  CHECK(meter::Clock::slept() - slept >= hour - 1'000'000'000);
  CHECK(clock->now() >= hour);
  std::thread([&] { CHECK(clock->now() < hour); }).join();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(60));
}

TEST_CASE("a scaled clock sleeps a fraction") {
  const auto clock = meter::make_clock({ClockChoice::Kind::scale, 1000});
  CHECK(clock->shared());
  const auto before = std::chrono::steady_clock::now();
  clock->sleep_until(20'000'000'000);  // 20 cloud seconds, 20 ms here
  CHECK(clock->now() >= 20'000'000'000);
  const auto real = std::chrono::steady_clock::now() - before;
  CHECK(real >= std::chrono::milliseconds(15));
  CHECK(real < std::chrono::seconds(10));
}

TEST_CASE("a stopped clock lets nobody wait") {
  const auto clock = meter::make_clock({});
  std::thread sleeper([&] { clock->sleep_until(3600ULL * 1'000'000'000); });
  clock->stop();
  sleeper.join();
  clock->sleep_until(3600ULL * 1'000'000'000);
  CHECK(clock->now() < 60ULL * 1'000'000'000);
}

TEST_CASE("the tests' own clock runs tasks by time, then by their order") {
  support::FakeTime clock;
  std::string order;
  const auto task = [&](char name, meter::Nanos first, meter::Nanos second) {
    return [&, name, first, second] {
      order += name;
      clock.sleep_until(first);
      order += name;
      clock.queue_until(second);
      order += name;
    };
  };
  CHECK(clock.run({task('a', 5, 7), task('b', 5, 6), task('c', 1, 9)}) == 9);
  CHECK(order == "abccabbac");
}
