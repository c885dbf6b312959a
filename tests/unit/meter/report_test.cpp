#include "meter/report.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "meter/io_facts.hpp"
#include "support/scratch.hpp"

using meter::Entry;
using meter::Nanos;
using meter::Op;

namespace {

// The record of a script, as the view and the metered store write it.
struct Record {
  meter::LedgerText text{{"", "outputs.logs"}, {""}, {}};

  std::uint32_t name(const std::string& path) {
    text.names.push_back(path);
    return static_cast<std::uint32_t>(text.names.size() - 1);
  }
  Entry& add(Op op, std::uint32_t name, std::uint64_t handle, std::uint64_t bytes = 0) {
    Entry entry;
    entry.number = text.entries.size() + 1;
    entry.begin_ns = entry.number * 1000;
    entry.end_ns = entry.begin_ns + 500;
    entry.op = op;
    entry.name = name;
    entry.handle = handle;
    entry.bytes = bytes;
    entry.session = 1;
    text.entries.push_back(entry);
    return text.entries.back();
  }
  // Opens, appends and closes `count` times; each close sends the whole file.
  void appends(std::uint32_t name, std::uint64_t count, std::uint64_t bytes,
               std::uint64_t first_handle) {
    for (std::uint64_t n = 1; n <= count; ++n) {
      const std::uint64_t handle = first_handle + n;
      add(Op::open, name, handle);
      add(Op::write, name, handle, bytes);
      const auto flush = add(Op::flush, name, handle).number;
      add(Op::put, name, handle, n * bytes).cause = flush;
      add(Op::release, name, handle);
    }
  }
};

const meter::CostProfile& standard() {
  static const meter::CostProfile profile = meter::preset("blob-standard");
  return profile;
}

}  // namespace

TEST_CASE("60 appends of 1 MB: what the file cost") {
  Record record;
  record.appends(record.name("train.log"), 60, 1'000'000, 0);
  const auto report = make_report(record.text, standard(), {});
  REQUIRE(report.files.size() == 1);
  const auto& file = report.files[0];
  CHECK(file.session == "outputs.logs");
  CHECK(file.opens == 60);
  CHECK(file.closes == 60);
  CHECK(file.written == 60'000'000);
  CHECK(file.spent.sent == 1'830'000'000);
  CHECK(file.spent.requests == 60);
  CHECK(*file.amplification() == 30.5);  // (60 + 1) / 2
  CHECK(file.spent.seconds == doctest::Approx(60 * 0.013 + 1830e6 / (60 * 1048576.0)));
  CHECK(file.spent.dollars == doctest::Approx(60 * 0.055 / 1e4));
  CHECK(report.elapsed == doctest::Approx(file.spent.seconds));
  REQUIRE(report.growth.size() == 1);
  CHECK(report.growth[0].points.size() == 60);
  CHECK(
      growth_text(report.growth[0]) ==
      "60 puts grow: 1.00 MB the first time, 60.0 MB the last; 0.029 s the first time, 0.967 s the "
      "last");
}

TEST_CASE("where the fixed time of a request rules, no growth of time is claimed") {
  Record record;
  record.appends(record.name("a.log"), 400, 1'000, 0);
  const auto report = make_report(record.text, standard(), {});
  CHECK(report.files[0].spent.sent == 80'200'000);
  CHECK(growth_text(report.growth[0]) ==
        "400 puts grow: 1.00 kB the first time, 400 kB the last; each takes about the same, 0.019 "
        "s, the fixed time of a request");
}

TEST_CASE("the line that opened a file is charged with what its handle sent") {
  Record record;
  const auto log = record.name("train.log");
  const auto csv = record.name("metrics.csv");
  record.appends(log, 400, 10'000, 0);
  std::vector<meter::OpenedAt> opened;
  for (const auto& entry : record.text.entries)
    if (entry.op == Op::open)
      opened.push_back({"outputs.logs", "train.log", entry.begin_ns - 100, "train.py:88"});
  opened.push_back(
      {"outputs.logs", "metrics.csv", record.text.entries.size() * 1000 + 600, "train.py:95"});
  record.appends(csv, 1, 4'000, 1000);
  record.appends(csv, 1, 4'000, 2000);  // the hook did not see this one
  const auto report = make_report(record.text, standard(), {nullptr, false, opened});
  REQUIRE(report.lines.size() == 3);
  CHECK(report.lines[0].line == "train.py:88");
  CHECK(report.lines[0].opens == 400);
  CHECK(report.lines[0].written == 4'000'000);
  CHECK(report.lines[0].spent.sent == 802'000'000);
  CHECK(report.lines[1].line == "train.py:95");
  CHECK(report.lines[1].spent.sent == 4'000);
  CHECK(report.lines[2].line.empty());
  CHECK(report.lines[2].opens == 1);
  CHECK(report_table(report).find("train.py:88 opened outputs.logs:train.log 400 times, 802 MB "
                                  "sent for 4.00 MB written, ") != std::string::npos);
}

TEST_CASE("a child's open with a handle used before is on no Python line, and has its bytes") {
  Record record;
  const auto log = record.name("python.log");
  const auto shell = record.name("shell.log");
  record.appends(log, 2, 1'000, 0);  // the handles 1 and 2
  record.appends(shell, 2, 3'000, 0);
  const std::vector<meter::OpenedAt> opened{{"outputs.logs", "python.log", 900, "w.py:4"},
                                            {"outputs.logs", "python.log", 5'900, "w.py:4"}};
  const auto report = make_report(record.text, standard(), {nullptr, false, opened});
  REQUIRE(report.lines.size() == 2);
  CHECK(report.lines[0].line.empty());
  CHECK(report.lines[0].path == "shell.log");
  CHECK(report.lines[0].opens == 2);
  CHECK(report.lines[0].spent.sent == 9'000);
  CHECK(report.lines[1].line == "w.py:4");
  CHECK(report.lines[1].path == "python.log");
  CHECK(report.lines[1].spent.sent == 3'000);
  CHECK(report_table(report).find("no Python line (a child process or native code) opened "
                                  "outputs.logs:shell.log 2 times, 9.00 kB sent for 6.00 kB "
                                  "written, ") != std::string::npos);
}

TEST_CASE("a refused open leaves its line to no later one") {
  Record record;
  const auto log = record.name("a.log");
  record.add(Op::open, log, 0).result = meter::Result::refused;
  record.appends(log, 1, 1'000, 7);  // a shell's
  const std::vector<meter::OpenedAt> opened{{"outputs.logs", "a.log", 900, "w.py:4"}};
  const auto report = make_report(record.text, standard(), {nullptr, false, opened});
  REQUIRE(report.lines.size() == 1);
  CHECK(report.lines[0].line.empty());
}

TEST_CASE("what an open fetches and an unmount sends belongs to the line that opened") {
  Record record;
  const auto big = record.name("big.bin");
  auto& open = record.add(Op::open, big, 1);
  open.for_writing = 1;
  const auto cause = open.number;
  record.add(Op::get, big, 0, 120'000'000).cause = cause;
  record.add(Op::read, big, 1, 128);
  record.add(Op::release, big, 1);
  record.add(Op::put, big, 0, 5'000);  // at the end: no operation's
  const std::vector<meter::OpenedAt> opened{{"outputs.logs", "big.bin", 900, "w.py:16"}};
  const auto report = make_report(record.text, standard(), {nullptr, false, opened});
  REQUIRE(report.lines.size() == 1);
  CHECK(report.lines[0].spent.fetched == 120'000'000);
  CHECK(report.lines[0].spent.sent == 5'000);
  CHECK(report.lines[0].spent.seconds == doctest::Approx(report.files[0].spent.seconds));
  CHECK(report_table(report).find(
            "w.py:16 opened outputs.logs:big.bin 1 time, 120 MB fetched for 128 B read, 5.00 kB "
            "sent for 0 B written, ") != std::string::npos);
}

TEST_CASE("reads here and there are told of the line whose descriptor jumped") {
  Record record;
  const auto data = record.name("data.bin");
  record.add(Op::open, data, 1);
  record.add(Op::read, data, 1, 100);
  record.add(Op::get, data, 1, 90'000'000);  // the dearest
  record.add(Op::open, data, 2);
  for (std::uint64_t n = 0; n < 5; ++n) record.add(Op::read, data, 2, 100).offset = 7'000 * (5 - n);
  const std::vector<meter::OpenedAt> opened{{"outputs.logs", "data.bin", 900, "w.py:3"},
                                            {"outputs.logs", "data.bin", 3'900, "w.py:9"}};
  const auto report = make_report(record.text, standard(), {nullptr, false, opened});
  REQUIRE(report.lines.size() == 2);
  CHECK(report.lines[0].line == "w.py:3");
  CHECK(report.lines[0].jumps == 0);
  CHECK(report.lines[1].jumps == 5);
  const auto facts = facts_of(record.text, report, standard());
  REQUIRE(facts.files.size() == 1);
  CHECK(facts.files[0].line == "w.py:3");
  CHECK(facts.files[0].jumping == "w.py:9");
}

TEST_CASE("a fault's wait is in the sum of requests and in the elapsed time alike") {
  Record record;
  const auto name = record.name("a");
  auto& slow = record.add(Op::put, name, 1, 1'000'000);  // it took its time, and ten seconds more
  slow.charge = meter::seconds(alone(standard(), cost_of(standard(), Op::put, 1'000'000, 0))) + 10;
  auto& retried = record.add(Op::put, name, 1);
  retried.result = meter::Result::failed;
  retried.charge = 4.013;
  const auto report = make_report(record.text, standard(), {&standard(), false, {}});
  CHECK(report.total.seconds > 14);
  CHECK(report.elapsed == doctest::Approx(report.total.seconds));
}

TEST_CASE("failed tries keep what they took and moved nothing") {
  Record record;
  const auto name = record.name("a");
  auto& failed = record.add(Op::put, name, 1);
  failed.result = meter::Result::failed;
  failed.charge = 4.013;
  record.add(Op::put, name, 1, 1'000'000);
  record.add(Op::get, name, 1, 500'000);
  const auto report = make_report(record.text, standard(), {&standard(), false, {}});
  CHECK(report.total.requests == 3);
  CHECK(report.total.sent == 1'000'000);
  CHECK(report.total.fetched == 500'000);
  CHECK(report.total.seconds == doctest::Approx(4.013 + 0.026 + 1'500'000 / (60 * 1048576.0)));
  CHECK(report.elapsed == doctest::Approx(report.total.seconds));
  CHECK(report.total.dollars == doctest::Approx((0.055 + 0.0044) / 1e4));
}

TEST_CASE("what was not seen is said") {
  Record record;
  record.appends(record.name("a"), 1, 10, 0);
  record.text.entries.back().number += 3;
  const auto notes = make_report(record.text, standard(), {}).notes;
  REQUIRE(notes.size() == 5);
  CHECK(notes[0].find("--trace full") != std::string::npos);
  CHECK(notes[2] ==
        "missing: 3 entries of the record (unfinished when the mount ended, or the disk was full)");
  CHECK(notes[3].starts_with("assumed in blob-standard: bandwidth.stream_*: assumed"));
  const auto full = make_report(record.text, standard(), {nullptr, true, {}}).notes;
  CHECK(full.size() == 4);
}

TEST_CASE("the table, whole") {
  Record record;
  record.appends(record.name("train.log"), 3, 1'000'000, 0);
  auto profile = standard();
  profile.sources.clear();
  CHECK(report_table(make_report(record.text, profile, {nullptr, true, {}})) ==
        "file                    opens  closes  read  written     sent  fetched  sent/written  "
        "requests  cloud time      price\n"
        "outputs.logs:train.log      3       3   0 B  3.00 MB  6.00 MB      0 B          2.0x  "
        "       3     0.134 s  $0.000017\n"
        "\n"
        "request  count     sent  fetched  cloud time      price\n"
        "put          3  6.00 MB      0 B     0.134 s  $0.000017\n"
        "\n"
        "outputs.logs:train.log: 3 puts grow: 1.00 MB the first time, 3.00 MB the last; 0.029 s "
        "the first time, 0.061 s the last\n"
        "\n"
        "total under blob-standard: 3 requests, 6.00 MB sent, 0 B fetched, 0.134 s of requests, "
        "0.134 s elapsed, $0.000017\n"
        "not seen: that one thread waited for another one's request; such waits are not in the "
        "elapsed time\n");
  CHECK(report_table(make_report({{""}, {""}, {}}, profile, {})) == "nothing was recorded\n");
}

TEST_CASE("more files than are shown are counted; Markdown escapes its own mark") {
  Record record;
  for (int n = 0; n < 5; ++n)
    record.appends(record.name("a|" + std::to_string(n)), 1, 1000, static_cast<std::uint64_t>(n));
  const auto report = make_report(record.text, standard(), {});
  CHECK(report_table(report, {meter::By::all, 2})
            .find("… and 3 more files; --json has all of them\n") != std::string::npos);
  const auto text = report_markdown(report, {meter::By::all, 2});
  CHECK(text.starts_with("| file | opens | closes |"));
  CHECK(text.find("| outputs.logs:a\\|0 | 1 | 1 | 0 B | 1.00 kB |") != std::string::npos);
  CHECK(text.find("… and 3 more files; --json has all of them\n") != std::string::npos);
}

TEST_CASE("JSON has every number") {
  Record record;
  record.appends(record.name("\xff.log"), 4, 1'000'000, 0);
  const auto json = nlohmann::json::parse(report_json(make_report(record.text, standard(), {})));
  CHECK(json["cost_profile"] == "blob-standard");
  CHECK(json["files"][0]["bytes_sent"] == 10'000'000);
  CHECK(json["files"][0]["amplification"] == 2.5);
  CHECK(json["operations"][0]["operation"] == "put");
  CHECK(json["growth"][0]["points"].size() == 4);
  CHECK(json["growth"][0]["points"][3]["bytes"] == 4'000'000);
  CHECK(json["total"]["requests"] == 4);
  CHECK(json["lines"].empty());
}

TEST_CASE("the plot has a point a request, ticks with units, and a name that breaks no XML") {
  meter::Series series{"outputs.logs", "a<b>&c", Op::put, {}};
  for (std::uint64_t n = 1; n <= 60; ++n)
    series.points.push_back(
        {static_cast<double>(n), n * 1'000'000, 0.0159 * static_cast<double>(n)});
  const auto svg = meter::plot_svg(series);
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(svg.find("outputs.logs:a&lt;b&gt;&amp;c: 60 puts grow") != std::string::npos);
  CHECK(svg.find(">60.0 MB</text>") != std::string::npos);
  CHECK(svg.find(">1 s</text>") != std::string::npos);
  const auto from = svg.find("points=\"") + 8;
  const auto points = svg.substr(from, svg.find('"', from) - from);
  CHECK(std::count(points.begin(), points.end(), ',') == 60);
  CHECK(points.starts_with("80.0,"));
  CHECK(points.find(" 700.0,50.0") != std::string::npos);  // the last is the highest
  const std::vector<meter::Series> two{series, series};
  const auto both = meter::plot_svg(two);
  CHECK(both.find("<g transform=\"translate(0 0)\">") != std::string::npos);
  CHECK(both.find("<g transform=\"translate(0 550)\">") != std::string::npos);
  CHECK(meter::plot_svg(meter::Series{"", "empty", Op::put, {}}).find("nothing was sent") !=
        std::string::npos);
}
