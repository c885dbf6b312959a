#include "data/delimited.hpp"

#include "data/cell.hpp"
#include "support/scratch.hpp"

using data::DelimitedReader;
using data::Dialect;
using data::Encoding;
using support::error_of;

namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(DelimitedReader& reader) {
  Rows rows{reader.columns()};
  while (reader.next()) rows.emplace_back(reader.fields().begin(), reader.fields().end());
  return rows;
}

Rows rows_of(std::string_view text, std::optional<Dialect> dialect = Dialect{}) {
  DelimitedReader reader(data::text_source(text), "x.csv", dialect);
  return rows_of(reader);
}

// A source that gives a byte at a time, as a slow pipe might.
data::Source drops(std::string_view text) {
  return [text](char* to, std::size_t) mutable -> std::size_t {
    if (text.empty()) return 0;
    *to = text.front();
    text.remove_prefix(1);
    return 1;
  };
}

std::string wide(std::u16string_view text, bool big_endian) {
  std::string bytes;
  for (const char16_t c : text) {
    const char low = static_cast<char>(c & 0xff);
    const char high = static_cast<char>(c >> 8);
    bytes += big_endian ? high : low;
    bytes += big_endian ? low : high;
  }
  return bytes;
}

}  // namespace

TEST_CASE("records and quoting") {
  const struct {
    std::string_view text;
    Rows rows;
  } cases[]{
      {"a,b\n1,2\n", {{"a", "b"}, {"1", "2"}}},
      {"a,b\r\n1,2", {{"a", "b"}, {"1", "2"}}},
      {"a,b\r1,2\r", {{"a", "b"}, {"1", "2"}}},
      {"a,b\n,\n", {{"a", "b"}, {"", ""}}},
      {"a,b\n\n\n1,2\n\n", {{"a", "b"}, {"1", "2"}}},
      {"a\n\"\"\n", {{"a"}, {""}}},
      {"a,b\n\"x,\"\"y\"\"\",2\n", {{"a", "b"}, {"x,\"y\"", "2"}}},
      {"a,b\n\"one\ntwo\r\nthree\",2\n", {{"a", "b"}, {"one\ntwo\r\nthree", "2"}}},
      {"a,b\nx\"y,\"q\"z\n", {{"a", "b"}, {"x\"y", "qz"}}},
      {"a,b\n1\n1,2,3\n", {{"a", "b"}, {"1"}, {"1", "2", "3"}}},
      {"a,a,,a\n", {{"a", "a.1", "Unnamed: 2", "a.2"}}},
      {"a,b\n\"\",\"\"", {{"a", "b"}, {"", ""}}},
      {"", {{}}},
      {"\n\n", {{}}},
  };
  for (const auto& each : cases) {
    CAPTURE(each.text);
    CHECK(rows_of(each.text) == each.rows);
    DelimitedReader slow(drops(each.text), "x.csv", Dialect{});
    CHECK(rows_of(slow) == each.rows);
  }
}

TEST_CASE("what the dialect is, told from the text") {
  const struct {
    std::string_view text;
    char delimiter;
    bool header;
  } cases[]{
      {"id,fare\n1,2.5\n", ',', true},
      {"id;fare\n1;2,5\n2;3,5\n", ';', true},
      {"id\tname\n1\tx, y\n2\tz\n", '\t', true},
      {"id|name\n1|x\n", '|', true},
      {"name,town\nann,paris\n", ',', true},         // words over words: pandas takes a header
      {"1,2.5\n2,3.5\n", ',', false},                // numbers over numbers
      {"2024-01-01,x\n2024-01-02,y\n", ',', false},  // a date over dates
      {"id,2019,2020\nx,1,2\ny,3,4\n", ',', false},  // undecided names, but numbers over numbers
      {"day,2019,2020\n1,1,2\n2,3,4\n", ',', true},  // a word over numbers decides
      {"only\n1\n2\n", ',', true},
      {"3\n1\n2\n", ',', false},
      {"a,\"x;y;z\"\n1,\"p;q;r\"\n", ',', true},
      {"", ',', true},
  };
  for (const auto& each : cases) {
    CAPTURE(each.text);
    DelimitedReader reader(data::text_source(each.text), "x.csv");
    CHECK(reader.dialect().delimiter == each.delimiter);
    CHECK(reader.dialect().header == each.header);
  }
}

TEST_CASE("without a header the columns are numbered and the first record is a row") {
  const Rows rows = rows_of("1,2\n3,4\n", std::nullopt);
  CHECK(rows == Rows{{"0", "1"}, {"1", "2"}, {"3", "4"}});
}

TEST_CASE("encodings") {
  const Rows rows{{"name", "n"}, {"Zo\u00eb \U0001f600", "1"}};
  const std::u16string_view wide_text = u"name,n\nZo\u00eb \U0001f600,1\n";
  const struct {
    std::string bytes;
    Encoding encoding;
    Rows rows;
  } cases[]{
      {"name,n\nZo\u00eb \U0001f600,1\n", Encoding::utf8, rows},
      {"\xef\xbb\xbfname,n\nZo\u00eb \U0001f600,1\n", Encoding::utf8_bom, rows},
      {"\xff\xfe" + wide(wide_text, false), Encoding::utf16_le, rows},
      {"\xfe\xff" + wide(wide_text, true), Encoding::utf16_be, rows},
      {wide(wide_text, false), Encoding::utf16_le, rows},
      {"name,n\nZo\xeb,1\n", Encoding::latin1, {{"name", "n"}, {"Zo\u00eb", "1"}}},
  };
  for (const auto& each : cases) {
    CAPTURE(to_string(each.encoding));
    DelimitedReader reader(data::text_source(each.bytes), "x.csv");
    CHECK(reader.dialect().encoding == each.encoding);
    CHECK(rows_of(reader) == each.rows);
    CHECK(!reader.broken_at());
    DelimitedReader slow(drops(each.bytes), "x.csv");
    CHECK(rows_of(slow) == each.rows);
    CHECK(!slow.broken_at());
    CHECK(data::encoding_named(to_string(each.encoding)) == each.encoding);
  }
}

TEST_CASE("a byte that does not belong is found wherever it lies") {
  std::string text = "name\n";
  while (text.size() < 200'000) text += "Zo\u00eb\n";
  const std::size_t at = text.size();
  text += "Zo\xeb\n";
  DelimitedReader reader(data::text_source(text), "x.csv");
  while (reader.next()) {
  }
  CHECK(reader.dialect().encoding == Encoding::utf8);
  CHECK(reader.broken_at().value() == at + 2);
}

TEST_CASE("a quote that is not closed: file, row, column, line") {
  DelimitedReader reader(data::text_source("a,b\n1,\"x\ny\"\n2,\"open\n3,4\n"), "x.csv", Dialect{});
  CHECK(reader.next());
  const auto error = error_of([&] { reader.next(); });
  CHECK(error.code() == base::Code::bad_input);
  CHECK(error.message() ==
        "x.csv: row 2, column 2 (line 4): a quote is opened here and never closed");
  CHECK(error.hint() == "close it, or write \"\" for a quote that belongs to the text");
  const auto header = error_of([] { rows_of("a,\"b\n"); });
  CHECK(header.message() ==
        "x.csv: the header, column 2 (line 1): a quote is opened here and never closed");
  const std::string endless = "a,b\n1,\"" + std::string(17 << 20, 'x');
  CHECK(error_of([&] { rows_of(endless); }).message() ==
        "x.csv: row 1, column 2 (line 2): a record of more than 16 MiB starts here");
}

TEST_CASE("a file, and the lines of its rows") {
  support::Scratch scratch;
  scratch.write("x.tsv", "a\tb\n\"1\n1\"\t2\n\n3\t4\n");
  DelimitedReader reader(scratch.path("x.tsv"));
  CHECK(reader.dialect().delimiter == '\t');
  CHECK(reader.next());
  CHECK(reader.line() == 2);
  CHECK(reader.next());
  CHECK(reader.row() == 2);
  CHECK(reader.line() == 5);
  CHECK(!reader.next());
  CHECK(reader.row() == 2);
  CHECK(error_of([&] { DelimitedReader(scratch.path("none.csv")); }).code() ==
        base::Code::not_found);
}

TEST_CASE("kinds of cells are pandas'") {
  using data::CellKind;
  const struct {
    std::string_view cell;
    CellKind kind;
  } cases[]{
      {"", CellKind::null},
      {"NA", CellKind::null},
      {"nan", CellKind::null},
      {"None", CellKind::null},
      {"null", CellKind::null},
      {"#N/A N/A", CellKind::null},
      {"-1.#IND", CellKind::null},
      {"Nan", CellKind::text},
      {"none", CellKind::text},
      {"True", CellKind::boolean},
      {"FALSE", CellKind::boolean},
      {"tRue", CellKind::text},
      {"yes", CellKind::text},
      {"0", CellKind::integer},
      {"-17", CellKind::integer},
      {"+17", CellKind::integer},
      {"007", CellKind::integer},
      {" 7 ", CellKind::integer},
      {"9223372036854775807", CellKind::integer},
      {"-9223372036854775808", CellKind::integer},
      {"9223372036854775808", CellKind::large_integer},
      {"18446744073709551616", CellKind::text},
      {"-", CellKind::text},
      {"1_000", CellKind::text},
      {"1,000", CellKind::text},
      {"1.5", CellKind::real},
      {".5", CellKind::real},
      {"1.", CellKind::real},
      {".", CellKind::text},
      {"1e5", CellKind::real},
      {"1e", CellKind::text},
      {"-inf", CellKind::real},
      {"Infinity", CellKind::real},
      {"0x10", CellKind::text},
      {"2024-02-29", CellKind::datetime},
      {"2024-02-29T23:59:59.123Z", CellKind::datetime},
      {"2024-02-29 23:59:59+01:00", CellKind::datetime},
      {"29/02/2024 23:59", CellKind::datetime},
      {"02/29/2024", CellKind::datetime},
      {"2024-13-01", CellKind::text},
      {"2024-02-29T25:00", CellKind::text},
      {"555-1234", CellKind::text},
      {"192.168.2000", CellKind::text},
  };
  for (const auto& each : cases) {
    CAPTURE(each.cell);
    CHECK(data::kind_of_cell(each.cell) == each.kind);
  }
}

TEST_CASE("types of columns") {
  const struct {
    std::vector<std::string> cells;
    std::string type;
    std::string form;
  } cases[]{
      {{"1", "2"}, "int64", ""},
      {{"1", "", "2"}, "int64", ""},
      {{"1", "2.5"}, "float64", ""},
      {{"1", "9223372036854775808"}, "uint64", ""},
      {{"True", "false"}, "bool", ""},
      {{"True", "1"}, "object", ""},
      {{"x", "1"}, "object", ""},
      {{"", "NA"}, "", ""},
      {{"2024-01-01", "2024-01-02"}, "datetime", "YYYY-MM-DD"},
      {{"2024-01-01", "2024-01-02 10:00"}, "datetime", "mixed"},
      {{"2024-01-01", "1"}, "object", "YYYY-MM-DD"},
  };
  for (const auto& each : cases) {
    data::ColumnTally tally;
    for (const auto& cell : each.cells) tally.add(cell);
    CAPTURE(each.cells.front());
    CHECK(tally.type() == each.type);
    CHECK(tally.form() == each.form);
    CHECK(tally.nulls() + tally.values() == each.cells.size());
  }
  CHECK(data::number_of_cell(" +1.5e2 ") == 150);
  CHECK(data::number_of_cell("1e999") > 1e300);
  CHECK(!(data::number_of_cell("x") == data::number_of_cell("x")));
}
