#include "workspace/ignore.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "base/process.hpp"
#include "support/scratch.hpp"

using workspace::glob_match;
using workspace::IgnoreRules;

TEST_CASE("a pattern matches as git's wildmatch does") {
  CHECK(glob_match("*.pyc", "a.pyc"));
  CHECK_FALSE(glob_match("a/*", "a/b/c"));
  CHECK(glob_match("a/**", "a/b/c"));
  CHECK_FALSE(glob_match("a/**", "a"));
  CHECK(glob_match("a/**/b", "a/b"));
  CHECK(glob_match("a/**/b", "a/x/y/b"));
  CHECK(glob_match("**/b", "b"));
  CHECK_FALSE(glob_match("a**b/c", "a/b/c"));
  CHECK(glob_match("[a-c]?[!x]", "bzz"));
  CHECK_FALSE(glob_match("[a-c]?[!x]", "bzx"));
  CHECK(glob_match("[[:digit:]]", "7"));
  CHECK(glob_match("[]-]", "]"));
  CHECK(glob_match("\\*", "*"));
  CHECK_FALSE(glob_match("[a", "a"));
  CHECK_FALSE(glob_match("a?b", "a/b"));
}

TEST_CASE("the last rule that fits decides") {
  IgnoreRules rules;
  rules.add("# comment\r\n*.log\n!keep.log\nbuild/\n/top\na/b\ntrail \\ \n\\#hash\n", "");
  CHECK(rules.ignored("x/y.log", false));
  CHECK_FALSE(rules.ignored("x/keep.log", false));
  CHECK(rules.ignored("x/build", true));
  CHECK_FALSE(rules.ignored("x/build", false));
  CHECK(rules.ignored("top", false));
  CHECK_FALSE(rules.ignored("x/top", false));
  CHECK(rules.ignored("a/b", false));
  CHECK_FALSE(rules.ignored("x/a/b", false));
  CHECK(rules.ignored("trail  ", false));
  CHECK(rules.ignored("#hash", false));
}

TEST_CASE("a deeper file's rules count from its folder and win") {
  IgnoreRules rules;
  rules.add("*.csv\n", "");
  rules.add("!good.csv\n/only\n", "data");
  CHECK_FALSE(rules.ignored("data/good.csv", false));
  CHECK(rules.ignored("good.csv", false));
  CHECK(rules.ignored("data/only", false));
  CHECK_FALSE(rules.ignored("data/x/only", false));
}

TEST_CASE("random rules decide as `git check-ignore` does") {
  const auto environment = base::current_environment();
  if (base::find_program("git", base::variable(environment, "PATH")).empty()) {
    MESSAGE("git is not installed here: not compared");
    return;
  }
  const support::Scratch scratch;
  REQUIRE(base::run_captured({"git", "init", "-q", scratch.folder.path().native()}, environment)
              .status == 0);
  std::vector<std::string> paths;
  for (const char* folder : {"", "a/", "b/", "a/b/", "a/d/", "b/a/b/"})
    for (const char* file : {"aa", "ab", "b.a", "a b"}) paths.push_back(std::string(folder) + file);
  for (const auto& path : paths) scratch.write(path, "");

  std::mt19937 random(20240817);
  const auto pick = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  const std::vector<std::string> pieces{"a",    "b",    "ab", "*",   "**",  "?",   "/",   "/",
                                        "[ab]", "[!a]", ".",  "\\a", "[a-", "**/", "/**", " "};
  const auto random_rules = [&] {
    std::string text;
    for (std::size_t line = 0, lines = 1 + pick(5); line < lines; ++line) {
      if (pick(4) == 0) text += '!';
      for (std::size_t n = 0, count = 1 + pick(5); n < count; ++n)
        text += pieces[pick(pieces.size())];
      if (pick(5) == 0) text += '/';
      text += '\n';
    }
    return text;
  };
  for (int round = 0; round < 600; ++round) {
    const std::string text = random_rules();
    const std::string deeper = random_rules();
    scratch.write(".gitignore", text);
    scratch.write("a/.gitignore", deeper);
    std::vector<std::string> ask{"git",
                                 "-C",
                                 scratch.folder.path().native(),
                                 "-c",
                                 "core.excludesFile=/dev/null",
                                 "check-ignore",
                                 "--no-index"};
    ask.insert(ask.end(), paths.begin(), paths.end());
    const std::string answer = base::run_captured(ask, environment).out;

    IgnoreRules rules;
    rules.add(text, "");
    rules.add(deeper, "a");
    std::string ours;
    for (const auto& path : paths) {
      bool ignored = false;
      for (std::size_t slash = path.find('/'); !ignored && slash != std::string::npos;
           slash = path.find('/', slash + 1))
        ignored = rules.ignored(path.substr(0, slash), true);
      if (ignored || rules.ignored(path, false)) ours += path + "\n";
    }
    INFO("the rules:\n" << text << "and in a/:\n" << deeper);
    CHECK(ours == answer);
  }
}

TEST_CASE("many stars cost no exponential time") {
  std::string pattern, name;
  for (int n = 0; n < 40; ++n) {
    pattern += "**/a*";
    name += "a/aa";
  }
  CHECK_FALSE(workspace::glob_match(pattern + "b", name));
}
