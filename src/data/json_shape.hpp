// What JSON looks like: keys, nesting and kinds of values, gathered without keeping the values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/decoded.hpp"

namespace data {

// One place in a document, or the same place in many ("[].fare"): what was seen there.
struct JsonShape {
  enum Kind { null, boolean, integer, real, string, array, object };
  std::array<std::uint64_t, 7> kinds{};  // how many values of each kind
  std::map<std::string, JsonShape>
      keys;                      // of the objects; after more than 200 different ones, where
  bool open_keys = false;        // names are data, all stand together under "*"
  std::vector<JsonShape> items;  // none or one: what the arrays hold

  std::uint64_t seen() const;
  // "int", "int or null", "object", …: in the order of `kinds`.
  std::string type() const;
  bool operator==(const JsonShape&) const = default;
};

std::string_view to_string(JsonShape::Kind);
// Adds what was seen at the same place of another document.
void merge(JsonShape& to, const JsonShape& from);

enum class JsonLayout { document, lines };  // lines: a value a line

// A text that begins so: lines where its first line is a whole value and another one follows.
JsonLayout json_layout(std::string_view sample);

struct JsonSeen {
  JsonShape shape;            // of the document, or of one line
  std::uint64_t records = 0;  // lines, or items of a document that is an array; else 1
  bool exact = true;          // false: it goes on behind what was looked at
  std::string broken;         // "line 3, column 7: …": not JSON from there on
  std::uint64_t bytes = 0;    // read
};
// Reads at most `records` lines or items and about `bytes` bytes, streaming. Does not throw for bad
// JSON; values nested deeper than 100 levels are `broken`, too, as is a line above 16 MiB.
JsonSeen look_at_json(DecodedText&, JsonLayout, std::uint64_t records, std::uint64_t bytes);

}  // namespace data
