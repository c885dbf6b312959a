#include "history/journal.hpp"
#include "history/sqlite.hpp"
#include "support/recorded.hpp"

using support::error_of;
using support::record;

namespace {

void flip(const fs::path& file, std::size_t position) {
  std::string text = base::read_file(file);
  text.at(position) = static_cast<char>(text.at(position) ^ 1);
  base::write_file_atomically(file, text);
}

}  // namespace

TEST_CASE("a torn last line is not there yet, and the next writer cuts it off") {
  const support::Scratch scratch;
  const fs::path file = scratch.path("journal");
  history::Journal(file).append("{\"a\":1}");
  base::write_file_atomically(file, base::read_file(file) + "01234567 {\"b\"");
  CHECK(history::read_journal(file).lines == std::vector<std::string>{"{\"a\":1}"});
  CHECK(history::read_journal(file).damaged_line == 0);
  history::Journal(file, true).append("{\"c\":3}");
  CHECK(history::read_journal(file).lines == std::vector<std::string>{"{\"a\":1}", "{\"c\":3}"});
}

TEST_CASE("every flipped bit before the last line is found; the rest is salvaged") {
  const support::Scratch scratch;
  const fs::path file = scratch.path("journal");
  {
    history::Journal journal(file);
    for (const char* line : {"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"}) journal.append(line);
  }
  const std::string whole = base::read_file(file);
  const std::size_t line = whole.size() / 3;
  for (std::size_t n = line; n < 2 * line; ++n) {
    base::write_file_atomically(file, whole);
    flip(file, n);
    CHECK(history::read_journal(file).damaged_line == 2);
    CHECK(history::salvage_journal(file).front() == "{\"a\":1}");
  }
}

TEST_CASE(
    "a damaged journal is refused with its line, listed as far as it goes, and can be deleted") {
  const support::Scratch scratch;
  record(scratch.layout, "good", 0);
  record(scratch.layout, "bad", 10);
  const fs::path file = scratch.layout.run("bad") / "journal";
  const std::string text = base::read_file(file);
  flip(file, text.find('\n') + 20);
  base::write_file_atomically(file,
                              base::read_file(file) + " ");  // another size: the index's row is old
  const auto error = error_of([&] { history::read_run(scratch.layout, "bad"); });
  CHECK(error.code() == base::Code::corrupt);
  CHECK(error.message() == "'" + file.native() + "' is damaged at line 2");
  CHECK(error.hint() ==
        "`amlocal runs delete bad` removes that run; the other runs are not touched");
  const auto runs = history::list_runs(scratch.layout);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].status == model::Status::interrupted);
  REQUIRE(runs[0].notices.size() == 1);
  CHECK(runs[0].notices[0].find("damaged at line 2") != std::string::npos);
  history::delete_run(scratch.layout,
                      history::read_run(scratch.layout, "bad", history::Damage::keep_good_part));
  CHECK(history::list_runs(scratch.layout).size() == 1);
}

TEST_CASE("a damaged, missing or old index is made anew") {
  const support::Scratch scratch;
  record(scratch.layout, "one", 0);
  record(scratch.layout, "two", 10);
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(scratch.layout.index().native() + end);
  CHECK(history::list_runs(scratch.layout).size() == 2);
  for (const char* end : {"-wal", "-shm"}) fs::remove(scratch.layout.index().native() + end);
  scratch.write(".amlocal/index.sqlite", std::string(8192, 'x'));
  CHECK(history::list_runs(scratch.layout).size() == 2);
  CHECK(fs::exists(scratch.layout.index().native() + ".damaged"));
  CHECK(history::rebuild_index(scratch.layout) == 2);
  CHECK(history::list_runs(scratch.layout)[0].name == "two");
}

TEST_CASE("a folder in the index's place is moved aside, with what it holds") {
  const support::Scratch scratch;
  record(scratch.layout, "one", 0);
  fs::remove(scratch.layout.index());
  scratch.write(".amlocal/index.sqlite/kept", "x");
  CHECK(history::list_runs(scratch.layout).size() == 1);
  CHECK(fs::is_regular_file(scratch.layout.index()));
  fs::remove(scratch.layout.index());
  scratch.write(".amlocal/index.sqlite/kept", "x");
  const auto aside = history::move_folder_aside(scratch.layout);
  REQUIRE(aside);
  CHECK(base::read_file(*aside / "kept") == "x");
  CHECK_FALSE(history::move_folder_aside(scratch.layout));
}

TEST_CASE("an index of a newer amlocal is refused and left as it is") {
  const support::Scratch scratch;
  record(scratch.layout, "one", 0);
  history::sqlite::Database(scratch.layout.index()).execute("PRAGMA user_version = 7");
  const auto error = error_of([&] { history::list_runs(scratch.layout); });
  CHECK(error.code() == base::Code::newer_version);
  CHECK(error.message() == "'" + scratch.layout.index().native() +
                               "' was made by a newer amlocal (schema 7; this one knows 2)");
  CHECK(error_of([&] { history::Recorder two(scratch.layout, "two"); }).code() ==
        base::Code::newer_version);
  CHECK_FALSE(fs::exists(scratch.layout.run("two")));
}

TEST_CASE("a journal cut at any byte is read as a beginning of what happened, and nothing else") {
  const support::Scratch scratch;
  record(scratch.layout, "cut", 0);
  const fs::path file = scratch.layout.run("cut") / "journal";
  const std::string whole = base::read_file(file);
  const auto lines = history::read_journal(file).lines;
  REQUIRE(lines.size() >= 5);
  std::size_t finished = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    CAPTURE(size);
    base::write_file_atomically(file, whole.substr(0, size));
    const auto cut = history::read_journal(file);
    CHECK(cut.damaged_line == 0);
    REQUIRE(cut.lines.size() <= lines.size());
    for (std::size_t n = 0; n < cut.lines.size(); ++n) REQUIRE(cut.lines[n] == lines[n]);
    const auto run = history::read_run(scratch.layout, "cut");
    // Only the last event ends the run: until then nobody holds its lock, so it was interrupted.
    const bool ended = cut.lines.size() == lines.size();
    CHECK(run.status == (ended ? model::Status::completed : model::Status::interrupted));
    finished += ended ? 1 : 0;
  }
  CHECK(finished == 1);
}

TEST_CASE("what was never a line is damage also at the end") {
  const support::Scratch scratch;
  record(scratch.layout, "odd", 0);
  const fs::path file = scratch.layout.run("odd") / "journal";
  base::write_file_atomically(file, "\x01\x80 neither a sum nor an event");
  CHECK(history::read_journal(file).damaged_line == 1);
  CHECK(error_of([&] { history::read_run(scratch.layout, "odd"); }).code() == base::Code::corrupt);
}
