#include "store/fetch.hpp"

#include <doctest/doctest.h>

#include <ctime>

#include "base/clock.hpp"
#include "base/file_lock.hpp"

#include "support/scratch.hpp"

TEST_CASE("a fetched file keeps the address's name") {
  CHECK(store::file_name_of("https://a.org/data/titanic.csv?sv=1&sig=a/b") == "titanic.csv");
  CHECK(store::file_name_of("https://a.org/a%20b%2e.csv#part") == "a b..csv");
  CHECK(store::file_name_of("https://a.org/100%") == "100%");
}

TEST_CASE("an address without a file's name is refused") {
  for (const char* url : {"https://a.org", "https://a.org/", "https://a.org/data/?x=y",
                          "https://a.org/%2e%2e", "https://a.org/a%2fb", "https://a.org/a%00"}) {
    CAPTURE(url);
    const auto error = support::error_of([&] { store::file_name_of(url); });
    CHECK(error.code() == base::Code::bad_input);
    CHECK(error.message().find("does not end in the name of a file") != std::string::npos);
  }
}

TEST_CASE("nothing was fetched before into an empty or damaged cache") {
  const support::Scratch scratch;
  CHECK_FALSE(store::fetched_before("https://a.org/a.csv", scratch.path("cache")));
}

namespace {

struct LaterClock final : base::Clock {
  explicit LaterClock(int days) : days_(days) {}
  base::Time now() const override {
    return base::SystemClock().now() + std::chrono::hours(24 * days_);
  }
  int days_;
};

void keep_copy(const support::Scratch& scratch, const std::string& place, int days_ago) {
  const std::string folder = "cache/https/" + place;
  scratch.write(folder + "/lock", "");
  scratch.write(folder + "/12345678/a.csv", "0123456789");
  scratch.write(folder + "/copy.json", "{}");
  fs::last_write_time(scratch.path(folder + "/copy.json"), std::time(nullptr) - days_ago * 86400);
}

}  // namespace

TEST_CASE("copies that nobody has used for 30 days go, and those beyond the budget, oldest first") {
  const support::Scratch scratch;
  for (const int days : {0, 2, 5, 31}) keep_copy(scratch, std::to_string(days), days);
  const fs::path cache = scratch.path("cache");
  const auto is_kept = [&](const char* place) {
    return fs::exists(cache / "https" / place / "12345678" / "a.csv");
  };
  const auto trimmed = store::trim_fetched(cache, base::SystemClock(), 0);
  CHECK(trimmed.copies == 1);
  CHECK(trimmed.bytes == 12);
  CHECK_FALSE(is_kept("31"));
  CHECK(is_kept("5"));
  CHECK(store::trim_fetched(cache, base::SystemClock(), 24).copies == 1);
  CHECK(is_kept("2"));
  CHECK_FALSE(is_kept("5"));
  CHECK(fs::exists(cache / "https" / "5" / "lock"));
  // What was used today may be read at this moment, whatever the budget.
  CHECK(store::trim_fetched(cache, base::SystemClock(), 1).copies == 1);
  CHECK(is_kept("0"));
  {
    const auto asked = base::FileLock::wait(cache / "https" / "0" / "lock");
    CHECK(store::trim_fetched(cache, LaterClock(40), 0).copies == 0);
  }
  CHECK(store::trim_fetched(cache, LaterClock(40), 0).copies == 1);
  CHECK(store::trim_fetched(scratch.path("none"), base::SystemClock(), 0).copies == 0);
}
