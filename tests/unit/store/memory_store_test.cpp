#include "store/memory_store.hpp"

#include "support/local_file.hpp"

using store::IfExists;
using store::MemoryStore;
using support::error_of;

namespace {

std::vector<std::string> names(const store::Page& page) {
  std::vector<std::string> all;
  for (const auto& object : page.objects)
    all.push_back(object.name + (object.is_folder ? "/" : ""));
  return all;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a listing has what lies directly in a folder, each folder once, by pages") {
  MemoryStore store;
  for (const char* name : {"a/1", "a/2/x", "a/2/y", "a/3", "a.txt", "a0", "b", "c/d/e"})
    store.set(name, "x");
  CHECK(names(store.list("", "", 100)) == Names{"a/", "a.txt", "a0", "b", "c/"});
  CHECK(names(store.list("a", "", 100)) == Names{"a/1", "a/2/", "a/3"});
  CHECK(names(store.list("nothing", "", 100)).empty());
  Names all;
  std::string from;
  int pages = 0;
  do {
    const auto page = store.list("", from, 2);
    for (auto& name : names(page)) all.push_back(name);
    from = page.next;
    ++pages;
  } while (!from.empty());
  CHECK(pages == 3);
  CHECK(all == names(store.list("", "", 100)));
}

TEST_CASE("a folder is found when anything is in it") {
  MemoryStore store;
  store.set("a/b/c", "123");
  CHECK(store.head("a")->is_folder);
  CHECK(store.head("a/b")->is_folder);
  CHECK(store.head("a/b/c")->size == 3);
  CHECK_FALSE(store.head("a/b/").has_value());
  CHECK_FALSE(store.head("a/bb").has_value());
  CHECK(store.head("")->is_folder);
}

TEST_CASE("get reads a range, less at the end, nothing past it") {
  MemoryStore store;
  store.set("a", "0123456789");
  std::string into(4, '-');
  CHECK(store.get("a", 2, into) == 4);
  CHECK(into == "2345");
  CHECK(store.get("a", 8, into) == 2);
  CHECK(store.get("a", 10, into) == 0);
  CHECK(error_of([&] { store.get("b", 0, into); }).code() == base::Code::not_found);
}

TEST_CASE("put replaces or refuses, and changes the tag") {
  const support::Scratch scratch;
  support::LocalFile file(scratch, "f");
  MemoryStore store;
  const auto first = store.put("a/b", file.set("one").all(), IfExists::refuse);
  CHECK(first.size == 3);
  CHECK(error_of([&] { store.put("a/b", file.set("two").all(), IfExists::refuse); }).code() ==
        base::Code::exists);
  CHECK(store.bytes("a/b") == "one");
  const auto second = store.put("a/b", file.set("three").all(), IfExists::replace);
  CHECK(store.bytes("a/b") == "three");
  CHECK(second.tag != first.tag);
  CHECK(store.head("a/b")->tag == second.tag);
}

TEST_CASE("folders, removals and renames") {
  MemoryStore store;
  store.make_folder("d");
  CHECK(error_of([&] { store.make_folder("d"); }).code() == base::Code::exists);
  store.set("d/x", "1");
  store.set("d/sub/y", "2");
  CHECK(error_of([&] { store.remove_folder("d"); }).code() == base::Code::conflict);
  CHECK(error_of([&] { store.remove("d"); }).code() == base::Code::not_found);
  store.move("d", "e", IfExists::refuse);
  CHECK_FALSE(store.head("d").has_value());
  CHECK(store.bytes("e/sub/y") == "2");
  store.set("z", "old");
  CHECK(error_of([&] { store.move("e/x", "z", IfExists::refuse); }).code() == base::Code::exists);
  store.move("e/x", "z", IfExists::replace);
  CHECK(store.bytes("z") == "1");
  store.remove("e/sub/y");
  store.remove_folder("e");
  CHECK(names(store.list("", "", 10)) == Names{"z"});
  CHECK(error_of([&] { store.remove("e/sub/y"); }).code() == base::Code::not_found);
  CHECK(error_of([&] { store.remove_folder("e"); }).code() == base::Code::not_found);
  CHECK(error_of([&] { store.move("no", "where", IfExists::replace); }).code() ==
        base::Code::not_found);
}
