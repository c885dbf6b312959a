// The object view under each profile, without a kernel: what a script's calls become for the store.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/local_store.hpp"
#include "support/memory_view.hpp"

using fuse::root_node;
using fuse::Status;
using Stage = support::MemoryView;

TEST_CASE("M9: an append is the upload of the whole object, as measured with blobfuse2 2.5.6") {
  struct Case {
    int appends;
    std::size_t bytes;
    std::uint64_t sent;
  };
  for (const Case& c : {Case{60, 1'000'000, 1'830'000'000}, Case{400, 10'000, 802'000'000},
                        Case{5000, 100, 1'250'250'000}}) {
    CAPTURE(c.appends);
    Stage stage("blobfuse2");
    for (int n = 0; n < c.appends; ++n) stage.append("train.log", std::string(c.bytes, 'x'));
    CHECK(stage.store.puts == static_cast<std::uint64_t>(c.appends));
    CHECK(stage.store.put_bytes == c.sent);
    CHECK(stage.store.gets == 0);
    CHECK(stage.memory.bytes("train.log").size() == c.bytes * static_cast<std::size_t>(c.appends));
  }
}

TEST_CASE("M14: a log kept open is sent once, and is not there before") {
  Stage stage("rslex");
  const auto file = stage.open("train.log", O_WRONLY | O_CREAT);
  REQUIRE(file);
  for (int n = 0; n < 100; ++n)
    CHECK(stage.write(file.value, static_cast<std::uint64_t>(n), "x") == Status::ok);
  CHECK(stage.store.puts == 0);
  CHECK_FALSE(stage.memory.head("train.log"));
  CHECK(stage.close(file.value) == Status::ok);
  CHECK(stage.store.puts == 1);
  CHECK(stage.memory.bytes("train.log").size() == 100);
}

TEST_CASE("M53: what a signal closes is not sent, but by the next close or at the end") {
  for (const char* profile : {"rslex", "dprep", "blobfuse2"}) {
    CAPTURE(profile);
    fuse::ObjectViewOptions options;
    options.is_ended_by_signal = [](pid_t task) { return task == 7; };
    Stage stage(profile, {}, std::move(options));
    stage.append("log", "whole\n");
    stage.caller.task = 7;
    const auto file = stage.open("log", O_WRONLY | O_APPEND);
    REQUIRE(file);
    REQUIRE(stage.write(file.value, 6, "ha") == Status::ok);
    CHECK(stage.close(file.value) == Status::ok);
    CHECK(stage.memory.bytes("log") == "whole\n");
    CHECK(stage.store.puts == 1);
    const auto unsent = stage.view->unsent();
    REQUIRE(unsent.size() == 1);
    CHECK(unsent[0].path == "log");
    CHECK(stage.view->send_all().empty());
    CHECK(stage.memory.bytes("log") == "whole\nha");
  }
}

TEST_CASE(
    "M11, M12: every close of a descriptor that fork or dup made counts as the profile says") {
  const auto puts_after = [](fuse::Profile::Dirty dirty) {
    Stage stage("dprep", [&](fuse::Profile& profile) { profile.dirty = dirty; });
    const auto file = stage.open("log", O_WRONLY | O_CREAT);
    REQUIRE(file);
    REQUIRE(stage.write(file.value, 0, "one") == Status::ok);
    for (int n = 0; n < 3; ++n)
      CHECK(stage.view->flush(stage.caller, file.value.node, file.value.handle) == Status::ok);
    stage.view->release(stage.caller, file.value.node, file.value.handle);
    return stage.store.puts.load();
  };
  CHECK(puts_after(fuse::Profile::Dirty::since_upload) == 1);
  CHECK(puts_after(fuse::Profile::Dirty::for_ever) == 3);
  CHECK(puts_after(fuse::Profile::Dirty::by_time) == 1);
}

TEST_CASE("M16: opening for an append fetches the whole object once") {
  Stage stage("rslex");
  stage.memory.set("old.csv", std::string(5'000'000, 'o'));
  stage.append("old.csv", "new");
  CHECK(stage.store.gets == 3);  // blocks of 2 MiB
  CHECK(stage.store.got_bytes == 5'000'000);
  CHECK(stage.store.put_bytes == 5'000'003);
  CHECK(stage.memory.bytes("old.csv").substr(4'999'999) == "onew");
  stage.append("old.csv", "er");
  CHECK(stage.store.gets == 3);
  CHECK(stage.memory.bytes("old.csv").substr(4'999'999) == "onewer");
}

TEST_CASE("M2: blocks are read as they are asked for, and ahead") {
  Stage stage("rslex", [](fuse::Profile& profile) { profile.read_ahead = 0; });
  std::string big(10U << 20U, 'a');
  big[9U << 20U] = 'b';
  stage.memory.set("big", big);
  const auto file = stage.open("big", O_RDONLY);
  REQUIRE(file);
  CHECK(stage.store.gets == 0);
  CHECK(stage.read(file.value, 9 << 20, 4) == "baaa");
  CHECK(stage.store.gets == 1);
  CHECK(stage.store.got_bytes == 2U << 20U);
  CHECK(stage.read(file.value, (9 << 20) + 100, 4) == "aaaa");
  CHECK(stage.store.gets == 1);
  CHECK(stage.close(file.value) == Status::ok);
  CHECK(stage.store.puts == 0);
}

TEST_CASE(
    "M22, M52: a rename onto an existing file is refused or replaces, and the log says what would "
    "allow it") {
  struct Case {
    const char* profile;
    Status expected;
  };
  for (const Case& c : {Case{"blobfuse2", Status::ok}, Case{"dprep", Status::io}}) {
    // Clang 14 captures no structured binding.
    const char* profile = c.profile;
    const Status expected = c.expected;
    CAPTURE(profile);
    Stage stage(profile);
    stage.append("model.tmp", "new");
    stage.append("model", "old");
    CHECK(stage.view->rename(stage.caller, root_node, "model.tmp", root_node, "model", 0) ==
          expected);
    CHECK(stage.memory.bytes("model") == (expected == Status::ok ? "new" : "old"));
    CHECK(stage.log.size() == (expected == Status::ok ? 0 : 1));
    if (!stage.log.empty())
      CHECK(stage.log[0] ==
            "rename of 'model.tmp' to 'model' was refused: the profile dprep does not replace an "
            "existing "
            "file; remove it first, write to a new name, or use upload mode");
  }
}

TEST_CASE(
    "M47: a store that does not take an upload fails the close; the bytes stay and go with the "
    "next "
    "one") {
  Stage stage("blobfuse2");
  bool broken = true;
  stage.store.before_put = [&](const std::string&) {
    if (broken) throw base::Error(base::Code::unavailable, "503");
  };
  const auto file = stage.open("m.pt", O_WRONLY | O_CREAT);
  REQUIRE(file);
  REQUIRE(stage.write(file.value, 0, "weights") == Status::ok);
  CHECK(stage.view->flush(stage.caller, file.value.node, file.value.handle) == Status::io);
  CHECK(base::read_file(stage.scratch.path("unsent/m.pt")) == "weights");
  broken = false;
  CHECK(stage.close(file.value) == Status::ok);
  CHECK(stage.memory.bytes("m.pt") == "weights");
  CHECK_FALSE(fs::exists(stage.scratch.path("unsent/m.pt")));
}

TEST_CASE("M48: what is still unsent when the mount ends is sent, or named") {
  Stage stage("rslex");
  stage.store.before_put = [](const std::string& name) {
    if (name == "b") throw base::Error(base::Code::unavailable, "gone");
  };
  std::vector<Stage::File> open;
  for (const char* name : {"a", "b"}) {
    const auto file = stage.open(name, O_WRONLY | O_CREAT);
    REQUIRE(file);
    REQUIRE(stage.write(file.value, 0, "x") == Status::ok);
    open.push_back(file.value);
  }
  const auto unsent = stage.view->send_all();
  REQUIRE(unsent.size() == 1);
  CHECK(unsent[0].path == "b");
  CHECK(stage.memory.bytes("a") == "x");
  CHECK(base::read_file(stage.scratch.path("unsent/b")) == "x");
  for (const auto& file : open) stage.view->release(stage.caller, file.node, file.handle);
}

TEST_CASE(
    "M51: an append of a local store's object writes just the new bytes, and a crash half-way is "
    "undone") {
  support::Scratch scratch;
  fs::create_directories(scratch.path("root"));
  scratch.write("copy", "0123456789");
  const base::Fd copy = base::open_file(scratch.path("copy"), O_RDWR);
  store::LocalStore local(scratch.path("root"), scratch.path("intents"));
  const auto first = local.put("log", {&copy, 5, {}, ""}, store::IfExists::replace);
  const auto inode = [&] {
    struct stat status {};
    ::stat(scratch.path("root/log").c_str(), &status);
    return status.st_ino;
  };
  const auto before = inode();
  const auto second = local.put("log", {&copy, 10, std::vector<store::Extent>{{5, 5}}, first.tag},
                                store::IfExists::replace);
  CHECK(inode() == before);
  CHECK(second.tag != first.tag);
  CHECK(base::read_file(scratch.path("root/log")) == "0123456789");
  // What a writer killed between the note and its end leaves.
  std::string note = "append 5 " + scratch.path("root/log").native() + "\n";
  note.resize(4352, '\0');
  scratch.write("intents", note);
  store::LocalStore::recover(scratch.path("intents"));
  CHECK(base::read_file(scratch.path("root/log")) == "01234");
  CHECK_FALSE(fs::exists(scratch.path("intents")));
}
