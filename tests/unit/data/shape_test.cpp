#include "data/shape.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "data/name_pattern.hpp"
#include "data/parquet.hpp"
#include "support/scratch.hpp"

using data::Format;
using data::observe;
using support::error_of;
using support::Scratch;

namespace {

// "id:int64 fare:float64/2": names and types, and nulls where there are some.
std::string columns_of(const data::Group& group) {
  std::string text;
  if (!group.table) return "no table";
  for (const auto& column : group.table->columns) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", column.name, column.type);
    if (column.nulls.value_or(0) > 0) text += fmt::format("/{}", *column.nulls);
  }
  return text;
}

std::vector<std::string> patterns_of(const data::Shape& shape) {
  std::vector<std::string> patterns;
  for (const auto& group : shape.groups)
    patterns.push_back(fmt::format("{} {}", group.pattern, group.files));
  return patterns;
}

void check_round_trip(const data::Shape& shape) {
  const auto json = to_json(shape);
  CHECK(data::shape_from_json(nlohmann::ordered_json::parse(json.dump())) == shape);
}

}  // namespace

TEST_CASE("a CSV file") {
  Scratch scratch;
  scratch.write("clean.csv",
                "id,fare,vendor,at,paid\n1,2.5,ann,2024-01-01,True\n2,,\"bob, co\",2024-01-02,\n");
  const auto shape = observe(scratch.path("clean.csv"));
  CHECK(!shape.folder);
  REQUIRE(shape.groups.size() == 1);
  const auto& group = shape.groups.front();
  CHECK(group.pattern == "clean.csv");
  CHECK(group.format == Format::delimited);
  CHECK(group.files == 1);
  CHECK(group.bytes == 74);
  CHECK(columns_of(group) == "id:int64 fare:float64/1 vendor:object at:datetime paid:bool/1");
  CHECK(group.table->columns[3].form == "YYYY-MM-DD");
  CHECK(group.table->columns[4].dtype() == "object");
  CHECK(group.table->rows == 2);
  CHECK(group.table->exact);
  CHECK(group.table->dialect == data::Dialect{});
  CHECK(group.notes.empty());
  check_round_trip(shape);
}

TEST_CASE("limits give lower bounds, and say so") {
  Scratch scratch;
  std::string text = "id\n";
  for (int n = 0; n < 1000; ++n) text += fmt::format("{}\n", n);
  scratch.write("a-001.csv", text);
  scratch.write("a-002.csv", text);
  data::Limits limits;
  limits.rows = 10;
  auto group = observe(scratch.folder.path(), limits).groups.front();
  CHECK(group.table->rows == 20);
  CHECK(!group.table->exact);
  limits = {};
  limits.rows = 1000;
  CHECK(observe(scratch.path("a-001.csv"), limits).groups.front().table->exact);
  limits = {};
  limits.bytes = 100;
  group = observe(scratch.path("a-001.csv"), limits).groups.front();
  CHECK(group.table->rows > 10);
  CHECK(group.table->rows < 100);
  CHECK(!group.table->exact);
  limits = {};
  limits.files = 1;
  group = observe(scratch.folder.path(), limits).groups.front();
  CHECK(group.files == 2);
  CHECK(group.table->rows == 1000);
  CHECK(!group.table->exact);
  CHECK(group.notes == std::vector<std::string>{"1 of 2 files were opened"});
  limits = {};
  limits.listed = 1;
  const auto shape = observe(scratch.folder.path(), limits);
  CHECK(shape.notes ==
        std::vector<std::string>{"more than 1 files: those behind a-002.csv are not counted"});
}

TEST_CASE("patterns of names") {
  const struct {
    std::string path;
    std::string pattern;
    bool numbered;
  } cases[]{
      {"clean.csv", "clean.csv", false},
      {"part-00001.csv", "part-*.csv", true},
      {"v2.csv", "v*.csv", false},
      {"year=2024/month=01/x.csv", "year=*/month=*/x.csv", true},
      {"part-00000-0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f-c000.snappy.parquet",
       "part-*-*-c*.snappy.parquet", true},
      {"log.2024", "log.*", true},
      {"model.h5", "model.h5", false},
      {"run12/out.csv", "run*/out.csv", false},
  };
  for (const auto& each : cases) {
    CAPTURE(each.path);
    CHECK(data::generalised(each.path) == each.pattern);
    CHECK(data::is_numbered(each.path) == each.numbered);
    CHECK(data::fits_pattern(each.pattern, each.path));
  }
  CHECK(!data::fits_pattern("*.csv", "a/b.csv"));
  CHECK(!data::fits_pattern("part-*.csv", "part-1.csv.gz"));
  CHECK(data::fits_pattern("*/*.csv", "a/b.csv"));
  CHECK(data::fits_pattern("a*b*c", "aXbYbZc"));
}

TEST_CASE("a folder: files by pattern") {
  Scratch scratch;
  for (const auto* name :
       {"part-00000.csv", "part-00001.csv", "year=2023/a.csv", "year=2024/a.csv"})
    scratch.write(name, "id\n1\n");
  scratch.write("_SUCCESS", "");
  scratch.write("v2.json", "{}");
  scratch.write("readme.txt", "Once, there was\na folder, with, files\nin it\n");
  scratch.write("images/cat/a.png", "x");
  scratch.write("images/cat/b.png", "x");
  scratch.write("images/dog/c.png", "x");
  for (unsigned n = 0; n < 30; ++n)
    scratch.write(
        "blobs/" + std::string(n / 10 + 1, 'x') + static_cast<char>('a' + n % 10) + ".bin", "x");
  const auto shape = observe(scratch.folder.path());
  CHECK(patterns_of(shape) ==
        std::vector<std::string>{"_SUCCESS 1", "blobs/*.bin 30", "images/*/*.png 3", "part-*.csv 2",
                                 "readme.txt 1", "v2.json 1", "year=*/a.csv 2"});
  CHECK(shape.groups[0].format == Format::empty);
  CHECK(shape.groups[2].format == Format::image);
  CHECK(shape.groups[2].classes == std::map<std::string, std::uint64_t>{{"cat", 2}, {"dog", 1}});
  CHECK(shape.groups[3].table->rows == 2);
  CHECK(shape.groups[4].format == Format::text);
  CHECK(shape.groups[5].format == Format::json);
  check_round_trip(shape);
}

TEST_CASE("files of one pattern that are not alike") {
  Scratch scratch;
  scratch.write("part-001.csv", "id,fare\n1,2\n");
  scratch.write("part-002.csv", "id,vendor\n1.5,x\n2,y\n");
  scratch.write("part-003.csv", "id;fare\n1;2\n");
  const auto group = observe(scratch.folder.path()).groups.front();
  CHECK(columns_of(group) == "id:float64 fare:int64/2 vendor:object/2");
  CHECK(group.table->rows == 4);
  CHECK(group.faults ==
        std::vector<std::string>{
            "part-002.csv has other columns than part-001.csv: +vendor -fare",
            "part-003.csv has other columns than part-001.csv: -vendor",
            "part-003.csv is delimited, headed or encoded otherwise than part-001.csv"});
}

TEST_CASE("what a reader stumbles over is said, and does not end the look") {
  Scratch scratch;
  const auto fault = [&](const std::string& name, const std::string& text) {
    scratch.write(name, text);
    const auto group = observe(scratch.path(name)).groups.front();
    check_round_trip(observe(scratch.path(name)));
    return group.faults.empty() ? "" : group.faults.front();
  };
  CHECK(fault("a.csv", "a,b\n1,2\n1,2,3\n") == "a.csv: row 2 (line 3) has 3 fields, the header 2");
  CHECK(fault("b.csv", "a,b\n1,\"2\n") ==
        "b.csv: row 1, column 2 (line 2): a quote is opened here and never closed");
  CHECK(fault("c.json", "{\"a\": 1,\n\"b\": }") ==
        "c.json: not JSON: line 2, column 6: syntax error while parsing value - unexpected '}'; "
        "expected '[', '{', or a literal");
  CHECK(fault("d.jsonl", "{\"a\": 1}\n{\"a\" 2}\n")
            .starts_with("d.jsonl: not JSON: line 2, column 6"));
  CHECK(fault("e.parquet", "x") == "e.parquet: no Parquet file");
  CHECK(fault("f.csv.gz", "x") == "");
  CHECK(observe(scratch.path("f.csv.gz")).groups.front().notes.front() ==
        "packed: what is inside was not looked at");
  CHECK(fault("g.csv", "a\xff,b\n1,2\n") == "");  // Latin-1
  CHECK(fault("h.json", std::string(300, '[')) ==
        "h.json: not JSON: nested deeper than 100 levels");
  CHECK(fault("i.csv", "a\n" + std::string(70'000, 'x') + "\n\xff\n") ==
        "i.csv: byte 70003 is not UTF-8");
  fs::create_symlink("nowhere", scratch.path("sub"));
  CHECK(observe(scratch.folder.path()).notes == std::vector<std::string>{"sub: a link to nothing"});
  CHECK(error_of([&] { observe(scratch.path("none")); }).code() == base::Code::not_found);
  CHECK(error_of([] { observe("/dev/null"); }).message() ==
        "/dev/null is neither a file nor a folder");
}

TEST_CASE("JSON: keys, nesting, kinds; a value a line or a document") {
  Scratch scratch;
  scratch.write("a.json", R"({"model": {"rate": 0.1, "tags": ["x", null]}, "n": 3})");
  auto group = observe(scratch.path("a.json")).groups.front();
  CHECK(group.format == Format::json);
  CHECK(group.records == 1);
  CHECK(group.json->keys.at("model").keys.at("rate").type() == "float");
  CHECK(group.json->keys.at("model").keys.at("tags").items.front().type() == "string or null");
  CHECK(group.json->keys.at("n").type() == "int");
  scratch.write("b.json", "{\"a\": 1}\n{\"a\": \"x\", \"b\": true}\n\n");
  group = observe(scratch.path("b.json")).groups.front();
  CHECK(group.format == Format::json_lines);
  CHECK(group.records == 2);
  CHECK(group.json->keys.at("a").type() == "int or string");
  CHECK(group.json->keys.at("b").seen() == 1);
  scratch.write("c.json", "[{\"a\": 1}, {\"a\": null}, {}]");
  group = observe(scratch.path("c.json")).groups.front();
  CHECK(group.records == 3);
  CHECK(group.json->items.front().keys.at("a").type() == "int or null");
  check_round_trip(observe(scratch.folder.path()));
  data::Limits limits;
  limits.rows = 2;
  group = observe(scratch.path("c.json"), limits).groups.front();
  CHECK(group.records == 2);
  CHECK(!group.exact);
  CHECK(group.notes.empty());
  std::string many = "{";
  for (int n = 0; n < 300; ++n) many += fmt::format("{}\"k{}\": {}", n ? ", " : "", n, n);
  scratch.write("d.json", many + "}");
  group = observe(scratch.path("d.json")).groups.front();
  CHECK(group.json->open_keys);
  CHECK(group.json->keys.size() == 1);
  CHECK(group.json->keys.at("*").seen() == 300);
}

TEST_CASE("Parquet, from its footer alone") {
  // By pyarrow 26: three rows, two row groups, every kind of column, pandas' index.
  const fs::path file = fs::path(UNIT_DATA) / "kinds.parquet";
  const auto shape = observe(file);
  CHECK(columns_of(shape.groups.front()) ==
        "id:int64 n:int32/1 u:uint8 fare:float64/1 f4:float32 name:object/1 flag:bool at:datetime "
        "day:date price:decimal tags:list who:struct");
  CHECK(shape.groups.front().table->rows == 3);
  CHECK(!shape.groups.front().table->columns.back().nulls);
  check_round_trip(shape);
  // Cut off or damaged anywhere in the footer, it is refused or read, and no more.
  Scratch scratch;
  const std::string whole = base::read_file(file);
  scratch.write("x.parquet", whole.substr(0, whole.size() - 9));
  CHECK(error_of([&] { data::look_at_parquet(scratch.path("x.parquet")); }).message() ==
        scratch.path("x.parquet").native() + ": the end of the Parquet file is missing");
  int refused = 0;
  for (std::size_t at = whole.size() - 1500; at < whole.size() - 8; at += 5) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x5f);
    scratch.write("x.parquet", damaged);
    try {
      data::look_at_parquet(scratch.path("x.parquet"));
    } catch (const base::Error& error) {
      CHECK(error.code() == base::Code::bad_input);
      ++refused;
    }
  }
  CHECK(refused > 2);
}

TEST_CASE("MLTable and MLmodel") {
  Scratch scratch;
  scratch.write("MLTable",
                "paths:\n  - pattern: ./*.csv\ntransformations:\n  - read_delimited:\n      "
                "delimiter: ','\n      header: all_files_same_headers\n  - take: 5\n");
  scratch.write("model/MLmodel",
                "flavors:\n  python_function: {env: conda.yaml}\n  sklearn: {}\nsignature:\n"
                "  inputs: '[{\"name\": \"fare\", \"type\": \"double\"}]'\n"
                "  outputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"int64\"}}]'\n");
  const auto shape = observe(scratch.folder.path());
  REQUIRE(shape.mltable);
  CHECK(shape.mltable->paths == std::vector<std::string>{"pattern: ./*.csv"});
  CHECK(shape.mltable->transformations ==
        std::vector<std::string>{
            "read_delimited: {delimiter: \",\", header: \"all_files_same_headers\"}", "take: 5"});
  REQUIRE(shape.model);
  CHECK(shape.model->path == "model/MLmodel");
  CHECK(shape.model->flavors == std::vector<std::string>{"python_function", "sklearn"});
  CHECK(shape.model->inputs.front() == data::Column{"fare", "double", "", {}});
  CHECK(shape.model->outputs.front().type == "tensor{\"dtype\":\"int64\"}");
  check_round_trip(shape);
  scratch.write("MLTable", "paths: [");
  CHECK(observe(scratch.folder.path()).notes.front().starts_with("MLTable: "));
}

TEST_CASE("a record of a shape that cannot be read") {
  const auto why = [](const std::string& text) {
    return error_of([&] { data::shape_from_json(nlohmann::ordered_json::parse(text)); }).message();
  };
  CHECK(why("{}") == "this record of data's shape cannot be read: key 'version' not found");
  CHECK(why(R"({"version": 1, "folder": 3})") ==
        "this record of data's shape cannot be read: type must be boolean, but is number");
  CHECK(why(R"({"version": 1, "folder": true, "files": [{"pattern": "x", "format": "doc"}]})") ==
        "this record of data's shape cannot be read: 'doc' is no format");
  const auto newer = error_of([] {
    data::shape_from_json(nlohmann::ordered_json{{"version", 2}});
  });
  CHECK(newer.code() == base::Code::newer_version);
}

TEST_CASE("wider types are pandas'") {
  CHECK(data::wider_type("int64", "float64") == "float64");
  CHECK(data::wider_type("int32", "int64") == "int64");
  CHECK(data::wider_type("uint8", "int64") == "int64");
  CHECK(data::wider_type("uint64", "int64") == "float64");
  CHECK(data::wider_type("", "bool") == "bool");
  CHECK(data::wider_type("bool", "int64") == "object");
}
