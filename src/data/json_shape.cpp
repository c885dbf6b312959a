#include "data/json_shape.hpp"

#include <fmt/format.h>

#include <istream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <streambuf>

namespace data {
namespace {

using nlohmann::json;

constexpr std::size_t most_keys = 200;
constexpr std::size_t deepest = 100;
constexpr std::size_t longest_line = 16 << 20;
constexpr std::array<std::string_view, 7> words{"null",   "bool",  "int",   "float",
                                                "string", "array", "object"};

JsonShape& key_of(JsonShape& object, const std::string& name) {
  if (!object.open_keys && object.keys.size() >= most_keys && !object.keys.count(name)) {
    JsonShape any;
    for (const auto& [_, key] : object.keys) merge(any, key);
    object.keys.clear();
    object.keys.emplace("*", std::move(any));
    object.open_keys = true;
  }
  return object.keys[object.open_keys ? "*" : name];
}

// nlohmann's events into a shape.
class Gatherer final : public json::json_sax_t {
 public:
  Gatherer(JsonShape& root, std::uint64_t most) : root_(root), most_(most) {}

  bool null() override { return value(JsonShape::null); }
  bool boolean(bool) override { return value(JsonShape::boolean); }
  bool number_integer(number_integer_t) override { return value(JsonShape::integer); }
  bool number_unsigned(number_unsigned_t) override { return value(JsonShape::integer); }
  bool number_float(number_float_t, const string_t&) override { return value(JsonShape::real); }
  bool string(string_t&) override { return value(JsonShape::string); }
  bool binary(binary_t&) override { return value(JsonShape::string); }
  bool start_object(std::size_t) override { return start(JsonShape::object); }
  bool start_array(std::size_t) override { return start(JsonShape::array); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  // The place of the next value, which comes before anything else can move the map's nodes.
  bool key(string_t& name) override {
    open_.back().key = name;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: …"
    const std::string_view text = error.what();
    const auto at = text.find(" at ");
    broken = at == std::string_view::npos ? text : text.substr(at + 4);
    return false;
  }

  std::string broken;
  bool enough = false;
  std::uint64_t top_items = 0;

 private:
  struct Open {
    JsonShape* shape;
    bool is_array;
    std::string key;
  };

  JsonShape& place() {
    if (open_.empty()) return root_;
    Open& open = open_.back();
    if (!open.is_array) return key_of(*open.shape, open.key);
    if (open.shape->items.empty()) open.shape->items.emplace_back();
    return open.shape->items.front();
  }

  bool counted() {
    if (open_.size() != 1 || !open_.front().is_array) return true;
    if (top_items == most_) {
      enough = true;
      return false;
    }
    ++top_items;
    return true;
  }

  bool value(JsonShape::Kind kind) {
    if (!counted()) return false;
    ++place().kinds[kind];
    return true;
  }

  bool start(JsonShape::Kind kind) {
    if (!counted()) return false;
    if (open_.size() >= deepest) {
      broken = fmt::format("nested deeper than {} levels", deepest);
      return false;
    }
    JsonShape& shape = place();
    ++shape.kinds[kind];
    open_.push_back({&shape, kind == JsonShape::array, ""});
    return true;
  }

  bool end() {
    open_.pop_back();
    return true;
  }

  JsonShape& root_;
  std::uint64_t most_;
  std::vector<Open> open_;
};

// A decoded text as a stream that ends, where it is limited, between two pieces.
class Pieces final : public std::streambuf {
 public:
  Pieces(DecodedText& text, std::uint64_t limit) : text_(text), limit_(limit) {}
  bool cut() const { return cut_; }

 protected:
  int_type underflow() override {
    cut_ = cut_ || text_.bytes_read() >= limit_;
    const std::size_t count = cut_ ? 0 : text_.read(buffer_.data(), buffer_.size());
    if (count == 0) return traits_type::eof();
    setg(buffer_.data(), buffer_.data(), buffer_.data() + count);
    return traits_type::to_int_type(buffer_.front());
  }

 private:
  DecodedText& text_;
  std::uint64_t limit_;
  bool cut_ = false;
  std::vector<char> buffer_ = std::vector<char>(64 << 10);
};

void look_at_document(std::istream& in, const Pieces& pieces, std::uint64_t records,
                      JsonSeen& seen) {
  Gatherer gatherer(seen.shape, records);
  json::sax_parse(in, &gatherer);
  seen.records = seen.shape.kinds[JsonShape::array] > 0 ? gatherer.top_items : 1;
  if (gatherer.enough || pieces.cut())
    seen.exact = false;
  else
    seen.broken = gatherer.broken;
}

void look_at_lines(std::istream& in, const Pieces& pieces, std::uint64_t records, JsonSeen& seen) {
  std::string line;
  for (std::uint64_t number = 1; std::getline(in, line); ++number) {
    if (pieces.cut() && in.eof()) break;  // the line may be cut, too
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (seen.records == records) {
      seen.exact = false;
      return;
    }
    if (line.size() > longest_line) {
      seen.broken = fmt::format("line {}: longer than 16 MiB", number);
      return;
    }
    Gatherer gatherer(seen.shape, ~std::uint64_t{0});
    if (!json::sax_parse(line, &gatherer)) {
      const auto column = gatherer.broken.find("column");
      seen.broken = fmt::format(
          "line {}, {}", number,
          column == std::string::npos ? gatherer.broken : gatherer.broken.substr(column));
      return;
    }
    ++seen.records;
  }
  seen.exact = !pieces.cut();
}

}  // namespace

void merge(JsonShape& to, const JsonShape& from) {
  for (std::size_t n = 0; n < to.kinds.size(); ++n) to.kinds[n] += from.kinds[n];
  for (const auto& [name, key] : from.keys) merge(to.keys[name], key);
  if (!from.items.empty()) {
    if (to.items.empty()) to.items.emplace_back();
    merge(to.items.front(), from.items.front());
  }
  to.open_keys = to.open_keys || from.open_keys;
}

std::uint64_t JsonShape::seen() const {
  return std::accumulate(kinds.begin(), kinds.end(), std::uint64_t{0});
}

std::string JsonShape::type() const {
  std::string text;
  // "int or null": what may be missing is named last.
  for (const Kind n : {boolean, integer, real, string, array, object, null})
    if (kinds[n] > 0) text += (text.empty() ? "" : " or ") + std::string(words[n]);
  return text.empty() ? "nothing" : text;
}

std::string_view to_string(JsonShape::Kind kind) {
  return words[kind];
}

JsonLayout json_layout(std::string_view sample) {
  const auto begin = sample.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return JsonLayout::document;
  sample.remove_prefix(begin);
  const auto end = sample.find('\n');
  if (end == std::string_view::npos) return JsonLayout::document;
  const auto next = sample.find_first_not_of(" \t\r\n", end);
  return next != std::string_view::npos && json::accept(sample.substr(0, end))
             ? JsonLayout::lines
             : JsonLayout::document;
}

JsonSeen look_at_json(DecodedText& text, JsonLayout layout, std::uint64_t records,
                      std::uint64_t bytes) {
  JsonSeen seen;
  Pieces pieces(text, bytes);
  std::istream in(&pieces);
  (layout == JsonLayout::lines ? look_at_lines : look_at_document)(in, pieces, records, seen);
  seen.bytes = text.bytes_read();
  return seen;
}

}  // namespace data
