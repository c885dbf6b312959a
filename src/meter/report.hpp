// What a recorded mount did, file by file, and what it costs in the cloud.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "meter/simulate.hpp"

namespace meter {

// Seen by the audit hook in the step's interpreter: a file was opened by this line.
struct OpenedAt {
  std::string session;  // "outputs.logs"
  std::string path;     // within the binding
  Nanos time = 0;       // on the ledger's clock, just before the open
  std::string line;     // "train.py:88"
};

// What requests came to. Failed ones are in `requests` and `seconds` and move no bytes.
struct Spent {
  std::uint64_t requests = 0;
  std::uint64_t sent = 0;     // bytes to the store
  std::uint64_t fetched = 0;  // bytes from it
  double seconds = 0;         // cloud time of each request by itself, added up
  double dollars = 0;
};

struct FileRow {
  std::string session;
  std::string path;
  std::uint64_t opens = 0;
  std::uint64_t closes = 0;   // each descriptor's, a forked one's too
  std::uint64_t read = 0;     // bytes the script asked for, as far as they reached the mount
  std::uint64_t written = 0;  // bytes the script wrote
  Spent spent;
  // Bytes sent for each byte written; nothing where nothing was written.
  std::optional<double> amplification() const;
};

struct OpRow {
  Op op = Op::get;
  Spent spent;
};

struct LineRow {
  std::string line;  // "" for what no line of a Python opened: a child process or native code did
  std::string session;
  std::string path;
  std::uint64_t opens = 0;
  std::uint64_t read = 0;   // bytes, as of a file
  std::uint64_t jumps = 0;  // reads that do not go on where the descriptor's last one ended
  std::uint64_t written = 0;
  Spent spent;
};

// One kind of request on one file, over time.
struct Series {
  std::string session;
  std::string path;
  Op op = Op::put;
  struct Point {
    double at = 0;  // seconds since the mount began
    std::uint64_t bytes = 0;
    double seconds = 0;
  };
  std::vector<Point> points;
};

struct Report {
  std::string profile;         // the cost profile's name
  std::vector<FileRow> files;  // the most expensive first: by seconds, then by bytes
  std::vector<OpRow> operations;
  std::vector<LineRow> lines;  // empty without the hook's record
  // Of files sent or fetched at least three times, the most bytes first.
  std::vector<Series> growth;
  Spent total;
  double elapsed = 0;              // cloud seconds with overlap and the account's limits
  std::uint64_t refusals = 0;      // by the account's limit, as simulated
  std::vector<std::string> notes;  // what could not be seen, what is assumed
};

struct ReportOptions {
  const CostProfile* recorded_under = nullptr;  // see simulate.hpp
  bool full_trace = false;                      // --trace full: the kernel answered nothing itself
  std::span<const OpenedAt> opened = {};
  std::vector<std::string> assumed = {};  // more for the notes
  bool estimated = false;  // nothing was mounted: a trace of mounts would see no more
};
Report make_report(const LedgerText&, const CostProfile&, const ReportOptions&);

// "each put takes longer: 0.03 s, then 0.97 s" or "each put takes about the same …": what the
// series shows, and no more than that.
std::string growth_text(const Series&);

// One table of it, or all.
enum class By { all, file, line, op };
struct Show {
  By by = By::all;
  std::size_t most = 20;  // files and lines; the rest is summed up
};
// Pure, each ending with a newline.
std::string report_json(const Report&);  // docs/schemas/io-report.json
std::string report_table(const Report&, const Show& = {});
std::string report_markdown(const Report&, const Show& = {});
// "assumed in blob-standard: …": figures without a published source.
std::vector<std::string> assumed_in(const CostProfile&);
// "$1.25", "$0.000330"
std::string dollars_text(double);
// "29.867 s"
std::string seconds_text(double);
// A plot of bytes and seconds of each request of a series; several stand below each other.
std::string plot_svg(std::span<const Series>);
std::string plot_svg(const Series&);

}  // namespace meter
