// Where a mock and the real thing have gone apart, in words for whoever wrote the consumer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/shape.hpp"

namespace data {

// breaks: a script that works on the mock could fail on the real data, or compute something else
// without a word; or one that works on the real data could miss what the mock does not have.
// worth_knowing: it works on both, but the mock is not quite what comes (ten times the rows, nulls
// only in the mock, a wider integer, another file beside those it knows).
enum class Severity { worth_knowing, breaks };

struct Difference {
  enum class What {
    missing,      // of files, or of everything
    extra,        // files
    format,       // CSV, Parquet, …; file or folder
    dialect,      // delimiter, header, encoding
    columns,      // added, removed, renamed; `names` has them as +a, -b, c → d
    order,        // of columns
    type,         // of a column: `names` has it
    nulls,        // of a column: `names` has it
    rows,         // their number
    json,         // a key: `names` has its path
    model,        // flavours, signature
    mltable,      // paths, transformations
    classes,      // folders of images
    fault,        // what a reader of the real data will stumble over, and of the mock not
    not_compared  // one of them was not looked at
  };
  Severity severity = Severity::worth_knowing;
  What kind = What::not_compared;
  std::string where;  // the file or pattern, as the real data has it; "" of the whole
  std::string what;   // "your mock has 3 columns, prepare wrote 4 (+vendor)"
  std::vector<std::string> names;
};

// What a mock declares that a consumer may rely on. With a promise, what it declares must hold of
// both mock and real data, else it breaks; everything else is only worth knowing.
struct Promise {
  struct Column {
    std::string name;
    std::string type;               // as Column::dtype() says it; "" leaves it open
    std::optional<bool> null_free;  // true: no nulls
  };
  std::vector<Column> columns;        // of each table
  bool no_other_columns = false;      // and in this order
  std::vector<std::string> patterns;  // of files that are there: "part-*.csv"
  std::vector<std::string> keys;      // of JSON, that each document has: "model.rate", "[].id"
  std::optional<std::uint64_t> least_rows;
  std::optional<std::uint64_t> most_rows;

  bool empty() const;
};

// How a message calls the two.
struct Sides {
  std::string mock = "your mock";
  std::string real = "the real step";  // "prepare"
};

// Ordered by file, then by severity, breaks first. Empty: the mock is as the real data is.
std::vector<Difference> compare(const Shape& mock, const Shape& real, const Promise& = {},
                                const Sides& = {});

bool any_breaks(const std::vector<Difference>&);

struct DriftLine {
  Severity severity = Severity::worth_knowing;
  std::string text;
};
// A line a file and severity, `clean.csv: your mock has 3 columns, prepare wrote 4 (+vendor); dtype
// of fare: int64 → float64`, those that break first.
std::vector<DriftLine> drift_lines(const std::vector<Difference>&);

}  // namespace data
