#include <doctest/doctest.h>
#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>
#include <memory>

#include "base/error.hpp"
#include "base/files.hpp"
#include "text/diagnostic.hpp"
#include "text/document.hpp"

namespace {

text::Node parse(const std::string& yaml) {
  return text::parse_yaml(std::make_shared<base::SourceText>(base::SourceText{"p.yml", yaml}));
}

std::string refusal(const std::string& yaml) {
  try {
    parse(yaml);
  } catch (const base::Error& error) {
    return text::render(error, false);
  }
  return "accepted";
}

}  // namespace

TEST_CASE("plain scalars are typed as PyYAML types them") {
  using enum text::Kind;
  using text::Kind;
  struct Case {
    const char* text;
    Kind kind;
  };
  for (const auto& row : std::initializer_list<Case>{{"yes", boolean},
                                                     {"Off", boolean},
                                                     {"y", string},
                                                     {"1e3", string},
                                                     {"1.0e+3", real},
                                                     {"1.5", real},
                                                     {".5", real},
                                                     {"12", integer},
                                                     {"-3", integer},
                                                     {"0x1F", integer},
                                                     {"010", integer},
                                                     {"09", string},
                                                     {"1_000", integer},
                                                     {"~", null},
                                                     {"null", null},
                                                     {"1.2.3", string},
                                                     {".inf", real},
                                                     {"", null},
                                                     {"2024-01-01", string}}) {
    CAPTURE(row.text);
    CHECK(text::parse_scalar(row.text).kind == row.kind);
  }
  CHECK(text::parse_scalar("010").as_integer() == 8);
  CHECK(text::parse_scalar("0x1F").as_integer() == 31);
  CHECK(text::parse_scalar("1_000").as_integer() == 1000);
  CHECK(parse("a: '12'").find("a")->kind == string);
  CHECK(parse("a: |\n  12\n").find("a")->kind == string);
}

TEST_CASE("every node knows its line and column; aliases and merge keys are unfolded") {
  const auto root = parse("base: &b\n  x: 1\n  y: 2\nc:\n  <<: *b\n  y: 3\n  list: [a, b]\n");
  const auto* c = root.find("c");
  CHECK(c->find("x")->scalar == "1");
  CHECK(c->find("y")->scalar == "3");
  CHECK(c->find("list")->items[1].place.to_string() == "p.yml:7:13");
  CHECK(root.entries[1].key_place.to_string() == "p.yml:4:1");
}

TEST_CASE("a duplicated key stands twice and the last one counts") {
  const auto root = parse("a: 1\na: 2\n");
  CHECK(root.entries.size() == 2);
  CHECK(root.find("a")->scalar == "2");
}

TEST_CASE("what is not YAML is refused with its place") {
  CHECK(refusal("a: [1\nb: 2\n").starts_with("p.yml:2:"));
  const std::string tab = refusal("a:\n\tb: 1\n");
  CHECK(tab.starts_with("p.yml:2:"));
  CHECK(tab.ends_with("  hint: YAML is indented with blanks, never with tabs\n"));
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'j'; ++c)
    bomb += std::string(1, c) + ": &" + c + " [*" + char(c - 1) + ",*" + char(c - 1) + ",*" +
            char(c - 1) + ",*" + char(c - 1) + ",*" + char(c - 1) + ",*" + char(c - 1) + ",*" +
            char(c - 1) + "]\n";
  CHECK(refusal(bomb).find("aliases unfold this to more than 100,000 nodes") != std::string::npos);
  std::string many = "[a";
  for (int n = 0; n < 1'000'000; ++n) many += ",a";
  CHECK(refusal(many + "]").find("this file holds more than 1,000,000 values") !=
        std::string::npos);
  CHECK(refusal(std::string(100000, '[')).find("nested too deeply") != std::string::npos);
}

TEST_CASE("a diagnostic is drawn with its line and a caret") {
  const auto root = parse("jobs:\n  train:\n    comand: x\n");
  text::Diagnostics diagnostics;
  const auto& entry = root.entries[0].value.entries[0].value.entries[0];
  diagnostics.error(entry.key_place, "unknown key 'comand'",
                    text::did_you_mean("comand", {"command", "code"}));
  diagnostics.error(entry.key_place, "unknown key 'comand'", "again");
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(text::render(diagnostics.all()[0], false) ==
        "p.yml:3:5: error: unknown key 'comand' (did you mean 'command'?)\n        comand: x\n     "
        "   ^\n");
}

TEST_CASE("suggestions: the nearest name, or all of them") {
  CHECK(text::nearest("trian", {"train", "test"}) == "train");
  CHECK(text::nearest("zzz", {"train", "test"}) == "");
  CHECK(text::did_you_mean("zzz", {"a1", "b2"}) == "one of: a1, b2");
  CHECK(text::did_you_mean("zzzzzz", {}) == "there is none");
}

TEST_CASE("of a long line only what surrounds the fault is shown, and no control character") {
  const std::string message =
      refusal("a: \"" + std::string(5000, 'x') + "\\q" + std::string(5000, 'y') + "\"\n");
  CHECK(message.size() < 500);
  CHECK(message.find("\n    ...xxx") != std::string::npos);
  CHECK(message.find("yyy...\n") != std::string::npos);
  const std::string raw = refusal("a: [\033[31m\n");
  CHECK(raw.find('\033') == std::string::npos);
}

TEST_CASE("a foreign line is shown without escape sequences") {
  CHECK(text::shown_line("\033[1;31mred\033[0m\tplain\a") == "red\tplain?");
  CHECK(text::shown_line("caf\xc3\xa9", 4) == "caf\xc3\xa9");
  CHECK(text::shown_line("abcdef", 3) == "abc...");
  CHECK(text::shown_line("\033[") == "");
}

TEST_CASE("bytes that are not UTF-8 are refused with their place") {
  CHECK(refusal("a: 1\nb: caf\xe9\n").starts_with("p.yml:2:7: error: byte 0xe9 is not UTF-8\n"));
  CHECK(refusal("a: \xc0\xaf\n").starts_with("p.yml:1:4: error: byte 0xc0 is not UTF-8\n"));
  CHECK(refusal("a: \xed\xa0\x80\n").starts_with("p.yml:1:4: error: byte 0xed is not UTF-8\n"));
  CHECK(refusal("a: caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n") == "accepted");
}

TEST_CASE("a second document in one file is refused where it starts") {
  CHECK(refusal("a: 1\n---\nb: 2\n")
            .starts_with("p.yml:2:1: error: a second YAML document starts here\n"));
  CHECK(refusal("---\na: 1\n") == "accepted");
  CHECK(refusal("# first\n---\na: 1\n...\n# last\n") == "accepted");
}

TEST_CASE("only regular files of a sane size are read") {
  const base::TempDir folder{fs::temp_directory_path(), "amlocal-test-"};
  const auto said = [](const fs::path& path) -> std::string {
    try {
      text::read_source(path);
    } catch (const base::Error& error) {
      return error.message();
    }
    return "read";
  };
  const fs::path pipe = folder.path() / "pipe.yml";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(said(pipe).ends_with("pipe.yml is a pipe or a device, not a file"));
  CHECK(said("/dev/zero") == "/dev/zero is a pipe or a device, not a file");
  CHECK(said(folder.path()).ends_with(" is a folder, not a file"));
  const fs::path large = folder.path() / "large.yml";
  base::write_file_atomically(large, "a: 1\n");
  CHECK(said(large) == "read");
  fs::resize_file(large, (16U << 20U) + 1);
  CHECK(said(large).ends_with("large.yml has 16777217 bytes; at most 16 MiB are read"));
}

TEST_CASE("a message that quotes a very long name is cut") {
  const text::Diagnostic diagnostic{text::Severity::error, {}, std::string(3'000'000, 'x'), ""};
  CHECK(text::render(diagnostic, false).size() < 2100);
}
