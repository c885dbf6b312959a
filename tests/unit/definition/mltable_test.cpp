#include <doctest/doctest.h>

#include "base/files.hpp"
#include "definition/reading.hpp"
#include "support/catalogue.hpp"

namespace {

struct Read {
  std::optional<model::MLTable> table;
  std::string said;
};

Read read(const std::string& yaml) {
  const base::TempDir folder(fs::path("/tmp"));
  base::write_file_atomically(folder.path() / "MLTable", yaml);
  base::write_file_atomically(folder.path() / "rows.csv", "a,b\n1,2\n");
  const support::BareCatalogue catalogue;
  text::Diagnostics diagnostics;
  definition::Reading reading{catalogue, diagnostics, {}, {}, {}};
  Read result{definition::read_mltable(folder.path() / "MLTable", reading), ""};
  for (const auto& each : diagnostics.all())
    result.said += std::to_string(each.place.line) + ":" + std::to_string(each.place.column) + " " +
                   each.what + "\n";
  return result;
}

}  // namespace

TEST_CASE("a table's paths and transformations are read in order, with their arguments") {
  const auto [table, said] = read(
      "paths:\n  - file: ./rows.csv\n  - pattern: ./**/*.csv\n  - folder: "
      "azureml://datastores/d/paths/x\n"
      "transformations:\n  - read_delimited: {delimiter: ';', encoding: latin1, header: "
      "from_first_file, infer_column_types: false, include_path_column: true}\n"
      "  - skip: 1\n  - take: 5\n  - take_random_sample: {probability: 0.25, seed: 3}\n"
      "  - drop_columns: [a, b]\n  - keep_columns: c\n  - filter: 'col(\"c\") > 1'\n"
      "  - extract_columns_from_partition_format: {partition_format: '{s}/{b}.csv'}\n"
      "  - convert_column_types:\n      - {columns: [c], column_type: int}\n"
      "      - {columns: d, column_type: {datetime: {formats: ['%Y']}}}\n");
  CHECK(said == "");
  REQUIRE(table);
  REQUIRE(table->paths.size() == 3);
  CHECK(table->paths[0].kind == model::MLTablePath::Kind::file);
  CHECK(table->paths[1].kind == model::MLTablePath::Kind::pattern);
  CHECK(table->paths[2].is_uri);
  REQUIRE(table->transformations.size() == 9);
  const auto& delimited = std::get<model::ReadDelimited>(table->transformations[0].what);
  CHECK(delimited.delimiter == ";");
  CHECK(delimited.encoding == "latin1");
  CHECK(delimited.header == model::ReadDelimited::Header::from_first_file);
  CHECK_FALSE(delimited.infer_column_types);
  CHECK(delimited.include_path_column);
  CHECK(std::get<model::SkipRows>(table->transformations[1].what).count == 1);
  CHECK(std::get<model::TakeRows>(table->transformations[2].what).count == 5);
  const auto& sample = std::get<model::TakeRandomSample>(table->transformations[3].what);
  CHECK(sample.probability == 0.25);
  CHECK(sample.seed == 3);
  CHECK(std::get<model::DropColumns>(table->transformations[4].what).columns ==
        std::vector<std::string>{"a", "b"});
  CHECK(std::get<model::KeepColumns>(table->transformations[5].what).columns ==
        std::vector<std::string>{"c"});
  CHECK(std::get<model::FilterRows>(table->transformations[6].what).expression == "col(\"c\") > 1");
  CHECK(std::get<model::ExtractColumns>(table->transformations[7].what).partition_format ==
        "{s}/{b}.csv");
  const auto& convert = std::get<model::ConvertColumnTypes>(table->transformations[8].what);
  REQUIRE(convert.conversions.size() == 2);
  CHECK(convert.conversions[0].type == model::ConvertColumnTypes::Type::integer);
  CHECK(convert.conversions[1].formats == std::vector<std::string>{"%Y"});
}

TEST_CASE("a table without transformations is a list of files; a reader may stand alone") {
  CHECK(read("paths: [{folder: .}]\n").said == "");
  const auto bare = read("paths: [{file: rows.csv}]\ntransformations: [read_parquet]\n");
  CHECK(bare.said == "");
  CHECK(std::holds_alternative<model::ReadParquet>(bare.table->transformations[0].what));
  const auto delta =
      read("paths: [{folder: .}]\ntransformations:\n  - read_delta_lake: {version_as_of: 3}\n");
  CHECK(std::get<model::ReadDeltaLake>(delta.table->transformations[0].what).version_as_of == 3);
  const auto lines = read(
      "paths: [{file: rows.csv}]\ntransformations:\n  - read_json_lines: {invalid_lines: drop}\n");
  CHECK(std::get<model::ReadJsonLines>(lines.table->transformations[0].what).drop_invalid_lines);
}

TEST_CASE("what is wrong in a table is said where it stands") {
  CHECK(read("transformations: []\n").said ==
        "1:1 'paths' is missing: Missing data for required field.\n");
  CHECK(read("paths: [{folder: rows.csv}]\n").said == "1:18 'rows.csv' is a file\n");
  CHECK(read("paths: [{file: rows.csv}]\ntransformations:\n  - take: -1\n").said ==
        "3:11 'take' must be a number of rows\n");
  CHECK(read("paths: [{file: rows.csv}]\ntransformations: {take: 1}\n").said ==
        "2:18 'transformations' must be a list\n");
  CHECK(read("paths: [{file: rows.csv}]\ntransformations:\n  - filter: a > 1\n").said ==
        "3:13 'filter' must be an expression over columns\n");
}
