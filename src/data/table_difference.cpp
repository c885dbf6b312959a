// Two tables of delimited text: rows that differ, are missing or were added, aligned.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "base/error.hpp"
#include "data/cell.hpp"
#include "data/delimited.hpp"
#include "data/difference_parts.hpp"
#include "data/edit_script.hpp"
#include "text/diagnostic.hpp"

namespace data {
namespace {

using Order = std::vector<std::size_t>;

std::size_t index_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

// A field of the record; the column behind the last one is whatever stands there, so that nothing
// of a record is passed over.
std::string_view field_of(const DelimitedReader& reader, std::size_t column) {
  const auto& fields = reader.fields();
  if (column >= fields.size()) return {};
  if (column < reader.columns().size()) return fields[column];
  const char* const begin = fields[column].data();
  return {begin, static_cast<std::size_t>(fields.back().data() + fields.back().size() - begin)};
}

// The cells of some columns of a table, without an allocation a cell.
class Cells {
 public:
  Cells(DelimitedReader& reader, const Order& columns) : width_(columns.size()) {
    for (; reader.next(); ++rows_)
      for (const std::size_t column : columns) {
        bytes_ += field_of(reader, column);
        ends_.push_back(bytes_.size());
      }
  }
  std::size_t rows() const { return rows_; }
  std::string_view cell(std::size_t row, std::size_t column) const {
    const std::size_t n = row * width_ + column;
    const std::size_t begin = n == 0 ? 0 : ends_[n - 1];
    return std::string_view(bytes_).substr(begin, ends_[n] - begin);
  }

 private:
  std::size_t width_;
  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::size_t rows_ = 0;
};

bool same_cell(std::string_view expected, std::string_view actual, const Tolerance& tolerance) {
  if (expected == actual) return true;
  if (!tolerance.any()) return false;
  const double a = number_of_cell(expected);
  const double b = number_of_cell(actual);
  if (!std::isnan(a) && !std::isnan(b)) return is_near(a, b, tolerance);
  return kind_of_cell(expected) == CellKind::null && kind_of_cell(actual) == CellKind::null;
}

std::string shown(std::string_view cell) {
  std::string text = text::shown_line(shown_utf8(cell), 40);
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

// Which columns of both are compared, by name, or by place without a header; last what stands
// behind the columns.
struct Shared {
  std::vector<std::string> names;
  Order expected;
  Order actual;
};

// What differs is gathered here, the first rows in full.
class Report {
 public:
  Report(const Shared& shared, const Comparing& how) : shared_(shared), how_(how) {}

  using Row = std::function<std::string_view(std::size_t column)>;

  void say(std::string line) { head_ += std::move(line) + "\n"; }

  // A row of both that is not the same. `row` counts from 1, in what was expected.
  void changed(std::size_t row, const Row& expected, const Row& actual) {
    if (++changed_ > how_.shown) {
      for (std::size_t n = 0; n < shared_.names.size(); ++n) mark(n, expected(n), actual(n));
      return;
    }
    std::vector<std::string> cells{fmt::to_string(row)};
    for (std::size_t n = 0; n < shared_.names.size(); ++n)
      cells.push_back(mark(n, expected(n), actual(n))
                          ? fmt::format("{} → {}", shown(expected(n)), shown(actual(n)))
                          : shown(expected(n)));
    rows_.push_back(std::move(cells));
  }
  void missing(std::size_t row, const Row& cells) { add(missing_, missing_rows_, row, cells); }
  void added(std::size_t row, const Row& cells) { add(added_, added_rows_, row, cells); }

  std::string draw(std::uint64_t rows) const {
    std::string text = head_;
    std::vector<std::string> names;
    for (const std::size_t column : columns_) names.push_back(shared_.names[column]);
    const auto count = [](std::size_t n) { return n == 1 ? "1 row" : fmt::format("{} rows", n); };
    if (changed_ > 0) {
      text += fmt::format("{} of {} differ{}, in {}\n", changed_, count(rows),
                          changed_ == 1 ? "s" : "", fmt::join(names, ", "));
      text += drawn(rows_, columns_of_changes());
      if (changed_ > rows_.size())
        text += fmt::format("  … and {} more\n", changed_ - rows_.size());
    }
    for (const auto& [number, list, what] : {std::tuple(missing_, &missing_rows_, "missing"),
                                             std::tuple(added_, &added_rows_, "added")}) {
      if (number == 0) continue;
      text += fmt::format("{} {}\n", count(number), what);
      Order all(std::min<std::size_t>(shared_.names.size() - 1, 8));
      std::iota(all.begin(), all.end(), std::size_t{0});
      text += drawn(*list, all);
      if (number > list->size()) text += fmt::format("  … and {} more\n", number - list->size());
    }
    return text;
  }

 private:
  bool mark(std::size_t column, std::string_view expected, std::string_view actual) {
    if (same_cell(expected, actual, how_.tolerance)) return false;
    const auto at = std::lower_bound(columns_.begin(), columns_.end(), column);
    if (at == columns_.end() || *at != column) columns_.insert(at, column);
    return true;
  }

  void add(std::size_t& number, std::vector<std::vector<std::string>>& rows, std::size_t row,
           const Row& cells) {
    if (++number > how_.shown) return;
    std::vector<std::string> shown_cells{fmt::to_string(row)};
    for (std::size_t n = 0; n < shared_.names.size(); ++n) shown_cells.push_back(shown(cells(n)));
    rows.push_back(std::move(shown_cells));
  }

  // The keys, or the first column, say which row it is; then what differs.
  Order columns_of_changes() const {
    Order columns;
    for (const std::string& key : how_.keys) columns.push_back(index_of(shared_.names, key));
    if (columns.empty()) columns.push_back(0);
    for (const std::size_t column : columns_)
      if (columns.size() < 8 && std::find(columns.begin(), columns.end(), column) == columns.end())
        columns.push_back(column);
    return columns;
  }

  std::string drawn(const std::vector<std::vector<std::string>>& rows, const Order& columns) const {
    std::vector<std::vector<std::string>> table{{"row"}};
    for (const std::size_t column : columns) table.front().push_back(shown(shared_.names[column]));
    for (const auto& row : rows) {
      table.push_back({row.front()});
      for (const std::size_t column : columns) table.back().push_back(row[column + 1]);
    }
    return aligned(table);
  }

  const Shared& shared_;
  const Comparing& how_;
  std::string head_;
  Order columns_;  // that differ anywhere, sorted
  std::vector<std::vector<std::string>> rows_, missing_rows_, added_rows_;
  std::size_t changed_ = 0, missing_ = 0, added_ = 0;
};

// The columns of both; what only one has, another dialect and another order are said.
Shared shared_columns(const DelimitedReader& expected, const DelimitedReader& actual,
                      const Comparing& how, Report& report) {
  const auto ignored = [&](const std::string& name) {
    return std::find(how.ignoring.begin(), how.ignoring.end(), name) != how.ignoring.end();
  };
  const Dialect& a = expected.dialect();
  const Dialect& b = actual.dialect();
  if (a.delimiter != b.delimiter)
    report.say(fmt::format("delimiter: expected {}, actual {}", shown_delimiter(a.delimiter),
                           shown_delimiter(b.delimiter)));
  if (a.header != b.header)
    report.say(a.header ? "the header is missing" : "a header that was not expected");
  if (a.encoding != b.encoding)
    report.say(fmt::format("encoding: expected {}, actual {}", to_string(a.encoding),
                           to_string(b.encoding)));
  Shared shared;
  std::vector<std::string> list;
  const bool by_place = a.header != b.header;
  for (std::size_t n = 0; n < expected.columns().size(); ++n) {
    const std::string& name = expected.columns()[n];
    const std::size_t other = by_place ? n : index_of(actual.columns(), name);
    if (ignored(name)) continue;
    if (other >= actual.columns().size()) {
      list.push_back("-" + name);
      continue;
    }
    shared.names.push_back(name);
    shared.expected.push_back(n);
    shared.actual.push_back(other);
  }
  for (std::size_t n = 0; n < actual.columns().size(); ++n) {
    const std::string& name = actual.columns()[n];
    const std::size_t other = by_place ? n : index_of(expected.columns(), name);
    if (!ignored(name) && other >= expected.columns().size()) list.push_back("+" + name);
  }
  shared.names.push_back("(further fields)");
  shared.expected.push_back(expected.columns().size());
  shared.actual.push_back(actual.columns().size());
  if (!list.empty())
    report.say(fmt::format("columns: expected {}, actual {} ({})", expected.columns().size(),
                           actual.columns().size(), fmt::join(list, ", ")));
  if (!std::is_sorted(shared.actual.begin(), shared.actual.end()))
    report.say(fmt::format("order of columns: expected {}, actual {}",
                           fmt::join(expected.columns(), ", "), fmt::join(actual.columns(), ", ")));
  for (const std::string& key : how.keys)
    if (index_of(shared.names, key) == shared.names.size())
      throw base::Error(base::Code::bad_input,
                        fmt::format("the key column '{}' is not in both tables", key))
          .hint(text::did_you_mean(key, shared.names));
  return shared;
}

class Comparison {
 public:
  Comparison(const Cells& expected, const Cells& actual, const Shared& shared, const Comparing& how,
             Report& report)
      : expected_(expected), actual_(actual), shared_(shared), how_(how), report_(report) {}

  void by_key() {
    std::unordered_map<std::string, Order> rows;
    for (std::size_t n = expected_.rows(); n > 0; --n) rows[key(expected_, n - 1)].push_back(n - 1);
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    Order added;
    for (std::size_t n = 0; n < actual_.rows(); ++n) {
      const auto found = rows.find(key(actual_, n));
      if (found == rows.end() || found->second.empty()) {
        added.push_back(n);
      } else {
        pairs.emplace_back(found->second.back(), n);
        found->second.pop_back();
      }
    }
    std::sort(pairs.begin(), pairs.end());
    for (const auto& [a, b] : pairs)
      if (!same(a, b)) report_.changed(a + 1, row(expected_, a), row(actual_, b));
    Order missing;
    for (const auto& [_, left] : rows) missing.insert(missing.end(), left.begin(), left.end());
    std::sort(missing.begin(), missing.end());
    for (const std::size_t n : missing) report_.missing(n + 1, row(expected_, n));
    for (const std::size_t n : added) report_.added(n + 1, row(actual_, n));
  }

  void in_order(const Order& expected, const Order& actual) {
    for (const Changed& each :
         changes(expected.size(), actual.size(),
                 [&](std::size_t a, std::size_t b) { return same(expected[a], actual[b]); })) {
      std::size_t a = each.expected_begin;
      std::size_t b = each.actual_begin;
      for (; a < each.expected_end && b < each.actual_end; ++a, ++b)
        if (!same(expected[a], actual[b]))
          report_.changed(expected[a] + 1, row(expected_, expected[a]), row(actual_, actual[b]));
      for (; a < each.expected_end; ++a)
        report_.missing(expected[a] + 1, row(expected_, expected[a]));
      for (; b < each.actual_end; ++b) report_.added(actual[b] + 1, row(actual_, actual[b]));
    }
  }

  // By its cells, numbers by value, so that near rows come to lie beside each other.
  Order sorted(const Cells& cells) const {
    Order order = natural(cells);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      for (std::size_t n = 0; n < shared_.names.size(); ++n) {
        const auto x = cells.cell(a, n);
        const auto y = cells.cell(b, n);
        if (x == y) continue;
        const double p = number_of_cell(x);
        const double q = number_of_cell(y);
        // Words behind numbers: one order for all.
        if (std::isnan(p) != std::isnan(q)) return std::isnan(q);
        if (std::isnan(p)) return x < y;
        if (p != q) return p < q;
      }
      return false;
    });
    return order;
  }

  Order natural(const Cells& cells) const {
    Order order(cells.rows());
    std::iota(order.begin(), order.end(), std::size_t{0});
    return order;
  }

 private:
  bool same(std::size_t a, std::size_t b) const {
    for (std::size_t n = 0; n < shared_.names.size(); ++n)
      if (!same_cell(expected_.cell(a, n), actual_.cell(b, n), how_.tolerance)) return false;
    return true;
  }
  std::string key(const Cells& cells, std::size_t row) const {
    std::string key;
    for (const std::string& name : how_.keys) {
      const auto cell = cells.cell(row, index_of(shared_.names, name));
      key += fmt::format("{}:{}", cell.size(), cell);
    }
    return key;
  }
  static Report::Row row(const Cells& cells, std::size_t number) {
    return [&cells, number](std::size_t column) { return cells.cell(number, column); };
  }

  const Cells& expected_;
  const Cells& actual_;
  const Shared& shared_;
  const Comparing& how_;
  Report& report_;
};

// Row by row as both stream by.
std::uint64_t compare_streams(DelimitedReader& expected, DelimitedReader& actual,
                              const Shared& shared, const Comparing& how, Report& report) {
  const auto row_of = [](const DelimitedReader& reader, const Order& columns) {
    return [&](std::size_t n) { return field_of(reader, columns[n]); };
  };
  const auto a = row_of(expected, shared.expected);
  const auto b = row_of(actual, shared.actual);
  for (;;) {
    const bool more = expected.next();
    const bool other = actual.next();
    if (!more && !other) return expected.row();
    if (more && other) {
      for (std::size_t n = 0; n < shared.names.size(); ++n)
        if (!same_cell(a(n), b(n), how.tolerance)) {
          report.changed(expected.row(), a, b);
          break;
        }
    } else if (more) {
      report.missing(expected.row(), a);
    } else {
      report.added(actual.row(), b);
    }
  }
}

}  // namespace

std::string table_difference(const fs::path& expected, const fs::path& actual,
                             const Comparing& how) {
  if (same_bytes(expected, actual)) return "";
  DelimitedReader expected_reader(expected);
  DelimitedReader actual_reader(actual);
  Shared shared;
  Report report(shared, how);
  shared = shared_columns(expected_reader, actual_reader, how, report);
  const bool any_order = how.any_order || !how.keys.empty();
  if (!fits_memory(expected) || !fits_memory(actual)) {
    if (any_order)
      throw base::Error(base::Code::bad_input,
                        fmt::format("{} is too large to be compared in any order (above 32 MiB)",
                                    (fits_memory(expected) ? actual : expected).native()))
          .hint("let the step write its rows in one order, and compare without keys or any_order");
    const auto rows = compare_streams(expected_reader, actual_reader, shared, how, report);
    return report.draw(rows);
  }
  const Cells a(expected_reader, shared.expected);
  const Cells b(actual_reader, shared.actual);
  Comparison comparison(a, b, shared, how, report);
  if (!how.keys.empty())
    comparison.by_key();
  else if (how.any_order)
    comparison.in_order(comparison.sorted(a), comparison.sorted(b));
  else
    comparison.in_order(comparison.natural(a), comparison.natural(b));
  return report.draw(a.rows());
}

}  // namespace data
