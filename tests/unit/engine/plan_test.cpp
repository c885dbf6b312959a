#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "definition/definition.hpp"
#include "engine/decide.hpp"
#include "engine/fingerprint.hpp"
#include "engine/plan.hpp"
#include "support/catalogue.hpp"

namespace {

engine::Plan plan_of(const std::string& pipeline, const std::string& component = "") {
  const base::TempDir folder(fs::path("/tmp"));
  base::write_file_atomically(folder.path() / "p.yml", pipeline);
  base::write_file_atomically(folder.path() / "inner.yml", component);
  text::Diagnostics diagnostics;
  const auto job =
      definition::load_job(folder.path() / "p.yml", {}, support::BareCatalogue(), diagnostics);
  for (const auto& d : diagnostics.all()) MESSAGE(text::render(d, false));
  REQUIRE(diagnostics.ok());
  return engine::make_plan(*job);
}

constexpr const char* nested = R"(type: pipeline
inputs: {n: 4}
outputs: {result: {mode: upload}}
jobs:
  last:
    command: cat ${{inputs.x}}
    environment: azureml:base:1
    inputs: {x: '${{parent.jobs.group.outputs.out}}'}
    outputs: {done: '${{parent.outputs.result}}'}
  group:
    type: pipeline
    component: ./inner.yml
    inputs: {m: '${{parent.inputs.n}}'}
)";
constexpr const char* inner = R"(type: pipeline
name: inner
inputs: {m: {type: integer}}
outputs: {out: {type: uri_file}}
jobs:
  make:
    command: echo ${{inputs.k}} > ${{outputs.o}}
    environment: azureml:base:1
    inputs: {k: '${{parent.inputs.m}}'}
    outputs: {o: '${{parent.outputs.out}}'}
)";

}  // namespace

TEST_CASE("nested pipelines are flattened, inputs traced to their source, steps put in order") {
  const auto plan = plan_of(nested, inner);
  REQUIRE(plan.steps.size() == 2);
  CHECK(plan.steps[0].path == "group/make");
  CHECK(plan.steps[1].path == "last");
  CHECK(std::get<model::Literal>(plan.steps[0].inputs[0].source).text == "4");
  CHECK(std::get<engine::Upstream>(plan.steps[1].inputs[0].source).step == 0);
  CHECK(plan.steps[1].inputs[0].type == model::DataType::uri_folder);
  CHECK(plan.steps[0].outputs[0].type == model::DataType::uri_file);
  CHECK(plan.steps[1].outputs[0].mode == model::AccessMode::upload);
  REQUIRE(plan.outputs.size() == 1);
  CHECK(plan.outputs[0].from.step == 1);
  CHECK(plan.needed_by({1}) == std::vector<bool>{true, true});
  CHECK(plan.needed_by({0}) == std::vector<bool>{true, false});
  CHECK(plan.named("group") == std::vector<std::size_t>{0});
  engine::Options options;
  options.only = {"group,last"};
  CHECK(engine::wanted_steps(plan, options) == std::vector<bool>{true, true});
  options.only = {"group"};
  CHECK(engine::wanted_steps(plan, options) == std::vector<bool>{true, false});
  options = {};
  options.until = "group";
  CHECK(engine::wanted_steps(plan, options) == std::vector<bool>{true, false});
}

TEST_CASE("an unknown step is refused with what was meant") {
  try {
    plan_of(nested, inner).named("lats");
    FAIL("accepted");
  } catch (const base::Error& error) {
    CHECK(error.message() == "there is no step 'lats'");
    CHECK(error.hint() == "did you mean 'last'?");
  }
  try {
    plan_of(nested, inner).named("gruop");
    FAIL("accepted");
  } catch (const base::Error& error) {
    CHECK(error.hint() == "did you mean 'group'?");
  }
}

TEST_CASE("fingerprints: what changed is named in a user's words") {
  engine::Fingerprint before;
  before.code = {{"train.py", "1"}, {"old.py", "1"}};
  before.inputs = {{"rate", "number literal 0.1"}};
  before.environment = {{"python", "3.9.1 at /p"}};
  engine::Fingerprint now = before;
  CHECK(engine::differences(now, before).empty());
  now.code = {{"train.py", "2"}, {"new.py", "1"}};
  now.inputs = {{"rate", "number literal 0.2"}};
  now.command = "python train.py";
  now.environment = {{"python", "3.11.2 at /p"}};
  CHECK(engine::differences(now, before) ==
        std::vector<std::string>{"code: new.py is new", "code: train.py changed",
                                 "code: old.py is gone", "the command changed",
                                 "environment: python: 3.11.2 at /p, was 3.9.1 at /p",
                                 "input rate: number literal 0.2, was number literal 0.1"});
  CHECK(engine::fingerprint_from_json(engine::to_json(now)) == now);
}

TEST_CASE("which steps want a GPU") {
  const engine::Plan plan = plan_of(R"(type: pipeline
settings: {default_compute: azureml:gpu_t4}
jobs:
  by_default: {command: echo, environment: 'azureml:e:1'}
  own: {command: echo, environment: 'azureml:e:1', compute: azureml:cpu-cluster}
  word: {command: echo, environment: 'azureml:e:1', compute: azureml:big-GPU}
  no_word: {command: echo, environment: 'azureml:e:1', compute: azureml:gpucluster}
  series:
    command: echo
    environment: azureml:e:1
    compute: azureml:cpu
    resources: {instance_type: Standard_NC6s_v3}
  other_series:
    command: echo
    environment: azureml:e:1
    compute: azureml:cpu
    resources: {instance_type: Standard_DS3_v2}
  docker:
    command: echo
    environment: azureml:e:1
    compute: azureml:cpu
    resources: {docker_args: '--ipc=host --gpus all'}
  shared: {component: ./inner.yml, compute: azureml:gpu}
  shared_elsewhere: {component: ./inner.yml, compute: azureml:cpu}
)",
                                    R"(type: command
name: inner
command: echo
environment: azureml:e:1
)");
  std::vector<std::string> gpu;
  for (const auto& step : plan.steps)
    if (step.gpu) gpu.push_back(step.path);
  CHECK(gpu == std::vector<std::string>{"by_default", "word", "series", "docker", "shared"});
}
