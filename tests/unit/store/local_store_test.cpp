#include "store/local_store.hpp"

#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>
#include <thread>

#include "base/hash.hpp"
#include "support/local_file.hpp"

using store::IfExists;
using store::LocalStore;
using support::error_of;

namespace {

using Names = std::vector<std::string>;

struct Fixture {
  support::Scratch scratch;
  fs::path root = scratch.path("root");
  fs::path intents = scratch.path("intents");
  support::LocalFile file{scratch, "content"};
  LocalStore store = [&] {
    fs::create_directory(root);
    return LocalStore(root, intents);
  }();

  // What a store that died now would have left.
  void recover_as_left() {
    const fs::path left = scratch.path("left");
    fs::copy_file(intents, left);
    LocalStore::recover(left);
  }
  std::string bytes(const std::string& name) { return base::read_file(root / name); }
  ino_t inode(const std::string& name) {
    struct stat status {};
    REQUIRE(::stat((root / name).c_str(), &status) == 0);
    return status.st_ino;
  }
  Names list(const std::string& folder, std::size_t limit, int& pages) {
    Names all;
    std::string from;
    pages = 0;
    do {
      const auto page = store.list(folder, from, limit);
      CHECK(page.objects.size() <= limit);
      for (const auto& object : page.objects)
        all.push_back(object.name + (object.is_folder ? "/" : ""));
      from = page.next;
      ++pages;
    } while (!from.empty());
    return all;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a listing is sorted and comes by pages; drafts and sockets are none") {
  for (const char* name : {"d/c", "d/a", "d/b/x", "d/e", "d/f"})
    base::write_file_atomically(root / name, "12");
  base::write_file_atomically(root / "d/.amlocal-put-abcdefgh", "half");
  REQUIRE(::mkfifo((root / "d/pipe").c_str(), 0600) == 0);
  REQUIRE(::symlink("nowhere", (root / "d/broken").c_str()) == 0);
  int pages = 0;
  CHECK(list("d", 2, pages) == Names{"d/a", "d/b/", "d/c", "d/e", "d/f"});
  CHECK(pages >= 3);
  CHECK(list("d", 100, pages).size() == 5);
  CHECK(pages == 1);
  CHECK(list("", 10, pages) == Names{"d/"});
  CHECK(list("absent", 10, pages).empty());
  CHECK(list("d/a", 10, pages).empty());
}

TEST_CASE_FIXTURE(Fixture, "what is removed between two pages is left out, the rest comes once") {
  for (int n = 0; n < 10; ++n) base::write_file_atomically(root / std::to_string(n), "");
  const auto first = store.list("", "", 4);
  CHECK(first.objects.size() == 4);
  store.remove("5");
  const auto second = store.list("", first.next, 100);
  Names rest;
  for (const auto& object : second.objects) rest.push_back(object.name);
  CHECK(rest == Names{"4", "6", "7", "8", "9"});
}

TEST_CASE_FIXTURE(Fixture, "put makes the folders above, replaces or refuses") {
  const auto first = store.put("a/b/c.txt", file.set("one").all(), IfExists::refuse);
  CHECK(first.name == "a/b/c.txt");
  CHECK(first.size == 3);
  CHECK(error_of([&] { store.put("a/b/c.txt", file.set("two").all(), IfExists::refuse); }).code() ==
        base::Code::exists);
  CHECK(bytes("a/b/c.txt") == "one");
  const auto second = store.put("a/b/c.txt", file.set("three").all(), IfExists::replace);
  CHECK(bytes("a/b/c.txt") == "three");
  CHECK(second.tag != first.tag);
  CHECK(store.head("a/b/c.txt")->tag == second.tag);
  CHECK(error_of([&] { store.put("a/b", file.all(), IfExists::replace); }).code() ==
        base::Code::exists);
  CHECK(error_of([&] { store.put("a/b/c.txt/d", file.all(), IfExists::replace); }).message() ==
        "cannot create '" + (root / "a/b/c.txt").native() + "': File exists");
  int pages = 0;
  CHECK(list("a/b", 10, pages) == Names{"a/b/c.txt"});  // no draft is left
}

TEST_CASE_FIXTURE(Fixture, "a put that only adds is written in place, any other as a new file") {
  auto object = store.put("log", file.set("one\n").all(), IfExists::replace);
  const ino_t inode_before = inode("log");
  file.add("two\n");
  object = store.put("log", file.appended(4, object.tag), IfExists::replace);
  CHECK(bytes("log") == "one\ntwo\n");
  CHECK(inode("log") == inode_before);
  CHECK(object.size == 8);

  // Of another version: all of it is written.
  file.add("three\n");
  store.put("log", file.appended(8, "another tag"), IfExists::replace);
  CHECK(bytes("log") == "one\ntwo\nthree\n");
  CHECK(inode("log") != inode_before);

  // Changed before its end.
  object = *store.head("log");
  const ino_t inode_now = inode("log");
  file.set("ONE\ntwo\nthree\n");
  store.put("log", {&file.fd(), file.size(), std::vector<store::Extent>{{0, 3}}, object.tag},
            IfExists::replace);
  CHECK(bytes("log") == "ONE\ntwo\nthree\n");
  CHECK(inode("log") != inode_now);

  // A second name of the file must not change with it.
  object = *store.head("log");
  fs::create_hard_link(root / "log", scratch.path("other name"));
  object = *store.head("log");
  file.add("four\n");
  store.put("log", file.appended(14, object.tag), IfExists::replace);
  CHECK(base::read_file(scratch.path("other name")) == "ONE\ntwo\nthree\n");
  CHECK(bytes("log") == "ONE\ntwo\nthree\nfour\n");
}

TEST_CASE_FIXTURE(Fixture, "appending nothing still is a new version") {
  const auto before = store.put("log", file.set("one\n").all(), IfExists::replace);
  const auto after = store.put("log", file.appended(4, before.tag), IfExists::replace);
  CHECK(bytes("log") == "one\n");
  CHECK(after.modified >= before.modified);
}

TEST_CASE_FIXTURE(Fixture, "10,000 appends move their own bytes, not the object's") {
  // 10 KB each: 500 GB, were the whole object written each time.
  const std::string chunk(10'000, 'x');
  store::Object object = store.put("log", file.all(), IfExists::replace);
  for (int n = 0; n < 10'000; ++n) {
    const auto size = file.size();
    file.add(chunk);
    object = store.put("log", file.appended(size, object.tag), IfExists::replace);
  }
  CHECK(object.size == 100'000'000);
  CHECK(base::hash_file(root / "log") == base::hash_file(scratch.path("content")));
}

TEST_CASE_FIXTURE(Fixture, "an append that a crash tore is cut back") {
  base::write_file_atomically(root / "log", "old");
  base::write_file_atomically(root / "whole", "untouched");
  // The record as it lies there when the writer dies in the middle: the note is written, then some
  // of the bytes.
  std::string slot = "append 3 " + (root / "log").native() + "\n";
  slot.resize(4352, '\0');
  std::string gone = "append 7 " + (root / "gone").native() + "\n";
  gone.resize(4352, '\0');
  std::string given_back = '\0' + ("ppend 1 " + (root / "whole").native() + "\n");
  given_back.resize(4352, '\0');
  const fs::path torn = scratch.path("torn");
  base::write_file_atomically(torn,
                              slot + given_back + gone + "append 2 " + (root / "whole").native());
  base::write_file_atomically(root / "log", "old and half of the n");
  LocalStore::recover(torn);
  CHECK(bytes("log") == "old");
  CHECK(bytes("whole") == "untouched");
  CHECK_FALSE(fs::exists(torn));
  LocalStore::recover(torn);
}

TEST_CASE_FIXTURE(Fixture, "after finished appends there is nothing to recover") {
  auto object = store.put("log", file.set("one\n").all(), IfExists::replace);
  file.add("two\n");
  store.put("log", file.appended(4, object.tag), IfExists::replace);
  recover_as_left();
  CHECK(bytes("log") == "one\ntwo\n");
}

TEST_CASE_FIXTURE(Fixture, "what a living store appends is not cut under its hands") {
  const auto error = error_of([&] { LocalStore::recover(intents, std::chrono::milliseconds(0)); });
  CHECK(error.code() == base::Code::conflict);
  CHECK(error.message().find("has not ended") != std::string::npos);
  CHECK(fs::exists(intents));
}

TEST_CASE_FIXTURE(Fixture, "a put whose content is shorter than said leaves what was there") {
  auto object = store.put("log", file.set("one\n").all(), IfExists::replace);
  store::Content lie = file.all();
  lie.size = 100;
  CHECK(error_of([&] { store.put("log", lie, IfExists::replace); }).code() == base::Code::io);
  CHECK(bytes("log") == "one\n");
  lie = file.appended(4, object.tag);
  lie.size = 100;
  CHECK(error_of([&] { store.put("log", lie, IfExists::replace); }).code() == base::Code::io);
  CHECK(bytes("log") == "one\n");
  recover_as_left();
  CHECK(bytes("log") == "one\n");
  int pages = 0;
  CHECK(list("", 10, pages) == Names{"log"});
}

TEST_CASE_FIXTURE(Fixture, "get reads a range") {
  base::write_file_atomically(root / "a", "0123456789");
  std::string into(4, '-');
  CHECK(store.get("a", 8, into) == 2);
  CHECK(into == "89--");
  CHECK(store.get("a", 100, into) == 0);
  CHECK(error_of([&] { store.get("b", 0, into); }).code() == base::Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "folders, removals and renames") {
  store.make_folder("d");
  CHECK(store.head("d")->is_folder);
  CHECK(store.head("d")->tag.empty());
  CHECK(error_of([&] { store.make_folder("d"); }).code() == base::Code::exists);
  store.put("d/x", file.set("1").all(), IfExists::refuse);
  CHECK(error_of([&] { store.remove_folder("d"); }).code() == base::Code::conflict);
  store.move("d", "deep/er/e", IfExists::refuse);
  CHECK(bytes("deep/er/e/x") == "1");
  base::write_file_atomically(root / "z", "old");
  CHECK(error_of([&] { store.move("deep/er/e/x", "z", IfExists::refuse); }).code() ==
        base::Code::exists);
  CHECK(bytes("z") == "old");
  store.move("deep/er/e/x", "z", IfExists::replace);
  CHECK(bytes("z") == "1");
  store.remove_folder("deep/er/e");
  store.remove("z");
  CHECK_FALSE(store.head("z").has_value());
  CHECK_FALSE(store.head("z/below/a/file").has_value());
  CHECK(error_of([&] { store.remove("z"); }).code() == base::Code::not_found);
  CHECK(error_of([&] { store.remove_folder("deep/er/e"); }).code() == base::Code::not_found);
}

TEST_CASE_FIXTURE(Fixture, "a name that no local file can have is refused") {
  const auto error =
      error_of([&] { store.put("a/" + std::string(300, 'n'), file.all(), IfExists::replace); });
  CHECK(error.code() == base::Code::bad_input);
  CHECK(error.message() ==
        "a name of 300 bytes does not fit a local folder: '" + std::string(40, 'n') + "…'");
  CHECK(error_of([&] { store.head(std::string("a\0b", 3)); }).code() == base::Code::bad_input);
  const char* own = "names that begin with '.amlocal-put-' are amlocal's own";
  for (const auto& refused :
       {error_of([&] { store.put("a/.amlocal-put-1", file.all(), IfExists::replace); }),
        error_of([&] { store.make_folder(".amlocal-put-1"); }),
        error_of([&] { store.move("a", ".amlocal-put-1", IfExists::replace); })}) {
    CHECK(refused.code() == base::Code::bad_input);
    CHECK(refused.message().find(own) != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "once its folder has gone or is another, nothing is made up") {
  file.add("1");
  store.put("sub/a", file.all(), IfExists::replace);
  const auto refused = [&](auto act) {
    const auto error = error_of(act);
    CHECK(error.code() == base::Code::unavailable);
    CHECK(error.message() == "the store's folder '" + root.native() + "' was removed or replaced");
    CHECK(error.hint() == "put it back, and leave it alone while it is mounted");
  };
  const auto all = [&] {
    refused([&] { store.list("", "", 10); });
    refused([&] { store.head("sub/a"); });
    refused([&] { store.get("sub/a", 0, {}); });
    refused([&] { store.put("sub/a", file.all(), IfExists::replace); });
    refused([&] { store.put("b", file.all(), IfExists::replace); });
    refused([&] { store.make_folder("more/of"); });
    refused([&] { store.remove("sub/a"); });
    refused([&] { store.remove_folder("sub"); });
    refused([&] { store.move("sub/a", "other/a", IfExists::replace); });
  };
  fs::rename(root, scratch.path("away"));
  all();
  CHECK_FALSE(fs::exists(root));
  fs::create_directory(root);
  all();
  CHECK(fs::is_empty(root));
  fs::remove(root);
  fs::rename(scratch.path("away"), root);
  CHECK(bytes("sub/a") == "1");
}

TEST_CASE_FIXTURE(Fixture, "appends from several threads to several objects") {
  std::vector<std::thread> threads;
  std::vector<std::unique_ptr<support::LocalFile>> files;
  for (int t = 0; t < 4; ++t)
    files.push_back(std::make_unique<support::LocalFile>(scratch, "f" + std::to_string(t)));
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const std::string name = "log" + std::to_string(t);
      auto& local = *files[static_cast<std::size_t>(t)];
      auto object = store.put(name, local.all(), IfExists::refuse);
      for (int n = 0; n < 500; ++n) {
        const auto size = local.size();
        local.add(std::to_string(n));
        object = store.put(name, local.appended(size, object.tag), IfExists::replace);
      }
    });
  for (auto& thread : threads) thread.join();
  for (int t = 0; t < 4; ++t)
    CHECK(bytes("log" + std::to_string(t)) ==
          base::read_file(scratch.path("f" + std::to_string(t))));
}
