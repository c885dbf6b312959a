#include "meter/cost_profile.hpp"

#include "support/scratch.hpp"
#include "text/diagnostic.hpp"

using meter::alone;
using meter::cost_of;
using meter::dollars;
using meter::Op;
using support::error_of;

namespace {

constexpr std::uint64_t MB = 1'000'000;
constexpr std::uint64_t MiB = 1'048'576;

}  // namespace

TEST_CASE("the presets") {
  CHECK(meter::preset_names() == std::vector<std::string>{"none", "blob-standard", "blob-premium",
                                                          "blob-hns", "files-standard",
                                                          "cross-region"});
  for (const auto& name : meter::preset_names()) {
    CAPTURE(name);
    const auto profile = meter::preset(name);
    CHECK(profile.name == name);
    CHECK_FALSE(profile.about.empty());
    CHECK_FALSE(profile.sources.empty());
    CHECK((name == "none") == (alone(profile, cost_of(profile, Op::put, MB, 0)) == 0));
  }
  const auto error = error_of([] { meter::preset("blob-standart"); });
  CHECK(error.code() == base::Code::not_found);
  CHECK(error.message() == "there is no cost profile 'blob-standart'");
  CHECK(error.hint() ==
        "did you mean 'blob-standard'? (a file of your own: write its path, ending in .json)");
}

TEST_CASE("the slowdown's law: the n-th close of a log of 1 MB an epoch") {
  const auto profile = meter::preset("blob-standard");
  meter::Cost all;
  for (std::uint64_t n = 1; n <= 100; ++n) all = all + cost_of(profile, Op::put, n * MB, 0);
  CHECK(all.up == 5'050 * MB);
  CHECK(all.counts.write == 100);
  const auto nth = [&](std::uint64_t n) {
    return meter::seconds(alone(profile, cost_of(profile, Op::put, n * MB, 0)));
  };
  CHECK(nth(1) == doctest::Approx(0.013 + 1e6 / (60 * 1048576.0)));    // 0.03 s
  CHECK(nth(100) == doctest::Approx(0.013 + 1e8 / (60 * 1048576.0)));  // 1.6 s
  CHECK(dollars(profile, all) == doctest::Approx(100 * 0.055 / 1e4));
}

TEST_CASE("a large put goes in blocks, several at once, and a list of blocks at its end") {
  const auto profile = meter::preset("blob-standard");
  CHECK(cost_of(profile, Op::put, 256 * MiB, 0).counts.write == 1);
  const auto cost = cost_of(profile, Op::put, 1024 * MiB, 0);
  CHECK(cost.counts.write == 64 + 1);
  CHECK(cost.latency == (64 / 8 + 1) * 13'000'000ULL);
  // 8 streams of 60 MiB/s are more than the machine's 267 MiB/s.
  CHECK(meter::seconds(alone(profile, cost)) == doctest::Approx(0.117 + 1024 / 267.0));
}

TEST_CASE("listings are paid by the page, renames by the object, Gen2 by 4 MB") {
  const auto flat = meter::preset("blob-standard");
  const auto page = cost_of(flat, Op::list, 5000, 0);
  CHECK(page.counts.list == 1);
  CHECK(meter::seconds(alone(flat, page)) == doctest::Approx(0.663));  // 0.63 to 0.70 s measured
  CHECK(cost_of(flat, Op::list, 1'000'000, 0).counts.list == 200);
  CHECK(cost_of(flat, Op::list, 0, 0).counts.list == 1);
  const auto copies = cost_of(flat, Op::move, 10, 0);
  CHECK(copies.counts.write == 10);
  CHECK(copies.counts.remove == 10);

  const auto hns = meter::preset("blob-hns");
  CHECK(cost_of(hns, Op::move, 10, 0).counts.sum() == 1);
  const auto read = cost_of(hns, Op::get, 100 * MB, 0);
  CHECK(read.counts.read == 1);
  CHECK(read.billed.read == 25);
  CHECK(dollars(hns, read) == doctest::Approx(25 * 0.006 / 1e4));

  const auto far = meter::preset("cross-region");
  CHECK(dollars(far, cost_of(far, Op::get, 1000 * MB, 0)) == doctest::Approx(0.02 + 0.0044 / 1e4));
  CHECK(dollars(flat, meter::cost_of_refusal(flat, Op::put)) == 0);
}

TEST_CASE("jitter is the luck of path, operation and number: the same in every run") {
  auto profile = meter::preset("blob-standard");
  const auto sure = cost_of(profile, Op::head, 0, meter::draw_of("a", Op::head, 3)).latency;
  CHECK(sure == 13'000'000);
  profile.jitter = 0.2;
  const auto draw = [&](const char* path, std::uint64_t n) {
    return cost_of(profile, Op::head, 0, meter::draw_of(path, Op::head, n)).latency;
  };
  CHECK(draw("a", 3) == draw("a", 3));
  CHECK(draw("a", 3) != draw("a", 4));
  CHECK(draw("a", 3) != draw("b", 3));
  double sum = 0;
  meter::Nanos least = sure;
  meter::Nanos most = sure;
  for (std::uint64_t n = 0; n < 10'000; ++n) {
    least = std::min(least, draw("a", n));
    most = std::max(most, draw("a", n));
    sum += static_cast<double>(draw("a", n));
  }
  CHECK(least == doctest::Approx(0.8 * 13e6).epsilon(0.01));
  CHECK(most == doctest::Approx(1.2 * 13e6).epsilon(0.01));
  CHECK(sum / 10'000 == doctest::Approx(13e6).epsilon(0.01));
  const auto first = draw("a", 3);
  profile.jitter_seed = 2;
  CHECK(draw("a", 3) != first);
}

TEST_CASE("pauses before retries double up to the longest; a Retry-After is obeyed") {
  const auto profile = meter::preset("blob-standard");
  std::vector<double> pauses;
  for (std::uint64_t n = 0; n < 6; ++n)
    pauses.push_back(meter::seconds(meter::pause_before_retry(profile, n, 0)));
  CHECK(pauses == std::vector<double>{4, 8, 16, 32, 60, 60});
  CHECK(meter::pause_before_retry(profile, 3, 1'000'000'000) == 1'000'000'000);
}

TEST_CASE("a profile of the user's own starts from a preset") {
  const support::Scratch scratch;
  scratch.write("lab.json", R"({
  "base": "blob-standard",
  "about": "our lab",
  "latency": {"put": "40 ms"},
  "bandwidth": {"stream_up": "1 Gbit/s"},
  "jitter": {"spread": 0.1, "seed": 7},
  "requests": {"over_limit": "wait"},
  "price": {"write": 0}
})");
  const auto profile = meter::load_cost_profile(scratch.path("lab.json").native());
  CHECK(profile.name == "lab");
  CHECK(profile.about == "our lab");
  CHECK(profile.latency.put == 40'000'000);
  CHECK(profile.latency.get == 13'000'000);
  CHECK(profile.bandwidth.stream_up == 125e6);
  CHECK(profile.over_limit == meter::CostProfile::OverLimit::wait);
  CHECK(profile.requests_per_second == 20'000);
  CHECK(profile.jitter_seed == 7);
  CHECK(profile.prices.write == 0);
  CHECK(profile.prices.list == 0.055);
  CHECK(profile.sources.empty());
  CHECK(meter::load_cost_profile("blob-hns").name == "blob-hns");
}

TEST_CASE("a wrong profile is refused at its place") {
  struct Case {
    const char* json;
    unsigned line;
    unsigned column;
    const char* what;
    const char* hint;
  };
  const Case cases[] = {
      {"{\"latncy\": {}}", 1, 2, "unknown key 'latncy' in a cost profile",
       "did you mean 'latency'?"},
      {"{\n  \"latency\": {\"putt\": \"1 ms\"}}", 2, 15, "unknown key 'putt' in 'latency'",
       "did you mean 'put'?"},
      {"{\"latency\": {\"put\": \"13 MB\"}}", 1, 21, "'13 MB' is no time",
       "write it as in \"13 ms\"; units: us, ms, s, min, h"},
      {"{\"latency\": {\"put\": 13}}", 1, 21, "'put' has no unit",
       "write \"13 ms\"; units: us, ms, s, min, h"},
      {"{\"latency\": {\"put\": \"-13 ms\"}}", 1, 21, "'put' must not be negative", ""},
      {"{\"latency\": 13}", 1, 13, "'latency' must be a map", ""},
      {"{\"latency\": {\"put\": {}}}", 1, 21, "'put' must be a time", ""},
      {"{\"bandwidth\": {\"all_up\": \"60 MiB\"}}", 1, 26, "'60 MiB' is no bandwidth",
       "write it as in \"60 MiB/s\"; units: KB/s, MB/s, GB/s, MiB/s, GiB/s, Mbit/s, Gbit/s"},
      {"{\"put\": {\"block\": \"16 ms\"}}", 1, 19, "'16 ms' is no size",
       "write it as in \"16 MiB\"; units: B, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB (of "
       "1024)"},
      {"{\"put\": {\"parallel\": 0}}", 1, 22, "'parallel' must be a whole number, at least 1", ""},
      {"{\"list\": {\"page\": 2.5}}", 1, 19, "'page' must be a whole number, at least 1", ""},
      {"{\"price\": {\"write\": -1}}", 1, 21, "'write' must not be negative", ""},
      {"{\"price\": {\"write\": \"cheap\"}}", 1, 21, "'write' must be a number", ""},
      {"{\"jitter\": {\"spread\": 20}}", 1, 23, "'spread' must not be more than 1",
       "0.2 lets latencies vary by 20 % each way"},
      {"{\"rename\": \"mve\"}", 1, 12, "'rename' cannot be 'mve'", "did you mean 'move'?"},
      {"{\"base\": \"blob\"}", 1, 10, "there is no cost profile 'blob' to start from",
       "one of: none, blob-standard, blob-premium, blob-hns, files-standard, cross-region"},
      {"{\"about\": \"a\", \"about\": \"b\"}", 1, 16,
       "the key 'about' stands twice in a cost profile", ""},
      {"{\"sources\": \"me\"}", 1, 13, "'sources' must be a list", ""},
      {"[]", 1, 1, "a cost profile must be a map", ""},
  };
  const support::Scratch scratch;
  for (const Case& c : cases) {
    CAPTURE(c.json);
    scratch.write("p.json", c.json);
    const auto error = error_of([&] { meter::load_cost_profile(scratch.path("p.json").native()); });
    CHECK(error.code() == base::Code::bad_input);
    CHECK(error.message() == c.what);
    CHECK(error.hint() == c.hint);
    CHECK(error.place().line == c.line);
    CHECK(error.place().column == c.column);
  }
  CHECK(error_of([&] { meter::load_cost_profile(scratch.path("no.json").native()); }).code() ==
        base::Code::not_found);
}
