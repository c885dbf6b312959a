#include "data/cell.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace data {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// pandas/_libs/parsers.pyx, STR_NA_VALUES of pandas 2; by the first character, because most cells
// are known not to be null by it.
bool is_null(std::string_view cell) {
  if (cell.empty()) return true;
  const auto is = [&](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), cell) != words.end();
  };
  switch (cell.front()) {
    case '#':
      return is({"#N/A", "#N/A N/A", "#NA"});
    case '-':
      return cell.size() > 3 && is({"-nan", "-NaN", "-1.#IND", "-1.#QNAN"});
    case '1':
      return cell.size() > 5 && cell[2] == '#' && is({"1.#IND", "1.#QNAN"});
    case '<':
      return cell == "<NA>";
    case 'N':
      return is({"N/A", "NA", "NULL", "NaN", "None"});
    case 'n':
      return is({"n/a", "nan", "null"});
    default:
      return false;
  }
}

std::string_view trimmed(std::string_view cell) {
  while (!cell.empty() && cell.front() == ' ') cell.remove_prefix(1);
  while (!cell.empty() && cell.back() == ' ') cell.remove_suffix(1);
  return cell;
}

bool same_word(std::string_view cell, std::string_view lower) {
  return cell.size() == lower.size() &&
         std::equal(cell.begin(), cell.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

// integer, large_integer, real, or text where it is no number.
CellKind kind_of_number(std::string_view cell) {
  const char* at = cell.data();
  const char* const end = at + cell.size();
  const bool negative = *at == '-';
  if (*at == '-' || *at == '+') ++at;
  const char* const digits = at;
  while (at < end && is_digit(*at)) ++at;
  const auto count = at - digits;
  if (at == end && count > 0) {
    if (count <= 18) return CellKind::integer;
    std::int64_t value = 0;
    const char* const first = negative ? digits - 1 : digits;
    if (std::from_chars(first, end, value).ec == std::errc()) return CellKind::integer;
    std::uint64_t large = 0;
    return !negative && std::from_chars(digits, end, large).ec == std::errc()
               ? CellKind::large_integer
               : CellKind::text;
  }
  if (at < end && (*at == '-' || *at == '/' || *at == ':')) return CellKind::text;  // a date
  if (count == 0 && (same_word({at, static_cast<std::size_t>(end - at)}, "inf") ||
                     same_word({at, static_cast<std::size_t>(end - at)}, "infinity")))
    return CellKind::real;
  std::ptrdiff_t decimals = 0;
  if (at < end && *at == '.') {
    const char* const point = ++at;
    while (at < end && is_digit(*at)) ++at;
    decimals = at - point;
  }
  if (count + decimals == 0) return CellKind::text;
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end && (*at == '-' || *at == '+')) ++at;
    const char* const exponent = at;
    while (at < end && is_digit(*at)) ++at;
    if (at == exponent) return CellKind::text;
  }
  return at == end ? CellKind::real : CellKind::text;
}

// Takes `least` to `most` digits off the front; -1: they are not there.
int take_number(std::string_view& text, std::size_t least, std::size_t most) {
  int value = 0;
  std::size_t count = 0;
  while (count < most && count < text.size() && is_digit(text[count]))
    value = value * 10 + (text[count++] - '0');
  if (count < least) return -1;
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

struct Time {
  bool good = true;
  bool any = false;
  bool zone = false;
};

// hh:mm[:ss[.fraction]][Z|±hh[:]mm] behind 'T' or a blank.
Time take_time(std::string_view text) {
  Time time;
  if (text.empty()) return time;
  time.any = true;
  const auto wrong = [&] {
    time.good = false;
    return time;
  };
  if (!take(text, 'T') && !take(text, ' ')) return wrong();
  const int hour = take_number(text, 1, 2);
  if (hour < 0 || hour > 23 || !take(text, ':')) return wrong();
  const int minute = take_number(text, 2, 2);
  if (minute < 0 || minute > 59) return wrong();
  if (take(text, ':')) {
    const int second = take_number(text, 2, 2);
    if (second < 0 || second > 60) return wrong();
    if ((take(text, '.') || take(text, ',')) && take_number(text, 1, 9) < 0) return wrong();
  }
  if (take(text, 'Z')) {
    time.zone = true;
  } else if (take(text, '+') || take(text, '-')) {
    time.zone = true;
    if (take_number(text, 2, 2) < 0) return wrong();
    take(text, ':');
    if (!text.empty() && take_number(text, 2, 2) < 0) return wrong();
  }
  time.good = text.empty();
  return time;
}

// Three forms of each: alone, with a time, with a time and a zone.
using Forms = std::array<std::string_view, 3>;
constexpr Forms iso{"YYYY-MM-DD", "YYYY-MM-DD hh:mm", "YYYY-MM-DD hh:mm+zz"};
constexpr Forms year_first{"YYYY/MM/DD", "YYYY/MM/DD hh:mm", "YYYY/MM/DD hh:mm+zz"};
constexpr Forms slashes{"DD/MM/YYYY", "DD/MM/YYYY hh:mm", "DD/MM/YYYY hh:mm+zz"};
constexpr Forms points{"DD.MM.YYYY", "DD.MM.YYYY hh:mm", "DD.MM.YYYY hh:mm+zz"};
constexpr Forms dashes{"DD-MM-YYYY", "DD-MM-YYYY hh:mm", "DD-MM-YYYY hh:mm+zz"};

}  // namespace

std::string_view form_of_date(std::string_view cell) {
  if (cell.size() < 8 || cell.size() > 40 || !is_digit(cell.front())) return {};
  const bool starts_with_year = is_digit(cell[2]) && is_digit(cell[3]) && is_digit(cell[1]);
  const Forms* forms = nullptr;
  int month = 0;
  int day = 0;
  if (starts_with_year) {
    take_number(cell, 4, 4);
    const char separator = cell.front();
    if (separator != '-' && separator != '/') return {};
    cell.remove_prefix(1);
    month = take_number(cell, 1, 2);
    if (!take(cell, separator)) return {};
    day = take_number(cell, 1, 2);
    forms = separator == '-' ? &iso : &year_first;
  } else {
    day = take_number(cell, 1, 2);
    const char separator = cell.front();
    if (separator != '/' && separator != '.' && separator != '-') return {};
    cell.remove_prefix(1);
    month = take_number(cell, 1, 2);
    if (month > 12 && day <= 12) std::swap(month, day);
    if (!take(cell, separator) || take_number(cell, 4, 4) < 0) return {};
    forms = separator == '/' ? &slashes : separator == '.' ? &points : &dashes;
  }
  if (month < 1 || month > 12 || day < 1 || day > 31) return {};
  const Time time = take_time(cell);
  if (!time.good) return {};
  return (*forms)[time.zone ? 2 : time.any ? 1 : 0];
}

namespace {

// `form` is of a datetime.
CellKind look_at(std::string_view cell, std::string_view& form) {
  if (is_null(cell)) return CellKind::null;
  switch (cell.front()) {
    case 'T':
    case 't':
    case 'F':
    case 'f':
      return cell == "True" || cell == "False" || cell == "true" || cell == "false" ||
                     cell == "TRUE" || cell == "FALSE"
                 ? CellKind::boolean
                 : CellKind::text;
    case ' ':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
    case '-':
    case '+':
    case '.':
    case 'i':
    case 'I':
      break;
    default:
      return CellKind::text;
  }
  const std::string_view bare = cell.front() == ' ' || cell.back() == ' ' ? trimmed(cell) : cell;
  if (bare.empty()) return CellKind::text;
  const CellKind kind = kind_of_number(bare);
  if (kind != CellKind::text) return kind;
  form = form_of_date(bare);
  return form.empty() ? CellKind::text : CellKind::datetime;
}

}  // namespace

CellKind kind_of_cell(std::string_view cell) {
  std::string_view form;
  return look_at(cell, form);
}

double number_of_cell(std::string_view cell) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  const CellKind kind = kind_of_cell(cell);
  if (kind != CellKind::integer && kind != CellKind::large_integer && kind != CellKind::real)
    return none;
  cell = trimmed(cell);
  if (cell.starts_with('+')) cell.remove_prefix(1);
  double value = none;
  const auto [end, failed] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  // Too large or too small for a double: as strtod.
  if (failed == std::errc::result_out_of_range)
    return std::strtod(std::string(cell).c_str(), nullptr);
  return value;
}

void ColumnTally::add(std::string_view cell) {
  constexpr unsigned text = 1U << static_cast<unsigned>(CellKind::text);
  if (kinds_ & text) {  // nothing will make it another type any more
    if (is_null(cell))
      ++nulls_;
    else
      ++values_;
    return;
  }
  std::string_view form;
  const CellKind kind = look_at(cell, form);
  if (kind == CellKind::null) {
    ++nulls_;
    return;
  }
  ++values_;
  kinds_ |= 1U << static_cast<unsigned>(kind);
  if (kind == CellKind::datetime && form_ != "mixed") {
    if (form_.empty())
      form_ = form;
    else if (form_.data() != form.data())
      form_ = "mixed";
  }
}

std::string ColumnTally::type() const {
  const auto only = [&](std::initializer_list<CellKind> kinds) {
    unsigned mask = 0;
    for (const CellKind kind : kinds) mask |= 1U << static_cast<unsigned>(kind);
    return (kinds_ & ~mask) == 0;
  };
  if (kinds_ == 0) return "";
  if (only({CellKind::integer})) return "int64";
  if (only({CellKind::integer, CellKind::large_integer})) return "uint64";
  if (only({CellKind::integer, CellKind::large_integer, CellKind::real})) return "float64";
  if (only({CellKind::boolean})) return "bool";
  if (only({CellKind::datetime})) return "datetime";
  return "object";
}

}  // namespace data
