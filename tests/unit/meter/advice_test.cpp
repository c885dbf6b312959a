#include "meter/advice.hpp"

#include <doctest/doctest.h>

using meter::Advice;
using meter::FileFacts;
using meter::IoFacts;
using Kind = meter::Remedy::Kind;
using meter::advise;

namespace {

meter::SessionFacts session(const std::string& name) {
  meter::SessionFacts facts;
  facts.note = {name, "mount", "rslex", {}, "none", false, "", "", false};
  facts.changes = 1;
  facts.span = 100;
  return facts;
}

FileFacts file(const std::string& binding, const std::string& path, const std::string& line = "") {
  FileFacts facts;
  facts.session = binding;
  facts.path = path;
  facts.line = line;
  facts.opens = 1;
  return facts;
}

// The one advice that is expected.
Advice only(const IoFacts& facts) {
  const auto all = advise(facts);
  REQUIRE(all.size() == 1);
  return all.front();
}

}  // namespace

TEST_CASE("every rule has a name of its own, and nothing to advise is nothing") {
  CHECK(meter::advice_rules().size() == 10);
  CHECK(advise({}).empty());
  CHECK(advise({{file("outputs.o", "model.bin")}, {session("outputs.o")}, {}}).empty());
}

TEST_CASE("a file that is added to in a loop") {
  FileFacts log = file("outputs.logs", "train.log", "train.py:88");
  log.opens = log.writing_opens = log.puts = 400;
  log.written = 4'000'000;
  log.sent = 802'000'000;
  const auto advice = only({{log}, {session("outputs.logs")}, {}});
  CHECK(advice.rule == "append-in-loop");
  CHECK(advice.cause ==
        "train.py:88 opens outputs.logs:train.log 400 times and adds to it; each close sends the "
        "whole file, 802 MB for 4.00 MB that was written");
  REQUIRE(advice.remedies.size() == 1);
  CHECK(advice.remedies[0].kind == Kind::upload);
  // Written anew each time, nothing is sent twice.
  log.sent = log.written;
  CHECK(advise({{log}, {session("outputs.logs")}, {}}).empty());
}

TEST_CASE("many small files, of an input and of an output") {
  for (const bool input : {true, false}) {
    IoFacts facts;
    const std::string binding = input ? "inputs.images" : "outputs.crops";
    facts.sessions.push_back(session(binding));
    for (int n = 0; n < 99; ++n) {
      facts.files.push_back(file(binding, std::to_string(n) + ".png", "load.py:5"));
      (input ? facts.files.back().gets : facts.files.back().puts) = 1;
      (input ? facts.files.back().fetched : facts.files.back().sent) = 25'000;
    }
    CHECK(advise(facts).empty());
    facts.files.push_back(facts.files.back());
    const auto advice = only(facts);
    CHECK(advice.rule == "many-small-files");
    CHECK(advice.cause == "load.py:5: 100 files of " + binding +
                              " of 25.0 kB on average go one by one; the fixed time of each "
                              "request rules");
    CHECK(advice.remedies[0].kind == (input ? Kind::download : Kind::upload));
  }
}

TEST_CASE("many small files are told of the line that most of them are of, not of the biggest") {
  IoFacts facts;
  facts.sessions.push_back(session("outputs.out"));
  facts.files.push_back(file("outputs.out", "ckpt", "w.py:20"));
  facts.files.back().puts = 1;
  facts.files.back().sent = 5'000'000;
  for (int n = 0; n < 200; ++n) {
    facts.files.push_back(file("outputs.out", std::to_string(n), "w.py:32"));
    facts.files.back().puts = 1;
    facts.files.back().sent = 1'000;
  }
  const auto advice = only(facts);
  CHECK(advice.line == "w.py:32");
  CHECK(advice.cause.starts_with("w.py:32: 201 files of outputs.out"));
}

TEST_CASE("reads here and there in block mode, and whole large files otherwise") {
  FileFacts data = file("inputs.raw", "all.bin", "read.py:3");
  data.reads = 100;
  data.jumps = 90;
  data.read = 400'000;
  data.fetched = 200'000'000;
  auto blocks = session("inputs.raw");
  blocks.reads_blocks = true;
  const auto here_and_there = only({{data}, {blocks}, {}});
  CHECK(here_and_there.rule == "random-reads");
  CHECK(here_and_there.remedies.size() == 2);
  const auto whole = only({{data}, {session("inputs.raw")}, {}});
  CHECK(whole.rule == "whole-large-file");
  CHECK(whole.cause ==
        "read.py:3 reads 400 kB of inputs.raw:all.bin, and opening it fetched 200 MB");
  CHECK(whole.remedies[0].kind == Kind::blocks);
  data.read = data.fetched;
  CHECK(advise({{data}, {session("inputs.raw")}, {}}).empty());
}

TEST_CASE("listings and a full disk") {
  auto listed = session("inputs.raw");
  listed.lists = 200;
  listed.list_seconds = 3;
  listed.seconds = 4;
  const auto listing = only({{}, {listed}, {}});
  CHECK(listing.cause == "200 listings of inputs.raw take 3.000 s of 4.000 s of its requests");
  CHECK(listing.remedies[0].kind == Kind::download);
  auto full = session("inputs.raw");
  full.most_cached = 30'000'000'000;
  CHECK(only({{}, {full}, {}}).rule == "cache-fills-disk");
  full.has_cache_limit = true;
  CHECK(advise({{}, {full}, {}}).empty());
}

TEST_CASE("what fails, what nobody wrote, what nobody sees") {
  FileFacts model = file("outputs.model", "best.pt");
  model.failed_renames_onto = 1;
  CHECK(only({{model}, {session("outputs.model")}, {}}).cause ==
        "renaming to outputs.model:best.pt, which was there already, failed 1 time: this mount "
        "replaces nothing by a rename");
  auto empty = session("outputs.model");
  empty.changes = 0;
  const auto unwritten = only({{}, {empty}, {}});
  CHECK(unwritten.rule == "unwritten-output");
  CHECK(unwritten.fix.starts_with("hand ${{outputs.model}} to the command itself"));
  auto input = session("inputs.raw");
  input.changes = 0;
  CHECK(advise({{}, {input}, {}}).empty());
  FileFacts log = file("outputs.model", "run.log", "train.py:9");
  log.writing_opens = log.puts = 1;
  log.writes = 3;
  log.written = log.sent = 3000;
  log.longest_held = 60;
  CHECK(only({{log}, {session("outputs.model")}, {}}).rule == "kept-open");
  log.longest_held = 10;
  CHECK(advise({{log}, {session("outputs.model")}, {}}).empty());
}

TEST_CASE("an access mode that nobody keeps") {
  const auto found = meter::discarded_modes("submit.py",
                                            "logs = OutputFileDatasetConfig()\n"
                                            "logs.as_upload()  # no effect\n"
                                            "kept = logs.as_upload()\n"
                                            "step = PythonScriptStep(\n"
                                            "    logs.as_mount()\n"
                                            ")\n"
                                            "return_value(logs.as_upload())\n"
                                            "outs['logs'].as_mount(disable_metadata_cache=True)\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].line == "submit.py:2");
  CHECK(found[1].line == "submit.py:8");
  const auto advice = only({{}, {}, {found[0]}});
  CHECK(advice.cause ==
        "submit.py:2: logs.as_upload() returns a copy, and nobody keeps it: the output stays as it "
        "was");
  CHECK(advice.fix == "write logs = logs.as_upload()");
}

TEST_CASE("facts of a record") {
  using meter::Op;
  meter::LedgerText text{{"", "outputs.o"}, {"", "a.pt", "tmp", "a.pt"}, {}};
  const auto add = [&](Op op, std::uint32_t name, std::uint64_t handle, std::uint64_t bytes,
                       meter::Result result = meter::Result::ok) -> meter::Entry& {
    meter::Entry entry;
    entry.number = text.entries.size() + 1;
    entry.begin_ns = entry.number * 1'000'000'000;
    entry.end_ns = entry.begin_ns;
    entry.op = op;
    entry.name = name;
    entry.handle = handle;
    entry.bytes = bytes;
    entry.session = 1;
    entry.result = result;
    text.entries.push_back(entry);
    return text.entries.back();
  };
  add(Op::create, 1, 5, 0).for_writing = 1;
  add(Op::write, 1, 5, 1000);
  add(Op::put, 1, 5, 1000);
  add(Op::release, 1, 5, 0);
  add(Op::open, 1, 6, 1000);
  add(Op::read, 1, 6, 10);
  add(Op::read, 1, 6, 10).offset = 500;
  add(Op::rename, 3, 2, 0, meter::Result::failed);
  const auto cost = meter::preset("blob-standard");
  const auto facts = facts_of(text, make_report(text, cost, {}), cost);
  REQUIRE(facts.files.size() == 1);
  const auto& made = facts.files[0];
  CHECK(made.opens == 2);
  CHECK(made.writing_opens == 1);
  CHECK(made.reads == 2);
  CHECK(made.jumps == 1);
  CHECK(made.puts == 1);
  CHECK(made.sent == 1000);
  CHECK(made.longest_held == 3);
  CHECK(made.failed_renames_onto == 1);  // the same path under another number
  REQUIRE(facts.sessions.size() == 1);
  CHECK(facts.sessions[0].changes == 3);
  CHECK(facts.sessions[0].span == 7);
}

TEST_CASE("one path under several numbers is one file of a report") {
  meter::LedgerText text{{"", "outputs.o"}, {"", "a", "a"}, {}};
  for (const std::uint32_t name : {1U, 2U}) {
    meter::Entry entry;
    entry.number = name;
    entry.op = meter::Op::put;
    entry.name = name;
    entry.session = 1;
    entry.bytes = 10;
    text.entries.push_back(entry);
  }
  const auto report = make_report(text, meter::preset("none"), {});
  REQUIRE(report.files.size() == 1);
  CHECK(report.files[0].spent.sent == 20);
}
