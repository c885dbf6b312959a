#include "definition/closure.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/files.hpp"
#include "support/scratch.hpp"

namespace {

std::vector<std::string> relative(const std::vector<fs::path>& paths, const fs::path& root) {
  std::vector<std::string> names;
  for (const auto& path : paths) names.push_back(path.lexically_relative(root).native());
  return names;
}

}  // namespace

TEST_CASE("a job's files are found through the files that it names") {
  const support::Scratch scratch;
  const fs::path root = scratch.folder.path();
  base::write_file_atomically(
      root / "jobs/pipeline.yml",
      "type: pipeline\n"
      "settings: {default_compute: azureml:cpu, default_datastore: azureml:d}\n"
      "inputs: {a: {type: uri_file, path: ../data/a.csv},\n"
      "  b: {type: uri_file, path: azureml:iris:1}, c: {path: gone.csv}}\n"
      "jobs:\n"
      "  one: {component: file:../components/one.yml, compute: azureml:cpu}\n"
      "  two: {component: azureml:shared:2, inputs: {x: '${{parent.inputs.a}}'}}\n");
  base::write_file_atomically(root / "components/one.yml",
                              "name: one\ncode: ../src\n"
                              "environment: {image: i, conda_file: env/conda.yml}\n"
                              "additional_includes: [../shared]\n");
  base::write_file_atomically(root / "components/env/conda.yml", "dependencies: [python]\n");
  base::write_file_atomically(root / "src/train.py", "");
  base::write_file_atomically(root / "shared/util.py", "");
  base::write_file_atomically(root / "data/a.csv", "a\n1\n");
  const auto closure = definition::closure_of(root / "jobs/pipeline.yml");
  CHECK(relative(closure.files, root) ==
        std::vector<std::string>{"components/env/conda.yml", "components/one.yml", "data/a.csv",
                                 "jobs/pipeline.yml"});
  CHECK(relative(closure.folders, root) == std::vector<std::string>{"shared", "src"});
  std::vector<std::string> references;
  for (const auto& each : closure.references) references.push_back(each.kind + " " + each.name);
  CHECK(references == std::vector<std::string>{"compute cpu", "datastore d", "data iris:1",
                                               "component shared:2"});
  CHECK(closure.absolute.empty());
}

TEST_CASE("an absolute path is told with its place") {
  const support::Scratch scratch;
  const fs::path root = scratch.folder.path();
  base::write_file_atomically(root / "src/a.py", "");
  base::write_file_atomically(root / "job.yml",
                              "command: python a.py\ncode: " + (root / "src").native() + "\n");
  const auto closure = definition::closure_of(root / "job.yml");
  REQUIRE(closure.absolute.size() == 1);
  CHECK(closure.absolute[0].first == (root / "src").native());
  CHECK(closure.absolute[0].second.line == 2);
}
