"""The real MLflow in steps: whose run is whose, artifacts, models, and fixtures/mlflow_project.

usage: mlflow_clients_test.py AMLOCAL FIXTURES MAJOR
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from python_with import pythons_with  # noqa: E402

AMLOCAL, FIXTURES, MAJOR = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1)), sys.argv.pop(1)


def version(python):
    text = "import importlib.metadata as m, sys\nfor name in ('mlflow-skinny', 'mlflow'):\n" \
           "    try: print(m.version(name)); break\n    except m.PackageNotFoundError: pass"
    return subprocess.run([python, "-c", text], capture_output=True, text=True).stdout.strip()


PYTHON = next((path for path in pythons_with("mlflow", "sklearn") if version(path).startswith(MAJOR + ".")), None)


class Clients(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "code").mkdir()
        (self.folder / "p.yml").write_text("type: command\nexperiment_name: trees\ncommand: python step.py\n"
                                           "code: code\nenvironment: azureml:x:1\n")
        (self.folder / "amlocal.yml").write_text("environments:\n  x: %s\n  flowers: %s\n" % (PYTHON, PYTHON))

    def amlocal(self, *words):
        done = subprocess.run([AMLOCAL, *words], cwd=self.folder, capture_output=True, text=True, timeout=280)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def step(self, text):
        (self.folder / "code/step.py").write_text("import os, mlflow\nfrom mlflow import MlflowClient\n"
                                                  "own = os.environ['AZUREML_RUN_ID']\n" + text)
        self.amlocal("run", "p.yml", "--name", "r1")
        return json.loads(self.amlocal("runs", "metrics", "r1", "--json"))["runs"]

    def test_whose_run_is_whose(self):
        runs = self.step('''
with mlflow.start_run() as first:
    assert first.info.run_id == own
    mlflow.log_metric("loss", 0.5, step=2)
    with mlflow.start_run(nested=True, run_name="fold 1") as fold:
        mlflow.log_metric("accuracy", 0.75)
client = MlflowClient()
assert client.get_run(own).info.status == "RUNNING"  # end_run's FINISHED completes no step
assert client.get_run(fold.info.run_id).info.status == "FINISHED"
with mlflow.start_run(run_name="mine") as second:
    assert second.info.run_id != own
    mlflow.log_metric("other", 1)
second = client.get_run(second.info.run_id)
assert second.info.status == "FINISHED" and "mlflow.parentRunId" not in second.data.tags
names = [run.info.run_name for run in client.search_runs([os.environ["MLFLOW_EXPERIMENT_ID"]], "metrics.accuracy > 0.5")]
assert names == ["fold 1"], names
''')
        by_name = {run["name"]: run for run in runs}
        self.assertEqual([(m["name"], m["value"], m["step"]) for m in by_name["p"]["metrics"]], [("loss", 0.5, 2)])
        self.assertEqual(by_name["fold 1"]["parent"], by_name["p"]["id"])
        self.assertIn("Completed", self.amlocal("runs", "show", "r1"))

    def test_another_experiment(self):
        # As in a job: the run that was given belongs to the job's experiment.
        self.step('''
mlflow.set_experiment("mine")
try:
    mlflow.start_run()
    raise SystemExit("started")
except mlflow.MlflowException as error:
    assert "does not match" in str(error), error
with mlflow.start_run() as run:
    assert run.info.experiment_id == mlflow.get_experiment_by_name("mine").experiment_id
''')

    def test_artifacts_parameters_and_errors(self):
        self.step('''
mlflow.log_text("deep", "d/e.txt")
mlflow.log_params({"depth": 4})
mlflow.set_tag("who", "me")
assert [file.path for file in MlflowClient().list_artifacts(own, "d")] == ["d/e.txt"]
assert open(mlflow.artifacts.download_artifacts(f"runs:/{own}/d/e.txt")).read() == "deep"
try:
    mlflow.log_param("depth", 5)
    raise SystemExit("changed")
except mlflow.MlflowException as error:
    assert error.error_code == "INVALID_PARAMETER_VALUE", error
try:
    MlflowClient().get_run("nobody")
    raise SystemExit("found")
except mlflow.MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error
mlflow.log_metrics({"nan": float("nan"), "high": float("inf")})
for n in range(20):
    mlflow.log_metric("many", n, step=n)
points = MlflowClient().get_metric_history(own, "many")
assert [point.step for point in points] == list(range(20))
''')
        self.assertEqual((self.folder / ".amlocal/runs/r1/steps/p/artifacts/d/e.txt").read_text(), "deep")

    def test_the_project(self):
        shutil.copytree(FIXTURES / "mlflow_project", self.folder, dirs_exist_ok=True)
        self.amlocal("run", "pipeline.yml", "--name", "r1", "--set", "trials=2")
        runs = {run["name"]: run for run in json.loads(self.amlocal("runs", "metrics", "r1", "--json"))["runs"]}
        score = {metric["name"]: metric["value"] for metric in runs["score"]["metrics"]}
        self.assertEqual(score["same"], 1)
        self.assertEqual([metric["points"] for metric in runs["train"]["metrics"] if metric["name"] == "accuracy"], [2])
        self.assertEqual(runs["trial 1"]["parent"], runs["train"]["id"])
        self.assertIn("training_accuracy_score", {metric["name"] for metric in runs["trial 1"]["metrics"]})
        model = json.loads(self.amlocal("model", "list", "--json"))
        self.assertEqual((model["name"], model["type"], model["run"]), ("flowers", "mlflow_model", runs["train"]["id"]))
        self.assertTrue(os.path.isfile(os.path.join(model["path"], "MLmodel")))


if __name__ == "__main__":
    if PYTHON is None:
        print("needs mlflow: no Python here has version %s of it and scikit-learn (AMLOCAL_TEST_PYTHONS names one)" % MAJOR)
        sys.exit(77)
    unittest.main()
