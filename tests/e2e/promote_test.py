"""The ladder: rungs are earned by runs, lost by exactly the changes that matter, and come back when those are undone.

usage: promote_test.py AMLOCAL
"""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402
from python_with import python_with  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "house"))
from schemas import fits  # noqa: E402

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[2] / "docs/schemas/promote.json").read_text())

V2_PYTHON = python_with("azure.ai.ml", "azure.identity")

PIPELINE = """type: pipeline
settings: {default_compute: azureml:cpu}
jobs:
  make:
    type: command
    component: components/make.yml
  count:
    type: command
    component: components/count.yml
    inputs: {rows: "${{parent.jobs.make.outputs.rows}}"}
"""
MAKE = """name: make
type: command
code: ../make
environment: azureml:env:1
outputs: {rows: {type: uri_folder}}
command: python make.py ${{outputs.rows}}
"""
COUNT = """name: count
type: command
code: ../count
environment: azureml:env:1
inputs: {rows: {type: uri_folder}}
outputs: {sum: {type: uri_file}}
command: python count.py ${{inputs.rows}} ${{outputs.sum}}
"""
MAKE_PY = """import pathlib, sys
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
(folder / "rows.csv").write_text("a,b\\n1,2\\n3,4\\n")
"""
COUNT_PY = """import pathlib, sys
rows = (pathlib.Path(sys.argv[1]) / "rows.csv").read_text().splitlines()
pathlib.Path(sys.argv[2]).write_text(str(len(rows) - 1))
"""
TESTS = """pipeline: pipeline.yml#count
cases:
  two rows:
    inputs: {rows: {files: {rows.csv: "a,b\\n1,2\\n3,4\\n"}}}
    expect: {outputs: {sum: {text: "2"}}}
"""
MOCK = "for: make.rows\npath: rows\n"


class Promote(Project):
    def setUp(self):
        super().setUp()
        self.write("pipeline.yml", PIPELINE)
        self.write("components/make.yml", MAKE)
        self.write("components/count.yml", COUNT)
        self.write("make/make.py", MAKE_PY)
        self.write("count/count.py", COUNT_PY)
        self.write("count.steptest.yml", TESTS)
        self.write("mocks/rows.mock.yml", MOCK)
        self.write("mocks/rows/rows.csv", "a,b\n5,6\n")

    def table(self):
        rows = json.loads(self.call("promote", "pipeline.yml", "--json"))
        self.assertEqual(fits(rows, SCHEMA, SCHEMA), "")
        return {row["step"]: row for row in rows}

    def rung(self, step="count"):
        return self.table()[step]["rung"]

    def lost(self, rung):
        return {each["rung"]: each["lost"] for each in self.table()["count"]["rungs"]}[rung]

    def climb(self, to="pipeline"):
        return self.call("promote", "pipeline.yml#count", "--to", to)

    def runs(self):
        return len(json.loads("[" + ",".join(self.call("runs", "list", "--json").splitlines()) + "]"))

    def test_each_rung_is_earned_by_what_it_takes(self):
        self.assertIsNone(self.rung())
        self.assertIn("count: isolated earned (1 test)\n", self.call("promote", "pipeline.yml#count"))
        self.assertIn("count: single-step earned (with rows from mocks/rows.mock.yml)\n",
                      self.call("promote", "pipeline.yml#count"))
        self.assertEqual(self.rung(), "single-step")
        out = self.call("promote", "pipeline.yml#count")
        self.assertIn("count: the whole pipeline: no completed run has the step as it is today\n", out)
        self.assertRegex(out, r"count: pipeline earned \(run \w+\)")
        self.assertEqual(self.rung(), "pipeline")

    def test_a_changed_line_is_named_and_undoing_it_gives_the_rungs_back_without_a_run(self):
        self.climb()
        before = self.runs()
        self.write("count/count.py", COUNT_PY.replace("- 1", "- 2"))
        self.assertIsNone(self.rung())
        self.assertEqual(self.lost("isolated"), [
            "code: count.py:3 changed: 'pathlib.Path(sys.argv[2]).write_text(str(len(rows) - 2))', "
            "was 'pathlib.Path(sys.argv[2]).write_text(str(len(rows) - 1))'"])
        self.assertIn("count: not isolated: test failed: two rows", self.call("promote", "pipeline.yml#count", status=1))
        self.write("count/count.py", COUNT_PY)
        self.assertEqual(self.rung(), "pipeline")
        self.assertEqual(self.runs(), before)

    def test_a_mock_costs_the_first_two_and_what_stands_on_them(self):
        self.climb()
        self.write("mocks/rows/rows.csv", "a,b\n7,8\n")
        self.assertIsNone(self.rung())
        self.assertEqual(self.lost("isolated"), ["mock rows changed"])
        self.assertEqual(self.lost("pipeline"), [])

    def test_a_neighbour_s_contract_costs_the_pipeline_rung_and_a_drifted_mock_refuses_it(self):
        self.climb()
        self.write("make/make.py", MAKE_PY.replace("a,b\\n1,2\\n3,4", "a\\n1\\n3"))
        self.call("run", "pipeline.yml")
        self.assertEqual(self.rung(), "single-step")
        self.assertEqual(self.lost("pipeline"), [
            "neighbour make.rows: uri_folder: rows.csv delimited text (a int64), was "
            "uri_folder: rows.csv delimited text (a int64, b int64)"])
        out = self.call("promote", "pipeline.yml#count", "--to", "pipeline", status=1)
        self.assertIn("count: not pipeline: rows.csv: your mock has 2 columns, make wrote 1 (-b)", out)

    def test_a_step_without_tests_is_told_how_to_get_one(self):
        self.assertIn("make: not isolated: it has no step test: amlocal test new pipeline.yml#make --from-run @last",
                      self.call("promote", "pipeline.yml#make", status=1))

    def test_what_is_asked_wrongly(self):
        self.call("promote", "pipeline.yml#cuont", status=2)
        self.assertIn("did you mean 'count'?", self.err)
        self.call("promote", "pipeline.yml#count", "--to", "singlestep", status=2)
        self.assertIn("--to singlestep: there is no such rung\n  hint: did you mean 'single-step'?", self.err)
        self.call("promote", "pipeline.yml", "--to", "export", status=2)
        self.assertIn("amlocal promote pipeline.yml#STEP --to export, or --all for every step", self.err)

    def test_the_whole_table_for_people(self):
        self.climb()
        lines = self.call("promote", "pipeline.yml").splitlines()
        self.assertEqual(lines[0].split(), ["STEP", "RUNG", "TESTS", "MOCKS", "LAST", "FAILURE"])
        self.assertEqual(lines[1].split(), ["make", "-", "-", "-"])
        self.assertEqual(lines[2].split(), ["count", "pipeline", "1", "test", "like", "the", "real", "data"])

    def test_a_python_without_the_sdk_is_named(self):
        self.climb()
        self.call("promote", "pipeline.yml#count", status=1, AMLOCAL_AZURE_AI_ML="/bin/false")
        self.assertIn("/bin/false cannot load the job with azure-ai-ml", self.err)

    @unittest.skipUnless(V2_PYTHON, "needs azure-ai-ml")
    def test_the_last_rung_is_what_azure_ai_ml_loads(self):
        self.environment["AMLOCAL_AZURE_AI_ML"] = V2_PYTHON
        self.assertRegex(self.climb("export"), r"count: exported earned \(azure-ai-ml [\d.]+\)")
        self.assertEqual(self.rung(), "exported")
        self.write("pipeline.yml", PIPELINE + "    display_name: other words\n")
        self.assertEqual(self.rung(), "pipeline")
        self.assertEqual(self.lost("exported"), ["definition pipeline.yml changed"])
        self.assertIn("azure-ai-ml", self.call("export", "pipeline.yml", "--to", "out", "--validate"))
        self.call("validate", "out/pipeline.yml")

    @unittest.skipUnless(V2_PYTHON, "needs azure-ai-ml")
    def test_a_step_that_logs_in_does_not_go_out(self):
        self.environment["AMLOCAL_AZURE_AI_ML"] = V2_PYTHON
        self.write("count/count.py", COUNT_PY + "def later():\n    from azureml.core import Workspace\n"
                   "    return Workspace.from_config()\n")
        out = self.call("promote", "pipeline.yml#count", "--to", "export", status=1)
        self.assertIn("count: not exported: count.py:6 calls Workspace.from_config(…): in the cloud that asks for a login",
                      out)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
