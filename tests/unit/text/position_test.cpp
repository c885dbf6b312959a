// Each byte of a scalar's value against the byte of the file that it was written with.
#include "text/position.hpp"

#include <doctest/doctest.h>

#include "text/document.hpp"

namespace {

// Where the first "${{" of the value under `key` stands, as "line:column".
std::string place_of_expression(const std::string& yaml, const std::string& key = "a") {
  const auto root =
      text::parse_yaml(std::make_shared<base::SourceText>(base::SourceText{"p.yml", yaml}));
  const auto* node = root.find(key);
  REQUIRE(node);
  const auto offset = node->scalar.find("${{");
  REQUIRE(offset != std::string::npos);
  const auto place = text::place_in_scalar(node->place, node->scalar, offset);
  CHECK(text::place_in_scalar(*node, offset).to_string() == place.to_string());
  CHECK(place.line_text().substr(place.column - 1, 3) == "${{");
  return std::to_string(place.line) + ":" + std::to_string(place.column);
}

}  // namespace

TEST_CASE("plain scalars, on one line and on several") {
  CHECK(place_of_expression("a: echo ${{x}}\n") == "1:9");
  CHECK(place_of_expression("a:\n  echo\n  one   two\n\n  ${{x}} # remark\n") == "5:3");
  CHECK(place_of_expression("b: {c: 1}\na: &name !!str\n  # remark\n  echo ${{x}}\n") == "4:8");
  CHECK(place_of_expression("b: 1\na: one  \n  two\t${{x}}\n") == "3:7");
}

TEST_CASE("quoted scalars, with their escapes and folds") {
  CHECK(place_of_expression("a: 'it''s ${{x}}'\n") == "1:11");
  CHECK(place_of_expression("a: 'one\n  two\n\n  three ${{x}}'\n") == "4:9");
  CHECK(place_of_expression("a: \"tab\\t quote\\\" \\u00e9\\x41 ${{x}}\"\n") == "1:30");
  CHECK(place_of_expression("a: \"one\\\n   two ${{x}}\"\n") == "2:8");
  CHECK(place_of_expression("a: \"one \\\n   \\ two ${{x}}\"\n") == "2:10");
  CHECK(place_of_expression("a: \"one\n\n   two ${{x}}\"\n") == "3:8");
}

TEST_CASE("literal and folded blocks, with every indicator") {
  CHECK(place_of_expression("a: |\n  one\n   two\n  ${{x}}\n") == "4:3");
  CHECK(place_of_expression("a: |-\n\n\n    one\n    ${{x}}") == "5:5");
  CHECK(place_of_expression("a: |2+ # remark\n    one\n  ${{x}}\n\n") == "3:3");
  CHECK(place_of_expression("a: >\n  one\n  two\n\n\n  three\n    more\n  four ${{x}}\n") == "8:8");
  CHECK(place_of_expression("a: >-\n  echo\n  --x ${{x}}\n") == "3:7");
  CHECK(place_of_expression("a: !!str &name |\n  one\n  ${{x}}\n") == "3:3");
}

TEST_CASE("line ends of Windows, tabs and letters of several bytes") {
  CHECK(place_of_expression("b: 1\r\na: |\r\n  one\r\n  two ${{x}}\r\n") == "4:7");
  CHECK(place_of_expression("a: >\r\n  one\r\n  two ${{x}}\r\n") == "3:7");
  CHECK(place_of_expression("a: 'one\r\n  two ${{x}}'\r\n") == "2:7");
  CHECK(place_of_expression("a: |\n  one\ttwo\t${{x}}\n") == "2:11");
  CHECK(place_of_expression("a: d\xc3\xa9j\xc3\xa0 ${{x}}\n") == "1:11");  // columns count bytes
  CHECK(place_of_expression("a: 'd\xc3\xa9j\xc3\xa0\n  ${{x}}'\n") == "2:3");
}

TEST_CASE("the place just behind a value") {
  const auto root =
      text::parse_yaml(std::make_shared<base::SourceText>(base::SourceText{"p.yml", "a: 'bc'\n"}));
  const auto place = text::place_in_scalar(root.find("a")->place, "bc", 2);
  CHECK(place.to_string() == "p.yml:1:7");
}

TEST_CASE("a value that the file does not spell stands at the start") {
  const auto root =
      text::parse_yaml(std::make_shared<base::SourceText>(base::SourceText{"p.yml", "a: bc\n"}));
  CHECK(text::place_in_scalar(root.find("a")->place, "other", 3).to_string() == "p.yml:1:4");
  CHECK(text::place_in_scalar(root.find("a")->place, "bc", 9).to_string() == "p.yml:1:4");
  CHECK(text::place_in_scalar({}, "bc", 1).to_string() == "");
}
