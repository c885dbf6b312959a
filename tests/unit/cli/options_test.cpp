#include "cli/options.hpp"

#include <doctest/doctest.h>

#include "support/scratch.hpp"

namespace {

struct Args {
  std::string file;
  std::vector<std::string> set;
  std::vector<std::string> more;
  std::string name;
  int jobs = 0;
  bool follow = false;
};

Args parse(const std::vector<std::string>& words) {
  Args args;
  cli::Options options("try");
  options.argument("file", args.file);
  options.arguments("more", args.more, false);
  options.values("--set", args.set);
  options.value("-n,--name", args.name);
  options.number("-j,--jobs", args.jobs);
  options.flag("-f,--follow", args.follow);
  options.parse(words);
  return args;
}

base::Error refused(const std::vector<std::string>& words) {
  const auto error = support::error_of([&] { parse(words); });
  CHECK(error.code() == base::Code::usage);
  return error;
}

}  // namespace

TEST_CASE("options stand anywhere; a repeatable one takes one word each time") {
  const auto args = parse({"--set", "a=1", "p.yml", "-j", "3", "--set=b=2", "-f", "x"});
  CHECK(args.file == "p.yml");
  CHECK(args.set == std::vector<std::string>{"a=1", "b=2"});
  CHECK(args.more == std::vector<std::string>{"x"});
  CHECK(args.jobs == 3);
  CHECK(args.follow);
}

TEST_CASE("a misspelt option has a suggestion") {
  const auto error = refused({"p.yml", "--folow"});
  CHECK(error.message() == "amlocal try has no option '--folow'");
  CHECK(error.hint() == "did you mean '--follow'?");
}

TEST_CASE("missing words and wrong values point at the page") {
  CHECK(refused({}).message().find("file is required") != std::string::npos);
  CHECK(refused({"p.yml", "--name"}).message().find("--name") != std::string::npos);
  const auto error = refused({"p.yml", "--jobs", "many"});
  CHECK(error.message().find("--jobs") != std::string::npos);
  CHECK(error.hint() == "see `amlocal try --help`");
}

TEST_CASE("a verb's rows tell names and values") {
  bool flag = false;
  std::string value;
  cli::Options options("try");
  options.flag("-f,--follow", flag);
  options.value("--to", value);
  options.argument("run", value);
  const auto rows = options.rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].names == std::vector<std::string>{"-f", "--follow"});
  CHECK_FALSE(rows[0].takes_value);
  CHECK(rows[1].names == std::vector<std::string>{"--to"});
  CHECK(rows[1].takes_value);
}
