#include "meter/simulate.hpp"

#include <random>

#include "meter/compose.hpp"
#include "store/memory_store.hpp"
#include "support/fake_time.hpp"
#include "support/local_file.hpp"

using meter::CostProfile;
using meter::Nanos;
using meter::Op;
using meter::Request;
using meter::simulate;

namespace {

constexpr Nanos ms = 1'000'000;

Request head(std::uint64_t task, std::uint64_t after = 0) {
  Request request;
  request.op = Op::head;
  request.task = task;
  request.after = after;
  return request;
}

// One request of a script; each task has objects of its own, so that the luck a request draws does
// not depend on which task comes first.
struct Act {
  Op op;
  std::string name;
  std::uint64_t amount;
};
using Script = std::vector<Act>;

std::vector<Script> random_scripts(unsigned seed, std::size_t tasks, std::size_t length) {
  std::mt19937 random(seed);
  std::vector<Script> scripts(tasks);
  for (std::size_t t = 0; t < tasks; ++t)
    for (std::size_t n = 0; n < length; ++n) {
      const std::string name = "t" + std::to_string(t) + "/o" + std::to_string(random() % 3);
      const std::uint64_t amount = random() % 100'000;
      constexpr Op ops[] = {Op::put, Op::get, Op::head, Op::list, Op::put};
      scripts[t].push_back({ops[random() % 5], name, amount});
    }
  return scripts;
}

// Plays scripts against a composed store, on whichever clock.
class Player {
 public:
  Player(const support::Scratch& scratch, const CostProfile& profile, meter::Clock& clock,
         const std::string& name, std::size_t tasks)
      : ledger_(scratch.path(name)), account_(profile), clock_(clock) {
    std::vector<meter::Fault> faults;
    for (const char* text : {"store:t1/* put nth=2 503", "store:t0/* get nth=1 x7",
                             "store:t2/* head every=3 delay=20ms"})
      faults.push_back(meter::parse_fault(text));
    faults_.emplace(std::move(faults));
    for (std::size_t t = 0; t < tasks; ++t)
      for (int o = 0; o < 3; ++o)
        memory_->set("t" + std::to_string(t) + "/o" + std::to_string(o), std::string(50'000, 'x'));
    store_ = meter::compose(memory_, {profile, clock, account_, &*faults_, &ledger_});
    for (std::size_t t = 0; t < tasks; ++t)
      files_.push_back(
          std::make_unique<support::LocalFile>(scratch, name + "-" + std::to_string(t)));
  }

  struct Span {
    Nanos begin;
    Nanos end;
  };
  std::vector<Span> play(const Script& script, std::size_t task) {
    meter::current() = {};
    meter::current().task = static_cast<std::uint32_t>(task + 1);
    std::vector<Span> spans;
    for (const Act& act : script) {
      const Nanos begin = clock_.now();
      if (act.op == Op::put) {
        store_->put(act.name, files_[task]->resize(act.amount).all(), store::IfExists::replace);
      } else if (act.op == Op::get) {
        std::string into(act.amount, ' ');
        store_->get(act.name, 0, into);
      } else if (act.op == Op::head) {
        store_->head(act.name);
      } else {
        store_->list(act.name.substr(0, act.name.find('/')), "", 5000);
      }
      spans.push_back({begin, clock_.now()});
    }
    return spans;
  }

 private:
  std::shared_ptr<store::MemoryStore> memory_ = std::make_shared<store::MemoryStore>();
  meter::Ledger ledger_;
  meter::Account account_;
  meter::Clock& clock_;
  std::optional<meter::Faults> faults_;
  std::shared_ptr<store::ObjectStore> store_;
  std::vector<std::unique_ptr<support::LocalFile>> files_;
};

}  // namespace

TEST_CASE("requests of one task are sequential, tasks overlap") {
  CostProfile profile;
  profile.latency.head = 10 * ms;
  const std::vector<Request> requests = {head(1), head(1), head(2), head(2), head(2)};
  const auto result = simulate(requests, profile);
  CHECK(result.end == 30 * ms);
  CHECK(result.busy == 50 * ms);
  CHECK(result.requests[1].begin == 10 * ms);
  CHECK(result.requests[2].begin == 0);
  CHECK(result.cost.counts.other == 5);
}

TEST_CASE("a request waits for the one it comes after, in its own task and another") {
  CostProfile profile;
  profile.latency.head = 10 * ms;
  // Task 2 begins once task 1's second is done; task 3's first waits for that of task 2.
  const std::vector<Request> requests = {head(1), head(1), head(2, 2), head(3, 3), head(3)};
  const auto result = simulate(requests, profile);
  CHECK(result.requests[2].begin == 20 * ms);
  CHECK(result.requests[3].begin == 30 * ms);
  CHECK(result.end == 50 * ms);
}

TEST_CASE("pauses of a task and the delays of faults are kept") {
  CostProfile profile;
  profile.latency.head = 10 * ms;
  std::vector<Request> requests = {head(1), head(1)};
  requests[1].pause = 5 * ms;
  requests[1].extra = 100 * ms;
  const auto result = simulate(requests, profile);
  CHECK(result.requests[1].begin == 15 * ms);
  CHECK(result.end == 125 * ms);
  CHECK(result.busy == 120 * ms);
}

TEST_CASE("a client that is refused too often gives up; nothing is charged") {
  CostProfile profile;
  profile.latency.head = 1 * ms;
  profile.requests_per_second = 1;
  profile.prices.other = 10'000;
  profile.retry = {2, 100 * ms, 0};
  const std::vector<Request> requests = {head(1), head(1), head(1)};
  const auto result = simulate(requests, profile);
  CHECK_FALSE(result.requests[0].gave_up);
  CHECK(result.requests[1].gave_up);
  CHECK(result.requests[1].refusals == 2);
  CHECK(result.requests[1].end == 1 * ms + 3 * ms + 300 * ms);
  CHECK(result.dollars == 1);
}

TEST_CASE("what-if: the same appends, sent once at the end") {
  const auto profile = meter::preset("blob-standard");
  std::vector<Request> mount;
  for (std::uint64_t n = 1; n <= 60; ++n) {
    Request put;
    put.op = Op::put;
    put.amount = n * 1'000'000;
    mount.push_back(put);
  }
  const std::vector<Request> upload = {mount.back()};
  const auto a = simulate(mount, profile);
  const auto b = simulate(upload, profile);
  CHECK(a.cost.up == 1'830'000'000);
  CHECK(a.cost.counts.write == 60);
  CHECK(meter::seconds(a.end) == doctest::Approx(29.87).epsilon(0.001));
  CHECK(b.cost.up == 60'000'000);
  CHECK(meter::seconds(b.end) == doctest::Approx(0.967).epsilon(0.001));
}

TEST_CASE("the ledger's simulation and a sleeping clock agree to the nanosecond") {
  struct Case {
    const char* name;
    double per_second;
    CostProfile::OverLimit over_limit;
  };
  for (const Case& c : {Case{"no limit", 0, CostProfile::OverLimit::refuse},
                        Case{"refusals", 25, CostProfile::OverLimit::refuse},
                        Case{"queue", 25, CostProfile::OverLimit::wait}}) {
    for (unsigned seed = 1; seed <= 10; ++seed) {
      CAPTURE(c.name);
      CAPTURE(seed);
      const support::Scratch scratch;
      auto profile = meter::preset("blob-standard");
      profile.jitter = 0.3;
      profile.jitter_seed = seed;
      profile.requests_per_second = c.per_second;
      profile.over_limit = c.over_limit;
      profile.retry = {50, 200 * ms, 700 * ms};
      // Narrow, so that streams are in each other's way.
      profile.bandwidth.all_up = 6e6;
      profile.bandwidth.all_down = 5e6;
      constexpr std::size_t tasks = 5;
      const auto scripts = random_scripts(seed, tasks, 40);

      support::FakeTime time;
      std::vector<std::vector<Player::Span>> slept(tasks);
      Nanos end = 0;
      {
        Player player(scratch, profile, time, "real", tasks);
        std::vector<std::function<void()>> acts;
        for (std::size_t t = 0; t < tasks; ++t)
          acts.emplace_back([&, t] { slept[t] = player.play(scripts[t], t); });
        end = time.run(acts);
      }
      {
        const auto clock = meter::make_clock({meter::ClockChoice::Kind::ledger, 1});
        Player player(scratch, profile, *clock, "ledger", tasks);
        for (std::size_t t = 0; t < tasks; ++t) player.play(scripts[t], t);
      }
      // Both records tell the same story, whichever clock ran.
      for (const char* record : {"ledger", "real"}) {
        CAPTURE(record);
        const auto text = meter::read_ledger(scratch.path(record));
        const auto requests = meter::requests_of(text, {&profile, false});
        const auto result = simulate(requests, profile);
        CHECK(result.end == end);
        if (c.per_second == 0 || c.over_limit == CostProfile::OverLimit::wait) {
          double charged = 0;
          for (const auto& entry : text.entries) charged += entry.charge;
          CHECK(charged == doctest::Approx(meter::seconds(result.busy)).epsilon(1e-9));
        }
        // A span of the script covers a request and its failed tries before it.
        std::vector<std::size_t> at(tasks);
        for (std::size_t n = 0; n < requests.size(); ++n) {
          const auto task = requests[n].task - 1;
          if (!requests[n].failed) REQUIRE(result.requests[n].end == slept[task][at[task]++].end);
        }
      }
    }
  }
}

TEST_CASE("a million requests in well under a second") {
  const auto profile = meter::preset("blob-standard");
  std::vector<Request> requests(1'000'000);
  for (std::size_t n = 0; n < requests.size(); ++n) {
    requests[n].op = n % 3 == 0 ? Op::put : Op::get;
    requests[n].task = n % 16;
    requests[n].amount = n % 100'000;
    requests[n].draw = static_cast<std::uint32_t>(n);
  }
  const auto before = std::chrono::steady_clock::now();
  const auto result = simulate(requests, profile);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
  CHECK(result.cost.counts.sum() == 1'000'000);
  MESSAGE("1,000,000 requests simulated in " << took.count() << " s");
  CHECK(took.count() < 5);  // on a busy machine; tests/bench measures
}

TEST_CASE("a record's prefetching begins after what its operation's task had asked before") {
  meter::LedgerText text;
  const auto add = [&](std::uint64_t number, Op op, std::uint32_t task, std::uint64_t cause) {
    meter::Entry entry;
    entry.number = number;
    entry.op = op;
    entry.task = task & 0x3fffffffU;
    entry.cause = cause;
    text.entries.push_back(entry);
  };
  add(1, Op::open, 7, 0);
  add(2, Op::head, 7, 1);
  add(3, Op::read, 7, 0);
  add(4, Op::get, 7, 3);
  add(5, Op::get, 9, 3);  // the prefetching thread
  text.entries.emplace_back();
  text.entries.back().number = 6;
  text.entries.back().op = Op::get;
  text.entries.back().result = meter::Result::refused;
  const auto requests = meter::requests_of(text, {});
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].after == 0);
  CHECK(requests[2].task != requests[1].task);
  CHECK(requests[2].after == 1);  // after the head, beside the get
}

TEST_CASE("one thread's requests follow each other, whichever bindings they go through") {
  meter::LedgerText text;
  const auto add = [&](std::uint32_t task, std::uint16_t session) {
    meter::Entry entry;
    entry.number = text.entries.size() + 1;
    entry.op = Op::head;
    entry.task = task & 0x3fffffffU;
    entry.session = session;
    text.entries.push_back(entry);
  };
  add(7, 0);
  add(7, 1);
  add(0, 0);  // nobody's: told apart by the binding
  add(0, 1);
  const auto requests = meter::requests_of(text, {});
  REQUIRE(requests.size() == 4);
  CHECK(requests[0].task == requests[1].task);
  CHECK(requests[2].task != requests[0].task);
  CHECK(requests[2].task != requests[3].task);
}

TEST_CASE("pauses are what a task did between two requests") {
  meter::LedgerText text;
  for (const auto& [begin, end] : {std::pair<Nanos, Nanos>{100, 200}, {250, 300}, {300, 400}}) {
    meter::Entry entry;
    entry.number = text.entries.size() + 1;
    entry.op = Op::head;
    entry.begin_ns = begin;
    entry.end_ns = end;
    text.entries.push_back(entry);
  }
  const auto requests = meter::requests_of(text, {nullptr, true});
  CHECK(requests[0].pause == 0);
  CHECK(requests[1].pause == 50);
  CHECK(requests[2].pause == 0);
}

TEST_CASE("downloads come before what the step does, uploads and what an unmount sends after it") {
  CostProfile profile;
  profile.latency.list_page = profile.latency.get = profile.latency.put = 10 * ms;
  meter::LedgerText text{{"", "inputs.a", "outputs.m", "outputs.u"}, {"", "f"}, {}};
  text.notes.resize(4);
  for (const auto& [n, mode] :
       {std::pair(1, "download"), std::pair(2, "mount"), std::pair(3, "upload")}) {
    text.notes[static_cast<std::size_t>(n)].name = text.sessions[static_cast<std::size_t>(n)];
    text.notes[static_cast<std::size_t>(n)].mode = mode;
  }
  const auto add = [&](Op op, std::uint16_t session, std::uint32_t task, std::uint64_t cause) {
    meter::Entry entry;
    entry.number = text.entries.size() + 1;
    entry.op = op;
    entry.session = session;
    entry.task = task & 0x3fffffffU;
    entry.cause = cause;
    text.entries.push_back(entry);
  };
  add(Op::list, 1, 1, 0);  // 10 ms, then two files side by side
  add(Op::get, 1, 2, 0);
  add(Op::get, 1, 3, 0);
  add(Op::list, 1, 1, 0);  // a folder below
  add(Op::get, 1, 4, 0);   // 40 ms
  add(Op::flush, 2, 9, 0);
  add(Op::put, 2, 9, 6);  // the step: 10 ms, and beside it another thread's
  add(Op::flush, 2, 8, 0);
  add(Op::put, 2, 8, 8);
  add(Op::put, 2, 0, 0);  // what nobody had closed: 10 ms
  add(Op::put, 3, 10, 0);
  add(Op::put, 3, 11, 0);  // the upload, side by side: 10 ms
  const auto phases = meter::phases_of(text, {});
  CHECK(phases.before.size() == 4);
  CHECK(phases.during.size() == 2);
  CHECK(phases.after.size() == 2);
  const auto result = simulate(phases, profile);
  CHECK(result.end == 70 * ms);
  CHECK(result.busy == 100 * ms);
  CHECK(result.requests.size() == 10);
  CHECK(result.requests.back().begin == 60 * ms);
  CHECK(result.cost.counts.sum() == 10);
}
