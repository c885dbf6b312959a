// Columns, types, nulls and dialect of two tables.
#include <fmt/format.h>

#include <algorithm>

#include "data/drift_parts.hpp"
#include "text/diagnostic.hpp"

namespace data {
namespace {

using What = Difference::What;

struct Renamed {
  const Column* mock;
  const Column* real;
};

// The columns of both, and what only one has.
struct Columns {
  std::vector<Renamed> both;  // those of another name too
  std::vector<Renamed> renamed;
  std::vector<const Column*> removed;
  std::vector<const Column*> added;
};

const Column* find(const Table& table, const std::string& name) {
  const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                  [&](const Column& column) { return column.name == name; });
  return found == table.columns.end() ? nullptr : &*found;
}

std::ptrdiff_t place(const Table& table, const Column* column) {
  return column - table.columns.data();
}

// One that is gone and one that is new are the same under another name where they stand at the same
// place and are of one type, or where the names are near enough to be meant for each other.
void find_renamed(const Table& mock, const Table& real, Columns& columns) {
  for (auto gone = columns.removed.begin(); gone != columns.removed.end();) {
    std::vector<std::string> names;
    for (const Column* column : columns.added) names.push_back(column->name);
    const std::string near = text::nearest((*gone)->name, names);
    auto now = std::find_if(columns.added.begin(), columns.added.end(), [&](const Column* column) {
      return column->name == near && column->type == (*gone)->type;
    });
    if (now == columns.added.end())
      now = std::find_if(columns.added.begin(), columns.added.end(), [&](const Column* column) {
        return place(mock, *gone) == place(real, column) && column->type == (*gone)->type &&
               mock.columns.size() == real.columns.size();
      });
    if (now == columns.added.end()) {
      ++gone;
      continue;
    }
    columns.renamed.push_back({*gone, *now});
    columns.added.erase(now);
    gone = columns.removed.erase(gone);
  }
}

Columns matched(const Table& mock, const Table& real) {
  Columns columns;
  for (const Column& column : mock.columns) {
    const Column* const same = find(real, column.name);
    if (same)
      columns.both.push_back({&column, same});
    else
      columns.removed.push_back(&column);
  }
  for (const Column& column : real.columns)
    if (!find(mock, column.name)) columns.added.push_back(&column);
  find_renamed(mock, real, columns);
  return columns;
}

// By place, where one of the two has no names.
Columns matched_by_place(const Table& mock, const Table& real) {
  Columns columns;
  for (std::size_t n = 0; n < mock.columns.size() && n < real.columns.size(); ++n)
    columns.both.push_back({&mock.columns[n], &real.columns[n]});
  return columns;
}

void compare_dialects(const Dialect& mock, const Dialect& real, Found& found) {
  if (mock.delimiter != real.delimiter)
    found.breaks(What::dialect, fmt::format("delimiter: {} → {}", shown_delimiter(mock.delimiter),
                                            shown_delimiter(real.delimiter)));
  if (mock.header && !real.header)
    found.breaks(What::dialect, fmt::format("{} wrote no header, {} has one", found.sides().real,
                                            found.sides().mock));
  if (!mock.header && real.header)
    found.breaks(What::dialect, fmt::format("{} wrote a header, {} has none", found.sides().real,
                                            found.sides().mock));
  if (mock.encoding != real.encoding)
    found.breaks(What::dialect, fmt::format("encoding: {} → {}", to_string(mock.encoding),
                                            to_string(real.encoding)));
}

void compare_names(const Table& mock, const Table& real, const Columns& columns, Found& found) {
  std::vector<std::string> names;
  for (const Renamed& each : columns.renamed)
    names.push_back(fmt::format("{} → {}", each.mock->name, each.real->name));
  for (const Column* column : columns.added) names.push_back("+" + column->name);
  for (const Column* column : columns.removed) names.push_back("-" + column->name);
  const auto& [mock_side, real_side] = found.sides();
  const std::size_t before = mock.columns.size();
  const std::size_t now = real.columns.size();
  const std::string list = names.empty() ? "" : fmt::format(" ({})", shown_list(names));
  if (before != now)
    found.breaks(What::columns,
                 fmt::format("{} has {} column{}, {} wrote {}{}", mock_side, before,
                             before == 1 ? "" : "s", real_side, now, list),
                 names);
  else if (!names.empty())
    found.breaks(What::columns,
                 fmt::format("{} and {} have {} column{} each, but not the same{}", mock_side,
                             real_side, now, now == 1 ? "" : "s", list),
                 names);
}

// Where the same names come in another order, a script that counts columns takes others.
void compare_order(const Table& mock, const Table& real, const Columns& columns, Found& found) {
  std::vector<std::string> before;
  std::vector<std::pair<std::ptrdiff_t, std::string>> now;
  for (const auto& list : {columns.both, columns.renamed})
    for (const Renamed& each : list) now.emplace_back(place(real, each.real), each.real->name);
  std::vector<std::pair<std::ptrdiff_t, std::string>> old;
  for (const auto& list : {columns.both, columns.renamed})
    for (const Renamed& each : list) old.emplace_back(place(mock, each.mock), each.real->name);
  std::sort(now.begin(), now.end());
  std::sort(old.begin(), old.end());
  std::vector<std::string> names;
  for (std::size_t n = 0; n < now.size(); ++n) {
    before.push_back(old[n].second);
    names.push_back(now[n].second);
  }
  if (before != names)
    found.worth_knowing(
        What::order,
        fmt::format("order of columns: {} → {}", shown_list(before), shown_list(names)), names);
}

std::string without_digits(std::string text) {
  while (!text.empty() && text.back() >= '0' && text.back() <= '9') text.pop_back();
  return text;
}

void compare_column(const Column& mock, const Column& real, std::uint64_t real_rows,
                    bool real_exact, Found& found) {
  const std::uint64_t before = mock.nulls.value_or(0);
  const std::uint64_t now = real.nulls.value_or(0);
  const std::string& name = real.name;
  if (mock.type.empty()) return;  // the mock says nothing of it
  const std::string nulls = fmt::format("{} of {} rows", now, real_rows);
  if (real.type.empty()) {
    if (now > 0 && real_rows > 0)
      found.breaks(What::nulls, fmt::format("no value in {} ({})", name, nulls), {name});
    return;
  }
  const std::string mock_type = mock.dtype();
  const std::string real_type = real.dtype();
  const bool appear = before == 0 && now > 0 && mock.nulls;
  if (mock_type != real_type) {
    const std::string because =
        appear && mock.type == real.type ? fmt::format(" (nulls in {})", nulls) : "";
    const std::string text =
        fmt::format("dtype of {}: {} → {}{}", name, mock_type, real_type, because);
    // int32 and int64 compute the same until they overflow.
    if (without_digits(mock_type) == without_digits(real_type))
      found.worth_knowing(What::type, text, {name});
    else
      found.breaks(What::type, text, {name});
    if (!because.empty()) return;
  } else if (!mock.form.empty() && !real.form.empty() && mock.form != real.form) {
    found.breaks(What::type, fmt::format("dates in {}: {} → {}", name, mock.form, real.form),
                 {name});
  }
  if (appear)
    found.breaks(What::nulls, fmt::format("nulls in {}: none → {}", name, nulls), {name});
  else if (before > 0 && real.nulls && now == 0 && real_exact)
    found.worth_knowing(What::nulls,
                        fmt::format("nulls in {}: only in {}", name, found.sides().mock), {name});
}

}  // namespace

void compare_tables(const Table& mock, const Table& real, Found& found) {
  if (mock.dialect && real.dialect) compare_dialects(*mock.dialect, *real.dialect, found);
  const bool mock_named = !mock.dialect || mock.dialect->header;
  const bool real_named = !real.dialect || real.dialect->header;
  const bool by_place = !mock_named || !real_named;
  const Columns columns = by_place ? matched_by_place(mock, real) : matched(mock, real);
  compare_names(mock, real, columns, found);
  if (!by_place) compare_order(mock, real, columns, found);
  for (const auto& list : {columns.both, columns.renamed})
    for (const Renamed& each : list)
      compare_column(*each.mock, *each.real, real.rows, real.exact, found);
}

}  // namespace data
