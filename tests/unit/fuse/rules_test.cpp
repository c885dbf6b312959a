// The numbered rules of docs/semantics.md that need no kernel, under each profile.
#include <algorithm>
#include <chrono>
#include <thread>

#include "support/memory_view.hpp"

using fuse::Profile;
using fuse::root_node;
using fuse::Status;
using Stage = support::MemoryView;

namespace {

constexpr std::array object_profiles{"rslex", "dprep", "blobfuse2"};

std::vector<std::string> names_in(Stage& stage) {
  const auto folder = stage.view->open_folder(stage.caller, root_node);
  REQUIRE(folder);
  std::vector<std::string> names;
  REQUIRE(stage.view->read_folder(stage.caller, root_node, folder.value, 0, false,
                                  [&](const fuse::FolderEntry& entry) {
                                    if (entry.name != "." && entry.name != "..")
                                      names.push_back(entry.name);
                                    return true;
                                  }) == Status::ok);
  stage.view->release_folder(stage.caller, root_node, folder.value);
  return names;
}

// Opens, reads a little of, and closes; how many requests fetched something.
std::uint64_t gets_of_reading(Stage& stage, const std::string& name) {
  const std::uint64_t before = stage.store.gets;
  const auto file = stage.open(name, O_RDONLY);
  REQUIRE(file);
  stage.read(file.value, 0, 10);
  REQUIRE(stage.close(file.value) == Status::ok);
  return stage.store.gets - before;
}

}  // namespace

TEST_CASE("M1: whole-file profiles fetch the object when it is opened, others nothing") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    stage.memory.set("a", std::string(100'000, 'a'));
    const auto file = stage.open("a", O_RDONLY);
    REQUIRE(file);
    CHECK(stage.store.got_bytes == (std::string_view(profile) == "rslex" ? 0 : 100'000));
    CHECK(stage.read(file.value).size() == 100'000);
    CHECK(stage.store.got_bytes == 100'000);
    CHECK(stage.close(file.value) == Status::ok);
  }
}

TEST_CASE("M3: reading a block asks for the next ones, 32 of them under rslex") {
  CHECK(fuse::find_profile("rslex")->read_ahead == 32);
  Stage stage("rslex", [](Profile& profile) {
    profile.block_size = 4096;
    profile.read_ahead = 3;
  });
  stage.memory.set("a", std::string(20 * 4096, 'a'));
  const auto file = stage.open("a", O_RDONLY);
  REQUIRE(file);
  stage.read(file.value, 0, 10);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (stage.store.gets < 4 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  stage.close(file.value);
  stage.view.reset();  // waits for what is under way
  CHECK(stage.store.gets == 4);
}

TEST_CASE("M4: the step's variables change the rules, and a value that cannot be read is named") {
  const auto profile = fuse::with_variables(*fuse::find_profile("rslex"),
                                            {{"DATASET_MOUNT_READ_BLOCK_SIZE", "8MB"},
                                             {"DATASET_MOUNT_READ_BUFFER_BLOCK_COUNT", "80"},
                                             {"DATASET_MOUNT_ATTRIBUTE_CACHE_TTL", "1500"},
                                             {"DATASET_MOUNT_CACHE_SIZE", "-40GB"},
                                             {"DATASET_MOUNT_BLOCK_BASED_CACHE_ENABLED", "false"},
                                             {"DATASET_MOUNT_FILE_CACHE_PRUNE_TARGET", "0.5"},
                                             {"DATASET_RESERVED_FREE_DISK_SPACE", "1MB"},
                                             {"SOMETHING_ELSE", "x"}});
  CHECK(profile.block_size == 8U << 20U);
  CHECK(profile.read_ahead == 80);
  CHECK(profile.attribute_seconds == 1.5);
  CHECK(profile.cache_bytes == -(std::int64_t{40} << 30U));
  CHECK_FALSE(profile.reads_blocks);
  CHECK(profile.prune_target == 0.5);
  CHECK(profile.reserved_bytes == 1U << 20U);
  CHECK_THROWS_WITH_AS(fuse::with_variables(profile, {{"DATASET_MOUNT_CACHE_SIZE", "much"}}),
                       "DATASET_MOUNT_CACHE_SIZE=much cannot be read", base::Error);
}

TEST_CASE("M5: what does not fit on the disk is read from the store each time, and not changed") {
  for (const auto* profile : {"dprep", "blobfuse2"}) {
    CAPTURE(profile);
    Stage stage(profile, [](Profile& p) { p.cache_bytes = 1000; });
    stage.memory.set("a", std::string(5000, 'a'));
    const auto file = stage.open("a", O_RDONLY);
    REQUIRE(file);
    CHECK(stage.read(file.value) == std::string(5000, 'a'));
    const std::uint64_t before = stage.store.gets;
    CHECK(stage.read(file.value) == std::string(5000, 'a'));
    CHECK(stage.store.gets == before + 1);
    CHECK(stage.close(file.value) == Status::ok);
    CHECK(stage.open("a", O_WRONLY | O_APPEND).status == Status::no_space);
    CHECK(stage.memory.bytes("a") == std::string(5000, 'a'));
  }
}

TEST_CASE("M10: a file that was created is sent when it is closed, also with nothing in it") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    const auto file = stage.open("a", O_WRONLY | O_CREAT);
    REQUIRE(file);
    CHECK(stage.store.puts == 0);
    CHECK(stage.close(file.value) == Status::ok);
    CHECK(stage.store.puts == 1);
    CHECK(stage.memory.bytes("a").empty());
  }
}

TEST_CASE("M13: a close after which nothing is new sends nothing") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    stage.append("a", "one");
    for (const int flags : {O_RDONLY, O_WRONLY, O_RDWR | O_APPEND}) {
      const auto file = stage.open("a", flags);
      REQUIRE(file);
      CHECK(stage.close(file.value) == Status::ok);
    }
    CHECK(stage.store.puts == 1);
  }
}

TEST_CASE("M15: fsync sends under blobfuse2 alone") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    const auto file = stage.open("a", O_WRONLY | O_CREAT);
    REQUIRE(file);
    CHECK(stage.write(file.value, 0, "one") == Status::ok);
    CHECK(stage.view->sync(stage.caller, file.value.node, file.value.handle) == Status::ok);
    CHECK(stage.store.puts == (std::string_view(profile) == "blobfuse2" ? 1 : 0));
    CHECK(stage.close(file.value) == Status::ok);
    CHECK(stage.store.puts == 1);
  }
}

TEST_CASE("M17: O_TRUNC fetches what it throws away under dprep alone") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    stage.memory.set("a", std::string(1000, 'a'));
    const auto file = stage.open("a", O_WRONLY | O_TRUNC);
    REQUIRE(file);
    CHECK(stage.store.got_bytes == (std::string_view(profile) == "dprep" ? 1000 : 0));
    CHECK(stage.write(file.value, 0, "new") == Status::ok);
    CHECK(stage.close(file.value) == Status::ok);
    CHECK(stage.memory.bytes("a") == "new");
  }
}

TEST_CASE("M31: a folder is listed in pages of 5,000, with what only this machine has") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    for (int n = 0; n < 10'000; ++n) stage.memory.set(std::to_string(n), "");
    const auto file = stage.open("here", O_WRONLY | O_CREAT);
    REQUIRE(file);
    const std::uint64_t before = stage.store.lists;
    const auto names = names_in(stage);
    CHECK(names.size() == 10'001);
    CHECK(std::count(names.begin(), names.end(), "here") == 1);
    // dprep has it from looking for "here".
    CHECK(stage.store.lists - before == (std::string_view(profile) == "dprep" ? 0 : 2));
    CHECK(stage.store.lists == 2);
    CHECK(stage.close(file.value) == Status::ok);
  }
}

TEST_CASE("M32, M37, M52: an input cannot be written, its mode says so, and the log says why") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    fuse::ObjectViewOptions options;
    options.read_only = true;
    Stage stage(profile, {}, std::move(options));
    stage.memory.set("a", "one");
    const auto found = stage.view->lookup(stage.caller, root_node, "a");
    REQUIRE(found);
    CHECK((found.value.attributes.st_mode & 07777U) == 0555);
    CHECK(stage.open("a", O_WRONLY).status == Status::read_only);
    CHECK(stage.open("new", O_WRONLY | O_CREAT).status == Status::read_only);
    CHECK(stage.view->remove(stage.caller, root_node, "a") == Status::read_only);
    CHECK(stage.view->rename(stage.caller, root_node, "a", root_node, "b", 0) == Status::read_only);
    CHECK(stage.view->make_folder(stage.caller, root_node, "d", 0755).status == Status::read_only);
    REQUIRE(stage.log.size() == 5);
    CHECK(stage.log[0] ==
          "opening for writing 'a' was refused: it is mounted read-only; an output, or mode "
          "rw_mount, would allow it");
    CHECK(stage.memory.bytes("a") == "one");
  }
}

TEST_CASE("M37: an object has mode 0777 and the time it was last changed") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    stage.memory.set("a", "one");
    const auto found = stage.view->lookup(stage.caller, root_node, "a");
    REQUIRE(found);
    CHECK((found.value.attributes.st_mode & 07777U) == 0777);
    const auto modified = stage.memory.head("a")->modified.time_since_epoch().count();
    CHECK(found.value.attributes.st_mtim.tv_sec == modified / 1'000'000);
  }
}

TEST_CASE("M39, A19: what is known of an object is kept for ever, or for 120 s under blobfuse2") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    const auto size_after_change = [&](std::optional<double> seconds) {
      Stage stage(profile, [&](Profile& p) {
        if (seconds) p.attribute_seconds = *seconds;
      });
      stage.memory.set("a", "1");
      const auto found = stage.view->lookup(stage.caller, root_node, "a");
      REQUIRE(found);
      if (!seconds)
        CHECK((std::string_view(profile) == "blobfuse2" ? found.value.attribute_seconds == 120
                                                        : found.value.attribute_seconds > 86400));
      stage.memory.set("a", "12345");
      return stage.view->attributes(stage.caller, found.value.node, 0).value.attributes.st_size;
    };
    CHECK(size_after_change({}) == 1);
    CHECK(size_after_change(-1) == 5);  // at once out of date
  }
}

TEST_CASE("M40: that a name is not there is remembered for 120 s under blobfuse2, else not") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    const auto found = stage.view->lookup(stage.caller, root_node, "absent");
    CHECK(found.status == Status::absent);
    CHECK(found.value.name_seconds == (std::string_view(profile) == "blobfuse2" ? 120 : 0));
  }
}

TEST_CASE("M41: dprep lists a folder to find a name in it, others ask for the name") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    for (const char* name : {"a", "b", "c"}) stage.memory.set(name, "");
    for (const char* name : {"a", "b", "c"})
      CHECK(stage.view->lookup(stage.caller, root_node, name));
    const bool lists = std::string_view(profile) == "dprep";
    CHECK(stage.store.lists == (lists ? 1 : 0));
    CHECK(stage.store.heads == (lists ? 0 : 3));
  }
}

TEST_CASE("A30: dprep lists the whole folder before it finds one of a list of files in it") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    for (int n = 0; n < 12'000; ++n) stage.memory.set(std::to_string(n), "");
    CHECK(stage.view->lookup(stage.caller, root_node, "77"));
    CHECK(stage.store.lists == (std::string_view(profile) == "dprep" ? 3 : 0));
  }
}

TEST_CASE("M42: what the store gets from elsewhere is not seen in a folder that was listed") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    const auto seen_later = [&](std::optional<double> seconds) {
      Stage stage(profile, [&](Profile& p) {
        if (seconds) p.attribute_seconds = *seconds;
      });
      stage.memory.set("a", "");
      CHECK(names_in(stage) == std::vector<std::string>{"a"});
      stage.memory.set("b", "");
      return names_in(stage).size() == 2 && stage.view->lookup(stage.caller, root_node, "b");
    };
    CHECK_FALSE(seen_later({}));
    CHECK(seen_later(-1));
  }
}

TEST_CASE("M43: a closed copy is used again; blobfuse2 fetches it anew after 120 s") {
  CHECK(fuse::find_profile("blobfuse2")->file_seconds == 120.0);
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    stage.memory.set("a", "one");
    CHECK(gets_of_reading(stage, "a") == 1);
    CHECK(gets_of_reading(stage, "a") == 0);
  }
  Stage old("blobfuse2", [](Profile& p) { p.file_seconds = -1; });
  old.memory.set("a", "one");
  CHECK(gets_of_reading(old, "a") == 1);
  CHECK(gets_of_reading(old, "a") == 1);
}

TEST_CASE("M44: a full cache drops what was opened longest ago, never what is open or unsent") {
  for (const auto* profile : {"dprep", "blobfuse2"}) {
    CAPTURE(profile);
    Stage stage(profile, [](Profile& p) { p.cache_bytes = 10'000; });
    for (const char* name : {"a", "b", "c", "d"}) stage.memory.set(name, std::string(4000, 'x'));
    CHECK(gets_of_reading(stage, "a") == 1);
    const auto held = stage.open("b", O_RDONLY);
    REQUIRE(held);
    CHECK(gets_of_reading(stage, "c") == 1);  // a goes
    CHECK(gets_of_reading(stage, "c") == 0);
    CHECK(gets_of_reading(stage, "d") == 1);  // c goes, though b was opened before: it is open
    CHECK(stage.read(held.value, 0, 10) == "xxxxxxxxxx");
    CHECK(stage.close(held.value) == Status::ok);
    CHECK(gets_of_reading(stage, "b") == 0);
    CHECK(gets_of_reading(stage, "a") == 1);
  }
}

TEST_CASE("M45: of the disk so much stays free; a write that would need it is refused") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    CHECK(fuse::find_profile(profile)->reserved_bytes == 150'000'000);
    Stage stage(profile, [](Profile& p) { p.reserved_bytes = std::uint64_t{1} << 62U; });
    const auto file = stage.open("a", O_WRONLY | O_CREAT);
    REQUIRE(file);
    CHECK(stage.write(file.value, 0, "one") == Status::no_space);
    REQUIRE(stage.log.size() == 1);
    CHECK(stage.log[0].starts_with(
        "writing to 'a' at offset 0 was refused: the local disk of the mount is full; '"));
    CHECK(stage.log[0].ends_with(
        " must stay free, copies use 0 B: free some space, or lower "
        "DATASET_RESERVED_FREE_DISK_SPACE in the step's environment_variables"));
    CHECK(stage.close(file.value) == Status::ok);
    Stage small(profile, [](Profile& p) { p.cache_bytes = 2; });
    const auto other = small.open("a", O_WRONLY | O_CREAT);
    REQUIRE(other);
    CHECK(small.write(other.value, 0, "one") == Status::no_space);
    REQUIRE(small.log.size() == 1);
    CHECK(small.log[0].ends_with(
        "the local disk of the mount is full; its copies use 0 B of the 2 B that they may: raise "
        "DATASET_MOUNT_CACHE_SIZE in the step's environment_variables"));
    CHECK(small.close(other.value) == Status::ok);
  }
}

TEST_CASE("M46: with everything to be seen, the kernel may remember nothing") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    fuse::ObjectViewOptions options;
    options.see_everything = true;
    Stage stage(profile, {}, std::move(options));
    stage.memory.set("a", "one");
    const auto found = stage.view->lookup(stage.caller, root_node, "a");
    REQUIRE(found);
    CHECK(found.value.attribute_seconds == 0);
    CHECK(found.value.name_seconds == 0);
    CHECK(stage.view->lookup(stage.caller, root_node, "absent").value.name_seconds == 0);
  }
}

TEST_CASE("M49: after a failed step the unsent files are named and nothing is sent") {
  for (const auto* profile : object_profiles) {
    CAPTURE(profile);
    Stage stage(profile);
    stage.append("sent", "x");
    const auto file = stage.open("a", O_WRONLY | O_CREAT);
    REQUIRE(file);
    CHECK(stage.write(file.value, 0, "one") == Status::ok);
    const auto unsent = stage.view->unsent();
    REQUIRE(unsent.size() == 1);
    CHECK(unsent[0].path == "a");
    CHECK(unsent[0].why == "the step failed before it was sent");
    CHECK(stage.store.puts == 1);
    CHECK(base::read_file(stage.scratch.path("unsent/a")) == "one");
    stage.view->release(stage.caller, file.value.node, file.value.handle);
  }
}
