// Names that differ in a number only: part-00001.csv and part-00002.csv are part-*.csv.
#pragma once

#include <string>
#include <string_view>

namespace data {

// A path below a folder ("year=2024/part-00001.csv") with what counts or identifies as '*': runs of
// digits and UUIDs, and the values of partition folders. A file's extension is left as it is.
std::string generalised(std::string_view path);

// Whether the path numbers its files even where it is the only one: a partition folder, a UUID, or
// a run of at least three digits ("part-001.csv", but not "v2.csv").
bool is_numbered(std::string_view path);

// Whether `path` fits `pattern`, in which '*' stands for anything but '/'.
bool fits_pattern(std::string_view pattern, std::string_view path);

// ".csv" of "a/b.csv", in lower case; "" where there is none.
std::string extension_of(std::string_view path);

}  // namespace data
