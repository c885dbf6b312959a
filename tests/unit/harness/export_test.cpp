#include "harness/exported.hpp"

#include <doctest/doctest.h>

#include "support/catalogue.hpp"
#include "support/scratch.hpp"

namespace {

struct Project : support::Scratch {
  Project() {
    write("jobs/pipeline.yml",
          "# kept as it is\ntype: pipeline\njobs:\n  one: {component: ../parts/one.yml}\n");
    write("parts/one.yml", "code: ../src\nenvironment: azureml:env:1\ncompute: azureml:cpu\n");
    write("src/train.py", "print(1)\n");
    write("src/big.bin", "x");
    write("src/.amlignore", "*.bin\n");
  }
  const support::BareCatalogue catalogue;

  harness::Exported exported(const std::string& target) const {
    return harness::export_job(path("jobs/pipeline.yml"), path(target), catalogue);
  }
};

}  // namespace

TEST_CASE("a job goes out with all that it names, each thing in its place") {
  const Project project;
  const auto exported = project.exported("out");
  CHECK(exported.job == project.path("out/jobs/pipeline.yml"));
  CHECK(base::read_file(exported.job) == base::read_file(project.path("jobs/pipeline.yml")));
  CHECK(fs::exists(project.path("out/parts/one.yml")));
  CHECK(fs::exists(project.path("out/src/train.py")));
  CHECK(!fs::exists(project.path("out/src/big.bin")));
  CHECK(exported.notes == std::vector<std::string>{"environment env:1",
                                                   "compute cpu: az ml compute show --name cpu"});
  CHECK(base::read_file(project.path("out/export.md")).find("- environment env:1\n") !=
        std::string::npos);
}

TEST_CASE("a folder that holds something is left alone") {
  const Project project;
  project.write("out/mine.txt", "mine");
  const auto error = support::error_of([&] { project.exported("out"); });
  CHECK(error.message().ends_with("out is there already and is not empty"));
  CHECK(error.hint() == "choose another folder for --to, or remove this one");
  CHECK(base::read_file(project.path("out/mine.txt")) == "mine");
}

TEST_CASE("an absolute path would lead nowhere, and nothing is left behind") {
  const Project project;
  project.write("parts/one.yml", "code: " + project.path("src").native() + "\n");
  const auto error = support::error_of([&] { project.exported("out"); });
  CHECK(error.message() == "'" + project.path("src").native() +
                               "' is an absolute path: on another machine it leads nowhere");
  CHECK(error.place().line == 1);
  CHECK(!fs::exists(project.path("out")));
}

TEST_CASE("a Python without azure-ai-ml is named, with what to do") {
  const Project project;
  const auto error = support::error_of(
      [&] { harness::ask_sdk(project.path("jobs/pipeline.yml"), "/bin/false", {}); });
  CHECK(error.message().starts_with("/bin/false cannot load the job with azure-ai-ml"));
  CHECK(error.hint() == "install it there: /bin/false -m pip install azure-ai-ml");
}
