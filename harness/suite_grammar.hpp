// Which keys a test file may hold, and of which kind their values are. Internal to the room.
#pragma once

#include <span>
#include <string_view>

#include "text/diagnostic.hpp"
#include "text/document.hpp"

namespace harness {

enum class Shape {
  text,
  number,
  whole,
  truth,
  words,     // one text or a list of them
  patterns,  // the same, each a regular expression
  texts,     // a mapping to texts, numbers and truths
  columns,   // a list of names, or a mapping to types
  amount,    // a number, or a mapping of bounds
  amounts,   // a mapping to amounts
  any,
  one,   // a mapping of `below`
  many,  // a mapping whose values are mappings of `below`, or words of it
};

struct Key {
  std::string_view name;
  Shape shape = Shape::any;
  std::span<const Key> below = {};
};

std::span<const Key> keys_of_file();
std::span<const Key> keys_of_case();

// Reports unknown keys, keys that stand twice and values of a wrong kind.
void check(const text::Node& map, std::span<const Key>, text::Diagnostics&);

}  // namespace harness
