// What delimited text looks like, told from its beginning.
#include <algorithm>
#include <array>

#include "data/cell.hpp"
#include "data/delimited.hpp"

namespace data {
namespace {

constexpr std::size_t looked_at = 200;  // records

using Record = std::vector<std::string>;

// The first records of `sample`; one that its end cuts off is left out.
std::vector<Record> records_of(std::string_view sample, bool whole, char delimiter) {
  std::string text(sample);
  RecordScanner scanner(delimiter);
  std::vector<Record> records;
  char* at = text.data();
  char* const end = at + text.size();
  while (records.size() < looked_at &&
         scanner.scan(at, end, whole) == RecordScanner::Found::record) {
    at = scanner.next();
    if (!scanner.blank()) records.emplace_back(scanner.fields().begin(), scanner.fields().end());
    if (at == end) break;
  }
  return records;
}

// How many records have as many fields as the second one (the first where there is only one),
// because a header is more often odd than the rows are.
std::size_t alike(const std::vector<Record>& records) {
  const std::size_t usual = records[records.size() > 1 ? 1 : 0].size();
  return static_cast<std::size_t>(
      std::count_if(records.begin(), records.end(),
                    [&](const Record& record) { return record.size() == usual; }));
}

bool is_number_or_date(CellKind kind) {
  return kind == CellKind::integer || kind == CellKind::large_integer || kind == CellKind::real ||
         kind == CellKind::datetime;
}

bool has_header(const std::vector<Record>& records) {
  bool first_like_rest = false;
  for (std::size_t column = 0; column < records.front().size(); ++column) {
    const CellKind first = kind_of_cell(records.front()[column]);
    ColumnTally rest;
    for (std::size_t n = 1; n < records.size(); ++n)
      if (column < records[n].size()) rest.add(records[n][column]);
    const std::string type = rest.type();
    const bool words_below = type == "object" || type.empty();
    if (first == CellKind::text && !words_below) return true;
    if (is_number_or_date(first) && (type == "datetime" || type == "int64" || type == "uint64" ||
                                     type == "float64" || records.size() == 1))
      first_like_rest = true;
    if (first == CellKind::text && records.size() == 1) return true;
  }
  return !first_like_rest;
}

}  // namespace

std::string shown_delimiter(char delimiter) {
  return delimiter == '\t' ? "tab" : std::string("'") + delimiter + "'";
}

Sniffed sniff(std::string_view sample, bool whole, char expected) {
  std::vector<char> candidates{expected};
  for (const char c : {',', ';', '\t', '|'})
    if (c != expected) candidates.push_back(c);
  Sniffed best;
  best.dialect.delimiter = expected;
  std::vector<Record> chosen;
  double best_share = 0;
  for (const char candidate : candidates) {
    auto records = records_of(sample, whole, candidate);
    if (records.empty()) continue;
    const std::size_t fields = records[records.size() > 1 ? 1 : 0].size();
    const double share = static_cast<double>(alike(records)) / static_cast<double>(records.size());
    // A delimiter that splits nothing is only the last resort.
    const double worth = fields > 1 ? 1 + share : 0;
    if (!chosen.empty() && worth <= best_share) continue;
    best_share = worth;
    best.dialect.delimiter = candidate;
    best.fields = fields;
    best.records = records.size();
    best.regular = share == 1;
    chosen = std::move(records);
  }
  if (!chosen.empty()) best.dialect.header = has_header(chosen);
  return best;
}

}  // namespace data
