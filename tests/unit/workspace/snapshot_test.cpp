#include "workspace/snapshot.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "base/fd.hpp"
#include "support/scratch.hpp"

using support::error_of;
using workspace::take_snapshot;

namespace {

std::string names(const workspace::Snapshot& snapshot) {
  std::string text;
  for (const auto& file : snapshot.files) text += file.path + " ";
  return text;
}

}  // namespace

TEST_CASE("a snapshot holds the code without what is ignored, and keeps executable bits") {
  const support::Scratch scratch;
  scratch.write("src/train.py", "1");
  scratch.write("src/run.sh", "2");
  ::chmod(scratch.path("src/run.sh").c_str(), 0700);
  scratch.write("src/__pycache__/x.pyc", "3");
  scratch.write("src/sub/big.csv", "4");
  scratch.write("src/sub/.gitignore", "*.csv\n");
  fs::create_directories(scratch.path("src/empty"));
  const auto snapshot = take_snapshot(scratch.layout, scratch.path("src"), {});
  CHECK(names(snapshot) == "run.sh sub/.gitignore train.py ");
  CHECK(snapshot.folder == scratch.layout.snapshots() / snapshot.hash);
  struct stat status {};
  REQUIRE(::stat((snapshot.folder / "run.sh").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0755);
  CHECK(take_snapshot(scratch.layout, scratch.path("src"), {}).hash == snapshot.hash);
  ::chmod(scratch.path("src/run.sh").c_str(), 0600);
  CHECK(take_snapshot(scratch.layout, scratch.path("src"), {}).hash != snapshot.hash);
}

TEST_CASE(".amlignore takes the place of .gitignore as a whole") {
  const support::Scratch scratch;
  scratch.write("src/a.log", "");
  scratch.write("src/b.csv", "");
  scratch.write("src/.gitignore", "*.csv\n");
  scratch.write("src/.amlignore", "*.log\n");
  CHECK(names(take_snapshot(scratch.layout, scratch.path("src"), {})) ==
        ".amlignore .gitignore b.csv ");
}

TEST_CASE("links: files are copied, folders inside stay links, others are left out with a word") {
  const support::Scratch scratch;
  scratch.write("outside/f.py", "out");
  scratch.write("src/lib/m.py", "in");
  fs::create_symlink(scratch.path("outside/f.py"), scratch.path("src/f.py"));
  fs::create_directories(scratch.path("src/deep"));
  fs::create_symlink(scratch.path("src/lib"), scratch.path("src/deep/alias"));
  fs::create_symlink(scratch.path("outside"), scratch.path("src/far"));
  fs::create_symlink("nothing", scratch.path("src/broken"));
  const auto snapshot = take_snapshot(scratch.layout, scratch.path("src"), {});
  CHECK(names(snapshot) == "f.py lib/m.py ");
  CHECK_FALSE(fs::is_symlink(snapshot.folder / "f.py"));
  CHECK(fs::read_symlink(snapshot.folder / "deep/alias") == fs::path("../lib"));
  CHECK(base::read_file(snapshot.folder / "deep/alias/m.py") == "in");
  CHECK(workspace::limit_warnings(snapshot).size() == 2);
}

TEST_CASE("additional includes lie under their own names and must not hide anything") {
  const support::Scratch scratch;
  scratch.write("src/a.py", "");
  scratch.write("common/util.py", "");
  scratch.write("one.txt", "");
  CHECK(names(take_snapshot(scratch.layout, scratch.path("src"),
                            {scratch.path("common/"), scratch.path("one.txt")})) ==
        "a.py common/util.py one.txt ");
  scratch.write("src/common/x.py", "");
  const auto error = error_of(
      [&] { take_snapshot(scratch.layout, scratch.path("src"), {scratch.path("common")}); });
  CHECK(error.code() == base::Code::bad_definition);
  CHECK(error.hint() == "rename one of the two");
}

TEST_CASE("a single file is a snapshot too; a missing one is an error") {
  const support::Scratch scratch;
  scratch.write("train.py", "x");
  CHECK(names(take_snapshot(scratch.layout, scratch.path("train.py"), {})) == "train.py ");
  CHECK(error_of([&] { take_snapshot(scratch.layout, scratch.path("no.py"), {}); }).code() ==
        base::Code::not_found);
}

TEST_CASE("a snapshot that somebody changed is made anew") {
  const support::Scratch scratch;
  scratch.write("src/a.py", "one");
  scratch.write("src/lib/b.py", "two");
  const auto take = [&] { return take_snapshot(scratch.layout, scratch.path("src"), {}).folder; };
  const fs::path folder = take();
  const auto is_whole = [&] {
    return base::read_file(folder / "a.py") == "one" &&
           base::read_file(folder / "lib/b.py") == "two" && !fs::exists(folder / "c.py");
  };
  const auto write = [&](const char* name, const char* text) {
    const base::Fd file = base::open_file(folder / name, O_WRONLY | O_CREAT | O_TRUNC);
    base::write_all(file, text, name);
  };
  // of the same size, and with its old time
  struct stat before {};
  REQUIRE(::stat((folder / "a.py").c_str(), &before) == 0);
  write("a.py", "ONE");
  const timespec times[] = {before.st_atim, before.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, (folder / "a.py").c_str(), times, 0) == 0);
  CHECK(take() == folder);
  CHECK(is_whole());
  write("c.py", "new");
  take();
  CHECK(is_whole());
  fs::remove(folder / "lib/b.py");
  take();
  CHECK(is_whole());
  fs::remove_all(folder / "lib");
  fs::create_symlink("/etc", folder / "lib");
  take();
  CHECK(is_whole());
  // One whose times alone are new is as good as before.
  struct stat copy {};
  REQUIRE(::stat((folder / "a.py").c_str(), &copy) == 0);
  REQUIRE(::utimensat(AT_FDCWD, (folder / "a.py").c_str(), nullptr, 0) == 0);
  fs::remove(workspace::snapshot_stamp(folder));
  take();
  REQUIRE(::stat((folder / "a.py").c_str(), &before) == 0);
  CHECK(before.st_ino == copy.st_ino);
  CHECK(fs::exists(workspace::snapshot_stamp(folder)));
}

TEST_CASE("several makers of one snapshot leave one whole one") {
  const support::Scratch scratch;
  for (int n = 0; n < 50; ++n) scratch.write("src/f" + std::to_string(n), "text");
  std::vector<std::string> hashes(4);
  std::vector<std::thread> makers;
  for (auto& hash : hashes)
    makers.emplace_back(
        [&] { hash = take_snapshot(scratch.layout, scratch.path("src"), {}).hash; });
  for (auto& maker : makers) maker.join();
  for (const auto& hash : hashes) CHECK(hash == hashes[0]);
  std::size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(scratch.layout.snapshots())) {
    if (entry.path() == workspace::snapshot_stamp(scratch.layout.snapshots() / hashes[0])) continue;
    CHECK(entry.path().filename() == hashes[0]);
    ++entries;
  }
  CHECK(entries == 1);
}

TEST_CASE("the cloud's limits name the largest offenders") {
  workspace::Snapshot snapshot;
  snapshot.bytes = 400'000'000;
  snapshot.files = {
      {"a", "", 1}, {"b", "", 300'000'000}, {"c", "", 90'000'000}, {"d", "", 9'999'999}};
  CHECK(workspace::limit_warnings(snapshot) ==
        std::vector<std::string>{
            "the code is 400 MB, and the cloud takes at most 300 MB; largest: b (300 MB), c (90.0 "
            "MB), d (10.0 MB); leave out what the step does not need in .amlignore"});
}
