#include "base/file_lock.hpp"

#include "support/scratch.hpp"

TEST_CASE("a lock is held by one at a time, and given up with its object") {
  const support::Scratch scratch;
  const fs::path file = scratch.path("lock");
  CHECK_FALSE(base::FileLock::held(file));
  {
    const auto lock = base::FileLock::try_take(file);
    REQUIRE(lock);
    CHECK(base::FileLock::held(file));
    CHECK_FALSE(base::FileLock::try_take(file));
  }
  CHECK_FALSE(base::FileLock::held(file));
  CHECK(fs::exists(file));
}

TEST_CASE("a lock that removes its file lets the next one in") {
  const support::Scratch scratch;
  const fs::path file = scratch.path("lock");
  {
    auto lock = base::FileLock::try_take(file);
    REQUIRE(lock);
    lock->remove_at_end(file);
    const base::FileLock moved = std::move(*lock);
    lock.reset();  // the moved-from one removes nothing
    CHECK(fs::exists(file));
  }
  CHECK_FALSE(fs::exists(file));
  CHECK(base::FileLock::try_take(file));
}

TEST_CASE("whose file lost its name holds nothing any more") {
  const support::Scratch scratch;
  const fs::path file = scratch.path("lock");
  const auto old = base::FileLock::try_take(file);
  fs::remove(file);
  const auto fresh = base::FileLock::try_take(file);
  REQUIRE(fresh);
  CHECK(base::FileLock::held(file));
}
