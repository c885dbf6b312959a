#include "data/shape.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace data {
namespace {

enum class Family { none, whole, natural, real, other };

struct Number {
  Family family = Family::other;
  int bits = 64;
};

Number number_in(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, Family>, 3> families{
      {{"uint", Family::natural}, {"int", Family::whole}, {"float", Family::real}}};
  for (const auto& [prefix, family] : families) {
    if (!type.starts_with(prefix)) continue;
    Number number{family, 0};
    const auto digits = type.substr(prefix.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), number.bits);
    return number;
  }
  return {};
}

}  // namespace

std::string Column::dtype() const {
  if (type.empty()) return "object";
  const bool any_null = nulls.value_or(0) > 0;
  if (any_null && (type.starts_with("int") || type.starts_with("uint"))) return "float64";
  if (any_null && type == "bool") return "object";
  return type;
}

std::string wider_type(const std::string& a, const std::string& b) {
  if (a == b || b.empty()) return a;
  if (a.empty()) return b;
  const Number x = number_in(a);
  const Number y = number_in(b);
  if (x.family == Family::other || y.family == Family::other) return "object";
  if (x.family == y.family) return x.bits >= y.bits ? a : b;
  if (x.family == Family::real || y.family == Family::real) return "float64";
  // int64 and uint64 have no common type but a real one.
  const Number& natural = x.family == Family::natural ? x : y;
  const Number& whole = x.family == Family::natural ? y : x;
  if (natural.bits == 64) return "float64";
  return natural.bits < whole.bits ? (x.family == Family::whole ? a : b) : "int64";
}

std::string_view to_string(Format format) {
  constexpr std::string_view names[]{"delimited text", "JSON", "JSON lines", "Parquet",
                                     "an image",       "text", "binary",     "empty"};
  return names[static_cast<std::size_t>(format)];
}

}  // namespace data
