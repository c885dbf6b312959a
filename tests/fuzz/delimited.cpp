// data::DelimitedReader. The first byte says how the text arrives: all at once, or in small pieces.
#include "data/delimited.hpp"

#include "data/cell.hpp"
#include "fuzz/fuzz.hpp"

namespace {

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  bool refused = false;
};

Table table_of(data::Source source, std::optional<data::Dialect> dialect = {}) {
  Table table;
  table.refused = fuzz::refused(base::Code::bad_input, [&] {
    data::DelimitedReader reader(std::move(source), "x", dialect);
    table.columns = reader.columns();
    while (reader.next()) {
      table.rows.emplace_back(reader.fields().begin(), reader.fields().end());
      for (const auto& cell : reader.fields()) (void)data::kind_of_cell(cell);
      fuzz::require(!reader.fields().empty(), "a record has a field");
    }
  });
  return table;
}

std::string quoted(const std::string& cell) {
  std::string text = "\"";
  for (const char c : cell) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + "\"";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text = fuzz::text_of(data + 1, size - 1);
  const std::size_t step = data[0] % 8 + 1U;
  const auto pieces = [&, at = std::size_t{0}](char* to, std::size_t room) mutable {
    const std::size_t count = std::min({step, room, text.size() - at});
    std::copy_n(text.data() + at, count, to);
    at += count;
    return count;
  };
  const Table whole = table_of(data::text_source(text));
  const Table pieced = table_of(pieces);
  fuzz::require(whole.columns == pieced.columns && whole.rows == pieced.rows &&
                    whole.refused == pieced.refused,
                "pieces change nothing");

  // What was read, written with every cell quoted, reads the same.
  data::Dialect dialect;
  dialect.header = false;
  std::string again;
  for (const auto& row : whole.rows) {
    for (std::size_t n = 0; n < row.size(); ++n) again += (n ? "," : "") + quoted(row[n]);
    again += '\n';
  }
  const Table copy = table_of(data::text_source(again), dialect);
  fuzz::require(!copy.refused && (copy.rows == whole.rows), "quoting keeps every cell");
  return 0;
}
