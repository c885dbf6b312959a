#include "data/drift.hpp"

#include "support/scratch.hpp"

using data::Promise;
using data::Severity;
using support::Scratch;

namespace {

using Lines = std::vector<std::string>;
using Files = std::vector<std::pair<std::string, std::string>>;

data::Shape shape_of(const Scratch& scratch, const std::string& side, const Files& files) {
  if (files.size() == 1 && files.front().first.find('/') == std::string::npos) {
    scratch.write(side + "/" + files.front().first, files.front().second);
    return data::observe(scratch.path(side) / files.front().first);
  }
  fs::create_directories(scratch.path(side));
  for (const auto& [name, text] : files) scratch.write(side + "/" + name, text);
  return data::observe(scratch.path(side));
}

std::string text_of(const Lines& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

// What is said, "? " before what is only worth knowing.
Lines lines_of(const Files& mock, const Files& real, const Promise& promise = {}) {
  const Scratch scratch;
  const auto found = data::compare(shape_of(scratch, "mock", mock), shape_of(scratch, "real", real),
                                   promise, {"your mock", "prepare"});
  Lines lines;
  for (const auto& line : data::drift_lines(found))
    lines.push_back((line.severity == Severity::breaks ? "" : "? ") + line.text);
  CHECK(data::any_breaks(found) == (!lines.empty() && !lines.front().starts_with("? ")));
  return lines;
}

}  // namespace

TEST_CASE("drift of one table") {
  const std::string mock = "id,fare,at\n1,2,2024-01-01\n2,3,2024-01-02\n";
  const struct {
    std::string what;
    std::string mock;
    std::string real;
    Lines lines;
  } cases[]{
      {"nothing", mock, "id,fare,at\n7,8,2024-02-01\n", {}},
      {"a column more, another type",
       mock,
       "id,fare,at,vendor\n1,2.5,2024-01-01,x\n",
       {"clean.csv: your mock has 3 columns, prepare wrote 4 (+vendor); dtype of fare: int64 → "
        "float64"}},
      {"a column less",
       mock,
       "id,fare\n1,2\n",
       {"clean.csv: your mock has 3 columns, prepare wrote 2 (-at)"}},
      {"renamed: near names",
       "id,fare_eur\n1,2\n",
       "fare_euro,id\n1,2\n",
       {"clean.csv: your mock and prepare have 2 columns each, but not the same (fare_eur → "
        "fare_euro)",
        "? clean.csv: order of columns: id, fare_euro → fare_euro, id"}},
      {"renamed: same place and type",
       "id,fare\n1,x\n",
       "id,price\n1,y\n",
       {"clean.csv: your mock and prepare have 2 columns each, but not the same (fare → price)"}},
      {"another one at the same place",
       "id,fare\n1,x\n",
       "id,price\n1,2\n",
       {"clean.csv: your mock and prepare have 2 columns each, but not the same (+price, -fare)"}},
      {"order", "a,b\n1,2\n", "b,a\n1,2\n", {"? clean.csv: order of columns: a, b → b, a"}},
      {"nulls make integers floats",
       mock,
       "id,fare,at\n1,,2024-01-01\n2,3,2024-01-01\n",
       {"clean.csv: dtype of fare: int64 → float64 (nulls in 1 of 2 rows)"}},
      {"nulls of words",
       "a,b\nx,1\n",
       "a,b\nx,1\n,2\n",
       {"clean.csv: nulls in a: none → 1 of 2 rows"}},
      {"nulls only in the mock",
       "a,b\nx,1\n,2\n",
       "a,b\nx,1\n",
       {"? clean.csv: nulls in a: only in your mock"}},
      {"no value at all",
       "a,b\nx,1\n",
       "a,b\n,1\n,2\n",
       {"clean.csv: no value in a (2 of 2 rows)"}},
      {"a column without values in the mock", "a,b\n,1\n", "a,b\nx,1\n", {}},
      {"another form of dates",
       "at,b\n2024-01-31,1\n",
       "at,b\n31/01/2024,1\n",
       {"clean.csv: dates in at: YYYY-MM-DD → DD/MM/YYYY"}},
      {"dates become words",
       "at,b\n2024-01-31,1\n",
       "at,b\nsoon,1\n",
       {"clean.csv: dtype of at: datetime → object"}},
      {"delimiter", "a,b\n1,2\n", "a;b\n1;2\n", {"clean.csv: delimiter: ',' → ';'"}},
      {"header lost",
       "a,b\n1,2\n",
       "1,2\n3,4\n",
       {"clean.csv: prepare wrote no header, your mock has one"}},
      {"header won",
       "1,2\n3,4\n",
       "a,b\n1,2\n",
       {"clean.csv: prepare wrote a header, your mock has none"}},
      {"without header by place",
       "1,2\n3,4\n",
       "1,2,3\n3,4,5\n",
       {"clean.csv: your mock has 2 columns, prepare wrote 3"}},
      {"encoding",
       "a,b\nx,1\n",
       "\xef\xbb\xbf"
       "a,b\nx,1\n",
       {"clean.csv: encoding: UTF-8 → UTF-8 with BOM"}},
      {"no rows", "a,b\nx,1\n", "a,b\n", {"clean.csv: prepare wrote no rows (your mock has 1)"}},
      {"ten times the rows",
       "a\nx\n",
       "a\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\n",
       {"? clean.csv: rows: 1 → 10"}},
      {"nothing in it",
       "a,b\nx,1\n",
       "",
       {"clean.csv: prepare wrote nothing into it (your mock has CSV)"}},
      {"what pandas refuses",
       "a,b\nx,1\n",
       "a,b\nx,1\nx,1,2\n",
       {"clean.csv: row 2 (line 3) has 3 fields, the header 2"}},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    CHECK(text_of(lines_of({{"clean.csv", each.mock}}, {{"clean.csv", each.real}})) ==
          text_of(each.lines));
  }
  // The path is given to the script; the name is the mock's own.
  CHECK(lines_of({{"sample.csv", mock}}, {{"clean.csv", mock}}) == Lines{});
}

TEST_CASE("drift of folders") {
  const std::string table = "id\n1\n";
  const struct {
    std::string what;
    Files mock;
    Files real;
    Lines lines;
  } cases[]{
      {"more parts",
       {{"d/part-001.csv", table}},
       {{"d/part-001.csv", table}, {"d/part-002.csv", table}},
       {"? d/part-*.csv: your mock has 1 file, prepare wrote 2 files"}},
      {"a part of another name",
       {{"d/clean2.csv", table}},
       {{"d/clean1.csv", table}, {"d/clean2.csv", table}},
       {"? d/clean*.csv: your mock has 1 file, prepare wrote 2 files"}},
      {"another name",
       {{"d/sample.csv", table}},
       {{"d/part-001.csv", "id\nx\n"}},
       {"d/part-*.csv: your mock has d/sample.csv instead; dtype of id: int64 → object"}},
      {"a file less",
       {{"d/a.csv", table}, {"d/b.json", "{}"}},
       {{"d/a.csv", table}},
       {"d/b.json: your mock has 1 file, prepare wrote none"}},
      {"a file more beside one of its kind",
       {{"d/a.csv", table}},
       {{"d/a.csv", table}, {"d/b.csv", table}},
       {"d/b.csv: prepare wrote 1 file, your mock has none"}},
      {"a file more of another kind",
       {{"d/a.csv", table}},
       {{"d/a.csv", table}, {"d/b.log", "x"}},
       {"? d/b.log: prepare wrote 1 file, your mock has none"}},
      {"a marker",
       {{"d/a.csv", table}, {"d/_SUCCESS", ""}},
       {{"d/a.csv", table}},
       {"? d/_SUCCESS: your mock has 1 file, prepare wrote none"}},
      {"classes",
       {{"cat/a.png", "x"}, {"dog/a.png", "x"}},
       {{"cat/b.png", "x"}, {"cow/b.png", "x"}},
       {"*/*.png: your mock has 2 folders of images, prepare wrote 2 (+cow, -dog)"}},
      {"partitions", {{"year=2023/a.csv", table}}, {{"year=2024/a.csv", table}}, {}},
      {"a file, not a folder",
       {{"a.csv", table}},
       {{"d/part-001.csv", table}},
       {"your mock is a file, prepare wrote a folder"}},
      {"a model",
       {{"m/MLmodel",
         "flavors:\n  sklearn: {}\n  python_function: {}\nsignature:\n  inputs: '[{\"name\": "
         "\"a\", \"type\": \"long\"}]'\n"}},
       {{"m/MLmodel",
         "flavors:\n  xgboost: {}\n  python_function: {}\nsignature:\n  inputs: '[{\"name\": "
         "\"b\", \"type\": \"long\"}]'\n"}},
       {"flavours of the model: +xgboost, -sklearn; the model's inputs: a: long → b: long"}},
      {"no MLTable",
       {{"MLTable", "paths: []\n"}, {"a.csv", table}},
       {{"x/a.csv", table}, {"a.csv", table}},
       {"your mock has a file MLTable, prepare wrote none",
        "MLTable: your mock has 1 file, prepare wrote none",
        "? x/a.csv: prepare wrote 1 file, your mock has none"}},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    CHECK(text_of(lines_of(each.mock, each.real)) == text_of(each.lines));
  }
  const Scratch scratch;
  fs::create_directories(scratch.path("none"));
  scratch.write("some/a.csv", table);
  const auto found =
      data::compare(data::observe(scratch.path("some")), data::observe(scratch.path("none")), {},
                    {"your mock", "prepare"});
  REQUIRE(found.size() == 1);
  CHECK(found.front().what == "prepare wrote no file");
}

TEST_CASE("drift of JSON and of formats") {
  const struct {
    std::string what;
    std::string name;
    std::string mock;
    std::string real;
    Lines lines;
  } cases[]{
      {"nothing", "m.json", R"({"a": {"b": 1}})", R"({"a": {"b": 2}})", {}},
      {"type",
       "m.json",
       R"({"a": {"b": 1}})",
       R"({"a": {"b": "x"}})",
       {"m.json: a.b: int → string"}},
      {"gone, with a near one",
       "m.json",
       R"({"accuracy": 1})",
       R"({"acuracy": 1})",
       {"m.json: accuracy is in your mock, prepare wrote none (did it become 'acuracy'?)",
        "? m.json: acuracy is new: prepare wrote it, your mock has none"}},
      {"a new column",
       "m.jsonl",
       "{\"a\": 1}\n",
       "{\"a\": 1, \"b\": 2}\n",
       {"m.jsonl: b is new: prepare wrote it, your mock has none"}},
      {"sometimes missing",
       "m.json",
       R"([{"a": 1}, {"a": 2}])",
       R"([{"a": 1}, {}])",
       {"m.json: [].a is missing in 1 of 2"}},
      {"sometimes null",
       "m.json",
       R"([{"a": 1}])",
       R"([{"a": 1}, {"a": null}])",
       {"m.json: [].a: int → int or null"}},
      {"document to lines",
       "m.json",
       "{\"a\": 1}",
       "{\"a\": 1}\n{\"a\": 1}\n",
       {"m.json: your mock is JSON, prepare wrote JSON lines"}},
      {"not JSON",
       "m.json",
       "{\"a\": 1}",
       "{'a': 1}",
       {"m.json: not JSON: line 1, column 2: syntax error while parsing object key - "
        "invalid literal; last read: '{''; expected string literal"}},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    CHECK(text_of(lines_of({{each.name, each.mock}}, {{each.name, each.real}})) ==
          text_of(each.lines));
  }
  const std::string parquet = base::read_file(fs::path(UNIT_DATA) / "kinds.parquet");
  const auto lines = lines_of({{"x.csv", "id,n\n1,2\n"}}, {{"x.parquet", parquet}});
  REQUIRE(!lines.empty());
  CHECK(lines.front().starts_with(
      "x.parquet: your mock is CSV, prepare wrote Parquet; your mock has 2 columns, prepare wrote "
      "12 (+u, +fare, +f4, +name, +flag, +at, +day, +price and 2 more); dtype of n: int64 → "
      "float64"));
}

TEST_CASE("a promise decides; the rest is only worth knowing") {
  Promise promise;
  promise.columns = {{"id", "int64", {}}, {"fare", "", true}};
  const Files mock{{"a.csv", "id,fare\n1,2\n"}};
  CHECK(lines_of(mock, {{"a.csv", "id,fare,vendor\n1,2.5,x\n"}}, promise) ==
        Lines{"? a.csv: your mock has 2 columns, prepare wrote 3 (+vendor); dtype of fare: int64 → "
              "float64"});
  CHECK(lines_of(mock, {{"a.csv", "id,fares\nx,2\n"}}, promise).front() ==
        "a.csv: dtype of id: promised int64, prepare has object; column fare is promised, prepare "
        "has none (did you mean 'fares'?)");
  CHECK(lines_of(mock, {{"a.csv", "id,fare\n1,2\n2,\n"}}, promise).front() ==
        "a.csv: fare is promised without nulls, prepare has 1");
  CHECK(lines_of({{"a.csv", "id\n1\n"}}, {{"a.csv", "id,fare\n1,2\n"}}, promise).front() ==
        "a.csv: column fare is promised, your mock has none (one of: id)");
  promise.no_other_columns = true;
  CHECK(lines_of(mock, {{"a.csv", "fare,id\n1,2\n"}}, promise).front() ==
        "a.csv: promised are the columns id, fare, prepare has fare, id");
  promise = {};
  promise.patterns = {"part-*.csv"};
  CHECK(
      lines_of({{"d/x", ""}, {"part-1.csv", "a\n1\n"}}, {{"d/x", ""}, {"b.csv", "a\n1\n"}}, promise)
          .front() == "part-*.csv is promised, prepare has none (one of: b.csv, d/x)");
  promise = {};
  promise.keys = {"[].id", "[].tags[]"};
  promise.least_rows = 2;
  promise.most_rows = 2;
  const Files json{{"a.json", R"([{"id": 1, "tags": ["x"]}, {"id": 2, "tags": []}])"}};
  CHECK(lines_of(json, json, promise) == Lines{});
  CHECK(
      lines_of(json, {{"a.json", R"([{"id": 1, "tags": 3}, {}, {}])"}}, promise).front() ==
      "a.json: [].id is promised, prepare has it in some only; [].tags[] is promised, prepare has "
      "none; at most 2 rows are promised, prepare has 3");
  promise = {};
  promise.columns = {{"id", "", {}}};
  CHECK(lines_of(json, json, promise) == Lines{"columns are promised, your mock has no table; "
                                               "columns are promised, prepare has no table"});
}
