"""Submission: a Pipeline and a ScriptRunConfig run through the real amlocal, and their runs are looked at."""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

from support import ROOT, RunTest

PREPARE = """
import argparse, os
parser = argparse.ArgumentParser()
for name in ("--raw", "--clean", "--times"):
    parser.add_argument(name)
args = parser.parse_args()
print("preparing", args.times)
os.makedirs(args.clean, exist_ok=True)
with open(args.raw) as source, open(os.path.join(args.clean, "rows.csv"), "w") as target:
    target.write(source.read() * int(args.times))
"""
TRAIN = """
import sys, os
print("training on", len(open(os.path.join(sys.argv[1], "rows.csv")).readlines()), "rows")
with open(os.path.join(sys.argv[2], "model.txt"), "w") as file:
    file.write("a model")
"""


class Submission(RunTest):
    def pipeline(self, **named):
        from azureml.data import OutputFileDatasetConfig
        from azureml.data.data_reference import DataReference
        from azureml.pipeline.core import Pipeline, PipelineData, PipelineParameter

        self.put("in/raw.csv", "1,2\n3,4\n")
        self.write("src/prepare.py", PREPARE)
        self.write("src/train.py", TRAIN)
        raw = DataReference(self.datastore, "raw", "in/raw.csv")
        clean = PipelineData("clean", self.datastore, pipeline_output_name="cleaned")
        times = PipelineParameter("times", 2)
        prepare = self.step(
            "prepare.py", ["--raw", raw, "--clean", clean, "--times", times], name="Prepare", inputs=[raw], outputs=[clean]
        )
        model = OutputFileDatasetConfig("model", destination=(self.datastore, "models/{run-id}"))
        train = self.step("train.py", [clean, model], name="Train", inputs=[clean])
        return Pipeline(self.workspace, [train], **named)

    def submit(self, pipeline, **named):
        from azureml.core import Experiment

        return self.printed(Experiment(self.workspace, "exp").submit, pipeline, **named)

    def test_a_pipeline(self):
        run, printed = self.submit(self.pipeline(), pipeline_parameters={"times": 3}, tags={"who": "me"})
        identity = re.escape(run.id)
        self.assertRegex(
            printed,
            r"^Created step Prepare \[[0-9a-f]{8}\]\[[0-9a-f]{8}\], \(This step is eligible to reuse a previous run's output\)\n"
            r"Created step Train \[[0-9a-f]{8}\]\[[0-9a-f]{8}\], \(This step is eligible to reuse a previous run's output\)\n"
            r"Submitted PipelineRun " + identity + r"\nLink to Azure Machine Learning Portal: .+\n$",
        )
        status, shown = self.printed(run.wait_for_completion, show_output=True)
        self.assertEqual((status, run.get_status()), ("Finished", "Finished"))
        self.assertEqual(run.get_tags(), {"who": "me"})
        for line in (
            "PipelineRunId: " + run.id, "StepRun( Prepare ) Status: Running", "preparing 3", "StepRun(Prepare) Execution Summary",
            "StepRun( Prepare ) Status: Finished", "training on 6 rows", "PipelineRun Execution Summary",
            "PipelineRun Status: Finished",
        ):
            self.assertIn(line + "\n", shown)
        self.assertLess(shown.index("preparing 3"), shown.index("training on 6 rows"))
        with open(os.path.join(self.folder, ".amlocal", "definitions", run.id, "pipeline.json")) as file:
            job = json.load(file)
        self.assertEqual((job["tags"], job["experiment_name"], job["inputs"]), ({"who": "me"}, "exp", {"times": 3}))

    def test_steps_and_their_data(self):
        run, _ = self.submit(self.pipeline())
        self.printed(run.wait_for_completion, show_output=False)
        steps = run.get_steps()
        self.assertEqual(iter(steps), steps)  # a generator, not a list
        self.assertEqual(sorted(step.name for step in steps), ["Prepare", "Train"])
        found = run.find_step_run("Train")
        self.assertEqual([step.get_status() for step in found], ["Finished"])
        self.assertEqual(found[0].get_stdout_log(), "training on 4 rows\n")
        self.assertEqual(run.find_step_run("nobody"), [])
        self.assertEqual(list(found[0].get_outputs()), ["model"])
        data = found[0].get_output_data("model")
        self.assertEqual((data.datastore_name, data.path_on_datastore), ("workspaceblobstore", "models/" + found[0].id))
        self.printed(data.download, "here")
        with open(os.path.join("here", data.path_on_datastore, "model.txt")) as file:
            self.assertEqual(file.read(), "a model")
        self.assertEqual(
            self.message(ValueError, found[0].get_output, "nothing"), "Output with name nothing does not exist; there are: model"
        )
        cleaned = run.get_pipeline_output("cleaned")
        self.assertTrue(cleaned.path_on_datastore.endswith("/clean"), cleaned.path_on_datastore)
        self.message(ValueError, run.get_pipeline_output, "nothing")
        self.assertEqual(
            self.message(NotImplementedError, run.complete), "Complete is unsupported for Pipeline run."
        )

    def test_a_step_that_fails(self):
        from azureml.exceptions import ActivityFailedException

        pipeline = self.pipeline()
        self.write("src/prepare.py", "print('before')\nraise KeyError('fare')\n")
        run, _ = self.submit(pipeline)
        message = self.message(ActivityFailedException, lambda: self.printed(run.wait_for_completion))
        self.assertTrue(message.startswith("Activity Failed:\n"), message)
        self.assertIn("User program failed with KeyError: 'fare'", message)
        status, shown = self.printed(run.wait_for_completion, raise_on_error=False)
        self.assertEqual(status, "Failed")
        self.assertIn("StepRun( Prepare ) Status: Failed", shown)
        self.assertIn("StepRun( Train ) Status: ", shown)

    def test_what_amlocal_refuses_is_said_at_submission(self):
        from azureml.exceptions import ExperimentExecutionException

        pipeline = self.pipeline(default_datastore=None)
        os.unlink(os.path.join(self.state.datastores["workspaceblobstore"], "in", "raw.csv"))
        os.rename("src", "moved")
        message = self.message(ExperimentExecutionException, self.submit, pipeline)
        self.assertIn("src", message)
        self.assertIn("error", message)

    def test_cancel_and_timeout(self):
        pipeline = self.pipeline()
        self.write("src/prepare.py", "import time\nprint('begun', flush=True)\ntime.sleep(60)\n")
        run, _ = self.submit(pipeline)
        status, shown = self.printed(run.wait_for_completion, timeout_seconds=1)
        self.assertIn(status, ("Running", "NotStarted"))
        self.assertIn("Timed out of waiting. Elapsed time: ", shown)
        run.cancel()
        self.assertEqual(run.get_status(), "Canceled")

    def test_a_script_alone(self):
        from azureml.core import Experiment, ScriptRunConfig

        self.write("src/work.py", "import sys\nfrom azureml.core import Run\nprint('working', sys.argv[1:])\nRun.get_context().log('n', 3)\n")
        config = ScriptRunConfig("src", "work.py", ["--n", 3, "a b"], compute_target="cpu")
        run = Experiment(self.workspace, "exp").submit(config, tags={"k": "v"})
        self.assertEqual(type(run).__name__, "ScriptRun")
        details, shown = self.printed(run.wait_for_completion, show_output=True)
        self.assertEqual((details["status"], run.get_tags()), ("Completed", {"k": "v"}))
        self.assertEqual(shown.count("working ['--n', '3', 'a b']\n"), 1, shown)
        self.assertEqual(run.get_metrics(), {"n": 3})
        self.assertEqual(list(run.get_children()), [])

    def test_a_sweep(self):
        from azureml.core import Experiment, ScriptRunConfig
        from azureml.train.hyperdrive import GridParameterSampling, HyperDriveConfig, PrimaryMetricGoal, choice

        self.write(
            "src/work.py",
            "import argparse\nfrom azureml.core import Run\nparser = argparse.ArgumentParser()\n"
            "parser.add_argument('--rate', type=float)\nparser.add_argument('--fixed')\nargs = parser.parse_args()\n"
            "Run.get_context().log('score', 10 - (args.rate - 2) ** 2)\n",
        )
        config = HyperDriveConfig(
            GridParameterSampling({"rate": choice(1, 2, 3)}), "score", PrimaryMetricGoal.MAXIMIZE, 3, 2,
            run_config=ScriptRunConfig("src", "work.py", ["--fixed", "x"], compute_target="cpu"),
        )
        run = Experiment(self.workspace, "exp").submit(config)
        self.assertEqual(run.wait_for_completion()["status"], "Completed")
        best = run.get_best_run_by_primary_metric()
        self.assertEqual(best.get_metrics(), {"score": 10.0})
        rows = run.get_children_sorted_by_primary_metric()
        self.assertEqual([row["best_primary_metric"] for row in rows], [10.0, 9.0, 9.0])

    def test_a_sweep_as_a_step(self):
        from azureml.core import ScriptRunConfig
        from azureml.pipeline.core import Pipeline, PipelineData
        from azureml.pipeline.steps import HyperDriveStep, HyperDriveStepRun
        from azureml.train.hyperdrive import GridParameterSampling, HyperDriveConfig, PrimaryMetricGoal, choice

        self.write(
            "src/work.py",
            "import os, sys\nfrom azureml.core import Run\nout, rate = sys.argv[2], float(sys.argv[4])\nos.makedirs(out)\n"
            "with open(os.path.join(out, 'rate'), 'w') as file:\n    file.write(str(rate))\n"
            "Run.get_context().log('score', 10 - (rate - 2) ** 2)\n",
        )
        self.write("src/use.py", "import os, sys\nprint(open(os.path.join(sys.argv[1], 'rate')).read())\n")
        config = HyperDriveConfig(
            GridParameterSampling({"rate": choice(1, 2, 3)}), "score", PrimaryMetricGoal.MAXIMIZE, 3, 2,
            run_config=ScriptRunConfig("src", "work.py", compute_target="cpu"),
        )
        best = PipelineData("best", self.datastore)
        tune = HyperDriveStep("tune", config, ["--out", best], outputs=[best])
        use = self.step("use.py", [best], name="use", inputs=[best])
        run, _ = self.submit(Pipeline(self.workspace, [tune, use]))
        self.printed(run.wait_for_completion)
        self.assertEqual(run.find_step_run("use")[0].get_stdout_log(), "2.0\n")
        trials = HyperDriveStepRun(run.find_step_run("tune")[0]).get_children_sorted_by_primary_metric()
        self.assertEqual([row["best_primary_metric"] for row in trials], [10.0, 9.0, 9.0])

    def test_what_a_step_takes_as_datasets(self):
        from azureml.core import Dataset
        from azureml.data import OutputFileDatasetConfig
        from azureml.pipeline.core import Pipeline, PipelineData

        self.put("in/a.csv", "x\n1\n")
        self.write("src/make.py", "import os, sys\nos.makedirs(sys.argv[1])\nfor folder in sys.argv[1:]:\n"
                   "    for name in ('a.csv', 'b.txt'):\n        open(os.path.join(folder, name), 'w').close()\n")
        self.write(
            "src/use.py",
            "from azureml.core import Run\ndata = Run.get_context().input_datasets\n"
            "for name in sorted(data):\n    found = data[name]\n"
            "    print(name, found if isinstance(found, str) else [each.relative for each in found._files()])\n",
        )
        files, written = PipelineData("files", self.datastore).as_dataset(), OutputFileDatasetConfig("written")
        make = self.step("make.py", [files._pipeline_data, written], name="make", outputs=[files, written])
        kept = Dataset.File.from_files((self.datastore, "in")).as_named_input("kept")
        use = self.step(
            "use.py", name="use",
            inputs=[
                kept, files.as_named_input("direct").as_direct(), files.parse_delimited_files().as_named_input("table"),
                written.read_delimited_files(path_glob="*.txt").as_input("text"),
            ],
        )
        run, _ = self.submit(Pipeline(self.workspace, [make, use]))
        self.printed(run.wait_for_completion)
        self.assertEqual(
            run.find_step_run("use")[0].get_stdout_log(),
            "direct ['/a.csv', '/b.txt']\nkept ['/a.csv']\ntable ['/a.csv']\ntext ['/b.txt']\n",
        )

    def test_a_circle(self):
        from azureml.exceptions import ExperimentExecutionException
        from azureml.pipeline.core import Pipeline

        a, b = self.step(name="a"), self.step(name="b")
        a.run_after(b)
        b.run_after(a)
        message = self.message(ExperimentExecutionException, self.submit, Pipeline(self.workspace, [a, b]))
        self.assertIn("the steps depend on each other in a circle: b -> a -> b", message)

    def test_an_estimator(self):
        from azureml.core import Experiment
        from azureml.train.estimator import Estimator

        self.write("src/work.py", "print('estimated')\n")
        made = Estimator("src", compute_target="cpu", entry_script="work.py")
        self.assertEqual(Experiment(self.workspace, "exp").submit(made).wait_for_completion()["status"], "Completed")

    def test_what_cannot_be_submitted(self):
        from azureml.exceptions import ExperimentExecutionException

        self.assertIn("int cannot be submitted. Give a Pipeline,", self.message(ExperimentExecutionException, self.submit, 5))


class Scripts(RunTest):
    """A whole script, as `python pipeline.py` runs it."""

    SCRIPT = """
from azureml.core import Experiment, Workspace
from azureml.pipeline.core import Pipeline
from azureml.pipeline.steps import PythonScriptStep
ws = Workspace.from_config()
run = Experiment(ws, "exp").submit(Pipeline(ws, [PythonScriptStep("work.py", compute_target="cpu", source_directory="src")]))
print("submitted", flush=True)
"""

    def start(self, work):
        self.write("src/work.py", work)
        self.write("pipeline.py", self.SCRIPT)
        environment = dict(os.environ, PYTHONPATH=os.path.join(ROOT, "src", "step", "python"))
        child = subprocess.Popen(
            [sys.executable, "pipeline.py"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        timer = threading.Timer(90, child.kill)
        timer.start()
        self.addCleanup(timer.cancel)
        return child

    def test_a_script_waits_for_what_it_submitted(self):
        child = self.start("import time\ntime.sleep(0.5)\nopen({!r}, 'w').close()\n".format(os.path.join(self.folder, "done")))
        out, err = child.communicate()
        self.assertEqual(child.returncode, 0, err)
        self.assertTrue(os.path.exists("done"))
        self.assertRegex(err, r"waiting for [0-9a-f-]+ \(Ctrl-C stops it\)\n[0-9a-f-]+: Completed\n")

    def test_ctrl_c_stops_its_runs(self):
        child = self.start("import os, time\nopen({!r}, 'w').close()\ntime.sleep(60)\n".format(os.path.join(self.folder, "begun")))
        deadline = time.monotonic() + 60
        while not os.path.exists("begun") and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertTrue(os.path.exists("begun"))
        while "submitted" not in child.stdout.readline():
            pass
        child.send_signal(signal.SIGINT)
        child.communicate()
        from azureml.core import Experiment

        self.assertEqual([run.get_status() for run in Experiment(self.workspace, "exp").get_runs()], ["Canceled"])


if __name__ == "__main__":
    unittest.main()
