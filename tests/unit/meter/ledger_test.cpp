#include "meter/ledger.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "support/scratch.hpp"

using meter::Entry;
using meter::Ledger;
using meter::Op;
using meter::read_ledger;
using support::error_of;

namespace {

Entry entry(std::uint64_t number, Op op, std::uint64_t bytes = 0) {
  Entry made;
  made.number = number;
  made.op = op;
  made.bytes = bytes;
  made.begin_ns = number * 10;
  made.end_ns = number * 10 + 5;
  return made;
}

// Runs `act` in a child and gives its wait status.
template <class Act>
int in_child(Act act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("what was appended is read in the order of beginning, with all its fields") {
  const support::Scratch scratch;
  {
    Ledger ledger(scratch.path("l"));
    CHECK(ledger.session(
              {"inputs.raw", "mount", "dprep", {{"A", "1"}}, "none", true, "/data", "", false}) ==
          1);
    CHECK(ledger.name("a/b.csv") == 1);
    CHECK(ledger.name("line\nbreak \"quoted\" \xff") == 2);
    CHECK(ledger.session({"outputs.model", "upload", "", {}, "", false, "", "", false}) == 2);
    const auto open = ledger.begin();
    Entry put = entry(ledger.begin(), Op::put, 61'000'000);
    put.cause = open;
    put.handle = 7;
    put.charge = 1.625;
    put.name = 1;
    put.task = 4711;
    put.for_writing = 1;
    put.session = 2;
    put.draw = 99;
    put.result = meter::Result::failed;
    ledger.append(put);  // ends first
    ledger.append(entry(open, Op::open));
  }
  const auto text = read_ledger(scratch.path("l"));
  CHECK(text.sessions == std::vector<std::string>{"", "inputs.raw", "outputs.model"});
  const auto note = note_of(text, 1);
  CHECK(note.profile == "dprep");
  CHECK(note.variables == std::vector<std::pair<std::string, std::string>>{{"A", "1"}});
  CHECK(note.cost == "none");
  CHECK(note.read_only);
  CHECK(note.root == "/data");
  CHECK(note_of(text, 9).name.empty());
  CHECK(text.names ==
        std::vector<std::string>{"", "a/b.csv", "line\nbreak \"quoted\" \xef\xbf\xbd"});
  REQUIRE(text.entries.size() == 2);
  CHECK(text.entries[0].op == Op::open);
  const Entry& put = text.entries[1];
  CHECK(put.op == Op::put);
  CHECK(put.bytes == 61'000'000);
  CHECK(put.cause == 1);
  CHECK(put.handle == 7);
  CHECK(put.charge == 1.625);
  CHECK(put.task == 4711);
  CHECK(put.for_writing == 1);
  CHECK(put.truncating == 0);
  CHECK(put.session == 2);
  CHECK(put.draw == 99);
  CHECK(put.result == meter::Result::failed);
  CHECK(put.begin_ns == 20);
  CHECK(put.end_ns == 25);
}

TEST_CASE("a helper thread works for an operation, as a task of its own") {
  meter::current() = {17, 5, 4711, 3, 1};
  std::thread([cause = meter::current()] {
    meter::help(cause);
    CHECK(meter::current().operation == 17);
    CHECK(meter::current().name == 3);
    CHECK(meter::current().task == static_cast<std::uint32_t>(::gettid()));
  }).join();
  CHECK(meter::current().task == 4711);
  meter::current() = {};
}

TEST_CASE("every operation has a name of its own") {
  std::set<std::string_view> names;
  for (int op = 0; op <= static_cast<int>(Op::move); ++op)
    names.insert(to_string(static_cast<Op>(op)));
  CHECK(names.size() == static_cast<std::size_t>(Op::move) + 1);
  CHECK_FALSE(is_request(Op::allocate));
  CHECK(is_request(Op::list));
}

TEST_CASE("many threads append past a chunk's end, and a closed record has no slack") {
  const support::Scratch scratch;
  constexpr int threads = 4;
  constexpr int each = 5000;
  {
    Ledger ledger(scratch.path("l"));
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t)
      writers.emplace_back([&] {
        for (int n = 0; n < each; ++n) ledger.append(entry(ledger.begin(), Op::read, 4096));
      });
    for (auto& writer : writers) writer.join();
    // A reader may come while it is written.
    CHECK(read_ledger(scratch.path("l")).entries.size() == threads * each);
  }
  const auto text = read_ledger(scratch.path("l"));
  REQUIRE(text.entries.size() == threads * each);
  for (std::size_t n = 0; n < text.entries.size(); ++n) REQUIRE(text.entries[n].number == n + 1);
  CHECK(fs::file_size(scratch.path("l") / "entries") == (threads * each + 1) * sizeof(Entry));
}

TEST_CASE("what was appended survives SIGKILL of its writer") {
  const support::Scratch scratch;
  const auto pipe = base::make_pipe();
  const pid_t child = ::fork();
  if (child == 0) {
    Ledger ledger(scratch.path("l"));
    ledger.name("train.log");
    for (std::uint64_t n = 1;; ++n) {
      ledger.append(entry(ledger.begin(), Op::put, n));
      if (n == 10'000 && ::write(pipe.write.get(), "x", 1) != 1) ::_exit(1);
    }
  }
  char byte = 0;
  REQUIRE(::read(pipe.read.get(), &byte, 1) == 1);
  REQUIRE(::kill(child, SIGKILL) == 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  // Half a name, as a writer that dies between two writes of one line leaves it.
  const auto names = base::read_file(scratch.path("l") / "names");
  base::write_file_atomically(scratch.path("l") / "names", names + "\"hal");
  const auto text = read_ledger(scratch.path("l"));
  REQUIRE(text.entries.size() >= 10'000);
  for (std::size_t n = 0; n < text.entries.size(); ++n) {
    REQUIRE(text.entries[n].number == n + 1);
    REQUIRE(text.entries[n].bytes == n + 1);
  }
  CHECK(text.names == std::vector<std::string>{"", "train.log"});
}

TEST_CASE("on a full disk appending throws, and what was appended stays readable") {
  const support::Scratch scratch;
  fs::create_directory(scratch.path("disk"));
  // A mount of the child's own, which goes with it; so the check is in the child too.
  const int status = in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 77;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    const fs::path disk = scratch.path("disk");
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0) return 77;
    std::uint64_t appended = 0;
    std::uint64_t names = 0;
    {
      Ledger ledger(disk / "l");
      try {
        for (;;) {
          ledger.append(entry(ledger.begin(), Op::write));
          ++appended;
        }
      } catch (const base::Error& error) {
        if (error.code() != base::Code::no_space) return 1;
      }
      try {
        for (;;) {
          ledger.name(std::string(200, 'n'));
          ++names;
        }
      } catch (const base::Error& error) {
        if (error.code() != base::Code::no_space) return 2;
      }
      try {
        ledger.name(std::string(200, 'n'));
        return 3;
      } catch (const base::Error&) {
      }
    }
    // Closing cuts what was taken in advance; so there is room for a name again.
    const auto text = read_ledger(disk / "l");
    return text.entries.size() == appended && appended > 4000 && text.names.size() == names + 1 ? 0
                                                                                                : 4;
  });
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    MESSAGE("skipped: this machine allows no mount namespace");
    return;
  }
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("what is no record, a damaged one and a newer one are refused") {
  const support::Scratch scratch;
  const auto code = [&] { return error_of([&] { read_ledger(scratch.path("l")); }).code(); };
  CHECK(code() == base::Code::not_found);
  { Ledger(scratch.path("l")).name("a"); }
  CHECK(read_ledger(scratch.path("l")).entries.empty());
  CHECK(error_of([&] { Ledger again(scratch.path("l")); }).code() == base::Code::exists);

  const std::string entries = base::read_file(scratch.path("l") / "entries");
  std::string newer = entries;
  newer[8] = 2;
  scratch.write("l/entries", newer);
  CHECK(code() == base::Code::newer_version);
  scratch.write("l/entries", entries.substr(0, 40));
  CHECK(code() == base::Code::corrupt);
  scratch.write("l/entries", "amledges" + entries.substr(8));
  CHECK(code() == base::Code::corrupt);
  scratch.write("l/entries", entries);
  scratch.write("l/names", "\"a\nb\n");
  CHECK(code() == base::Code::corrupt);
}
