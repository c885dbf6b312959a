// The view that works on a folder itself, as profile ideal does, without a kernel.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>

#include "fuse/view/disk_view.hpp"
#include "support/scratch.hpp"

namespace {

constexpr fuse::Caller root{.task = 1};
constexpr fuse::Caller somebody{.task = 1, .user = 65534, .group = 65534};

struct Stage {
  support::Scratch scratch;
  std::unique_ptr<fuse::FileSystem> view = fuse::make_disk_view(scratch.folder.path(), {});

  fuse::NodeId make(const std::string& name, mode_t mode) {
    scratch.write(name, "0123456789");
    REQUIRE(::chmod(scratch.path(name).c_str(), mode) == 0);
    const auto found = view->lookup(root, fuse::root_node, name);
    REQUIRE(found);
    return found.value.node;
  }
  mode_t mode(const std::string& name) const {
    struct stat status {};
    REQUIRE(::stat(scratch.path(name).c_str(), &status) == 0);
    return status.st_mode & 07777;
  }
};

}  // namespace

TEST_CASE("What another user writes, truncates or allocates loses its set-user-id bits") {
  Stage stage;
  fuse::FileSystem& view = *stage.view;
  const auto with_open = [&](fuse::NodeId node, int flags, auto act) {
    const auto open = view.open(somebody, node, flags);
    REQUIRE(open);
    act(open.value.handle);
    view.release(somebody, node, open.value.handle);
  };

  with_open(stage.make("written", 06755), O_WRONLY, [&](std::uint64_t handle) {
    CHECK(stage.mode("written") == 06755);  // opening alone takes nothing away
    CHECK(view.write(somebody, 0, handle, 0, std::string("x")));
  });
  CHECK(stage.mode("written") == 0755);

  with_open(stage.make("locking", 06745), O_WRONLY, [&](std::uint64_t handle) {
    CHECK(view.write(somebody, 0, handle, 0, std::string("x")));
  });
  CHECK(stage.mode("locking") == 02745);  // without group execution the bit means something else

  with_open(stage.make("emptied", 04755), O_WRONLY | O_TRUNC, [](std::uint64_t) {});
  CHECK(stage.mode("emptied") == 0755);

  with_open(stage.make("allocated", 04755), O_WRONLY, [&](std::uint64_t handle) {
    CHECK(view.allocate(somebody, 0, handle, 0, 0, 20) == fuse::Status::ok);
  });
  CHECK(stage.mode("allocated") == 0755);

  fuse::Changes shorter;
  shorter.size = 3;
  CHECK(view.set_attributes(somebody, stage.make("cut", 04755), 0, shorter));
  CHECK(stage.mode("cut") == 0755);
}

TEST_CASE("The kernel's pages are kept over an open while nothing has changed the file") {
  Stage stage;
  const auto node = stage.make("data", 0644);
  const auto open_and_close = [&](int flags, bool write) {
    const auto open = stage.view->open(root, node, flags);
    REQUIRE(open);
    if (write) CHECK(stage.view->write(root, node, open.value.handle, 0, std::string("y")));
    stage.view->release(root, node, open.value.handle);
    return open.value.keep_cache;
  };
  open_and_close(O_RDONLY, false);
  CHECK(open_and_close(O_RDONLY, false));
  open_and_close(O_WRONLY, true);
  CHECK(open_and_close(O_RDONLY, false));  // what went through the mount is known
  std::ofstream(stage.scratch.path("data").native(), std::ios::app) << "behind the mount";
  CHECK_FALSE(open_and_close(O_RDONLY, false));
  CHECK(open_and_close(O_RDONLY, false));
}
