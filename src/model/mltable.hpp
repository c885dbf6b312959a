// What an MLTable file says: which files, and what is done with their rows, in order.
// Values only; reading the rows belongs to the data room. Source: reference-yaml-mltable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/path.hpp"
#include "base/place.hpp"

namespace model {

struct MLTablePath {
  enum class Kind { file, folder, pattern };
  Kind kind = Kind::file;
  std::string
      text;  // a URI, or a path that starts from the table's folder; of a pattern with globs
  bool is_uri = false;
  base::Place place;
};

struct ReadDelimited {
  enum class Header { none, from_first_file, all_files_different, all_files_same };
  std::string delimiter = ",";
  std::string encoding = "utf8";
  Header header = Header::all_files_same;
  bool infer_column_types = true;
  bool empty_as_string = false;
  bool include_path_column = false;
  bool support_multi_line = false;
};
struct ReadParquet {
  bool include_path_column = false;
};
struct ReadJsonLines {
  std::string encoding = "utf8";
  bool drop_invalid_lines = false;  // otherwise they are an error
  bool include_path_column = false;
};
struct ReadDeltaLake {
  std::string timestamp_as_of;  // "" where a version or nothing is given
  std::optional<std::int64_t> version_as_of;
  bool include_path_column = false;
};
struct TakeRows {
  std::int64_t count = 0;
};
struct SkipRows {
  std::int64_t count = 0;
};
struct TakeRandomSample {
  double probability = 1;  // of each row, 0 to 1
  std::optional<std::int64_t> seed;
};
struct DropColumns {
  std::vector<std::string> columns;
};
struct KeepColumns {
  std::vector<std::string> columns;
};
struct ConvertColumnTypes {
  enum class Type { integer, real, string, boolean, datetime, stream_info };
  struct Conversion {
    std::vector<std::string> columns;
    Type type = Type::string;
    std::vector<std::string> formats;                    // of a datetime
    std::vector<std::string> true_values, false_values;  // of a boolean
    std::string mismatch_as;                             // of a boolean: "error", "true", "false"
  };
  std::vector<Conversion> conversions;
};
struct FilterRows {
  std::string expression;  // col("x") > 1 and …
};
struct ExtractColumns {
  std::string partition_format;  // {Store}/{Brand}/{file_name}.{extension}
};

struct MLTableTransformation {
  std::variant<ReadDelimited, ReadParquet, ReadJsonLines, ReadDeltaLake, TakeRows, SkipRows,
               TakeRandomSample, DropColumns, KeepColumns, ConvertColumnTypes, FilterRows,
               ExtractColumns>
      what;
  base::Place place;
};

struct MLTable {
  fs::path file;  // absolute: the file named MLTable
  std::vector<MLTablePath> paths;
  std::vector<MLTableTransformation> transformations;
};

}  // namespace model
