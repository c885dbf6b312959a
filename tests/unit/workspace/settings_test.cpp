#include <thread>

#include "support/scratch.hpp"

using support::error_of;
using workspace::Settings;

TEST_CASE("settings come back as they were written, with relative paths in the file") {
  const support::Scratch scratch;
  Settings settings;
  settings.environments = {{"default", scratch.path(".venv").native()}, {"odd: name", "python3"}};
  settings.data = {{"titanic", "1", model::DataType::uri_file, scratch.path("data/t.csv").native()},
                   {"far", "yes", model::DataType::uri_folder, "azureml://datastores/x/paths/y/"}};
  settings.datastores = {{"training", "/mnt/a \"b\""}};
  settings.components = {{"azureml:train:1", scratch.path("c.yml").native()}};
  settings.pass_env = {"TOKEN", "null"};
  workspace::write_settings(scratch.layout, settings);
  CHECK(base::read_file(scratch.path("amlocal.yml")) ==
        R"(# What amlocal knows of this project: interpreters, data, datastores. Commit this file.
environments:
  default: ./.venv
  "odd: name": python3
data:
  - name: titanic
    version: "1"
    type: uri_file
    path: data/t.csv
  - name: far
    version: "yes"
    type: uri_folder
    path: "azureml://datastores/x/paths/y/"
datastores:
  training: "/mnt/a \"b\""
components:
  "azureml:train:1": c.yml
pass_env:
  - TOKEN
  - "null"
)");
  const Settings read = workspace::read_settings(scratch.layout);
  CHECK(read.environments == settings.environments);
  CHECK(read.datastores == settings.datastores);
  CHECK(read.components == settings.components);
  CHECK(read.pass_env == settings.pass_env);
  REQUIRE(read.data.size() == 2);
  CHECK(read.data[0].path == settings.data[0].path);
  CHECK(read.data[1].version == "yes");
  CHECK(read.data[1].path == settings.data[1].path);
}

TEST_CASE("a missing or empty file is empty settings") {
  const support::Scratch scratch;
  CHECK(workspace::read_settings(scratch.layout).data.empty());
  scratch.write("amlocal.yml", "# only a comment\n");
  CHECK(workspace::read_settings(scratch.layout).data.empty());
}

TEST_CASE("mistakes are named with their place") {
  const support::Scratch scratch;
  const auto mistake = [&](const std::string& text) {
    scratch.write("amlocal.yml", text);
    return error_of([&] { workspace::read_settings(scratch.layout); });
  };
  auto error = mistake("# x\nenviroments: {}\n");
  CHECK(error.code() == base::Code::bad_definition);
  CHECK(error.message() == "unknown key 'enviroments' in amlocal.yml");
  CHECK(error.hint() == "did you mean 'environments'?");
  CHECK(error.place().line == 2);
  CHECK(error.place().column == 1);
  error = mistake("data:\n  - name: x\n    path: y\n    type: uri_fold\n");
  CHECK(error.message() == "'uri_fold' is no type of data");
  CHECK(error.place().line == 4);
  CHECK(mistake("data:\n  - name: x\n").message() == "an entry of 'data' has no 'path'");
  CHECK(mistake("data: {}\n").message() == "'data' must be a list");
  CHECK(mistake("pass_env: A\n").message() == "'pass_env' must be a list");
  CHECK(mistake("- a\n").message() == "amlocal.yml must be a map of settings");
  CHECK(mistake("datastores: {}\ndatastores: {}\n").message() ==
        "the key 'datastores' stands twice in amlocal.yml");
}

TEST_CASE("the comment at the top stays") {
  const support::Scratch scratch;
  scratch.write("amlocal.yml", "# ours\n# two\npass_env: [A]\n");
  workspace::update_settings(scratch.layout,
                             [](Settings& settings) { settings.pass_env.push_back("B"); });
  CHECK(base::read_file(scratch.path("amlocal.yml")) == "# ours\n# two\npass_env:\n  - A\n  - B\n");
}

TEST_CASE("of two writers neither loses the other's change") {
  const support::Scratch scratch;
  const auto writer = [&](const std::string& prefix) {
    for (int n = 0; n < 20; ++n)
      workspace::update_settings(scratch.layout, [&](Settings& settings) {
        settings.datastores[prefix + std::to_string(n)] = "/x";
      });
  };
  std::thread other(writer, "a");
  writer("b");
  other.join();
  CHECK(workspace::read_settings(scratch.layout).datastores.size() == 40);
}

TEST_CASE("workspaceblobstore is there from the start") {
  const support::Scratch scratch;
  CHECK(workspace::datastore_folder(scratch.layout, {}, "workspaceblobstore") ==
        scratch.path(".amlocal/datastores/workspaceblobstore"));
  CHECK_FALSE(workspace::datastore_folder(scratch.layout, {}, "other"));
}
