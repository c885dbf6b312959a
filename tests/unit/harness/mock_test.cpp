#include "harness/mock.hpp"

#include "harness/mock_content.hpp"
#include "harness/mock_drift.hpp"
#include "harness/sample.hpp"
#include "support/scratch.hpp"

using model::DataType;
using support::error_of;
using support::Scratch;

namespace {

harness::Mock mock_of(const Scratch& scratch, const std::string& yaml) {
  scratch.write("p/mocks/clean.mock.yml", yaml);
  return harness::read_mock_file(scratch.path("p/mocks/clean.mock.yml"));
}

harness::Workshop workshop_of(const Scratch& scratch) {
  return {scratch.path("made"),
          scratch.path(""),
          scratch.layout,
          [] {
            return compute::Interpreter{"/usr/bin/python3", "/usr/bin", "3", {}, ""};
          },
          {}};
}

engine::PlannedInput input_of(DataType type, std::optional<model::V1Port::Kind> v1 = {}) {
  engine::PlannedInput input;
  input.name = "data";
  input.type = type;
  if (v1) input.v1.emplace().kind = *v1;
  return input;
}

// Where the data lies that the input is given.
fs::path given(const Scratch& scratch, const std::string& yaml, const engine::PlannedInput& input) {
  const auto made = harness::materialize(mock_of(scratch, yaml), input, workshop_of(scratch));
  return std::get<model::DataPath>(made).text;
}

std::string refusal(const Scratch& scratch, const std::string& yaml,
                    const engine::PlannedInput& input) {
  return error_of([&] { given(scratch, yaml, input); }).message();
}

}  // namespace

TEST_CASE("content takes the type of its input") {
  const Scratch scratch;
  const std::string csv = "csv: |\n  a,b\n  1,2\n";

  const auto file = given(scratch, csv, input_of(DataType::uri_file));
  CHECK(file.filename() == "clean.csv");
  CHECK(base::read_file(file) == "a,b\n1,2\n");

  const auto folder = given(scratch, csv + "as: rows.csv\n", input_of(DataType::uri_folder));
  CHECK(fs::is_directory(folder));
  CHECK(base::read_file(folder / "rows.csv") == "a,b\n1,2\n");

  const auto table = given(scratch, csv, input_of(DataType::mltable));
  CHECK(base::read_file(table / "MLTable").find("file: ./clean.csv") != std::string::npos);
  CHECK(base::read_file(table / "MLTable").find("read_delimited") != std::string::npos);

  const auto pipeline_data =
      given(scratch, csv, input_of(DataType::uri_folder, model::V1Port::Kind::pipeline_data));
  CHECK(fs::exists(pipeline_data / "clean.csv"));
  CHECK(fs::is_regular_file(
      given(scratch, csv + "type: uri_file\n",
            input_of(DataType::uri_folder, model::V1Port::Kind::pipeline_data))));
  CHECK(fs::is_regular_file(given(scratch, csv, input_of(DataType::custom_model))));

  // Made once: the same content is the same place.
  CHECK(given(scratch, csv, input_of(DataType::uri_file)) == file);
}

TEST_CASE("every kind of content") {
  const Scratch scratch;
  const auto folder = given(scratch,
                            "files:\n"
                            "  plain.txt: some text\n"
                            "  sub/a.json: {json: {n: 1, list: [yes, 2.5, ~]}}\n"
                            "  b.bin: {base64: AAEC/w==}\n",
                            input_of(DataType::uri_folder));
  CHECK(base::read_file(folder / "plain.txt") == "some text");
  CHECK(base::read_file(folder / "sub/a.json") ==
        "{\n  \"n\": 1,\n  \"list\": [\n    true,\n    2.5,\n    null\n  ]\n}\n");
  CHECK(base::read_file(folder / "b.bin") == std::string("\0\1\2\xff", 4));

  const auto set = given(scratch,
                         "fileset: {count: 12, first: 8, pattern: \"d={n}/part-{n:05}.csv\", "
                         "csv: \"id,{x}\\n{n},1\"}\n",
                         input_of(DataType::uri_folder));
  CHECK(base::read_file(set / "d=8/part-00008.csv") == "id,{x}\n8,1\n");
  CHECK(fs::exists(set / "d=19/part-00019.csv"));
  CHECK_FALSE(fs::exists(set / "d=20"));

  CHECK(std::get<model::Literal>(harness::materialize(mock_of(scratch, "value: 0.10\n"),
                                                      input_of(DataType::number),
                                                      workshop_of(scratch)))
            .text == "0.10");
  CHECK(std::get<model::Literal>(harness::materialize(mock_of(scratch, "value: \"0.10\"\n"),
                                                      input_of(DataType::string),
                                                      workshop_of(scratch)))
            .value.index() == 0);
}

TEST_CASE("data that lies there is given as it is where it fits, else in a folder") {
  const Scratch scratch;
  scratch.write("p/mocks/x/a.csv", "a\n1\n");
  CHECK(given(scratch, "path: x/a.csv", input_of(DataType::uri_file)) ==
        scratch.path("p/mocks/x/a.csv"));
  CHECK(given(scratch, "path: x", input_of(DataType::uri_folder)) == scratch.path("p/mocks/x"));
  const auto folder = given(scratch, "path: x/a.csv", input_of(DataType::uri_folder));
  CHECK(base::read_file(folder / "a.csv") == "a\n1\n");
  const auto table = given(scratch, "path: x", input_of(DataType::mltable));
  CHECK(fs::exists(table / "MLTable"));
  CHECK_FALSE(fs::exists(scratch.path("p/mocks/x/MLTable")));
  scratch.write("p/mocks/x/MLmodel", "flavors: {}\n");
  CHECK(given(scratch, "path: x", input_of(DataType::mlflow_model)) == scratch.path("p/mocks/x"));
}

TEST_CASE("the wrong kind is refused once, and nothing half-made stays") {
  const Scratch scratch;
  const struct {
    std::string yaml;
    DataType type;
    std::string says;
  } cases[]{
      {"value: 1", DataType::uri_file,
       "mock 'clean' is a value, and input 'data' is of type uri_file"},
      {"csv: a", DataType::number, "mock 'clean' is data, and input 'data' is of type number"},
      {"path: .", DataType::uri_file,
       "mock 'clean' is a folder, and input 'data' of type uri_file takes a file"},
      {"fileset: {count: 2, pattern: \"{n}\", text: x}", DataType::uri_file,
       "mock 'clean' is a set of 2 files, and input 'data' of type uri_file takes a file"},
      {"files: {a: x, b: y}", DataType::uri_file,
       "mock 'clean' is 2 files, and input 'data' of type uri_file takes a file"},
      {"text: x", DataType::mltable,
       "mock 'clean' is data without one, and input 'data' of type mltable takes a folder with a "
       "file MLTable"},
      {"text: x", DataType::mlflow_model,
       "mock 'clean' is a folder without one, and input 'data' of type mlflow_model takes a folder "
       "with a file MLmodel"},
      {"{text: x, type: uri_folder}", DataType::uri_file,
       "mock 'clean' is of type uri_folder, and input 'data' is of type uri_file"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.yaml);
    CHECK(refusal(scratch, each.yaml, input_of(each.type)) == each.says);
  }
  boost::system::error_code none;
  CHECK((!fs::exists(scratch.path("made"), none) || fs::is_empty(scratch.path("made"))));
}

TEST_CASE("a recording is what was recorded, or refused") {
  const Scratch scratch;
  scratch.write("p/mocks/data/x/rows.csv", "a\n1\n");
  const std::string yaml =
      "recording: {data: data/x, hash: " + harness::data_hash(scratch.path("p/mocks/data/x")) +
      "}\n";
  CHECK(given(scratch, yaml, input_of(DataType::uri_folder)) == scratch.path("p/mocks/data/x"));
  scratch.write("p/mocks/data/x/rows.csv", "a\n2\n");
  CHECK(refusal(scratch, yaml, input_of(DataType::uri_folder)).find("was changed") !=
        std::string::npos);
  scratch.write("p/mocks/data/x/rows.csv",
                "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n");
  CHECK(error_of([&] { given(scratch, yaml, input_of(DataType::uri_folder)); }).hint() ==
        "git lfs pull");
  fs::remove_all(scratch.path("p/mocks/data/x"));
  CHECK(refusal(scratch, yaml, input_of(DataType::uri_folder)).find("is gone") !=
        std::string::npos);
}

TEST_CASE("what a mock's file may not say") {
  const Scratch scratch;
  const struct {
    std::string yaml;
    std::string says;
    unsigned line;
  } cases[]{
      {"for: a.b\ncvs: x\n", "unknown key 'cvs' of a mock", 2},
      {"csv: x\ntext: y\n", "this mock has 'csv' and 'text': it is made of one thing", 2},
      {"for: a.b\n", "this mock says not what it is made of", 1},
      {"for: clean\ntext: x\n", "'clean' names no output", 1},
      {"base64: '***'\n", "this is no base64", 1},
      {"json: '{'\n", "this is no JSON", 1},
      {"generate: make.py\n", "'make.py' names no function of a Python file", 1},
      {"text: x\nwith: {a: 1}\n", "'with' goes with generate, not with 'text'", 2},
      {"files: {../a: x}\n", "'../a' is no file's path below the folder", 1},
      {"files: {a: {cvs: x}}\n", "unknown key 'cvs' of file 'a'", 1},
      {"fileset: {count: 2, pattern: a.csv, csv: x}\n", "'a.csv' names one file, not 2", 1},
      {"fileset: {pattern: a.csv, csv: x}\n", "a file set needs 'count'", 1},
      {"text: x\ntype: uri_flie\n", "'uri_flie' is no type of data", 2},
      {"text: x\nas: a/b\n", "'a/b' is no file's name", 2},
      {"text: x\npromises: {rows: {least: 1}}\n", "unknown key 'least' of 'rows'", 2},
      {"recording: {data: x}\n", "a recording needs 'hash'", 1},
      {"text: x\ntext: y\n", "'text' stands here twice", 2},
      {"- a\n", "a mock is a mapping", 1},
  };
  for (const auto& each : cases) {
    CAPTURE(each.yaml);
    const auto error = error_of([&] { mock_of(scratch, each.yaml); });
    CHECK(error.code() == base::Code::bad_definition);
    CHECK(error.message() == each.says);
    CHECK(error.place().line == each.line);
  }
  CHECK(error_of([&] { mock_of(scratch, "cvs: x\n"); }).hint() == "did you mean 'csv'?");
}

TEST_CASE("promises") {
  const Scratch scratch;
  const auto promise =
      mock_of(scratch,
              "text: x\npromises:\n  columns: {id: int64, at: {type: datetime, nulls: no}, z: }\n"
              "  no_other_columns: yes\n  files: part-*.csv\n  keys: [a.b]\n"
              "  rows: {at_least: 3, at_most: 9}\n")
          .promises;
  REQUIRE(promise.columns.size() == 3);
  CHECK(promise.columns[0].type == "int64");
  CHECK(promise.columns[1].null_free == true);
  CHECK(promise.columns[2].type.empty());
  CHECK(promise.no_other_columns);
  CHECK(promise.patterns == std::vector<std::string>{"part-*.csv"});
  CHECK(promise.least_rows == 3);
  CHECK(promise.most_rows == 9);
}

TEST_CASE("a mock as it is typed") {
  const Scratch scratch;
  scratch.write("a.csv", "x\n");
  const auto workshop = workshop_of(scratch);
  const auto typed = [&](const std::string& text) {
    return harness::typed_mock(text, {mock_of(scratch, "text: x")}, workshop);
  };
  CHECK(typed("clean").name == "clean");
  CHECK(std::get<harness::AtPath>(typed("a.csv").source).path == scratch.path("a.csv"));
  CHECK(std::get<harness::Content>(typed("csv:a,b\\n1,2").source).bytes == "a,b\n1,2\n");
  CHECK(std::get<harness::Content>(typed("text:a\\\\n").source).bytes == "a\\n");
  CHECK(std::get<harness::Generated>(typed("generate:m.py:make").source).function == "make");
  CHECK(error_of([&] { typed("claen"); }).hint() == "did you mean 'clean'?");
}

TEST_CASE("a sample keeps header, quotes and line ends, spread over the table") {
  const Scratch scratch;
  std::string csv = "\xef\xbb\xbfid;text\r\n";
  for (int n = 0; n < 10; ++n) csv += std::to_string(n) + ";\"a\r\nb\"\r\n";
  scratch.write("d/t.csv", csv);
  scratch.write("d/l.jsonl", "{\"n\": 1}\n\n{\"n\": 2}\n{\"n\": 3}");
  scratch.write("d/small.csv", "a,b\n1,2\n");
  const auto cut = harness::copy_sample(scratch.path("d"), scratch.path("s"), 2);
  CHECK(base::read_file(scratch.path("s/t.csv")) ==
        "\xef\xbb\xbfid;text\r\n4;\"a\r\nb\"\r\n9;\"a\r\nb\"\r\n");
  CHECK(base::read_file(scratch.path("s/l.jsonl")) == "\n{\"n\": 2}\n{\"n\": 3}");
  CHECK(base::read_file(scratch.path("s/small.csv")) == "a,b\n1,2\n");
  CHECK(cut == std::vector<std::string>{"l.jsonl: 2 of 3 rows", "t.csv: 2 of 10 rows"});
}

TEST_CASE("base64 and numbers") {
  CHECK(harness::decode_base64("aGVs bG8=") == "hello");
  CHECK(harness::decode_base64("aGVsbG8") == "hello");
  CHECK(harness::decode_base64("") == "");
  CHECK_FALSE(harness::decode_base64("a"));
  CHECK_FALSE(harness::decode_base64("aGVsbG8=="));
  CHECK_FALSE(harness::decode_base64("a=GV"));
  CHECK(harness::numbered("{n:03}-{n}-{name}-{n", 7) == "007-7-{name}-{n");
  CHECK_FALSE(harness::is_path_below("a/../b"));
  CHECK_FALSE(harness::is_path_below("/a"));
  CHECK(harness::is_path_below("a/b.csv"));
}
