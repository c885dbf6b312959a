// Delimited text (CSV and its kin), a record at a time, in memory that does not grow with the file.
// Quoting is RFC 4180's; what real files do beside it is read as pandas' C parser does: a quote
// inside an unquoted field stands for itself, text behind a closing quote belongs to the field, a
// line without anything is no record, and a lone CR ends a line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/decoded.hpp"

namespace data {

struct Dialect {
  char delimiter = ',';  // , ; | or tab
  bool header = true;    // the first record names the columns
  Encoding encoding = Encoding::utf8;
  bool operator==(const Dialect&) const = default;
};

// "','", "tab": a delimiter as people read it.
std::string shown_delimiter(char);

// What a text that begins with `sample` (UTF-8) looks like: the delimiter with which its records
// have the same number of fields, more than one; `expected` where several would do or none does.
// The first record is a header unless it looks like those below it: a column of numbers or dates
// whose first value is one, too, and no column of them below a word.
struct Sniffed {
  Dialect dialect;       // without the encoding
  std::size_t fields{};  // of its records; 1: no delimiter was found
  std::size_t records{};
  bool regular = false;  // all records have `fields` fields
};
Sniffed sniff(std::string_view sample, bool whole, char expected = ',');

// Splits a text into records; knows nothing of where the text comes from.
class RecordScanner {
 public:
  explicit RecordScanner(char delimiter);
  enum class Found { record, more, unclosed };  // more: the record goes on behind `end`
  // The record at `begin`. `last`: the text ends at `end`. On `record`, next() is where the next
  // one starts and fields() what it holds (quotes are undone in place, so the text is written to).
  Found scan(char* begin, char* end, bool last);
  char* next() const { return next_; }
  const std::vector<std::string_view>& fields() const { return fields_; }
  bool blank() const { return blank_; }           // a line without anything
  std::size_t lines() const { return lines_; }    // line ends in the record
  std::size_t opened() const { return opened_; }  // unclosed: the field, from 0

 private:
  struct Raw {
    char* begin;
    char* end;
    bool quoted;
  };
  void undo_quotes(Raw&) const;
  char delimiter_;
  bool stops_[256] = {};
  std::vector<Raw> raw_;
  std::vector<std::string_view> fields_;
  char* next_ = nullptr;
  bool blank_ = false;
  std::size_t lines_ = 0;
  std::size_t opened_ = 0;
};

class DelimitedReader {
 public:
  // Without a dialect it is sniffed from the first 64 KiB; `.tsv` and `.tab` expect a tab, `.psv`
  // a bar. Throws not_found, permission, io; bad_input as next() does.
  explicit DelimitedReader(const fs::path&, std::optional<Dialect> = {});
  // The same of any source; `name` stands in messages.
  DelimitedReader(Source, std::string name, std::optional<Dialect> = {}, char expected = ',');

  const Dialect& dialect() const { return dialect_; }
  const Sniffed& sniffed() const { return sniffed_; }
  // The header's names, or "0", "1", … for as many fields as the first record has. A name that
  // stands twice is given as pandas does: "a", "a.1"; an empty one is "Unnamed: 2".
  const std::vector<std::string>& columns() const { return columns_; }

  // Goes to the next record below the header; false at the end. Throws bad_input naming file, row,
  // column and line where a quote is never closed or a record is longer than 16 MiB.
  bool next();
  // Valid until next(). There may be more or fewer than columns.
  const std::vector<std::string_view>& fields() const { return scanner_->fields(); }
  std::uint64_t row() const { return row_; }    // of the record, from 1, the header not counted
  std::uint64_t line() const { return line_; }  // on which it starts, from 1
  std::uint64_t position() const { return position_; }  // bytes of UTF-8 up to the record's end
  std::uint64_t bytes_read() const { return text_.bytes_read(); }
  std::optional<std::uint64_t> broken_at() const { return text_.broken_at(); }

 private:
  bool next_record();
  bool fill();
  void name_columns();
  [[noreturn]] void refuse(std::size_t field, std::string_view what, std::string_view hint) const;

  std::string name_;
  DecodedText text_;
  Dialect dialect_;
  Sniffed sniffed_;
  std::unique_ptr<RecordScanner> scanner_;
  std::vector<std::string> columns_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool last_ = false;     // the text ends at end_
  bool waiting_ = false;  // the first record is no header and was not given yet
  std::uint64_t row_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t next_line_ = 1;
};

}  // namespace data
