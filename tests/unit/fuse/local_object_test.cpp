// Objects of a store on this machine: no bytes are moved that need not be.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/files.hpp"
#include "fuse/view/object_view.hpp"
#include "store/local_store.hpp"
#include "support/counting_store.hpp"
#include "support/scratch.hpp"

using fuse::root_node;
using fuse::Status;

namespace {

struct Stage {
  support::Scratch scratch;
  store::LocalStore local{root(), scratch.path("intents")};
  support::CountingStore store{local};
  std::unique_ptr<fuse::FileSystem> view;
  fuse::Caller caller{1, ::getuid(), ::getgid(), 022};

  explicit Stage(std::string_view profile) {
    fuse::ObjectViewOptions options;
    options.profile = *fuse::find_profile(profile);
    options.cache = scratch.path("cache");
    options.unsent = scratch.path("unsent");
    view = fuse::make_object_view(store, std::move(options));
  }
  fs::path root() {
    fs::create_directories(scratch.path("root"));
    return scratch.path("root");
  }
  std::pair<fuse::NodeId, std::uint64_t> open(const std::string& name, int flags) {
    if (const auto found = view->lookup(caller, root_node, name)) {
      const auto opened = view->open(caller, found.value.node, flags);
      REQUIRE(opened);
      return {found.value.node, opened.value.handle};
    }
    const auto created = view->create(caller, root_node, name, 0644, flags);
    REQUIRE(created);
    return {created.value.first.node, created.value.second.handle};
  }
  std::string read(std::pair<fuse::NodeId, std::uint64_t> file) {
    const auto bytes = view->read(caller, file.first, file.second, 0, 1 << 20);
    REQUIRE(bytes);
    if (const auto* memory = std::get_if<std::vector<char>>(&bytes.value))
      return {memory->begin(), memory->end()};
    const auto& piece = std::get<fuse::FilePiece>(bytes.value);
    std::string text(piece.size, '\0');
    text.resize(static_cast<std::size_t>(
        ::pread(piece.descriptor, text.data(), text.size(), piece.offset)));
    return text;
  }
  void write(std::pair<fuse::NodeId, std::uint64_t> file, off_t offset, const std::string& bytes) {
    REQUIRE(view->write(caller, file.first, file.second, offset, bytes));
  }
  void close(std::pair<fuse::NodeId, std::uint64_t> file) {
    CHECK(view->flush(caller, file.first, file.second) == Status::ok);
    view->release(caller, file.first, file.second);
  }
  std::string stored(const std::string& name) {
    return base::read_file(scratch.path("root/" + name));
  }
  std::uint64_t copied() { return base::measure_tree(scratch.path("cache")).bytes; }
};

}  // namespace

TEST_CASE("reading is charged and copies nothing") {
  for (const auto profile : {"rslex", "dprep", "blobfuse2"}) {
    CAPTURE(std::string(profile));
    Stage stage(profile);
    stage.scratch.write("root/rows.csv", std::string(3'000'000, 'r'));
    const auto file = stage.open("rows.csv", O_RDONLY);
    CHECK(stage.read(file) == std::string(1 << 20, 'r'));
    CHECK(stage.store.gets > 0);
    CHECK(stage.copied() == 0);
    stage.view->release(stage.caller, file.first, file.second);
  }
}

TEST_CASE("a new file becomes the object itself; what is written later goes to a copy first") {
  for (const auto profile : {"rslex", "dprep", "blobfuse2"}) {
    CAPTURE(std::string(profile));
    Stage stage(profile);
    const auto made = stage.open("model.bin", O_RDWR | O_CREAT);
    stage.write(made, 0, "first version");
    CHECK(stage.view->flush(stage.caller, made.first, made.second) == Status::ok);
    CHECK(stage.stored("model.bin") == "first version");
    CHECK(stage.copied() == 0);
    // The same handle goes on, beside a reader.
    const auto reader = stage.open("model.bin", O_RDONLY);
    stage.write(made, 0, "other");
    CHECK(stage.stored("model.bin") == "first version");
    CHECK(stage.read(reader) == "other version");
    stage.close(made);
    CHECK(stage.stored("model.bin") == "other version");
    stage.view->release(stage.caller, reader.first, reader.second);
    const auto cut = stage.open("model.bin", O_WRONLY | O_TRUNC);
    CHECK(stage.stored("model.bin") == "other version");
    stage.write(cut, 0, "new");
    stage.close(cut);
    CHECK(stage.stored("model.bin") == "new");
  }
}

TEST_CASE("an object that somebody replaces goes on as it was for who has it open") {
  Stage stage("rslex");
  stage.scratch.write("root/rows.csv", "old rows");
  const auto file = stage.open("rows.csv", O_RDONLY);
  CHECK(stage.read(file) == "old rows");
  base::write_file_atomically(stage.scratch.path("root/rows.csv"), "new rows, more of them");
  CHECK(stage.read(file) == "old rows");
  stage.view->release(stage.caller, file.first, file.second);
}
