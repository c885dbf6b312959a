#include <doctest/doctest.h>

#include "text/diagnostic.hpp"
#include "text/document.hpp"

namespace {

text::Node parse(std::string content) {
  return text::parse_yaml(std::make_shared<const base::SourceText>(
      base::SourceText{"pipeline.yml", std::move(content)}));
}

}  // namespace

TEST_CASE("plain scalars have the kinds that PyYAML gives them") {
  using text::Kind;
  CHECK(text::parse_scalar("yes").kind == Kind::boolean);
  CHECK(text::parse_scalar("12").kind == Kind::integer);
  CHECK(text::parse_scalar("0.5").kind == Kind::real);
  CHECK(text::parse_scalar("1e3").kind == Kind::string);
  CHECK(text::parse_scalar("~").kind == Kind::null);
  CHECK(parse("a: '12'").find("a")->kind == Kind::string);
}

TEST_CASE("places count from one, duplicates stay and the last counts") {
  const auto root = parse("a: 1\nb:\n  c: 2\na: 3\n");
  CHECK(root.find("b")->find("c")->place.to_string() == "pipeline.yml:3:6");
  CHECK(root.entries.size() == 3);
  CHECK(root.find("a")->scalar == "3");
}

TEST_CASE("merge keys are resolved, own keys win") {
  const auto root = parse("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n");
  CHECK(root.find("use")->find("x")->scalar == "1");
  CHECK(root.find("use")->find("y")->scalar == "3");
}

TEST_CASE("what is not YAML, or too deep, is refused") {
  CHECK_THROWS_AS(parse("a: [1, 2"), base::Error);
  CHECK_THROWS_AS(parse(std::string(300, '[') + std::string(300, ']')), base::Error);
}

TEST_CASE("a diagnostic shows the line and a caret") {
  const auto root = parse("type: pipeline\ncomand: x\n");
  text::Diagnostics diagnostics;
  diagnostics.error(root.entries[1].key_place, "unknown key 'comand'",
                    text::did_you_mean("comand", {"command", "code"}));
  CHECK(text::render(diagnostics.all()[0], false) ==
        "pipeline.yml:2:1: error: unknown key 'comand' (did you mean 'command'?)\n"
        "    comand: x\n"
        "    ^\n");
}
