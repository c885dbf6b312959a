#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "definition/definition.hpp"
#include "support/catalogue.hpp"
#include "support/scratch.hpp"

namespace {

constexpr const char* two_steps = R"(type: pipeline
inputs:
  rate: 0.1
  raw: {type: uri_folder, path: .}
outputs:
  model: {mode: upload}
jobs:
  prep:
    command: echo ${{inputs.d}} > ${{outputs.o}}/x
    environment: azureml:base:1
    inputs:
      d: ${{parent.inputs.raw}}
    outputs:
      o: {}
  train:
    command: echo ${{inputs.rate}} ${{inputs.depth}}
    environment: azureml:base:1
    inputs:
      d: {path: '${{parent.jobs.prep.outputs.o}}', mode: download}
      rate: ${{parent.inputs.rate}}
      depth: 3
    outputs:
      model: ${{parent.outputs.model}}
)";

model::Job load(const fs::path& folder, const definition::Overrides& overrides = {}) {
  base::write_file_atomically(folder / "pipeline.yml", two_steps);
  text::Diagnostics diagnostics;
  auto job = definition::load_job(folder / "pipeline.yml", overrides, support::BareCatalogue(),
                                  diagnostics);
  REQUIRE(job);
  for (const auto& d : diagnostics.all()) MESSAGE(text::render(d, false));
  REQUIRE(diagnostics.ok());
  return *job;
}

const model::Literal& literal(const model::Input* input) {
  return std::get<model::Literal>(*input->source);
}

}  // namespace

TEST_CASE("a pipeline's steps, bindings, modes and literals are read") {
  const base::TempDir folder(fs::path("/tmp"));
  const model::Job job = load(folder.path());
  REQUIRE(job.pipeline->steps.size() == 2);
  const auto& train = job.pipeline->steps[1];
  const auto& from = std::get<model::StepOutput>(*train.find_input("d")->source);
  CHECK(from.step == "prep");
  CHECK(from.output == "o");
  CHECK(train.find_input("d")->mode == model::AccessMode::download);
  CHECK(literal(train.find_input("depth")).text == "3");
  CHECK(*train.find_output("model")->parent_output == "model");
  CHECK(train.place.line == 15);
  CHECK(train.place.column == 3);
  CHECK(job.settings.continue_on_step_failure);
}

TEST_CASE("--set and --mode take short and long keys") {
  const base::TempDir folder(fs::path("/tmp"));
  CHECK(literal(&load(folder.path(), {{{"rate", "0.5"}}, {}}).inputs[0]).text == "0.5");
  CHECK(literal(&load(folder.path(), {{{"inputs.rate", "0.5"}}, {}}).inputs[0]).text == "0.5");
  const auto deeper = load(folder.path(), {{{"jobs.train.inputs.depth", "5"}}, {}});
  CHECK(literal(deeper.pipeline->steps[1].find_input("depth")).text == "5");
  const auto mode = load(folder.path(), {{}, {{"prep.outputs.o", "upload"}}});
  CHECK(mode.pipeline->steps[0].find_output("o")->mode == model::AccessMode::upload);
  const auto bound = load(folder.path(), {{}, {{"train.inputs.d", "direct"}}});
  CHECK(bound.pipeline->steps[1].find_input("d")->mode == model::AccessMode::direct);
  CHECK(
      std::holds_alternative<model::StepOutput>(*bound.pipeline->steps[1].find_input("d")->source));
}

TEST_CASE("a key that names nothing says what was meant; one that names several lists them") {
  const base::TempDir folder(fs::path("/tmp"));
  try {
    load(folder.path(), {{{"inputs.rat", "1"}}, {}});
    FAIL("accepted");
  } catch (const base::Error& error) {
    CHECK(error.message() == "--set inputs.rat: the definition has no such key");
    CHECK(error.hint() == "did you mean 'inputs.rate'?");
    CHECK(base::exit_status(error.code()) == 2);
  }
  try {
    load(folder.path(), {{{"environment", "azureml:x:1"}}, {}});
    FAIL("accepted");
  } catch (const base::Error& error) {
    CHECK(error.message() == "--set environment: several keys have that name");
    CHECK(error.hint() == "one of: jobs.prep.environment, jobs.train.environment");
  }
}

TEST_CASE("settings without an effect are named once, in the file's order") {
  const base::TempDir folder(fs::path("/tmp"));
  base::write_file_atomically(folder.path() / "p.yml",
                              "type: pipeline\nsettings: {default_compute: azureml:c}\njobs:\n  a: "
                              "{compute: azureml:c, resources: "
                              "{instance_count: 2, shm_size: 1g}}\n  b: {compute: azureml:c}\n");
  CHECK(
      definition::without_effect(folder.path() / "p.yml") ==
      std::vector<std::string>{"default_compute", "compute", "instance_count above 1", "shm_size"});
}
