// What a job needs of the machine, and what is missing, in one list.
#include <doctest/doctest.h>

#include "base/files.hpp"
#include "definition/definition.hpp"
#include "support/catalogue.hpp"

TEST_CASE("each environment and code folder is named once, with the first place that names it") {
  const base::TempDir folder(fs::path("/tmp"));
  base::write_file_atomically(folder.path() / "p.yml",
                              "type: pipeline\njobs:\n"
                              "  a: {command: echo, code: ., environment: 'azureml:sk:1'}\n"
                              "  b: {command: echo, code: ., environment: 'azureml:sk:2'}\n"
                              "  c: {command: echo, environment: {image: ubuntu}}\n"
                              "  g: {type: pipeline, component: ./g.yml}\n");
  base::write_file_atomically(folder.path() / "g.yml",
                              "type: pipeline\nname: g\njobs:\n  d: {command: echo, environment: "
                              "'azureml:torch@latest'}\n");
  text::Diagnostics diagnostics;
  const auto job =
      definition::load_job(folder.path() / "p.yml", {}, support::BareCatalogue(), diagnostics);
  REQUIRE(diagnostics.ok());
  const auto environments = definition::needed_environments(*job);
  REQUIRE(environments.size() == 3);
  CHECK(environments[0].name == "sk");
  CHECK(environments[0].place.line == 3);
  CHECK(environments[1].name == "");
  CHECK(environments[2].name == "torch");
  CHECK(environments[2].place.line == 4);
  const auto code = definition::needed_code(*job);
  REQUIRE(code.size() == 1);
  CHECK(code[0].code == folder.path() / ".");
  CHECK(code[0].place.line == 3);
}

TEST_CASE("missing assets, datastores and components come together, each with its command") {
  const base::TempDir folder(fs::path("/tmp"));
  base::write_file_atomically(
      folder.path() / "p.yml",
      "type: pipeline\ninputs:\n  a: {path: 'azureml:iris:3'}\n"
      "  b: {path: 'azureml://datastores/lake/paths/x'}\n"
      "jobs:\n  s: {component: 'azureml:prep:1'}\n"
      "  t: {command: echo, environment: 'azureml:e:1', outputs: {o: {path: "
      "'azureml://datastores/out/paths/y'}}}\n");
  text::Diagnostics diagnostics;
  definition::load_job(folder.path() / "p.yml", {}, support::BareCatalogue(), diagnostics);
  diagnostics.sort();
  std::string said;
  for (const auto& each : diagnostics.all()) said += each.what + " | " + each.hint + "\n";
  CHECK(said ==
        "there is no data asset 'azureml:iris:3' | `amlocal data create --name iris --version 3 "
        "--path PATH` registers it\n"
        "there is no datastore 'lake' | `amlocal datastore create lake --dir PATH` gives it a "
        "folder\n"
        "the component 'azureml:prep:1' cannot be had offline | `amlocal component map "
        "azureml:prep:1 FILE` lets a local file stand for it\n"
        "there is no datastore 'out' | `amlocal datastore create out --dir PATH` gives it a "
        "folder\n");
}
