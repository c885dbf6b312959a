#include "definition/reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"

namespace definition {

std::optional<Document> open_document(const fs::path& file, Reading& reading) {
  try {
    Document document{text::parse_yaml(text::read_source(file)), file};
    if (document.root.is_map()) return document;
    reading.diagnostics.error(document.root.place, document.root.is_null()
                                                       ? "the file is empty"
                                                       : "the file must hold a mapping of keys");
  } catch (const base::Error& error) {
    base::Place place = error.place();
    if (!place.known())
      place.source =
          std::make_shared<base::SourceText>(base::SourceText{base::display_path(file), ""});
    reading.diagnostics.error(place, error.message(), error.hint());
  }
  return std::nullopt;
}

void check_twice(const text::Node& map, const text::Entry& entry, Reading& reading) {
  for (const auto* other = map.entries.data(); other != &entry; ++other)
    if (other->key == entry.key)
      reading.diagnostics.warning(entry.key_place,
                                  fmt::format("the key '{}' stands here twice", entry.key),
                                  "the last one counts");
}

void check_keys(const text::Node& map, std::initializer_list<std::string_view> known,
                Unknown unknown, Reading& reading) {
  for (const auto& entry : map.entries) {
    check_twice(map, entry, reading);
    if (reading.v1 && entry.key == "v1") continue;
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    const std::string what = fmt::format("unknown key '{}': Unknown field.", entry.key);
    const std::string hint = text::did_you_mean(entry.key, names, 20);
    if (unknown == Unknown::error)
      reading.diagnostics.error(entry.key_place, what, hint);
    else
      reading.diagnostics.warning(
          entry.key_place, what,
          text::nearest(entry.key, names).empty() ? "it has no effect" : hint);
  }
}

namespace {

const text::Node* value_of(const text::Node& map, std::string_view key) {
  const text::Node* value = map.find(key);
  return value && !value->is_null() ? value : nullptr;
}

template <class F>
auto read_as(const text::Node& map, std::string_view key, const char* wanted, Reading& reading,
             F&& f) -> decltype(f(map)) {
  const text::Node* value = value_of(map, key);
  if (!value) return std::nullopt;
  auto result = f(*value);
  if (!result)
    reading.diagnostics.error(value->place, fmt::format("'{}' must be {}", key, wanted),
                              value->is_scalar() ? fmt::format("it is '{}'", value->scalar) : "");
  return result;
}

}  // namespace

std::optional<std::string> read_text(const text::Node& map, std::string_view key,
                                     Reading& reading) {
  return read_as(map, key, "a text", reading,
                 [](const text::Node& value) -> std::optional<std::string> {
                   if (value.is_scalar()) return value.scalar;
                   return std::nullopt;
                 });
}

std::optional<double> read_number(const text::Node& map, std::string_view key, Reading& reading) {
  return read_as(map, key, "a number", reading,
                 [](const text::Node& value) -> std::optional<double> {
                   if (value.kind == text::Kind::integer || value.kind == text::Kind::real)
                     return value.as_real();
                   return std::nullopt;
                 });
}

std::optional<int> read_integer(const text::Node& map, std::string_view key, Reading& reading) {
  return read_as(
      map, key, "an integer", reading, [](const text::Node& value) -> std::optional<int> {
        if (value.kind == text::Kind::integer && std::abs(value.as_integer()) <= 2'000'000'000)
          return static_cast<int>(value.as_integer());
        return std::nullopt;
      });
}

std::optional<bool> read_boolean(const text::Node& map, std::string_view key, Reading& reading) {
  return read_as(map, key, "true or false", reading,
                 [](const text::Node& value) -> std::optional<bool> {
                   if (value.kind == text::Kind::boolean) return value.as_bool();
                   return std::nullopt;
                 });
}

const text::Node* read_map(const text::Node& map, std::string_view key, Reading& reading) {
  const text::Node* value = value_of(map, key);
  if (!value || value->is_map()) return value;
  reading.diagnostics.error(value->place, fmt::format("'{}' must be a mapping of names", key));
  return nullptr;
}

void report_missing(const text::Node& map, std::string_view key, Reading& reading) {
  reading.diagnostics.error(map.place,
                            fmt::format("'{}' is missing: Missing data for required field.", key));
}

model::Template read_template(const text::Node& value, Reading& reading) {
  std::vector<model::ExpressionProblem> problems;
  auto result = model::parse_template(value.scalar, value.place, problems);
  for (const auto& problem : problems)
    reading.diagnostics.error(result.place_of(problem.offset), problem.what);
  return result;
}

fs::path read_path(const text::Node& value, const fs::path& folder, bool must_exist,
                   Reading& reading) {
  return read_path(value.scalar, value.place, folder, must_exist, reading);
}

fs::path read_path(std::string text, const base::Place& place, const fs::path& folder,
                   bool must_exist, Reading& reading) {
  if (text.starts_with("file:")) text.erase(0, 5);
  fs::path path = fs::absolute(text, folder).lexically_normal();
  boost::system::error_code ignored;
  if (must_exist && !fs::exists(path, ignored))
    reading.diagnostics.error(
        place,
        fmt::format("Can't find directory or file in resolved absolute path: {}.", path.native()),
        fmt::format("a relative path starts from {}", folder.native()));
  return path;
}

}  // namespace definition
