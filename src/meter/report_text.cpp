// A report as JSON, as a table for people and as Markdown.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "meter/report.hpp"

namespace meter {
namespace {

using nlohmann::json;
using Row = std::vector<std::string>;

json spent_json(const Spent& spent) {
  return {{"requests", spent.requests},
          {"bytes_sent", spent.sent},
          {"bytes_fetched", spent.fetched},
          {"seconds", spent.seconds},
          {"dollars", spent.dollars}};
}

json with(json object, const json& more) {
  object.update(more);
  return object;
}

// A line stays a line, whatever a file is called.
std::string on_one_line(const std::string& path) {
  std::string text;
  for (const char c : path) {
    if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else if (c == '\t')
      text += "\\t";
    else
      text += c;
  }
  return text;
}

std::string name_of(const std::string& session, const std::string& path) {
  const std::string text = on_one_line(path);
  if (session.empty()) return text;
  return text.empty() ? session : session + ":" + text;
}

std::vector<Row> file_rows(const Report& report, std::size_t most) {
  std::vector<Row> rows = {{"file", "opens", "closes", "read", "written", "sent", "fetched",
                            "sent/written", "requests", "cloud time", "price"}};
  for (const FileRow& file : report.files) {
    if (rows.size() > most) break;
    const auto ratio = file.amplification();
    rows.push_back(
        {name_of(file.session, file.path), std::to_string(file.opens), std::to_string(file.closes),
         base::bytes_text(file.read), base::bytes_text(file.written),
         base::bytes_text(file.spent.sent), base::bytes_text(file.spent.fetched),
         ratio ? fmt::format("{:.1f}x", *ratio) : "-", std::to_string(file.spent.requests),
         seconds_text(file.spent.seconds), dollars_text(file.spent.dollars)});
  }
  return rows;
}

std::vector<Row> operation_rows(const Report& report) {
  std::vector<Row> rows = {{"request", "count", "sent", "fetched", "cloud time", "price"}};
  for (const OpRow& row : report.operations)
    rows.push_back({std::string(to_string(row.op)), std::to_string(row.spent.requests),
                    base::bytes_text(row.spent.sent), base::bytes_text(row.spent.fetched),
                    seconds_text(row.spent.seconds), dollars_text(row.spent.dollars)});
  return rows;
}

std::string line_text(const LineRow& row) {
  std::vector<std::string> moved;
  if (row.spent.fetched + row.read != 0)
    moved.push_back(fmt::format("{} fetched for {} read", base::bytes_text(row.spent.fetched),
                                base::bytes_text(row.read)));
  if (moved.empty() || row.spent.sent + row.written != 0)
    moved.push_back(fmt::format("{} sent for {} written", base::bytes_text(row.spent.sent),
                                base::bytes_text(row.written)));
  return fmt::format(
      "{} opened {} {} {}, {}, {}",
      row.line.empty() ? "no Python line (a child process or native code)" : row.line,
      name_of(row.session, row.path), row.opens, row.opens == 1 ? "time" : "times",
      fmt::join(moved, ", "), seconds_text(row.spent.seconds));
}

std::string total_text(const Report& report) {
  return fmt::format(
      "total under {}: {} requests, {} sent, {} fetched, {} of requests, {} elapsed, {}",
      report.profile, report.total.requests, base::bytes_text(report.total.sent),
      base::bytes_text(report.total.fetched), seconds_text(report.total.seconds),
      seconds_text(report.elapsed), dollars_text(report.total.dollars));
}

std::size_t left_out(const Report& report, std::size_t most) {
  return report.files.size() > most ? report.files.size() - most : 0;
}

// Characters of UTF-8, which are what a column has.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Numbers to the right, the first column to the left.
std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t n = 0; n < row.size(); ++n) widths[n] = std::max(widths[n], width(row[n]));
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t n = 0; n < row.size(); ++n) {
      const std::string blanks(widths[n] - width(row[n]), ' ');
      text += n == 0 ? row[n] + blanks : "  " + blanks + row[n];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

// Asked for alone, it says why it is empty.
std::string lines_text(const Report& report, const Show& show, const char* begin) {
  if (report.lines.empty() && show.by == By::line)
    return fmt::format("{}no line of a Python script was seen opening a file of a mount\n", begin);
  std::string text;
  for (std::size_t n = 0; n < std::min(show.most, report.lines.size()); ++n)
    text += begin + line_text(report.lines[n]) + "\n";
  if (report.lines.size() > show.most)
    text += fmt::format("{}… and {} more lines; --json has all of them\n", begin,
                        report.lines.size() - show.most);
  return text;
}

// How one kind of request on one file grows.
std::string growths_text(const Report& report) {
  std::string text;
  for (std::size_t n = 0; n < std::min<std::size_t>(3, report.growth.size()); ++n)
    text += fmt::format("{}: {}\n", name_of(report.growth[n].session, report.growth[n].path),
                        growth_text(report.growth[n]));
  return text;
}

std::string markdown(const std::vector<Row>& rows) {
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    text += '|';
    for (std::string cell : rows[r]) {
      for (std::size_t bar = 0; (bar = cell.find('|', bar)) != std::string::npos; bar += 2)
        cell.insert(bar, "\\");
      text += fmt::format(" {} |", cell);
    }
    text += '\n';
    if (r != 0) continue;
    for (std::size_t n = 0; n < rows[r].size(); ++n) text += n == 0 ? "|---|" : "---:|";
    text += '\n';
  }
  return text;
}

}  // namespace

std::string dollars_text(double dollars) {
  return dollars >= 0.01 || dollars == 0 ? fmt::format("${:.2f}", dollars)
                                         : fmt::format("${:.6f}", dollars);
}

std::string seconds_text(double seconds) {
  return fmt::format("{:.3f} s", seconds);
}

std::string report_json(const Report& report) {
  json files = json::array();
  for (const FileRow& file : report.files) {
    const auto ratio = file.amplification();
    files.push_back(with({{"session", file.session},
                          {"path", file.path},
                          {"opens", file.opens},
                          {"closes", file.closes},
                          {"bytes_read", file.read},
                          {"bytes_written", file.written},
                          {"amplification", ratio ? json(*ratio) : json(nullptr)}},
                         spent_json(file.spent)));
  }
  json operations = json::array();
  for (const OpRow& row : report.operations)
    operations.push_back(with({{"operation", to_string(row.op)}}, spent_json(row.spent)));
  json lines = json::array();
  for (const LineRow& row : report.lines)
    lines.push_back(with({{"line", row.line},
                          {"session", row.session},
                          {"path", row.path},
                          {"opens", row.opens},
                          {"bytes_read", row.read},
                          {"bytes_written", row.written}},
                         spent_json(row.spent)));
  json growth = json::array();
  for (const Series& series : report.growth) {
    json points = json::array();
    for (const auto& point : series.points)
      points.push_back({{"at", point.at}, {"bytes", point.bytes}, {"seconds", point.seconds}});
    growth.push_back({{"session", series.session},
                      {"path", series.path},
                      {"operation", to_string(series.op)},
                      {"points", std::move(points)}});
  }
  const json whole = {{"cost_profile", report.profile},
                      {"files", std::move(files)},
                      {"operations", std::move(operations)},
                      {"lines", std::move(lines)},
                      {"growth", std::move(growth)},
                      {"total", with({{"elapsed", report.elapsed}, {"refusals", report.refusals}},
                                     spent_json(report.total))},
                      {"notes", report.notes}};
  return whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string report_table(const Report& report, const Show& show) {
  if (report.files.empty()) return "nothing was recorded\n";
  const auto shown = [&](By by) { return show.by == By::all || show.by == by; };
  std::string text;
  const auto section = [&](const std::string& more) {
    if (!more.empty()) text += (text.empty() ? "" : "\n") + more;
  };
  if (shown(By::file)) {
    const auto more = left_out(report, show.most);
    section(aligned(file_rows(report, show.most)) +
            (more ? fmt::format("… and {} more files; --json has all of them\n", more) : ""));
  }
  if (shown(By::op) && !report.operations.empty()) section(aligned(operation_rows(report)));
  if (shown(By::line)) section(lines_text(report, show, ""));
  if (show.by == By::all || show.by == By::file) section(growths_text(report));
  section(total_text(report) + "\n");
  for (const auto& note : report.notes) text += note + "\n";
  return text;
}

std::string report_markdown(const Report& report, const Show& show) {
  if (report.files.empty()) return "Nothing was recorded.\n";
  const auto shown = [&](By by) { return show.by == By::all || show.by == by; };
  std::string text;
  const auto section = [&](const std::string& more) {
    if (!more.empty()) text += (text.empty() ? "" : "\n") + more;
  };
  if (shown(By::file)) {
    const auto more = left_out(report, show.most);
    section(markdown(file_rows(report, show.most)) +
            (more ? fmt::format("\n… and {} more files; --json has all of them\n", more) : ""));
  }
  if (shown(By::op) && !report.operations.empty()) section(markdown(operation_rows(report)));
  if (shown(By::line)) section(lines_text(report, show, "- "));
  section(total_text(report) + "\n\n");
  for (const auto& note : report.notes) text += "- " + note + "\n";
  return text;
}

}  // namespace meter
