#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "base/files.hpp"
#include "data/json_shape.hpp"
#include "harness/expect.hpp"

namespace harness {
namespace {

using text::Node;
using Json = nlohmann::ordered_json;

// The words of "model.rates[0].name": names, and numbers as text.
std::vector<std::string> words_of(const std::string& path) {
  std::vector<std::string> words;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, ""));
  };
  for (const char c : path) {
    if (c == '.' || c == '[' || c == ']')
      flush();
    else
      word += c;
  }
  flush();
  return words;
}

// Follows the path; of one that leads nowhere `missing` says at which word.
const Json* follow(const Json& document, const std::string& path, std::string& missing) {
  if (document.is_object() && document.contains(path)) return &document[path];
  const Json* at = &document;
  std::string way;
  for (const auto& word : words_of(path)) {
    const bool number = word.find_first_not_of("0123456789") == std::string::npos;
    if (at->is_object() && at->contains(word)) {
      at = &(*at)[word];
    } else if (at->is_array() && number && word.size() < 10 && std::stoul(word) < at->size()) {
      at = &(*at)[std::stoul(word)];
    } else {
      std::vector<std::string> names;
      if (at->is_object())
        for (const auto& item : at->items()) names.push_back(item.key());
      missing = at->is_array()
                    ? fmt::format("{} has {} items", way.empty() ? "it" : way, at->size())
                    : fmt::format("{} has no '{}'", way.empty() ? "it" : way, word);
      if (!names.empty()) missing += "; " + text::did_you_mean(word, names);
      return nullptr;
    }
    way += (way.empty() ? "" : ".") + word;
  }
  return at;
}

bool is_bounds(const Node& node) {
  if (!node.is_map() || node.entries.empty()) return false;
  for (const auto& entry : node.entries)
    if (entry.key != "equals" && entry.key != "near" && entry.key != "within" &&
        entry.key != "relative" && entry.key != "at_least" && entry.key != "at_most")
      return false;
  return true;
}

bool is_number(const Node& node) {
  return node.kind == text::Kind::integer || node.kind == text::Kind::real;
}

// "": it is as `wanted` says.
std::string trouble(const Node& wanted, const Json& actual, const data::Tolerance& tolerance) {
  const std::string shown = text::shown_line(actual.dump(), 120);
  if (is_number(wanted) || is_bounds(wanted)) {
    if (!actual.is_number()) return fmt::format("is {}, no number", shown);
    const auto wrong = number_trouble(wanted, actual.get<double>(), tolerance);
    return wrong.empty() ? "" : fmt::format("is {}, {}", shown, wrong);
  }
  if (wanted.is_null()) return actual.is_null() ? "" : fmt::format("is {}, expected null", shown);
  if (wanted.kind == text::Kind::boolean)
    return actual.is_boolean() && actual.get<bool>() == wanted.as_bool()
               ? ""
               : fmt::format("is {}, expected {}", shown, wanted.as_bool());
  if (wanted.is_scalar())
    return actual.is_string() && actual.get<std::string>() == wanted.scalar
               ? ""
               : fmt::format("is {}, expected \"{}\"", shown, wanted.scalar);
  if (wanted.is_sequence()) {
    if (!actual.is_array() || actual.size() != wanted.items.size())
      return fmt::format("is {}, expected {} items", shown, wanted.items.size());
    for (std::size_t n = 0; n < wanted.items.size(); ++n)
      if (auto wrong = trouble(wanted.items[n], actual[n], tolerance); !wrong.empty())
        return fmt::format("[{}] {}", n, wrong);
    return "";
  }
  if (!actual.is_object()) return fmt::format("is {}, expected an object", shown);
  for (const auto& entry : wanted.entries) {
    if (!actual.contains(entry.key)) return fmt::format("has no '{}'", entry.key);
    if (auto wrong = trouble(entry.value, actual[entry.key], tolerance); !wrong.empty())
      return fmt::format(".{} {}", entry.key, wrong);
  }
  return "";
}

}  // namespace

void judge_json(const Node& rules, const std::string& subject, const fs::path& file,
                const data::Tolerance& tolerance, std::vector<Finding>& findings) {
  const Json document = Json::parse(base::read_file(file), nullptr, false);
  if (document.is_discarded()) {
    findings.push_back({rules.place, fmt::format("{}: it is no JSON", subject), ""});
    return;
  }
  if (!rules.is_map()) {
    if (const auto wrong = trouble(rules, document, tolerance); !wrong.empty())
      findings.push_back({rules.place, fmt::format("{}: it {}", subject, wrong), ""});
    return;
  }
  for (const auto& entry : rules.entries) {
    std::string missing;
    const Json* actual = follow(document, entry.key, missing);
    if (!actual) {
      findings.push_back({entry.key_place, fmt::format("{}: {}", subject, missing), ""});
    } else if (const auto wrong = trouble(entry.value, *actual, tolerance); !wrong.empty()) {
      findings.push_back(
          {entry.value.place, fmt::format("{}: {} {}", subject, entry.key, wrong), ""});
    }
  }
}

}  // namespace harness
