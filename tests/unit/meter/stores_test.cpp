#include <cmath>
#include <map>

#include "meter/compose.hpp"
#include "meter/simulate.hpp"
#include "store/local_store.hpp"
#include "store/memory_store.hpp"
#include "support/fake_time.hpp"
#include "support/local_file.hpp"

using meter::Nanos;
using meter::Op;
using store::IfExists;
using support::error_of;

namespace {

constexpr Nanos ms = 1'000'000;
constexpr Nanos second = 1'000'000'000;

// A store under a profile, on a clock that only tests have.
struct Fixture {
  support::Scratch scratch;
  std::shared_ptr<store::MemoryStore> memory = std::make_shared<store::MemoryStore>();
  support::LocalFile file{scratch, "content"};
  meter::CostProfile profile = meter::preset("blob-standard");
  support::FakeTime clock;
  std::optional<meter::Account> account;
  std::optional<meter::Faults> faults;
  std::optional<meter::Ledger> ledger;

  std::shared_ptr<store::ObjectStore> make(const std::vector<std::string>& texts = {}) {
    std::vector<meter::Fault> parsed;
    for (const auto& text : texts) parsed.push_back(meter::parse_fault(text));
    faults.emplace(std::move(parsed));
    account.emplace(profile);
    ledger.emplace(scratch.path("ledger"));
    return meter::compose(memory, {profile, clock, *account, &*faults, &*ledger});
  }
  std::vector<meter::Entry> entries() {
    ledger.reset();
    return meter::read_ledger(scratch.path("ledger")).entries;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "60 appends of 1 MB are 1,830 MB in 60 PUTs, and take what they cost") {
  // Charged bytes are not moved bytes: the local store writes only what is new.
  make();
  fs::create_directory(scratch.path("store"));
  const auto store =
      meter::compose(std::make_shared<store::LocalStore>(scratch.path("store"), scratch.path("i")),
                     {profile, clock, *account, nullptr, &*ledger});
  auto object = store->put("train.log", file.resize(1'000'000).all(), IfExists::replace);
  for (int n = 2; n <= 60; ++n) {
    const auto old_size = file.size();
    file.resize(old_size + 1'000'000);
    object = store->put("train.log", file.appended(old_size, object.tag), IfExists::replace);
  }
  CHECK(fs::file_size(scratch.path("store") / "train.log") == 60'000'000);
  const auto took = clock.now();
  std::uint64_t sent = 0;
  double charged = 0;
  const auto all = entries();
  for (const auto& entry : all) {
    CHECK(entry.op == Op::put);
    CHECK(entry.result == meter::Result::ok);
    sent += entry.bytes;
    charged += entry.charge;
  }
  CHECK(all.size() == 60);
  CHECK(sent == 1'830'000'000);
  CHECK(charged == doctest::Approx(60 * 0.013 + 1830e6 / (60 * 1048576.0)));  // 29.9 s
  CHECK(meter::seconds(took) == doctest::Approx(charged));
}

TEST_CASE_FIXTURE(Fixture,
                  "the growing logs of the real client: PUTs and bytes as measured there") {
  struct Case {
    std::uint64_t appends;
    std::uint64_t bytes;
    std::uint64_t sent;
  };
  const auto store = make();
  for (const Case& c : {Case{400, 10'000, 802'000'000}, Case{5'000, 100, 1'250'250'000}})
    for (std::uint64_t n = 1; n <= c.appends; ++n) {
      file.resize(n * c.bytes);
      store->put(std::to_string(c.appends), file.all(), IfExists::replace);
    }
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> puts;
  ledger.reset();
  const auto text = meter::read_ledger(scratch.path("ledger"));
  for (const auto& entry : text.entries) {
    auto& [count, sent] = puts[text.names[entry.name]];
    ++count;
    sent += entry.bytes;
  }
  CHECK(puts["400"] == std::pair<std::uint64_t, std::uint64_t>{400, 802'000'000});
  CHECK(puts["5000"] == std::pair<std::uint64_t, std::uint64_t>{5'000, 1'250'250'000});
}

TEST_CASE_FIXTURE(Fixture, "each kind of request takes its latency and does its work") {
  const auto store = make();
  memory->set("a/1", std::string(1000, 'x'));
  memory->set("a/2", "y");
  const auto takes = [&](auto act) {
    const Nanos before = clock.now();
    act();
    return clock.now() - before;
  };
  CHECK(takes([&] { CHECK(store->head("a/1")->size == 1000); }) == 13 * ms);
  CHECK(takes([&] { CHECK_FALSE(store->head("no").has_value()); }) == 13 * ms);
  CHECK(takes([&] { CHECK(store->list("a", "", 10).objects.size() == 2); }) ==
        13 * ms + 2 * 130'000);
  std::string into(500, ' ');
  CHECK(takes([&] { CHECK(store->get("a/1", 0, into) == 500); }) ==
        13 * ms + static_cast<Nanos>(std::llround(500e9 / (60 * 1048576.0))));
  CHECK(takes([&] { store->make_folder("f"); }) == 13 * ms);
  CHECK(takes([&] { store->remove_folder("f"); }) == 13'300'000);
  CHECK(takes([&] { store->move("a", "b", IfExists::refuse); }) == 2 * (13 * ms + 13'300'000));
  CHECK(takes([&] { store->remove("b/2"); }) == 13'300'000);
  CHECK(memory->bytes("b/1").size() == 1000);
  CHECK(takes([&] {
          CHECK(error_of([&] { store->get("no", 0, into); }).code() == base::Code::not_found);
        }) == 13 * ms);
  const auto all = entries();
  REQUIRE(all.size() == 9);
  CHECK(all[1].result == meter::Result::absent);
  CHECK(all[2].bytes == 2);
  CHECK(all[3].bytes == 500);
  CHECK(all[6].op == Op::move);
  CHECK(all[6].bytes == 2);
  CHECK(all[8].result == meter::Result::absent);
  CHECK(all[8].bytes == 0);
}

TEST_CASE_FIXTURE(Fixture, "a request is recorded with the operation that caused it") {
  const auto store = make();
  memory->set("a", "1");
  const auto name = ledger->name("shown/name");
  meter::current() = {17, 5, 4711, name, 1};
  store->head("a");
  meter::current() = {};
  store->head("a");
  store->head("a");
  ledger.reset();
  const auto text = meter::read_ledger(scratch.path("ledger"));
  const auto& caused = text.entries[0];
  CHECK(caused.cause == 17);
  CHECK(caused.handle == 5);
  CHECK(caused.task == 4711);
  CHECK(caused.session == 1);
  CHECK(text.names[caused.name] == "shown/name");
  CHECK(text.names[text.entries[1].name] == "a");
  CHECK(text.entries[1].name == text.entries[2].name);
  CHECK(text.entries[1].draw != text.entries[2].draw);
}

TEST_CASE_FIXTURE(Fixture, "a 503 is tried again after 4 s, 8 s, …; the record has every try") {
  const auto store = make({"store put first=2 503"});
  store->put("a", file.set("x").all(), IfExists::replace);
  CHECK(memory->bytes("a") == "x");
  const Nanos transfer = meter::cost_of(profile, Op::put, 1, 0).transfer;
  CHECK(clock.now() == 3 * 13 * ms + 12 * second + transfer);
  CHECK(faults->never_fired().empty());
  const auto all = entries();
  REQUIRE(all.size() == 3);
  CHECK(all[0].result == meter::Result::failed);
  CHECK(all[0].charge == doctest::Approx(4.013));
  CHECK(all[1].charge == doctest::Approx(8.013));
  CHECK(all[2].result == meter::Result::ok);
}

TEST_CASE_FIXTURE(Fixture, "a store that stays busy is given up with the service's words") {
  const auto store = make({"store throttle"});
  const auto error = error_of([&] { store->head("a"); });
  CHECK(error.code() == base::Code::unavailable);
  CHECK(error.message() ==
        "the store refused to head 'a': 503 ServerBusy: Operations per second is over the account "
        "limit.");
  CHECK(error.hint() == "tried 6 times");
  CHECK(clock.now() == 6 * 13 * ms + (4 + 8 + 16 + 32 + 60) * second);
}

TEST_CASE_FIXTURE(Fixture, "throttling ends, a Retry-After is obeyed") {
  profile.retry_after = 10 * second;
  const auto store = make({"store throttle for=30s"});
  memory->set("a", "1");
  CHECK(store->head("a").has_value());
  CHECK(clock.now() == 3 * (10 * second + 13 * ms) + 13 * ms);
}

TEST_CASE_FIXTURE(Fixture, "what is no passing trouble is not tried again") {
  struct Case {
    const char* status;
    base::Code code;
  };
  const auto store =
      make({"store:a any 403", "store:b any 404", "store:c any 409", "store:d any 412"});
  CHECK(error_of([&] { store->head("a"); }).code() == base::Code::permission);
  CHECK(error_of([&] { store->head("b"); }).code() == base::Code::not_found);
  CHECK(error_of([&] { store->head("c"); }).code() == base::Code::exists);
  CHECK(error_of([&] { store->head("d"); }).code() == base::Code::conflict);
  CHECK(clock.now() == 4 * 13 * ms);
  const auto all = entries();
  CHECK(all.size() == 4);
  for (const auto& entry : all) CHECK(entry.result == meter::Result::failed);
}

TEST_CASE_FIXTURE(Fixture, "a slow store takes its times longer, a delay is added") {
  const auto store = make({"store head x10", "store remove delay=2s"});
  memory->set("a", "1");
  store->head("a");
  CHECK(clock.now() == 130 * ms);
  store->remove("a");
  CHECK(clock.now() == 130 * ms + 2 * second + 13'300'000);
  const auto all = entries();
  CHECK(all[0].charge == doctest::Approx(0.13));
  CHECK(all[1].charge == doctest::Approx(2.0133));
}

TEST_CASE_FIXTURE(Fixture,
                  "past its account's requests a second a blob store is busy, a share waits") {
  profile.requests_per_second = 10;
  const auto store = make();
  std::vector<std::function<void()>> tasks;
  for (int t = 0; t < 15; ++t) tasks.emplace_back([&] { store->head("a"); });
  CHECK(clock.run(tasks) == 4 * second + 26 * ms);  // ten at once; five were refused and come again
  std::size_t refused = 0;
  for (const auto& entry : entries()) refused += entry.result == meter::Result::refused ? 1 : 0;
  CHECK(refused == 5);

  fs::remove_all(scratch.path("ledger"));
  profile.over_limit = meter::CostProfile::OverLimit::wait;
  const auto share = make();
  const Nanos from = clock.now() + 10 * second;
  tasks.assign(15, [&] {
    clock.sleep_until(from);
    share->head("a");
  });
  CHECK(clock.run(tasks) == from + 500 * ms + 13 * ms);  // five more at ten a second
}

TEST_CASE_FIXTURE(Fixture, "streams share the bandwidth of all") {
  profile = {};
  profile.bandwidth.stream_down = 60e6;
  profile.bandwidth.all_down = 120e6;
  const auto store = make();
  memory->set("a", std::string(6'000'000, 'x'));
  const auto read = [&] {
    std::string into(6'000'000, ' ');
    store->get("a", 0, into);
  };
  CHECK(clock.run({read}) == 100 * ms);
  const Nanos from = clock.now();
  CHECK(clock.run({read, read}) - from == 100 * ms);
  const Nanos later = clock.now();
  CHECK(clock.run({read, read, read, read}) - later == 200 * ms);
}

TEST_CASE_FIXTURE(Fixture, "under no costs nothing waits, and everything is recorded") {
  profile = meter::preset("none");
  const auto store = make();
  store->put("a", file.resize(1'000'000).all(), IfExists::replace);
  store->head("a");
  CHECK(clock.now() == 0);
  const auto all = entries();
  CHECK(all.size() == 2);
  CHECK(all[0].charge == 0);
  CHECK(all[0].bytes == 1'000'000);
}
