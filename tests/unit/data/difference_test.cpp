#include "data/difference.hpp"

#include <fmt/format.h>

#include <random>

#include "data/edit_script.hpp"
#include "support/scratch.hpp"

using data::Comparing;
using support::error_of;
using support::Scratch;

namespace {

std::string difference_of(const std::string& name, const std::string& expected,
                          const std::string& actual, const Comparing& how = {}) {
  const Scratch scratch;
  scratch.write("a/" + name, expected);
  scratch.write("b/" + name, actual);
  return data::difference(scratch.path("a") / name, scratch.path("b") / name, how);
}

Comparing near(double relative, double absolute) {
  Comparing how;
  how.tolerance = {relative, absolute};
  return how;
}

Comparing keyed(std::vector<std::string> keys) {
  Comparing how;
  how.keys = std::move(keys);
  return how;
}

Comparing unordered(double absolute = 0) {
  Comparing how = near(0, absolute);
  how.any_order = true;
  return how;
}

}  // namespace

TEST_CASE("tables") {
  const std::string table = "id,fare,vendor\n1,2.5,ann\n2,3.5,bob\n3,4.5,carl\n";
  Comparing without_fare;
  without_fare.ignoring = {"fare"};
  const struct {
    std::string what;
    std::string expected;
    std::string actual;
    Comparing how;
    std::string text;
  } cases[]{
      {"quotes and line ends",
       table,
       "\"id\",fare,vendor\r\n1,2.5,ann\r\n2,3.5,\"bob\"\r\n3,4.5,carl",
       {},
       ""},
      {"cells",
       table,
       "id,fare,vendor\n1,2.75,ann\n2,3.5,bob\n3,4.5,cora\n",
       {},
       "2 of 3 rows differ, in fare, vendor\n"
       "  row  id  fare        vendor\n"
       "  1    1   2.5 → 2.75  ann\n"
       "  3    3   4.5         carl → cora\n"},
      {"a row put in moves nothing",
       table,
       "id,fare,vendor\n0,1,zoe\n1,2.5,ann\n2,3.5,bob\n3,4.5,carl\n",
       {},
       "1 row added\n"
       "  row  id  fare  vendor\n"
       "  1    0   1     zoe\n"},
      {"a row left out",
       table,
       "id,fare,vendor\n1,2.5,ann\n3,4.5,carl\n",
       {},
       "1 row missing\n"
       "  row  id  fare  vendor\n"
       "  2    2   3.5   bob\n"},
      {"near numbers", table, "id,fare,vendor\n1,2.5001,ann\n2.0,3.4999,bob\n3,4.5,carl\n",
       near(0, 0.001), ""},
      {"not near enough", table, "id,fare,vendor\n1,2.6,ann\n2,3.5,bob\n3,4.5,carl\n",
       near(0.01, 0),
       "1 of 3 rows differs, in fare\n"
       "  row  id  fare\n"
       "  1    1   2.5 → 2.6\n"},
      {"null and NaN", "a,b\n1,NA\n", "a,b\n1,nan\n", near(0.1, 0), ""},
      {"null and a number", "a,b\n1,NA\n", "a,b\n1,0\n", near(0.1, 0.1),
       "1 of 1 row differs, in b\n"
       "  row  a  b\n"
       "  1    1  NA → 0\n"},
      {"any order", table, "id,fare,vendor\n3,4.5,carl\n1,2.5,ann\n2,3.5,bob\n", unordered(), ""},
      {"any order, near", table, "id,fare,vendor\n3,4.5004,carl\n1,2.4999,ann\n2,3.5,bob\n",
       unordered(0.001), ""},
      {"any order, one more", table,
       "id,fare,vendor\n3,4.5,carl\n1,2.5,ann\n2,3.5,bob\n2,3.5,bob\n", unordered(),
       "1 row added\n"
       "  row  id  fare  vendor\n"
       "  4    2   3.5   bob\n"},
      {"keys", table, "id,fare,vendor\n4,1,dora\n3,4.5,carl\n1,9,ann\n", keyed({"vendor"}),
       "1 of 3 rows differs, in fare\n"
       "  row  vendor  fare\n"
       "  1    ann     2.5 → 9\n"
       "1 row missing\n"
       "  row  id  fare  vendor\n"
       "  2    2   3.5   bob\n"
       "1 row added\n"
       "  row  id  fare  vendor\n"
       "  1    4   1     dora\n"},
      {"keys that stand twice", "a,b\nx,1\nx,2\n", "a,b\nx,1\nx,2\nx,3\n", keyed({"a"}),
       "1 row added\n  row  a  b\n  3    x  3\n"},
      {"columns",
       table,
       "id,vendor,tip\n1,ann,0\n2,bob,0\n3,carl,0\n",
       {},
       "columns: expected 3, actual 3 (-fare, +tip)\n"},
      {"order of columns",
       "a,b\n1,2\n",
       "b,a\n2,1\n",
       {},
       "order of columns: expected a, b, actual b, a\n"},
      {"an ignored column", table, "id,fare,vendor\n1,x,ann\n2,y,bob\n3,z,carl\n", without_fare,
       ""},
      {"an ignored column that is not there", table, "id,vendor\n1,ann\n2,bob\n3,carl\n",
       without_fare, ""},
      {"delimiter", "a,b\n1,2\n", "a;b\n1;2\n", {}, "delimiter: expected ',', actual ';'\n"},
      {"header", "a,b\n1,2\n", "1,2\n", {}, "the header is missing\n"},
      {"what stands behind the columns",
       "a,b\n1,2\n",
       "a,b\n1,2,3\n",
       {},
       "1 of 1 row differs, in (further fields)\n"
       "  row  a  (further fields)\n"
       "  1    1   → 3\n"},
      {"no rows", "a,b\n1,2\n", "a,b\n", {}, "1 row missing\n  row  a  b\n  1    1  2\n"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    CHECK(difference_of("t.csv", each.expected, each.actual, each.how) == each.text);
    CHECK(difference_of("t.csv", each.actual, each.actual, each.how) == "");
  }
}

TEST_CASE("long and large tables are told briefly") {
  std::string expected = "id,v\n";
  std::string actual = "id,v\n";
  for (int n = 0; n < 5000; ++n) {
    expected += fmt::format("{},x\n", n);
    actual += fmt::format("{},{}\n", n, n % 2 ? "x" : "y");
  }
  const std::string text = difference_of("t.csv", expected, actual);
  CHECK(text.starts_with("2500 of 5000 rows differ, in v\n  row  id  v\n  1    0   x → y\n"));
  CHECK(text.ends_with("  … and 2490 more\n"));
  // Above 32 MiB both stream by.
  const std::string filler(1000, 'x');
  expected = actual = "id,v\n";
  for (int n = 0; n < 34'000; ++n) {
    expected += fmt::format("{},{}\n", n, filler);
    actual += fmt::format("{},{}\n", n == 30'000 ? -1 : n, filler);
  }
  actual += "34000,z\n";
  CHECK(
      difference_of("t.csv", expected, actual) ==
      "1 of 34000 rows differs, in id\n  row    id\n  30001  30000 → -1\n1 row added\n  row    id  "
      "   "
      "v\n  34001  34000  z\n");
  CHECK(error_of([&] { difference_of("t.csv", expected, actual, keyed({"id"})); })
            .message()
            .ends_with("is too large to be compared in any order (above 32 MiB)"));
}

TEST_CASE("a key column that is not there") {
  const auto error =
      error_of([] { difference_of("t.csv", "id,a\n1,2\n", "id,a\n1,3\n", keyed({"idd"})); });
  CHECK(error.message() == "the key column 'idd' is not in both tables");
  CHECK(error.hint() == "did you mean 'id'?");
}

TEST_CASE("JSON by path") {
  const struct {
    std::string what;
    std::string expected;
    std::string actual;
    Comparing how;
    std::string text;
  } cases[]{
      {"blanks and order of keys", R"({"a": 1, "b": [1, 2]})", R"({"b":[1,2],"a":1.0})", {}, ""},
      {"values",
       R"({"m": {"auc": 0.9, "n": [1, 2, 3]}, "x": 1})",
       R"({"m": {"auc": 0.8, "n": [1, 3]}, "y": "z"})",
       {},
       "  path    expected  actual\n"
       "  m.auc   0.9       0.8\n"
       "  m.n[1]  2         (missing)\n"
       "  x       1         (missing)\n"
       "  y       (none)    \"z\"\n"},
      {"near", R"({"m": {"auc": 0.9}})", R"({"m": {"auc": 0.9001}})", near(0.001, 0), ""},
      {"lines",
       "{\"a\": 1}\n{\"a\": 2}\n",
       "{\"a\": 1}\n{\"a\": 3}\n",
       {},
       "  path   expected  actual\n  [1].a  2         3\n"},
      {"all of it",
       "1",
       "\"x\"",
       {},
       "  path         expected  actual\n  (all of it)  1         \"x\"\n"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    CHECK(difference_of("t.json", each.expected, each.actual, each.how) == each.text);
  }
  // What is not JSON is compared as the text that it is.
  const std::string text = difference_of("t.json", "{\"a\": 1}\n", "{\"a\": \n");
  CHECK(text.find("t.json: not JSON: parse error at line 2, column 1") != std::string::npos);
  CHECK(text.ends_with("@@ -1,1 +1,1 @@\n-{\"a\": 1}\n+{\"a\": \n"));
}

TEST_CASE("text as a unified diff") {
  std::string expected;
  for (int n = 1; n <= 20; ++n) expected += fmt::format("line {}\n", n);
  std::string actual = expected;
  actual.replace(actual.find("line 3\n"), 7, "LINE 3\nline 3b\n");
  actual.replace(actual.find("line 18\n"), 8, "");
  CHECK(difference_of("t.log", expected, actual) ==
        "--- expected\n+++ actual\n"
        "@@ -1,6 +1,7 @@\n line 1\n line 2\n-line 3\n+LINE 3\n+line 3b\n line 4\n line 5\n line 6\n"
        "@@ -15,6 +16,5 @@\n line 15\n line 16\n line 17\n-line 18\n line 19\n line 20\n");
  Comparing how;
  how.shown = 1;
  how.context = 0;
  CHECK(difference_of("t.log", expected, actual, how) ==
        "--- expected\n+++ actual\n@@ -3,1 +3,2 @@\n-line 3\n+LINE 3\n+line 3b\n… and 1 more "
        "places\n");
  CHECK(difference_of("t.log", "a\nb\n", "a\nb") ==
        "--- expected\n+++ actual\n@@ -1,2 +1,2 @@\n a\n-b\n+b  (no line end)\n");
  CHECK(difference_of("t.log", "a\n", "a\r\n") ==
        "--- expected\n+++ actual\n@@ -1,1 +1,1 @@\n-a\n+a\\r\n");
}

TEST_CASE("bytes, folders, kinds") {
  CHECK(difference_of("t.bin", std::string("a\0b", 3), std::string("a\0c", 3)) ==
        "3 bytes each; byte 2 is the first that differs: expected 0x62, actual 0x63\n");
  CHECK(difference_of("t.bin", std::string("a\0b", 3), std::string("a\0", 2)) ==
        "expected 3 bytes, actual 2; byte 2 is the first that differs: expected 0x62, actual the "
        "end\n");
  const std::string parquet = base::read_file(fs::path(UNIT_DATA) / "kinds.parquet");
  std::string other = parquet;
  other[10] = static_cast<char>(other[10] ^ 1);
  CHECK(difference_of("t.parquet", parquet, other)
            .starts_with("the same columns and number of rows; the values of Parquet files are not "
                         "compared, but their bytes: 4144 bytes each; byte 10"));
  const Scratch scratch;
  scratch.write("a/x.csv", "a,b\n1,2\n");
  scratch.write("b/x.csv", "a,b\n1,3\n");
  scratch.write("a/sub/gone.txt", "x");
  scratch.write("b/new.txt", "x");
  CHECK(data::difference(scratch.path("a"), scratch.path("b")) ==
        "new.txt: not expected\nsub/gone.txt: missing\nx.csv:\n  1 of 1 row differs, in b\n    row "
        " a  b\n"
        "    1    1  2 → 3\n");
  CHECK(data::difference(scratch.path("a"), scratch.path("b/x.csv")) ==
        "expected a folder, actual is a file\n");
  CHECK(error_of([&] { data::difference(scratch.path("none"), scratch.path("b")); }).code() ==
        base::Code::not_found);
}

TEST_CASE("changes lead from one sequence to the other, by the shortest way") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const auto letters = [&] {
      std::string text;
      for (auto n = random() % 30; n > 0; --n) text += static_cast<char>('a' + random() % 4);
      return text;
    };
    const std::string a = letters();
    const std::string b = letters();
    CAPTURE(a);
    CAPTURE(b);
    std::string made;
    std::size_t at = 0;
    std::size_t steps = 0;
    for (const auto& each : data::changes(
             a.size(), b.size(), [&](std::size_t x, std::size_t y) { return a[x] == b[y]; })) {
      CHECK(each.expected_begin >= at);
      made += a.substr(at, each.expected_begin - at);
      CHECK(made.size() == each.actual_begin);
      made += b.substr(each.actual_begin, each.actual_end - each.actual_begin);
      at = each.expected_end;
      steps += each.expected_end - each.expected_begin + each.actual_end - each.actual_begin;
    }
    CHECK(made + a.substr(at) == b);
    // The longest common subsequence, by the plain table.
    std::vector<std::vector<std::size_t>> common(a.size() + 1,
                                                 std::vector<std::size_t>(b.size() + 1));
    for (std::size_t x = 0; x < a.size(); ++x)
      for (std::size_t y = 0; y < b.size(); ++y)
        common[x + 1][y + 1] =
            a[x] == b[y] ? common[x][y] + 1 : std::max(common[x][y + 1], common[x + 1][y]);
    CHECK(steps == a.size() + b.size() - 2 * common[a.size()][b.size()]);
  }
}
