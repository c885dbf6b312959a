#include "base/private_copy.hpp"

#include <sys/stat.h>

#include "support/scratch.hpp"

namespace {

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode;
}

}  // namespace

TEST_CASE("what was read-only can be written in the copy, and stays executable") {
  const support::Scratch scratch;
  scratch.write("from/sub/tool", "x");
  ::chmod(scratch.path("from/sub/tool").c_str(), 0555);
  ::chmod(scratch.path("from/sub").c_str(), 0555);
  base::private_copy(scratch.path("from"), scratch.path("to"));
  CHECK((mode_of(scratch.path("to/sub/tool")) & 07777) == 0755);
  CHECK((mode_of(scratch.path("to/sub")) & 07777) == 0755);
  ::chmod(scratch.path("from/sub").c_str(), 0755);
}

TEST_CASE("links: within the tree they stay, elsewhere they become what they lead to") {
  const support::Scratch scratch;
  scratch.write("from/a", "a");
  scratch.write("out/deep/b", "b");
  fs::create_symlink("a", scratch.path("from/inside"));
  fs::create_symlink(scratch.path("from/a"), scratch.path("from/absolute"));
  fs::create_directory_symlink("../out", scratch.path("from/outside"));
  fs::create_directory_symlink("..", scratch.path("from/above"));
  base::private_copy(scratch.path("from"), scratch.path("to"));
  CHECK(S_ISLNK(mode_of(scratch.path("to/inside"))));
  CHECK(S_ISREG(mode_of(scratch.path("to/absolute"))));
  CHECK(S_ISREG(mode_of(scratch.path("to/outside/deep/b"))));
  CHECK(base::read_file(scratch.path("to/outside/deep/b")) == "b");
}

TEST_CASE("a single file, and one that is not there") {
  const support::Scratch scratch;
  scratch.write("one", "1");
  base::private_copy(scratch.path("one"), scratch.path("two"));
  CHECK(base::read_file(scratch.path("two")) == "1");
  const auto error =
      support::error_of([&] { base::private_copy(scratch.path("none"), scratch.path("three")); });
  CHECK(error.code() == base::Code::not_found);
}
