"""amlocal export: a definition in Python as v2 YAML files that run, and that azure-ai-ml takes.

usage: export_test.py AMLOCAL
"""
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402
from python_with import python_with  # noqa: E402

V2_PYTHON = python_with("azure.ai.ml", "azure.identity")
VALIDATE = """
import sys
from azure.ai.ml import load_job
result = load_job(sys.argv[1])._validate()
print(result.error_messages)
sys.exit(not result.passed)
"""
STORE = ".amlocal/datastores/workspaceblobstore/ferry"


class Export(Project):
    def export(self, script, *words, status=0):
        return self.call("export", script, "--to", "out", *words, status=status)

    def outputs(self):
        """The bytes of what the ferry project makes, by name."""
        fitted = max((self.folder / STORE / "fitted").glob("*/ferry.json"), key=lambda path: path.stat().st_mtime_ns)
        clean = max((self.folder / ".amlocal/datastores/workspaceblobstore/azureml").glob("*/clean/crossings.csv"),
                    key=lambda path: path.stat().st_mtime_ns)
        report = self.folder / STORE / "report/report.txt"
        return {path.name: path.read_bytes() for path in (fitted, clean, report)}

    def test_the_v1_project_gives_the_same_bytes(self):
        self.take("v1_project")
        self.call("run", "pipeline.py")
        as_v1 = self.outputs()
        out = self.export("pipeline.py")
        self.assertIn("out/pipeline.yml\n", out)
        self.assertIn("note: prepare_crossings.clean: PipelineData's folder is there before", out)
        self.assertIn("ferry-crossings:1", (self.folder / "out/no-counterpart.md").read_text())
        self.assertNotIn("v1:", (self.folder / "out/pipeline.yml").read_text())
        self.assertNotIn(str(self.folder), (self.folder / "out/components/fit.yml").read_text())
        (self.folder / STORE / "report/report.txt").unlink()
        self.assertIn("valid", self.call("validate", "out/pipeline.yml"))
        self.call("run", "out/pipeline.yml", "--name", "exported")
        self.assertEqual(self.outputs(), as_v1)
        # And it is the exported run that made them: another value of the parameter changes them.
        self.call("run", "out/pipeline.yml", "--set", "inputs.calm=1")
        self.assertNotEqual(self.outputs()["crossings.csv"], as_v1["crossings.csv"])

    def test_every_submission_is_exported(self):
        self.write("s.py", "print('hello')\n")
        self.write("p.py", """
from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.core.runconfig import RunConfiguration
from azureml.pipeline.core import Pipeline
from azureml.pipeline.steps import PythonScriptStep
ws = Workspace.from_config()
experiment = Experiment(ws, "e")
def pipeline(name):
    return Pipeline(ws, steps=[PythonScriptStep("s.py", name=name, source_directory=".", runconfig=RunConfiguration(),
                                                params={"only_v1": 1})])
first = experiment.submit(pipeline("one"), tags={"k": "v"})
print("SAID", first.wait_for_completion(show_output=True), first.get_status())
second = pipeline("two").submit("other")
second.wait_for_completion(show_output=False)
third = experiment.submit(ScriptRunConfig(".", "s.py"))
third.wait_for_completion(show_output=True)
print("SAID", third.get_details()["status"])
print("STEPS", [step.id for step in second.get_steps()])
print("NEVER")
""")
        out = self.export("p.py")
        for place, name in (("", "one"), ("2/", "two"), ("3/", "components/script.yml")):
            self.assertIn("out/%spipeline.yml\n" % place, out)
            self.assertIn(name, (self.folder / "out" / place / "pipeline.yml").read_text())
            self.assertTrue((self.folder / "out" / place / "no-counterpart.md").is_file())
            self.call("run", "out/%spipeline.yml" % place)
        self.assertIn("SAID Finished Finished\n", out)
        self.assertIn("SAID Completed\n", out)
        self.assertIn("the script asks for the children of a run, and it was exported, not run: it ends here\n", out)
        self.assertNotIn("NEVER", out)
        self.assertFalse((self.folder / "out/4").exists())

    @unittest.skipUnless(V2_PYTHON, "needs azure-ai-ml")
    def test_azure_ai_ml_takes_the_v1_project(self):
        self.take("v1_project")
        self.export("pipeline.py")
        done = subprocess.run([V2_PYTHON, "-c", VALIDATE, "out/pipeline.yml"], cwd=self.folder, capture_output=True,
                              text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipUnless(V2_PYTHON, "needs azure-ai-ml")
    def test_a_v2_definition_becomes_one_file(self):
        self.take("v2_python")
        self.write("amlocal.yml", f"environments:\n  default: {V2_PYTHON}\n")
        self.export("pipeline.py", "--", "--warm", "12")
        text = (self.folder / "out/pipeline.yml").read_text()
        self.assertIn("code: ../src\n", text)
        self.assertNotIn(str(self.folder), text)
        self.call("run", "out/pipeline.yml")
        self.assertFalse((self.folder / "result").exists())

    def test_order_without_data_and_what_is_lost(self):
        self.write("steps/s.py", "import sys; print(sys.argv[1:])\n")
        self.write("p.py", """
from azureml.core import Workspace, Experiment
from azureml.data import OutputFileDatasetConfig
from azureml.pipeline.core import Pipeline
from azureml.pipeline.steps import PythonScriptStep
ws = Workspace.from_config()
out = OutputFileDatasetConfig("made").as_upload(source_globs=["*.csv"])
first = PythonScriptStep("s.py", name="first", arguments=["--made", out], compute_target="local", source_directory="steps")
then = PythonScriptStep("s.py", name="then", compute_target="local", source_directory="steps")
then.run_after(first)
Experiment(ws, "e").submit(Pipeline(ws, [first, then]))
print("reached")
""")
        out = self.export("p.py")
        self.assertIn("\nreached\n", out)
        self.assertIn('first.made: source_globs ["*.csv"] is lost', out)
        self.assertIn("first.made: overwrite=False is lost", out)
        self.assertIn("then: run_after(first) became an input", out)
        self.assertIn("settings.default_compute", out)
        self.call("run", "out/pipeline.yml", "--name", "r")
        plan = self.call("run", "out/pipeline.yml", "--until", "then", "--dry-run")
        self.assertLess(plan.index("first"), plan.index("then"))

    def test_mistakes(self):
        self.write("p.py", "print('no pipeline here')\n")
        self.export("p.py", status=1)
        self.assertIn("submitted nothing", self.err)
        self.assertFalse((self.folder / "out").exists())
        self.write("bad.py", "1 / 0\n")
        self.export("bad.py", status=1)
        self.assertIn("ZeroDivisionError", self.err)
        self.write("out/mine.txt", "")
        self.export("p.py", status=1)
        self.assertIn("is not empty", self.err)
        self.call("export", "p.py", status=2)
        self.assertIn("amlocal export p.py --to FOLDER", self.err)
        self.call("export", "p.txt", "--to", "x", status=2)
        self.assertIn("p.txt is no Python script and no YAML file", self.err)
        self.call("export", "p.yml", "--to", "x", status=1)
        self.assertIn("p.yml has errors; nothing was exported", self.err)


if __name__ == "__main__":
    sys.argv[1:2] = []
    unittest.main()
