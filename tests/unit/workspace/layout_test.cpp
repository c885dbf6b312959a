#include "support/scratch.hpp"

using support::error_of;

TEST_CASE(
    "the root is the work tree's top, else the folder of amlocal.yml, else the folder itself") {
  const support::Scratch scratch;
  scratch.write("p/q/pipeline.yml", "");
  CHECK(workspace::find(scratch.path("p/q/pipeline.yml")).root == scratch.path("p/q"));
  scratch.write("p/amlocal.yml", "");
  CHECK(workspace::find(scratch.path("p/q/")).root == scratch.path("p"));
  fs::create_directory(scratch.path(".git"));
  CHECK(workspace::find(scratch.path("p/q")).root == scratch.folder.path());
  // The job of a Python definition lies among the records.
  scratch.write("p/.amlocal/definitions/r/pipeline.json", "");
  CHECK(workspace::find(scratch.path("p/.amlocal/definitions/r/pipeline.json")).root ==
        scratch.path("p"));
  CHECK_FALSE(fs::exists(scratch.path(".amlocal")));
}

TEST_CASE("ensure hides its folder from git and stamps it") {
  const support::Scratch scratch;
  workspace::ensure(scratch.layout);
  workspace::ensure(scratch.layout);
  CHECK(base::read_file(scratch.path(".amlocal/.gitignore")) == "*\n");
  CHECK(base::read_file(scratch.path(".amlocal/format")) == "1\n");
}

TEST_CASE("a newer format is refused") {
  const support::Scratch scratch;
  workspace::ensure(scratch.layout);
  scratch.write(".amlocal/format", "2\n");
  const auto error = error_of([&] { workspace::ensure(scratch.layout); });
  CHECK(error.code() == base::Code::newer_version);
  CHECK(error.message() == "'" + scratch.path(".amlocal").native() +
                               "' was made by a newer amlocal (format 2; this one knows 1)");
  CHECK(error.hint() == "update amlocal, or move that folder away to start anew");
}
