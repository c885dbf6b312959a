// What the cloud accepts and runs is no error here, however odd it looks.
#include <doctest/doctest.h>

#include "base/files.hpp"
#include "definition/definition.hpp"
#include "support/catalogue.hpp"

namespace {

// What is said of the file, a line each, without places: "warning: …".
std::string said(const std::string& yaml, const std::string& component = "") {
  const base::TempDir folder(fs::path("/tmp"));
  base::write_file_atomically(folder.path() / "p.yml", yaml);
  if (!component.empty()) base::write_file_atomically(folder.path() / "c.yml", component);
  text::Diagnostics diagnostics;
  definition::validate_file(folder.path() / "p.yml", support::BareCatalogue(), diagnostics);
  std::string text;
  for (const auto& each : diagnostics.all())
    text += (each.severity == text::Severity::error ? "error: " : "warning: ") + each.what + "\n";
  return text;
}

const std::string step = "jobs: {a: {command: echo ok, environment: 'azureml:base:1'}}\n";

}  // namespace

TEST_CASE("schemas, settings, tags and computes of every form") {
  CHECK(said("$schema: https://example.org/other.schema.json\ntype: pipeline\n" + step) == "");
  CHECK(said("type: pipeline\ncompute: azureml:c\nsettings:\n  default_compute: serverless\n  "
             "force_rerun: true\n  continue_on_step_failure: false\ntags: {a: 1}\nidentity: {type: "
             "managed}\n" +
             step) == "");
  CHECK(said("type: pipeline\nsettings: {unknown_key: 1}\n" + step) ==
        "warning: unknown key 'unknown_key': Unknown field.\n");
  CHECK(said("type: pipeline\njobs: {a: {command: echo, environment: 'azureml:b:1', compute: "
             "local}}\n") == "");
}

TEST_CASE("environments of every form") {
  for (const char* environment :
       {"azureml:base", "azureml:base:1", "azureml:base@latest", "azureml:AzureML-sklearn:3",
        "azureml://registries/azureml/environments/sklearn/versions/3",
        "azureml://registries/azureml/environments/sklearn/labels/latest", "{image: ubuntu}",
        "{image: ubuntu, conda_file: {dependencies: [python]}}", "{build: {path: .}}",
        "{name: x, version: 1, image: ubuntu}"}) {
    CAPTURE(environment);
    CHECK(said("type: pipeline\njobs: {a: {command: echo, environment: " +
               (environment[0] == '{' ? environment : "'" + std::string(environment) + "'") +
               "}}\n") == "");
  }
}

TEST_CASE("a duplicated key, step and input: the last one counts, with a warning each") {
  CHECK(said("type: pipeline\ntype: pipeline\n" + step) ==
        "warning: the key 'type' stands here twice\n");
  CHECK(said("type: pipeline\njobs:\n  a: {command: [wrong]}\n  a: {command: echo ok, environment: "
             "'azureml:base:1'}\n") == "warning: the key 'a' stands here twice\n");
  CHECK(said("type: pipeline\njobs: {a: {command: 'echo ${{inputs.n}}', environment: "
             "'azureml:base:1', inputs: {n: 1, n: 2}}}\n") ==
        "warning: the key 'n' stands here twice\n");
}

TEST_CASE("the old forms of an expression") {
  CHECK(said("type: pipeline\ninputs: {n: 1}\njobs: {a: {command: 'echo ${{inputs.n}}', "
             "environment: 'azureml:base:1', inputs: {n: '${{inputs.n}}'}}}\n") == "");
  CHECK(said("type: pipeline\ninputs: {n: 1}\njobs: {a: {command: 'echo ${{inputs.n}}', "
             "environment: 'azureml:base:1', inputs: {n: '${{ parent.inputs.n.path }}'}}}\n") ==
        "");
  CHECK(said("type: pipeline\njobs: {a: {command: 'echo {inputs.n} ${{inputs.n}}', environment: "
             "'azureml:base:1', inputs: {n: 1}}}\n") ==
        "warning: '{inputs.…}' is the old form of an expression, taken as a text here\n");
}

TEST_CASE("steps of every type are read; those without a runner still have no error") {
  CHECK(said("type: pipeline\njobs:\n"
             "  a: {command: echo, environment: 'azureml:b:1'}\n"
             "  loop: {type: do_while, body: '${{parent.jobs.a}}', condition: true, mapping: {}, "
             "limits: {max_iteration_count: 3}}\n"
             "  choose: {type: if_else, condition: true, false_block: '${{parent.jobs.a}}'}\n"
             "  each: {type: parallel_for, body: '${{parent.jobs.a}}', items: '[{}]'}\n"
             "  move: {type: data_transfer, task: import_data, source: {type: database}}\n"
             "  get: {type: import, source: {type: azuresqldb}}\n"
             "  ml: {type: automl, task: regression, target_column_name: y}\n"
             "  spark: {type: spark, entry: {file: x.py}, conf: {spark.driver.cores: 1}}\n") == "");
}

TEST_CASE("values through pipeline inputs: what fits is no error") {
  const std::string component =
      "type: command\nname: c\ninputs:\n  n: {type: integer, min: 1, max: 10, default: 2}\n  s: "
      "{type: string, optional: true}\n  d: {type: uri_folder, optional: true}\ncommand: echo "
      "${{inputs.n}} $[[${{inputs.s}}]] $[[${{inputs.d}}]]\nenvironment: azureml:base:1\n";
  CHECK(
      said("type: pipeline\ninputs: {n: 3, s: text, d: {type: uri_folder, path: .}}\njobs:\n  a:\n"
           "    component: ./c.yml\n    inputs:\n      n: ${{parent.inputs.n}}\n      s: "
           "${{parent.inputs.s}}\n      d: ${{parent.inputs.d}}\n  b:\n    component: ./c.yml\n"
           "    inputs: {n: '${{parent.jobs.a.inputs.n}}', s: 12, d: .}\n",
           component) == "");
  // An input that the other step leaves to its default.
  CHECK(said("type: pipeline\njobs:\n  a: {component: ./c.yml}\n  b:\n    component: ./c.yml\n    "
             "inputs: {n: '${{parent.jobs.a.inputs.n}}'}\n",
             component) == "");
}

TEST_CASE("a chain of 10,000 steps is walked without running out of stack") {
  std::string yaml = "type: pipeline\njobs:\n";
  for (int n = 0; n < 10000; ++n) {
    const int from = (n + 9999) % 10000;  // the last one closes the circle
    yaml += "  s" + std::to_string(n) +
            ": {command: 'cat ${{inputs.x}}', environment: 'azureml:b:1', inputs: {x: "
            "'${{parent.jobs.s" +
            std::to_string(from) + ".outputs.o}}'}, outputs: {o: {}}}\n";
  }
  const std::string text = said(yaml);
  CHECK(text.starts_with("error: the steps depend on each other in a circle: s0 -> s1 -> "));
  CHECK(text.find("(9961 more)") != std::string::npos);
}

TEST_CASE("names of inputs in groups, and a step's default output") {
  CHECK(
      said("type: pipeline\ninputs: {group.n: 1}\njobs: {a: {command: 'echo ${{inputs.n}} > "
           "outputs/x', environment: 'azureml:base:1', inputs: {n: '${{parent.inputs.group.n}}'}}, "
           "b: {command: 'ls ${{inputs.d}}', environment: 'azureml:base:1', inputs: {d: "
           "'${{parent.jobs.a.outputs.default}}'}}}\n") == "");
}
