// What the cells of a column are, as pandas.read_csv would type them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace data {

enum class CellKind : std::uint8_t { null, boolean, integer, large_integer, real, datetime, text };

// Null is what pandas 2 takes for NaN ("", "NA", "null", "None", …). A large_integer needs uint64.
// A datetime is ISO 8601's date with or without time, Y/M/D, or D/M/Y and M/D/Y with '/', '.' or
// '-'; pandas gives those when asked to (`parse_dates`).
CellKind kind_of_cell(std::string_view);

// How a cell's date is written, "YYYY-MM-DD", "YYYY-MM-DDThh:mm:ss+zz", "DD/MM/YYYY", …; "" of
// none.
std::string_view form_of_date(std::string_view);

// A number's value, or NaN where the cell is none.
double number_of_cell(std::string_view);

// Gathers a column's cells. A value of few bytes; nothing is allocated per cell.
class ColumnTally {
 public:
  void add(std::string_view cell);
  void add_null() { ++nulls_; }
  std::uint64_t nulls() const { return nulls_; }
  std::uint64_t values() const { return values_; }
  // "int64", "uint64", "float64", "bool", "datetime", "object", or "" where there was no value.
  // Of the values alone: nulls do not turn an int64 into a float64 here.
  std::string type() const;
  // Of a datetime column: how all of its dates are written; "mixed".
  std::string_view form() const { return form_; }

 private:
  std::uint64_t nulls_ = 0;
  std::uint64_t values_ = 0;
  unsigned kinds_ = 0;  // 1 << CellKind of each that was seen
  std::string_view form_;
};

}  // namespace data
