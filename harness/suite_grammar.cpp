#include "harness/suite_grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

namespace harness {
namespace {

using enum Shape;

constexpr Key bounds[] = {{"equals", number},   {"near", number},     {"within", number},
                          {"relative", number}, {"at_least", number}, {"at_most", number}};
constexpr Key of_output[] = {
    {"exists", truth},  {"files", amount},    {"equals", text},      {"snapshot", truth},
    {"within", number}, {"relative", number}, {"any_order", truth},  {"keys", words},
    {"ignore", words},  {"columns", columns}, {"rows", amount},      {"json", any},
    {"text", text},     {"contains", words},  {"matches", patterns}, {"absent", words},
    {"check", words},
};
constexpr Key of_error[] = {{"type", text}, {"text", patterns}, {"at", text}};
constexpr Key of_logs[] = {{"contains", words}, {"matches", patterns}, {"absent", words}};
constexpr Key of_duration[] = {{"of", text}, {"at_most", number}};
constexpr Key of_expect[] = {
    {"exit", whole},
    {"error", one, of_error},
    {"outputs", many, of_output},
    {"metrics", amounts},
    {"tags", texts},
    {"logs", one, of_logs},
    {"models", words},
    {"artifacts", many, of_output},
    {"data", words},
    {"io", texts},
    {"duration", one, of_duration},
    {"check", words},
};
#define AMLOCAL_OF_BOTH                                                                         \
  {"inputs", any}, {"set", texts}, {"modes", texts}, {"environment", texts}, {"faults", words}, \
      {"cost", text}, {"clock", text}, {"data_access", text}, {"timeout", number},              \
      {"before", text}, {"after", text}, {                                                      \
    "step", text                                                                                \
  }
constexpr Key of_case[] = {AMLOCAL_OF_BOTH, {"each", any}, {"expect", one, of_expect}};
constexpr Key of_file[] = {AMLOCAL_OF_BOTH, {"$schema", text}, {"pipeline", text}, {"cases", any}};
#undef AMLOCAL_OF_BOTH

bool is_number(const text::Node& node) {
  return node.kind == text::Kind::integer || node.kind == text::Kind::real;
}

bool is_words(const text::Node& node) {
  return node.is_scalar() ||
         (node.is_sequence() && std::all_of(node.items.begin(), node.items.end(),
                                            [](const auto& item) { return item.is_scalar(); }));
}

bool is_texts(const text::Node& node) {
  return node.is_map() && std::all_of(node.entries.begin(), node.entries.end(),
                                      [](const auto& entry) { return entry.value.is_scalar(); });
}

class Checker {
 public:
  explicit Checker(text::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void map(const text::Node& node, std::span<const Key> keys) {
    std::set<std::string> seen;
    for (const auto& entry : node.entries) {
      const auto key = std::find_if(keys.begin(), keys.end(),
                                    [&](const Key& each) { return each.name == entry.key; });
      if (key == keys.end())
        unknown(entry, keys);
      else
        value(entry, *key);
      if (!seen.insert(entry.key).second)
        diagnostics_.error(entry.key_place, fmt::format("'{}' stands here twice", entry.key));
    }
  }

 private:
  void unknown(const text::Entry& entry, std::span<const Key> keys) {
    std::vector<std::string> names;
    for (const Key& key : keys) names.emplace_back(key.name);
    diagnostics_.error(entry.key_place, fmt::format("unknown key '{}'", entry.key),
                       text::did_you_mean(entry.key, names, names.size()));
  }

  void refuse(const text::Entry& entry, std::string_view wanted) {
    diagnostics_.error(entry.value.place, fmt::format("'{}' takes {}", entry.key, wanted));
  }

  void value(const text::Entry& entry, const Key& key) {
    const text::Node& node = entry.value;
    switch (key.shape) {
      case Shape::text:
        if (!node.is_scalar()) refuse(entry, "a text");
        return;
      case number:
        if (!is_number(node)) refuse(entry, "a number");
        return;
      case whole:
        if (node.kind != text::Kind::integer) refuse(entry, "a whole number");
        return;
      case truth:
        if (node.kind != text::Kind::boolean) refuse(entry, "true or false");
        return;
      case words:
        if (!is_words(node)) refuse(entry, "a text or a list of texts");
        return;
      case patterns:
        return patterns_of(entry);
      case texts:
        if (!is_texts(node)) refuse(entry, "a mapping of names to values");
        return;
      case columns:
        if (!(node.is_sequence() && is_words(node)) && !is_texts(node))
          refuse(entry, "a list of columns, or a mapping of columns to types");
        return;
      case amount:
        return amount_of(entry);
      case amounts:
        if (!node.is_map()) return refuse(entry, "a mapping of names to numbers");
        for (const auto& each : node.entries) amount_of(each);
        return;
      case any:
        return;
      case one:
        if (!node.is_map()) return refuse(entry, "a mapping");
        return map(node, key.below);
      case many:
        if (!node.is_map()) return refuse(entry, "a mapping of paths to what they must be");
        for (const auto& each : node.entries) path(each, key);
        return;
    }
  }

  // "model: exists" is short for "model: {exists: true}".
  void path(const text::Entry& entry, const Key& key) {
    if (entry.value.is_map()) return map(entry.value, key.below);
    if (entry.value.scalar != "exists" && entry.value.scalar != "absent")
      refuse(entry, "exists, absent, or a mapping");
  }

  void amount_of(const text::Entry& entry) {
    if (is_number(entry.value)) return;
    if (entry.value.is_map()) return map(entry.value, bounds);
    refuse(entry, "a number, or bounds such as {at_least: 0.9}");
  }

  void patterns_of(const text::Entry& entry) {
    if (!is_words(entry.value)) return refuse(entry, "a regular expression or a list of them");
    pattern(entry.value);
    for (const auto& item : entry.value.items) pattern(item);
  }

  void pattern(const text::Node& node) {
    if (!node.is_scalar()) return;
    try {
      const std::regex tried(node.scalar);
    } catch (const std::regex_error&) {
      diagnostics_.error(node.place, fmt::format("'{}' is no regular expression", node.scalar),
                         "ECMAScript's: a bracket or brace meant as such has a \\ before it");
    }
  }

  text::Diagnostics& diagnostics_;
};

}  // namespace

std::span<const Key> keys_of_file() {
  return of_file;
}
std::span<const Key> keys_of_case() {
  return of_case;
}

void check(const text::Node& map, std::span<const Key> keys, text::Diagnostics& diagnostics) {
  Checker(diagnostics).map(map, keys);
}

}  // namespace harness
