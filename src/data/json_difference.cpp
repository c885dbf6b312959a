// JSON by value: the path of each difference.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "data/difference_parts.hpp"
#include "data/edit_script.hpp"
#include "text/diagnostic.hpp"

namespace data {
namespace {

using nlohmann::json;

constexpr std::size_t deepest = 500;

[[noreturn]] void refuse(const fs::path& file, std::string_view what) {
  throw base::Error(base::Code::bad_input, fmt::format("{}: {}", file.native(), what));
}

// How deep brackets go at most; those inside of strings are counted, too.
bool is_deep(std::string_view text) {
  std::size_t depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > deepest) return true;
  }
  return false;
}

json parsed(const fs::path& file, std::string_view text) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    const std::string_view why = error.what();
    refuse(file, fmt::format("not JSON: {}", why.substr(why.find(']') + 2)));
  }
}

// A document; of several lines with a value each, all of them as one array.
json read(const fs::path& file) {
  const std::string content = base::read_file(file);
  std::string_view text = content;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (is_deep(text)) refuse(file, "nested deeper than 500 levels");
  if (json::accept(text)) return json::parse(text);
  const auto end = text.find('\n');
  if (end == std::string_view::npos || !json::accept(text.substr(0, end)))
    return parsed(file, text);
  json lines = json::array();
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.find_first_not_of(" \t\r") != std::string_view::npos)
      lines.push_back(parsed(file, line));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

std::string shown(const json& value) {
  return text::shown_line(value.dump(-1, ' ', false, json::error_handler_t::replace), 80);
}

class Walk {
 public:
  explicit Walk(const Comparing& how) : how_(how) {}

  void compare(const std::string& path, const json& expected, const json& actual) {
    if (expected.is_object() && actual.is_object())
      objects(path, expected, actual);
    else if (expected.is_array() && actual.is_array())
      arrays(path, expected, actual);
    else if (!same(expected, actual))
      found(path, shown(expected), shown(actual));
  }

  std::string draw() const {
    if (count_ == 0) return "";
    auto rows = rows_;
    rows.insert(rows.begin(), {"path", "expected", "actual"});
    std::string text = aligned(rows);
    if (count_ > rows_.size())
      text += fmt::format("  … and {} more differences\n", count_ - rows_.size());
    return text;
  }

 private:
  bool same(const json& expected, const json& actual) const {
    if (expected.is_number() && actual.is_number() && how_.tolerance.any())
      return is_near(expected.get<double>(), actual.get<double>(), how_.tolerance);
    if (!how_.tolerance.any()) return expected == actual;
    if (expected.type() != actual.type() || expected.size() != actual.size())
      return expected.is_number() && expected == actual;
    if (expected.is_object()) {
      for (const auto& [key, value] : expected.items()) {
        const auto other = actual.find(key);
        if (other == actual.end() || !same(value, *other)) return false;
      }
      return true;
    }
    if (expected.is_array())
      return std::equal(expected.begin(), expected.end(), actual.begin(),
                        [&](const json& a, const json& b) { return same(a, b); });
    return expected == actual;
  }

  void found(const std::string& path, std::string expected, std::string actual) {
    if (++count_ <= how_.shown)
      rows_.push_back(
          {path.empty() ? "(all of it)" : path, std::move(expected), std::move(actual)});
  }

  void objects(const std::string& path, const json& expected, const json& actual) {
    const auto below = [&](const std::string& key) {
      return path.empty() ? key : path + "." + key;
    };
    for (const auto& [key, value] : expected.items()) {
      if (std::find(how_.ignoring.begin(), how_.ignoring.end(), below(key)) != how_.ignoring.end())
        continue;
      const auto other = actual.find(key);
      if (other == actual.end())
        found(below(key), shown(value), "(missing)");
      else
        compare(below(key), value, *other);
    }
    for (const auto& [key, value] : actual.items())
      if (!expected.contains(key) &&
          std::find(how_.ignoring.begin(), how_.ignoring.end(), below(key)) == how_.ignoring.end())
        found(below(key), "(none)", shown(value));
  }

  // What was put in or left out moves the rest: it is not told as different.
  void arrays(const std::string& path, const json& expected, const json& actual) {
    const auto at = [&](std::size_t n) { return fmt::format("{}[{}]", path, n); };
    for (const Changed& each :
         changes(expected.size(), actual.size(),
                 [&](std::size_t a, std::size_t b) { return same(expected[a], actual[b]); })) {
      std::size_t a = each.expected_begin;
      std::size_t b = each.actual_begin;
      for (; a < each.expected_end && b < each.actual_end; ++a, ++b)
        compare(at(a), expected[a], actual[b]);
      for (; a < each.expected_end; ++a) found(at(a), shown(expected[a]), "(missing)");
      for (; b < each.actual_end; ++b) found(at(b), "(none)", shown(actual[b]));
    }
  }

  const Comparing& how_;
  std::vector<std::vector<std::string>> rows_;
  std::size_t count_ = 0;
};

}  // namespace

bool is_near(double expected, double actual, const Tolerance& tolerance) {
  if (expected == actual || (std::isnan(expected) && std::isnan(actual))) return true;
  if (!std::isfinite(expected) || !std::isfinite(actual)) return false;
  return std::abs(actual - expected) <=
         tolerance.absolute + tolerance.relative * std::abs(expected);
}

std::string json_difference(const fs::path& expected, const fs::path& actual,
                            const Comparing& how) {
  if (same_bytes(expected, actual)) return "";
  if (!fits_memory(expected) || !fits_memory(actual)) return text_difference(expected, actual, how);
  Walk walk(how);
  walk.compare("", read(expected), read(actual));
  return walk.draw();
}

}  // namespace data
