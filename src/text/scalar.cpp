// How plain scalars are typed and converted: as PyYAML does (YAML 1.1).
#include "text/scalar.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "text/document.hpp"

namespace text {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool all_of(std::string_view text, int (*test)(int)) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [&](unsigned char c) { return c == '_' || test(c); });
}

bool is_integer(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty() || text[0] == '_') return false;
  if (text.starts_with("0x")) return all_of(text.substr(2), std::isxdigit);
  if (text.size() > 1 && text[0] == '0')
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '7') || c == '_'; });
  return all_of(text, std::isdigit);
}

// Takes digits, after the first one also '_', off the front; says whether there was one.
bool take_digits(std::string_view& text, bool underscores) {
  std::size_t n = 0;
  while (n < text.size() && (std::isdigit(static_cast<unsigned char>(text[n])) ||
                             (underscores && n > 0 && text[n] == '_')))
    ++n;
  text.remove_prefix(n);
  return n > 0;
}

// YAML 1.1's floats as PyYAML matches them: a dot is needed, an exponent needs its sign, and what
// begins with the dot takes none.
bool is_real(std::string_view text) {
  const bool sign = text.starts_with('-') || text.starts_with('+');
  std::string_view rest = text.substr(sign ? 1 : 0);
  if (is_one_of(rest, {".inf", ".Inf", ".INF"})) return true;
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return true;
  const bool whole = take_digits(rest, true);
  if (!rest.starts_with('.')) return false;
  rest.remove_prefix(1);
  if (!whole && (sign || !take_digits(rest, true))) return false;
  if (whole) rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of("0123456789_")));
  if (rest.empty()) return true;
  if (rest[0] != 'e' && rest[0] != 'E') return false;
  rest.remove_prefix(1);
  if (!rest.starts_with('-') && !rest.starts_with('+')) return false;
  rest.remove_prefix(1);
  return take_digits(rest, false) && rest.empty();
}

}  // namespace

Kind kind_of_plain(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return Kind::null;
  if (is_one_of(text, {"yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false",
                       "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF"}))
    return Kind::boolean;
  if (is_integer(text)) return Kind::integer;
  if (is_real(text)) return Kind::real;
  return Kind::string;
}

bool Node::as_bool() const {
  return is_one_of(scalar, {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"});
}

long long Node::as_integer() const {
  std::string digits;
  std::copy_if(scalar.begin(), scalar.end(), std::back_inserter(digits),
               [](char c) { return c != '_' && c != '+'; });
  const bool negative = digits.starts_with("-");
  const char* begin = digits.data() + (negative ? 1 : 0);
  const char* end = digits.data() + digits.size();
  int radix = 10;
  if (std::string_view(begin, end).starts_with("0x"))
    begin += 2, radix = 16;
  else if (end - begin > 1 && *begin == '0')
    radix = 8;
  long long value = 0;
  if (std::from_chars(begin, end, value, radix).ec == std::errc::result_out_of_range)
    value = std::numeric_limits<long long>::max();
  return negative ? -value : value;
}

double Node::as_real() const {
  if (kind == Kind::integer) return static_cast<double>(as_integer());
  std::string digits;
  std::copy_if(scalar.begin(), scalar.end(), std::back_inserter(digits),
               [](char c) { return c != '_'; });
  if (digits.find("inf") != std::string::npos || digits.find("Inf") != std::string::npos ||
      digits.find("INF") != std::string::npos)
    return digits[0] == '-' ? -INFINITY : INFINITY;
  if (digits.find_first_of("nN") != std::string::npos) return NAN;
  return std::strtod(digits.c_str(), nullptr);
}

Node parse_scalar(std::string_view text) {
  Node node;
  node.scalar = text;
  node.kind = kind_of_plain(node.scalar);
  return node;
}

}  // namespace text
