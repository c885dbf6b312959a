#include "cli/explain_logs.hpp"

#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <tuple>

#include "cli/table.hpp"
#include "history/history.hpp"
#include "history/tracking.hpp"
#include "step/log_watch.hpp"

namespace cli {
namespace {

using nlohmann::json;

constexpr std::size_t widest_text = 40;

// A call in a loop is one row.
struct Row {
  std::string text;
  std::size_t count = 0;
};
using Place = std::tuple<std::string, int, std::string, std::string, std::string>;

std::string cut(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\t' || c == '\r') c = ' ';
  if (text.size() <= widest_text) return text;
  std::size_t end = widest_text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::map<Place, Row> calls_of(const fs::path& file) {
  std::map<Place, Row> rows;
  std::ifstream lines(file.c_str());
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line, nullptr, false);
    if (!entry.is_object()) continue;  // torn: its writer was killed
    std::string to;
    for (const auto& where : entry.value("to", json::array()))
      to += (to.empty() ? "" : ", ") + where.get<std::string>();
    Row& row = rows[{entry.value("file", ""), entry.value("line", 0), entry.value("call", ""),
                     to.empty() ? "nowhere" : to, entry.value("why", "")}];
    if (row.count++ == 0) row.text = entry.value("text", "");
  }
  return rows;
}

}  // namespace

void show_ways_of_logs(App& app, const workspace::Layout& layout, const std::string& run) {
  const auto record = history::read_run(layout, run, history::Damage::keep_good_part);
  std::vector<std::vector<std::string>> table{{"LINE", "CALL", "TEXT", "WENT TO", "WHY"}};
  boost::system::error_code ignored;
  const fs::path logged = history::tracking_path(layout, run);
  std::optional<history::Tracking> tracking;
  if (fs::exists(logged, ignored)) tracking.emplace(logged);
  const auto times = [](std::size_t count) {
    return count > 1 ? fmt::format(" ×{}", count) : std::string();
  };
  for (const auto& step : record.steps) {
    const std::string name = record.steps.size() > 1 ? step.path + " " : "";
    for (const auto& [place, row] :
         calls_of(step::log_watch_path(layout.run(run) / "steps" / step.path))) {
      const auto& [file, line, call, to, why] = place;
      table.push_back({fmt::format("{}{}:{}", name, file, line), call,
                       cut(row.text) + times(row.count), to, why});
    }
    if (tracking && !step.id.empty())
      for (const auto& latest : tracking->latest(step.id))
        table.push_back({name.empty() ? "-" : step.path, "metric",
                         cut(latest.point.name) + times(latest.count), "metric", ""});
  }
  if (table.size() == 1)
    app.out << "no call of logging, print or run.log was seen in the steps' own files\n";
  else
    app.out << "\n" << format_table(table);
}

}  // namespace cli
