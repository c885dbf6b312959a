#!/usr/bin/env python3
"""What amlocal prints as JSON against docs/schemas.

    json_test.py AMLOCAL
"""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schemas"


def closed(schema):
    """The schema with no member allowed that it does not describe: output that nobody described
    must not pass."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        result["additionalProperties"] = False
    return result


class Json(Project):
    def check(self, name, text):
        schema = json.loads((SCHEMAS / f"{name}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        value = json.loads(text)
        validator = jsonschema.Draft202012Validator(closed(schema))
        problems = [f"{'/'.join(map(str, error.path))}: {error.message}"
                    for error in validator.iter_errors(value)]
        self.assertEqual(problems, [], text)
        return value

    def test_runs(self):
        self.take("failing")
        events = self.call("run", "exception.yml", "--name", "bad", "--json", status=1)
        for line in events.splitlines():
            self.check("events", line)
        self.take("first-step")
        self.call("run", "job.yml", "--name", "good")
        self.call("run", "job.yml", "--name", "again", "--resume", "good")
        lines = self.call("runs", "list", "--json").splitlines()
        runs = {run["run"]: run for run in (self.check("run", line) for line in lines)}
        self.assertEqual({name: run["status"] for name, run in runs.items()},
                         {"bad": "Failed", "good": "Completed", "again": "Completed"})
        shown = self.check("run", self.call("runs", "show", "bad", "--json"))
        self.assertTrue(any("error" in step for step in shown["steps"]), shown)
        again = self.check("run", self.call("runs", "show", "again", "--json"))
        self.assertEqual(again["steps"][0]["from_run"], "good")

    def test_metrics(self):
        self.take("first-step")
        self.write("src/log.py", "from azureml.core import Run\nrun = Run.get_context()\n"
                   "run.log('loss', 0.5, step=1)\nrun.log('odd', float('nan'))\nrun.log_row('r', a=1)\nrun.flush()\n")
        self.write("log.yml", "type: command\ncommand: python log.py\ncode: src\nenvironment: azureml:e:1\n")
        self.call("run", "log.yml", "--name", "r1")
        found = self.check("metrics", self.call("runs", "metrics", "r1", "--json"))
        self.assertEqual([run["name"] for run in found["runs"]], ["r1", "log"])
        values = {one["name"]: (one["value"], one["step"], one["points"]) for one in found["runs"][1]["metrics"]}
        self.assertEqual(values, {"loss": (0.5, 1, 1), "odd": ("NaN", None, 1), "r": ({"a": 1}, None, 1)})

    def test_models(self):
        self.write("tree.pkl", "x")
        self.call("model", "register", "tree", "--path", "tree.pkl", "--tag", "a=b")
        self.call("model", "register", "tree", "--path", "tree.pkl")
        lines = self.call("model", "list", "--json").splitlines()
        self.assertEqual([self.check("model", line)["version"] for line in lines], ["1", "2"])
        shown = self.check("model", self.call("model", "show", "tree", "--version", "1", "--json"))
        self.assertEqual((shown["tags"], pathlib.Path(shown["path"]).read_text()), ({"a": "b"}, "x"))

    def test_a_dry_run(self):
        self.take("first-step")
        plan = self.check("dry-run", self.call("run", "job.yml", "--dry-run", "--json"))
        self.assertEqual([step["action"] for step in plan["steps"]], ["run"])
        self.call("run", "job.yml", "--name", "good")
        plan = self.check("dry-run", self.call("run", "job.yml", "--dry-run", "--json",
                                               "--resume", "good"))
        self.assertEqual([(step["action"], step["from_run"]) for step in plan["steps"]],
                         [("keep", "good")])

    def test_diagnostics(self):
        self.write("bad.yml", "type: command\ncomand: x\nenvironment: azureml:e:1\n")
        found = self.check("validate", self.call("validate", "bad.yml", "--json", status=1))
        self.assertFalse(found["ok"])
        self.assertEqual(found["errors"],
                         len([d for d in found["diagnostics"] if d["severity"] == "error"]))
        self.assertIn(("bad.yml", 2, 1), [(d["file"], d["line"], d["column"])
                                          for d in found["diagnostics"]])
        self.take("first-step")
        self.assertTrue(self.check("validate", self.call("validate", "job.yml", "--json"))["ok"])

    def test_doctor(self):
        self.take("first-step")
        good = self.check("doctor", self.call("doctor", "job.yml", "--json"))
        self.assertTrue(good["ok"])
        self.write("bad.yml", "type: command\ncommand: x\nenvironment: azureml:e:1\ncode: ./gone\n")
        bad = self.check("doctor", self.call("doctor", "bad.yml", "--json", status=1))
        self.assertFalse(bad["ok"])
        self.assertIn("bad.yml:4:7", [check["what"] for check in bad["checks"]])


if __name__ == "__main__":
    try:
        import jsonschema
    except ImportError:
        print("cannot run here: there is no python3-jsonschema")
        sys.exit(77)  # meson: skipped
    unittest.main(argv=sys.argv[:1])
