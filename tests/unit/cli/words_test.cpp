// Words of the command line: aliases, names of runs and files, tables and colours.
#include <doctest/doctest.h>

#include "cli/colour.hpp"
#include "cli/machine.hpp"
#include "cli/project.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "support/scratch.hpp"

using Words = std::vector<std::string>;

TEST_CASE("the words of az ml and of habit") {
  CHECK(cli::without_aliases({"logs", "x"}) == Words{"runs", "logs", "x"});
  CHECK(cli::without_aliases({"job", "ls"}) == Words{"runs", "list"});
  CHECK(cli::without_aliases({"job", "stream", "-n", "x"}) ==
        Words{"runs", "logs", "--follow", "x"});
  CHECK(cli::without_aliases({"job", "download", "--name", "x"}) == Words{"runs", "outputs", "x"});
  CHECK(cli::without_aliases({"job", "create", "-f", "p.yml", "--set", "a=1"}) ==
        Words{"run", "p.yml", "--set", "a=1"});
  CHECK(cli::without_aliases({"job", "validate", "--file", "p.yml"}) == Words{"validate", "p.yml"});
  CHECK(cli::without_aliases({"data", "add", "-n", "x"}) == Words{"data", "create", "-n", "x"});
  CHECK(cli::without_aliases({"runs", "rm", "x"}) == Words{"runs", "delete", "x"});
}

TEST_CASE("a file that is called like an alias stays a file") {
  CHECK(cli::without_aliases({"run", "rm"}) == Words{"run", "rm"});
  CHECK(cli::without_aliases({"validate", "add", "ls"}) == Words{"validate", "add", "ls"});
}

TEST_CASE("RUN/STEP splits at its first slash, as nested steps have more") {
  CHECK(cli::split_run("@last").step.empty());
  CHECK(cli::split_run("calm_sea_1/nested/train").run == "calm_sea_1");
  CHECK(cli::split_run("calm_sea_1/nested/train").step == "nested/train");
}

TEST_CASE("FILE#STEP and FILE::STEP name a step, unless a file is called so") {
  const support::Scratch scratch;
  const fs::path here = scratch.folder.path();
  for (const char* word : {"p.yml#nested/train", "p.yml::nested/train"}) {
    CHECK(cli::split_file(word, here).file == here / "p.yml");
    CHECK(cli::split_file(word, here).step == "nested/train");
  }
  CHECK(cli::split_file("p.yml", here).step.empty());
  scratch.write("a#b.yml", "");
  CHECK(cli::split_file("a#b.yml", here).file == here / "a#b.yml");
}

TEST_CASE("tables are aligned by characters, not by bytes or escapes") {
  CHECK(cli::format_table({{"NAME", "X"}, {"größe", "1"}, {"", "2"}}) ==
        "NAME   X\ngröße  1\n       2\n");
  CHECK(cli::format_table({{cli::paint("Failed", true), "x"}, {"Completed", "y"}}) ==
        "\033[31mFailed\033[0m     x\nCompleted  y\n");
}

TEST_CASE("text is cut at characters, and its escapes go") {
  CHECK(cli::cut("größer", 4) == "größ");
  CHECK(cli::cut("\033[31mFailed\033[0m", 3) == "Fai");
  CHECK(cli::cut("short", 80) == "short");
  CHECK(cli::paint("Failed", 8, false) == "Failed  ");
  CHECK(cli::paint("Failed", 8, true) == "\033[31mFailed\033[0m  ");
  CHECK(cli::paint("whatever", true) == "whatever");
}

TEST_CASE("a disk of Windows is told from Linux's own") {
  const std::string wsl = "Linux version 5.15.90.1-microsoft-standard-WSL2";
  CHECK(cli::windows_disk("/mnt/c/Users/me/p", wsl).value().starts_with("/mnt/c is a disk"));
  CHECK_FALSE(cli::windows_disk("/home/me/p", wsl));
  CHECK_FALSE(cli::windows_disk("/mnt/data/p", wsl));
  CHECK_FALSE(cli::windows_disk("/mnt/c/p", "Linux version 6.1.0-18-amd64"));
}
