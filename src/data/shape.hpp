// The observed contract of data: what a consumer may come to rely on, without the data itself.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.hpp"
#include "data/delimited.hpp"
#include "data/json_shape.hpp"

namespace data {

struct Column {
  std::string name;
  // int64, float64, bool, datetime, object, …: of the values that are there. Delimited text as
  // pandas.read_csv would type it, Parquet as the file says (int32, float32, date, decimal, list,
  // struct and so on). "" where no row has a value.
  std::string type;
  std::string form;                    // of a datetime in text: "YYYY-MM-DD"; "mixed"
  std::optional<std::uint64_t> nulls;  // of the rows looked at; none: the file does not say

  // What pandas makes of it: a null turns integers into float64 and bool into object.
  std::string dtype() const;
  bool operator==(const Column&) const = default;
};

struct Table {
  std::vector<Column> columns;
  std::uint64_t rows = 0;          // of all files of the pattern
  bool exact = true;               // false: at least so many
  std::optional<Dialect> dialect;  // of delimited text
  bool operator==(const Table&) const = default;
};

enum class Format { delimited, json, json_lines, parquet, image, text, binary, empty };
// "CSV", "JSON lines", "Parquet", …
std::string_view to_string(Format);

// The files of one name pattern: "clean.csv", "part-*.csv", "year=*/part-*.csv", "*/*.png".
struct Group {
  std::string pattern;
  Format format = Format::binary;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::optional<Table> table;
  std::optional<JsonShape> json;                 // of the document, or of one line
  std::uint64_t records = 0;                     // of JSON: lines, or items of arrays
  bool exact = true;                             // of records
  std::map<std::string, std::uint64_t> classes;  // of images in folders: images in each
  std::vector<std::string> faults;  // what a reader stumbles over: "a.csv: row 2 (line 3) has …"
  std::vector<std::string> notes;   // what was not looked at
  bool operator==(const Group&) const = default;
};

struct ModelShape {
  std::string path;                  // of the file MLmodel, from the root
  std::vector<std::string> flavors;  // "python_function", "sklearn"
  std::vector<Column> inputs;        // the signature's names and types
  std::vector<Column> outputs;
  bool operator==(const ModelShape&) const = default;
};

struct TableFileShape {                      // a file MLTable in the root
  std::vector<std::string> paths;            // "pattern: ./*.csv"
  std::vector<std::string> transformations;  // "read_delimited: {…}", in order
  bool operator==(const TableFileShape&) const = default;
};

struct Shape {
  bool folder = false;
  std::vector<Group> groups;  // sorted by pattern; of a file one, named as it is
  std::optional<ModelShape> model;
  std::optional<TableFileShape> mltable;
  std::vector<std::string> notes;
  bool operator==(const Shape&) const = default;
};

struct Limits {
  static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t rows = none;       // of each file
  std::uint64_t bytes = none;      // of each file
  std::uint64_t files = none;      // of each pattern that are opened; all are counted
  std::uint64_t listed = 200'000;  // of a folder; the rest is not even counted
};

// Looks at a file or folder: links are followed, a broken link is a note. Deterministic; memory
// does not grow with the size of files. What cannot be understood (a quote that is not closed, bad
// JSON, a file without permission) becomes a fault of its group, and its counts lower bounds.
// Throws not_found, permission or io where `root` itself cannot be opened or listed.
Shape observe(const fs::path& root, const Limits& = {});

// docs/schemas/data-shape.json. What from_json refuses: bad_input naming what is wrong;
// newer_version where a later amlocal wrote it.
nlohmann::ordered_json to_json(const Shape&);
Shape shape_from_json(const nlohmann::ordered_json&);

// The type of values of both types, as pandas would widen it.
std::string wider_type(const std::string&, const std::string&);

}  // namespace data
