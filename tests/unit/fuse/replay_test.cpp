// What-if against the view itself: what a script does is recorded under one profile, and replayed
// under another it must ask of the store what the view asks when it runs under that other one.
#include "fuse/replay/replay.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <random>

#include "fuse/view/object_view.hpp"
#include "fuse/view/recorded.hpp"
#include "meter/compose.hpp"
#include "store/memory_store.hpp"
#include "support/scratch.hpp"

namespace {

using fuse::Access;
using fuse::root_node;
using fuse::Status;
using meter::Op;

// A script on a mounted folder, recorded.
struct Stage {
  support::Scratch scratch;
  std::shared_ptr<store::MemoryStore> memory = std::make_shared<store::MemoryStore>();
  meter::CostProfile cost = meter::preset("blob-standard");
  std::unique_ptr<meter::Clock> clock = meter::make_clock({meter::ClockChoice::Kind::ledger, 1});
  meter::Account account{cost};
  std::optional<meter::Ledger> ledger;
  std::shared_ptr<store::ObjectStore> store;
  std::unique_ptr<fuse::FileSystem> view;
  fuse::Caller caller{1, ::getuid(), ::getgid(), 022};

  explicit Stage(const std::string& profile) {
    ledger.emplace(scratch.path("ledger"));
    store = meter::compose(memory, {cost, *clock, account, nullptr, &*ledger});
    fuse::ObjectViewOptions options;
    options.profile = *fuse::find_profile(profile);
    options.cache = scratch.path("cache");
    options.unsent = scratch.path("unsent");
    view = fuse::make_recorded(
        fuse::make_object_view(*store, std::move(options)), *ledger,
        ledger->session({"outputs.o", "mount", profile, {}, "none", false, "", "", true}),
        std::nullopt);
  }

  // Opens, does, closes. A file that may not be opened is passed over.
  template <class Act>
  void with(const std::string& name, int flags, Act act) {
    fuse::NodeId node = 0;
    std::uint64_t handle = 0;
    const auto found = view->lookup(caller, root_node, name);
    if (found) {
      node = found.value.node;
      const auto opened = view->open(caller, node, flags);
      if (!opened) return;
      handle = opened.value.handle;
    } else {
      if ((flags & O_CREAT) == 0) return;
      const auto created = view->create(caller, root_node, name, 0644, flags);
      REQUIRE(created);
      node = created.value.first.node;
      handle = created.value.second.handle;
    }
    act(node, handle);
    view->flush(caller, node, handle);
    view->release(caller, node, handle);
  }
  void append(const std::string& name, std::size_t bytes) {
    with(name, O_WRONLY | O_CREAT | O_APPEND, [&](auto node, auto handle) {
      const auto size = view->attributes(caller, node, handle).value.attributes.st_size;
      view->write(caller, node, handle, size, std::string(bytes, 'x'));
    });
  }
  void read(const std::string& name, off_t offset, std::size_t size) {
    with(name, O_RDONLY,
         [&](auto node, auto handle) { view->read(caller, node, handle, offset, size); });
  }
  void list() {
    const auto handle = view->open_folder(caller, root_node);
    view->read_folder(caller, root_node, handle.value, 0, true, [](const auto&) { return true; });
    view->release_folder(caller, root_node, handle.value);
  }
  meter::LedgerText finish() {
    view->send_all();
    view.reset();
    ledger.reset();
    return meter::read_ledger(scratch.path("ledger"));
  }
};

// "3 get 12000, 60 put 1830000000": by kind, how many and how much.
std::string asked(const std::vector<meter::Request>& requests) {
  std::map<std::string, std::pair<int, std::uint64_t>> kinds;
  for (const auto& request : requests) {
    auto& kind = kinds[std::string(to_string(request.op))];
    ++kind.first;
    kind.second += request.amount;
  }
  std::string text;
  for (const auto& [name, kind] : kinds)
    text += fmt::format("{} {} {}, ", kind.first, name, kind.second);
  return text;
}

std::string in_all(const meter::Phases& phases) {
  auto all = phases.during;
  for (const auto* batches : {&phases.before, &phases.after})
    for (const auto& batch : *batches) all.insert(all.end(), batch.begin(), batch.end());
  return asked(all);
}

fuse::Prediction under(const meter::LedgerText& text, const std::string& profile) {
  fuse::WhatIf wanted;
  wanted.bindings["outputs.o"] = {Access::Kind::mount, *fuse::find_profile(profile)};
  return fuse::replay(text, wanted);
}

using Script = std::function<void(Stage&)>;

void agree(const Script& script, std::initializer_list<const char*> profiles) {
  for (const char* recorded : profiles) {
    Stage stage(recorded);
    script(stage);
    const auto text = stage.finish();
    for (const char* other : profiles) {
      Stage truth(other);
      script(truth);
      CAPTURE(recorded);
      CAPTURE(other);
      CHECK(in_all(under(text, other).requests) == asked(requests_of(truth.finish(), {})));
    }
  }
}

}  // namespace

TEST_CASE("the log that is appended to and closed: every profile from every other's record") {
  agree(
      [](Stage& stage) {
        stage.memory->set("old.log", std::string(70'000, 'o'));
        for (int n = 1; n <= 6; ++n) stage.append("train.log", static_cast<std::size_t>(n) * 1000);
        for (int n = 0; n < 3; ++n) stage.append("old.log", 10);
        stage.read("old.log", 0, 5000);
      },
      {"rslex", "dprep", "blobfuse2"});
}

TEST_CASE("forked closes, cuts, times, removals, renames and listings") {
  agree(
      [](Stage& stage) {
        for (int n = 0; n < 5; ++n)
          stage.memory->set(fmt::format("in{}", n), std::string(3000, 'i'));
        stage.list();
        stage.read("in1", 0, 100);
        stage.with("held", O_RDWR | O_CREAT, [&](auto node, auto handle) {
          for (int n = 0; n < 4; ++n) {
            stage.view->write(stage.caller, node, handle, n * 100, std::string(100, 'h'));
            if (n % 2 == 0) stage.view->flush(stage.caller, node, handle);
          }
          stage.view->sync(stage.caller, node, handle);
        });
        stage.with("in2", O_WRONLY | O_TRUNC, [&](auto node, auto handle) {
          stage.view->write(stage.caller, node, handle, 0, std::string(50, 't'));
        });
        stage.view->rename(stage.caller, root_node, "held", root_node, "kept", 0);
        stage.view->remove(stage.caller, root_node, "in3");
        stage.view->make_folder(stage.caller, root_node, "folder", 0755);
        stage.list();
        stage.append("kept", 1);
        stage.read("gone", 0, 1);
      },
      {"rslex", "dprep", "blobfuse2"});
}

TEST_CASE("random scripts: the what-if asks what the view asks") {
  for (unsigned seed = 1; seed <= 15; ++seed) {
    CAPTURE(seed);
    agree(
        [seed](Stage& stage) {
          std::minstd_rand random(seed);
          const auto some = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
          for (unsigned n = 0; n < 4; ++n)
            stage.memory->set(fmt::format("f{}", n), std::string(some(9000), 'm'));
          for (int step = 0; step < 40; ++step) {
            const std::string name = fmt::format("f{}", some(7));
            switch (some(6)) {
              case 0:
              case 1:
                stage.append(name, 1 + some(3000));
                break;
              case 2:
                stage.read(name, static_cast<off_t>(some(6000)), 1 + some(5000));
                break;
              case 3:
                stage.with(name, O_RDWR | O_CREAT | (some(2) ? O_TRUNC : 0),
                           [&](auto node, auto handle) {
                             for (unsigned n = some(4); n > 0; --n) {
                               if (some(2))
                                 stage.view->write(stage.caller, node, handle,
                                                   static_cast<off_t>(some(5000)), "abc");
                               if (some(3) == 0) stage.view->flush(stage.caller, node, handle);
                               if (some(5) == 0) stage.view->sync(stage.caller, node, handle);
                             }
                           });
                break;
              case 4:
                stage.view->remove(stage.caller, root_node, name);
                break;
              default:
                stage.list();
            }
          }
        },
        {"rslex", "dprep", "blobfuse2"});
  }
}

TEST_CASE("an upload sends each file that is left once, a download gets all there is") {
  Stage stage("rslex");
  for (int n = 0; n < 5; ++n) stage.append("log", 1000);
  stage.append("gone", 7);
  stage.view->remove(stage.caller, root_node, "gone");
  const auto text = stage.finish();
  fuse::WhatIf wanted;
  wanted.bindings["outputs.o"].kind = Access::Kind::upload;
  const auto upload = fuse::replay(text, wanted);
  CHECK(upload.requests.during.empty());
  CHECK(in_all(upload.requests) == "1 put 5000, ");
  CHECK(upload.doubts.empty());
  wanted.bindings["outputs.o"].kind = Access::Kind::download;
  wanted.contents["outputs.o"] = {{{"a", 9'000'000}, {"d/b", 0}}, 2};
  CHECK(in_all(fuse::replay(text, wanted).requests) == "4 get 9000000, 2 list 3, ");
  // Files of one folder come side by side, when their listing is there; then the next folder's.
  wanted.contents["outputs.o"] = {{{"a", 1000}, {"b", 1000}, {"d/c", 1000}}, 2};
  const auto batches = fuse::replay(text, wanted).requests.before;
  REQUIRE(batches.size() == 3);
  CHECK(asked(batches[0]) == "2 list 4, ");
  CHECK(asked(batches[1]) == "2 get 2000, ");
  CHECK(batches[1][0].task != batches[1][1].task);
  CHECK(asked(batches[2]) == "1 get 1000, ");
  wanted.contents["outputs.o"] = {{{"a", 1000}}, 1, true};
  CHECK(in_all(fuse::replay(text, wanted).requests) == "1 get 1000, 1 head 0, ");
  wanted.bindings["outputs.x"];
  CHECK(support::error_of([&] { fuse::replay(text, wanted); }).message() ==
        "the step's record has no binding 'outputs.x'");
}

TEST_CASE("what a record cannot know is a range") {
  meter::LedgerText text{{"", "inputs.i"}, {"", "a", "b"}, {}};
  text.notes = {{}, {"inputs.i", "mount", "rslex", {}, "none", true, "", "", false}};
  const auto add = [&](Op op, std::uint32_t name, double second, meter::Result result) {
    meter::Entry entry;
    entry.number = text.entries.size() + 1;
    entry.op = op;
    entry.name = name;
    entry.session = 1;
    entry.result = result;
    entry.begin_ns = entry.end_ns = static_cast<std::uint64_t>(second * 1e9);
    text.entries.push_back(entry);
  };
  add(Op::lookup, 1, 0, meter::Result::ok);
  add(Op::lookup, 2, 900, meter::Result::absent);
  fuse::WhatIf wanted;
  wanted.bindings["inputs.i"] = {Access::Kind::mount, *fuse::find_profile("blobfuse2")};
  const auto prediction = fuse::replay(text, wanted);
  CHECK(prediction.requests.during.size() == 2);
  CHECK(prediction.more_heads == 7);  // 900 s in lifetimes of 120 s
  REQUIRE(prediction.doubts.size() == 1);
  CHECK(prediction.doubts[0] ==
        "inputs.i: blobfuse2 keeps attributes 120 s, and rslex, which was recorded, for ever");
  const auto cost = meter::preset("blob-standard");
  CHECK(most_of(prediction, cost).requests == 9);
  CHECK(most_of(prediction, cost).seconds > sum_of(prediction, cost).seconds);
}

TEST_CASE("a million recorded operations are replayed and simulated in under a second") {
  meter::LedgerText text{{"", "outputs.o"}, {"", "train.log", "metrics.csv"}, {}};
  text.notes = {{}, {"outputs.o", "mount", "rslex", {}, "none", false, "", "", false}};
  text.entries.reserve(1'000'000);
  std::uint64_t size = 0;
  const auto add = [&](Op op, std::uint64_t offset, std::uint64_t bytes) {
    meter::Entry entry;
    entry.number = text.entries.size() + 1;
    entry.begin_ns = entry.number * 1000;
    entry.op = op;
    entry.session = 1;
    entry.task = 7;
    entry.name = static_cast<std::uint32_t>(1 + entry.number % 8 / 4);
    entry.handle = entry.name;
    entry.offset = offset;
    entry.bytes = bytes;
    entry.for_writing = 1;
    text.entries.push_back(entry);
  };
  while (text.entries.size() < 1'000'000) {
    add(Op::open, 0, size);
    add(Op::write, size, 100);
    add(Op::flush, 0, 0);
    add(Op::release, 0, 0);
    size += 100;
  }
  fuse::WhatIf wanted;
  wanted.bindings["outputs.o"] = {Access::Kind::mount, *fuse::find_profile("blobfuse2")};
  const auto cost = meter::preset("blob-standard");
  const auto began = std::chrono::steady_clock::now();
  const auto sum = sum_of(fuse::replay(text, wanted), cost);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  CHECK(sum.requests > 250'000);
  MESSAGE("1,000,000 operations replayed and simulated in " << took.count() << " s");
  CHECK(took.count() < 5);  // a busy machine, and sanitizers
}

TEST_CASE("a rename that one profile refuses and another allows leaves a doubt") {
  const auto save = [](Stage& stage) {
    for (int n = 0; n < 2; ++n) {
      stage.append("new", 100);
      stage.view->rename(stage.caller, root_node, "new", root_node, "best", 0);
    }
  };
  Stage allowed("blobfuse2");
  save(allowed);
  const auto done = allowed.finish();
  CHECK(under(done, "blobfuse2").doubts.empty());
  CHECK(under(done, "rslex").doubts ==
        std::vector<std::string>{
            "outputs.o: renaming to 'best', which is there already, fails under rslex"});
  Stage refused("rslex");
  save(refused);
  const auto failed = refused.finish();
  CHECK(under(failed, "rslex").doubts.empty());
  CHECK(under(failed, "blobfuse2").doubts ==
        std::vector<std::string>{
            "outputs.o: renaming to 'best' failed when it was recorded and would not fail here"});
}

TEST_CASE("a folder's new name takes along what lies in it") {
  agree(
      [](Stage& stage) {
        const auto folder = stage.view->make_folder(stage.caller, root_node, "a", 0755);
        const auto file = stage.view->create(stage.caller, folder.value.node, "f", 0644, O_WRONLY);
        const auto [found, opened] = file.value;
        stage.view->write(stage.caller, found.node, opened.handle, 0, "12345");
        stage.view->flush(stage.caller, found.node, opened.handle);
        stage.view->rename(stage.caller, root_node, "a", root_node, "b", 0);
        stage.view->write(stage.caller, found.node, opened.handle, 5, "678");
        stage.view->flush(stage.caller, found.node, opened.handle);
        stage.view->release(stage.caller, found.node, opened.handle);
        stage.append("beside", 3);
      },
      {"rslex", "blobfuse2"});
}

TEST_CASE("dprep removes a full folder with what is open in it, and cuts by name what was opened") {
  agree(
      [](Stage& stage) {
        const auto folder = stage.view->make_folder(stage.caller, root_node, "a", 0755);
        const auto file = stage.view->create(stage.caller, folder.value.node, "f", 0644, O_WRONLY);
        const auto [found, opened] = file.value;
        stage.view->write(stage.caller, found.node, opened.handle, 0, "12345");
        stage.view->flush(stage.caller, found.node, opened.handle);
        stage.view->write(stage.caller, found.node, opened.handle, 5, "678");
        stage.view->remove_folder(stage.caller, root_node, "a");
        stage.view->flush(stage.caller, found.node, opened.handle);
        stage.view->release(stage.caller, found.node, opened.handle);
        stage.append("cut", 300);
        const auto cut = stage.view->lookup(stage.caller, root_node, "cut");
        fuse::Changes changes;
        changes.size = 7;
        CHECK(stage.view->set_attributes(stage.caller, cut.value.node, 0, changes));
        stage.read("cut", 0, 10);
      },
      {"dprep"});
}

namespace {

// As a kernel lets them through: a record without --trace full.
struct Record {
  meter::LedgerText text{{"", "outputs.o"}, {"", "a", "b"}, {}};
  explicit Record(const char* profile) {
    text.notes = {{}, {"outputs.o", "mount", profile, {}, "none", false, "", "", false}};
  }
  meter::Entry& add(Op op, std::uint32_t name, meter::Result result = meter::Result::ok) {
    meter::Entry entry;
    entry.number = text.entries.size() + 1;
    entry.op = op;
    entry.name = name;
    entry.session = 1;
    entry.task = 1;
    entry.result = result;
    entry.begin_ns = entry.end_ns = entry.number * 1000;
    text.entries.push_back(entry);
    return text.entries.back();
  }
};

}  // namespace

TEST_CASE("a kernel that believes that a name is not there asks once") {  // M40
  Record polled("rslex");
  for (int n = 0; n < 12; ++n) polled.add(Op::lookup, 1, meter::Result::absent);
  CHECK(asked(under(polled.text, "rslex").requests.during) == "12 head 0, ");
  const auto believed = under(polled.text, "blobfuse2");
  CHECK(asked(believed.requests.during) == "1 head 0, ");
  CHECK(believed.doubts.empty());
  // But before it makes the name it asks all the same.
  polled.add(Op::mkdir, 1);
  CHECK(asked(under(polled.text, "blobfuse2").requests.during) == "2 head 0, 1 make_folder 0, ");
  // With --trace full it believes nothing.
  polled.text.notes[1].full_trace = true;
  CHECK(asked(under(polled.text, "blobfuse2").requests.during) == "12 head 0, 1 make_folder 0, ");
}

TEST_CASE("what a kernel believed leaves the requests without an end") {
  Record record("blobfuse2");
  CHECK(!under(record.text, "rslex").heads_without_end);
  record.add(Op::lookup, 1, meter::Result::absent);
  const auto prediction = under(record.text, "rslex");
  CHECK(prediction.heads_without_end);
  CHECK(prediction.doubts == std::vector<std::string>{"outputs.o: blobfuse2 believed for 120 s "
                                                      "that a name is not there, rslex for 0 s"});
  CHECK(!under(record.text, "blobfuse2").heads_without_end);
}

TEST_CASE("an operation that ends otherwise leaves what came before it as the least") {
  const auto cost = meter::preset("blob-standard");
  const auto story = [&](const char* profile, Op op, meter::Result result) {
    Record record(profile);
    record.add(Op::lookup, 1, meter::Result::absent);
    record.add(Op::create, 1).handle = 5;
    record.add(op, 1, result).handle = 5;
    record.add(Op::flush, 1).handle = 5;
    return record.text;
  };
  const auto refused = story("dprep", Op::lock, meter::Result::refused);
  const auto prediction = under(refused, "blobfuse2");
  CHECK(prediction.doubts ==
        std::vector<std::string>{"outputs.o: locking 'a' failed when it was recorded and would "
                                 "not fail here"});
  CHECK(in_all(prediction.requests) == "2 head 0, 1 put 0, ");
  REQUIRE(prediction.least);
  CHECK(in_all(*prediction.least) == "2 head 0, ");
  CHECK(least_of(prediction, cost).requests == 2);
  CHECK(sum_of(prediction, cost).requests == 3);
  CHECK(!under(refused, "dprep").least);

  CHECK(under(story("ideal", Op::symlink, meter::Result::ok), "rslex").least);
  CHECK(!under(story("rslex", Op::symlink, meter::Result::refused), "blobfuse2").least);
  auto database = story("rslex", Op::write, meter::Result::ok);
  CHECK(!under(database, "dprep").least);
  database.entries[1].offset = 1;  // opened to read and write
  CHECK(under(database, "dprep").least);
  CHECK(!under(database, "blobfuse2").least);
}

TEST_CASE("blocks of a whole file come side by side, after what was asked before its open") {
  Record record("rslex");
  record.add(Op::lookup, 1).bytes = 9'000'000;
  auto& opened = record.add(Op::open, 1);
  opened.bytes = 9'000'000;
  opened.handle = 5;
  const auto requests = under(record.text, "blobfuse2").requests.during;
  REQUIRE(requests.size() == 4);  // a head, three blocks
  CHECK(requests[1].after == 0);  // of the same task
  CHECK(requests[2].after == 1);
  CHECK(requests[3].after == 1);
  CHECK(requests[2].task != requests[3].task);
}
