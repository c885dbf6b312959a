#include "harness/python_command.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;

// What the last Python of the command is told, and the text from there on.
struct Found {
  Words words;
  std::string rest;
};

Found last(const std::string& command) {
  const auto found = harness::python_commands(command);
  if (found.empty()) return {};
  return {found.back().words, command.substr(found.back().at)};
}

}  // namespace

TEST_CASE("a script and its arguments") {
  const auto found = last("python train.py --rate ${{ inputs.rate }} --out '${{outputs.o}}/a b'");
  CHECK(found.words ==
        Words{"train.py", "--rate", "${{ inputs.rate }}", "--out", "${{outputs.o}}/a b"});
  CHECK(found.rest.starts_with("train.py --rate"));
}

TEST_CASE("Python's own options stand before it") {
  CHECK(last("python3 -u -X dev -W ignore -m pkg.train -v").words ==
        Words{"-m", "pkg.train", "-v"});
  CHECK(last("python -mpkg x").words == Words{"-m", "pkg", "x"});
  CHECK(last("/opt/env/bin/python3.11 -c 'print(1)' a").words == Words{"-c", "print(1)", "a"});
}

TEST_CASE("variables and programs before it") {
  CHECK(last("A=1 B='x y' env C=2 nice -n 5 time python a.py").words == Words{"a.py"});
  CHECK(last("if true; then python a.py; fi").words == Words{"a.py"});
  CHECK(last("timeout 5 python a.py").words == Words{"a.py"});
}

TEST_CASE("the last of several commands") {
  CHECK(last("python a.py && python b.py x | tee log").words == Words{"b.py", "x"});
  CHECK(last("python a.py\n# python c.py\necho python b.py").words == Words{"a.py"});
  CHECK(harness::python_commands("python a.py; (cd x; python b.py)").size() == 2);
}

TEST_CASE("redirections are no arguments") {
  CHECK(last("python a.py x > log.txt 2>&1 y < in").words == Words{"a.py", "x", "y"});
}

TEST_CASE("no Python that could be debugged") {
  for (const char* command : {"bash run.sh", "echo python a.py", "python", "python - < a.py", "",
                              "pythonic a.py", "x=$(python a.py)"}) {
    CAPTURE(command);
    CHECK(harness::python_commands(command).empty());
  }
}

TEST_CASE("what a user calls it") {
  CHECK(harness::title(harness::python_commands("python -m pkg.train x").front()) ==
        "-m pkg.train");
  CHECK(harness::title(harness::python_commands("python a/b.py x").front()) == "a/b.py");
  CHECK(harness::shell_quoted("it's") == "'it'\\''s'");
}
