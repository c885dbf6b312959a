#include "meter/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>

#include "base/clock.hpp"

namespace meter {
namespace {

using File = std::pair<std::uint16_t, std::uint32_t>;  // session and name

void add(Spent& spent, const Entry& entry, const Cost& cost, Nanos time, double price) {
  spent.requests +=
      entry.result == Result::failed || entry.result == Result::refused ? 1 : cost.counts.sum();
  spent.sent += cost.up;
  spent.fetched += cost.down;
  spent.seconds += seconds(time);
  spent.dollars += price;
}

template <class T>
const std::string& at(const std::vector<std::string>& words, T number) {
  static const std::string unknown = "(unknown)";
  return number < words.size() ? words[number] : unknown;
}

// Which line opened the file behind each handle; "" where no line of a Python did.
class Lines {
 public:
  Lines(const LedgerText& text, std::span<const OpenedAt> opened) : text_(text) {
    for (const OpenedAt& open : opened) waiting_[{open.session, open.path}].push_back(&open);
    for (auto& [file, opens] : waiting_)
      std::stable_sort(opens.begin(), opens.end(),
                       [](const auto* a, const auto* b) { return a->time < b->time; });
  }

  // The hook speaks just before the open itself: of those not taken yet and not later than it, the
  // earliest. One file's opens come in one order on both sides. A handle's number is used again, so
  // each open says anew whose it is.
  const std::string& line_of_open(const Entry& open) {
    auto& queue = waiting_[{at(text_.sessions, open.session), at(text_.names, open.name)}];
    const std::string* line = &no_line();
    if (!queue.empty() && queue.front()->time <= open.end_ns) {
      line = &queue.front()->line;
      queue.pop_front();
    }
    by_open_[open.number] = line;
    if (open.handle != 0) by_handle_[{open.session, open.handle}] = line;
    if (open.for_writing || open.op == Op::create) by_file_[{open.session, open.name}] = line;
    return *line;
  }
  // Through its handle; what an open itself asks for has none yet; what an unmount sends is the
  // last writer's.
  const std::string* line_of(const Entry& entry) const {
    const auto in = [](const auto& known, const auto& key) {
      const auto found = known.find(key);
      return found == known.end() ? nullptr : found->second;
    };
    if (entry.handle != 0) return in(by_handle_, std::pair(entry.session, entry.handle));
    if (entry.cause != 0) return in(by_open_, entry.cause);
    return entry.op == Op::put ? in(by_file_, File(entry.session, entry.name)) : nullptr;
  }

 private:
  static const std::string& no_line() {
    static const std::string none;
    return none;
  }

  const LedgerText& text_;
  std::map<std::pair<std::string, std::string>, std::deque<const OpenedAt*>> waiting_;
  std::map<std::pair<std::uint16_t, std::uint64_t>, const std::string*> by_handle_;
  std::unordered_map<std::uint64_t, const std::string*> by_open_;
  std::map<File, const std::string*> by_file_;
};

class Maker {
 public:
  Maker(const LedgerText& text, const CostProfile& profile, const ReportOptions& options)
      : text_(text), profile_(profile), options_(options), lines_(text, options.opened) {}

  Report run() {
    report_.profile = profile_.name;
    for (const Entry& entry : text_.entries) {
      FileRow& file = row(entry);
      if (is_request(entry.op))
        take_request(entry, file);
      else
        take_operation(entry, file);
    }
    simulate_all();
    sort_all();
    write_notes();
    return std::move(report_);
  }

 private:
  // A record may have one path under several numbers: the first of them stands for all.
  File file_of(const Entry& entry) {
    if (entry.name >= text_.names.size()) return {entry.session, entry.name};
    if (numbers_.empty()) numbers_.resize(text_.names.size());
    std::uint32_t& number = numbers_[entry.name];
    if (number == 0)
      number = 1 + first_numbers_.emplace(text_.names[entry.name], entry.name).first->second;
    return {entry.session, number - 1};
  }

  FileRow& row(const Entry& entry) {
    auto& file = files_[file_of(entry)];
    if (file.path.empty()) {
      file.session = at(text_.sessions, entry.session);
      file.path = at(text_.names, entry.name);
    }
    return file;
  }

  LineRow& line_row(const std::string& line, const FileRow& file) {
    LineRow& row = line_rows_[{line, file.session, file.path}];
    row.line = line;
    row.session = file.session;
    row.path = file.path;
    return row;
  }

  LineRow* line_row(const Entry& entry, const FileRow& file) {
    if (options_.opened.empty()) return nullptr;
    const std::string* line = lines_.line_of(entry);
    return line ? &line_row(*line, file) : nullptr;
  }

  void take_operation(const Entry& entry, FileRow& file) {
    const bool opens = entry.op == Op::open || entry.op == Op::create;
    if (entry.result != Result::ok) {
      // It was tried all the same: the line is not left for the next one's open.
      if (opens && !options_.opened.empty()) lines_.line_of_open(entry);
      return;
    }
    LineRow* line = nullptr;
    switch (entry.op) {
      case Op::open:
      case Op::create:
        ++file.opens;
        goes_on_at_[{entry.session, entry.handle}] = 0;
        if (!options_.opened.empty()) ++line_row(lines_.line_of_open(entry), file).opens;
        break;
      case Op::flush:
        ++file.closes;
        break;
      case Op::read:
        file.read += entry.bytes;
        take_read(entry, line_row(entry, file));
        break;
      case Op::write:
        file.written += entry.bytes;
        line = line_row(entry, file);
        if (line) line->written += entry.bytes;
        break;
      default:
        break;
    }
  }

  void take_read(const Entry& entry, LineRow* line) {
    std::uint64_t& next = goes_on_at_[{entry.session, entry.handle}];
    if (line) {
      line->read += entry.bytes;
      line->jumps += entry.offset != next;
    }
    next = entry.offset + entry.bytes;
  }

  void take_request(const Entry& entry, FileRow& file) {
    const bool content = entry.result == Result::ok || entry.result == Result::absent;
    const Cost cost = content ? cost_of(profile_, entry.op, entry.bytes, entry.draw)
                              : cost_of_refusal(profile_, entry.op);
    Nanos time = alone(profile_, cost);
    // A fault's waiting is no profile's matter: it stays as it was.
    if (options_.recorded_under)
      time += extra_of(entry, *options_.recorded_under);
    else if (!content)
      time = std::max(time, static_cast<Nanos>(entry.charge * 1e9));
    const double price = dollars(profile_, cost);
    add(file.spent, entry, cost, time, price);
    add(operations_[entry.op], entry, cost, time, price);
    add(report_.total, entry, cost, time, price);
    if (LineRow* line = line_row(entry, file)) add(line->spent, entry, cost, time, price);
    if ((entry.op == Op::put || entry.op == Op::get) && entry.result == Result::ok)
      series_[{file_of(entry), entry.op}].push_back(
          {seconds(entry.begin_ns), entry.bytes, seconds(time)});
  }

  void simulate_all() {
    const auto phases = phases_of(text_, {options_.recorded_under, false});
    const Simulation simulation = simulate(phases, profile_);
    report_.elapsed = seconds(simulation.end);
    report_.refusals = simulation.refusals;
  }

  void sort_all() {
    const auto dearer = [](const auto& a, const auto& b) {
      return std::tuple(b.spent.seconds, b.spent.sent + b.spent.fetched) <
             std::tuple(a.spent.seconds, a.spent.sent + a.spent.fetched);
    };
    for (auto& [key, file] : files_)
      if (file.spent.requests + file.opens + file.closes + file.read + file.written != 0)
        report_.files.push_back(std::move(file));
    for (auto& [key, line] : line_rows_) report_.lines.push_back(std::move(line));
    for (auto& [op, spent] : operations_) report_.operations.push_back({op, spent});
    std::stable_sort(report_.files.begin(), report_.files.end(), dearer);
    std::stable_partition(report_.lines.begin(), report_.lines.end(),
                          [](const LineRow& row) { return !row.line.empty(); });
    std::stable_sort(report_.lines.begin(), report_.lines.end(), dearer);
    std::stable_sort(report_.operations.begin(), report_.operations.end(), dearer);
    for (auto& [key, points] : series_)
      if (points.size() >= 3)
        report_.growth.push_back({at(text_.sessions, key.first.first),
                                  at(text_.names, key.first.second), key.second,
                                  std::move(points)});
    const auto bytes = [](const Series& series) {
      std::uint64_t sum = 0;
      for (const auto& point : series.points) sum += point.bytes;
      return sum;
    };
    std::stable_sort(report_.growth.begin(), report_.growth.end(),
                     [&](const Series& a, const Series& b) { return bytes(a) > bytes(b); });
  }

  void write_notes() {
    if (!options_.full_trace && !options_.estimated)
      report_.notes.emplace_back(
          "not seen: reads and look-ups that the kernel answered from its own caches (record with "
          "--trace full to see them)");
    report_.notes.emplace_back(
        "not seen: that one thread waited for another one's request; such waits are not in the "
        "elapsed time");
    const std::uint64_t last = text_.entries.empty() ? 0 : text_.entries.back().number;
    if (last > text_.entries.size())
      report_.notes.push_back(
          fmt::format("missing: {} entries of the record (unfinished when the mount ended, or the "
                      "disk was full)",
                      last - text_.entries.size()));
    for (const auto& rule : options_.assumed) report_.notes.push_back(rule);
    for (auto& figure : assumed_in(profile_)) report_.notes.push_back(std::move(figure));
  }

  const LedgerText& text_;
  const CostProfile& profile_;
  const ReportOptions& options_;
  Lines lines_;
  Report report_;
  std::map<File, FileRow> files_;
  std::map<std::pair<File, Op>, std::vector<Series::Point>> series_;
  std::vector<std::uint32_t> numbers_;  // of a name → 1 + the first number of its path
  std::unordered_map<std::string, std::uint32_t> first_numbers_;
  // Of a descriptor, where a read that does not jump begins.
  std::map<std::pair<std::uint16_t, std::uint64_t>, std::uint64_t> goes_on_at_;
  std::map<Op, Spent> operations_;
  std::map<std::tuple<std::string, std::string, std::string>, LineRow> line_rows_;
};

}  // namespace

std::optional<double> FileRow::amplification() const {
  if (written == 0) return std::nullopt;
  return static_cast<double>(spent.sent) / static_cast<double>(written);
}

Report make_report(const LedgerText& text, const CostProfile& profile,
                   const ReportOptions& options) {
  return Maker(text, profile, options).run();
}

std::vector<std::string> assumed_in(const CostProfile& profile) {
  std::vector<std::string> figures;
  for (const auto& source : profile.sources)
    if (source.find("assumed") != std::string::npos)
      figures.push_back(fmt::format("assumed in {}: {}", profile.name, source));
  return figures;
}

std::string growth_text(const Series& series) {
  if (series.points.empty()) return "nothing was sent";
  const auto& first = series.points.front();
  const auto& last = series.points.back();
  const std::string count = fmt::format("{} {}s", series.points.size(), to_string(series.op));
  const std::string sizes =
      fmt::format("{} the first time, {} the last", base::bytes_text(first.bytes),
                  base::bytes_text(last.bytes));
  if (last.bytes <= first.bytes) return fmt::format("{}: {}", count, sizes);
  // Where the fixed time of a request rules, growing bytes are not growing time.
  if (last.seconds < 2 * first.seconds)
    return fmt::format(
        "{} grow: {}; each takes about the same, {:.3f} s, the fixed time of a request", count,
        sizes, last.seconds);
  return fmt::format("{} grow: {}; {:.3f} s the first time, {:.3f} s the last", count, sizes,
                     first.seconds, last.seconds);
}

}  // namespace meter
