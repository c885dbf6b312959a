// YAML and JSON documents in which every node knows its place.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.hpp"
#include "base/place.hpp"

namespace text {

enum class Kind { null, boolean, integer, real, string, sequence, map };

struct Entry;

// A node is a value: anchors and merge keys (`<<`) are already resolved into copies. Plain scalars
// are typed as PyYAML does (YAML 1.1: yes/no/on/off are booleans, 1e3 without a dot is a string),
// because that is what the cloud's own tools read these files with.
struct Node {
  Kind kind = Kind::null;
  std::string scalar;          // the text as written, without quotes; empty for collections
  base::Place place;           // of the value
  std::vector<Node> items;     // of a sequence
  std::vector<Entry> entries;  // of a map, in the file's order; a duplicated key stands twice
  std::size_t offset = std::string::npos;  // of the value's first byte in the source; npos: unknown

  bool is_map() const { return kind == Kind::map; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return !is_map() && !is_sequence() && !is_null(); }

  // The value under `key` (of duplicates the last, as PyYAML), or nullptr. Maps only.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);

  bool as_bool() const;          // kind boolean
  long long as_integer() const;  // kind integer; saturates
  double as_real() const;        // kind integer or real
};

struct Entry {
  std::string key;
  base::Place key_place;
  Node value;
};

// The text of a regular file of at most 16 MiB, without a byte order mark. Throws not_found,
// permission, io, or bad_definition where it is a folder, pipe or device, or larger.
std::shared_ptr<const base::SourceText> read_source(const fs::path& path);

// Parses the only document. Throws bad_definition with the place when it is not YAML or not UTF-8,
// when a second document follows, when it is nested deeper than 200 levels, or holds more than
// 1,000,000 nodes or repeats more than 100,000 by aliases.
Node parse_yaml(std::shared_ptr<const base::SourceText>);

// A scalar's kind and text as PyYAML would type it when written plainly: for `--set key=value`.
Node parse_scalar(std::string_view text);

}  // namespace text
