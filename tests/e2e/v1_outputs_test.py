"""What v1 definitions say of their outputs beside where they go: how a registered one is read, the metrics of a sweep.

usage: v1_outputs_test.py AMLOCAL
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

AMLOCAL = sys.argv.pop(1)

HEAD = """
import os
from azureml.core import Dataset, Experiment, Workspace
from azureml.core.runconfig import RunConfiguration
from azureml.data import OutputFileDatasetConfig
from azureml.pipeline.core import Pipeline, PipelineData
from azureml.pipeline.steps import HyperDriveStep, PythonScriptStep
ws = Workspace.from_config()

def run(*steps):
    made = Experiment(ws, "e").submit(Pipeline(ws, steps=list(steps)))
    made.wait_for_completion()
    return made

def step(script, *arguments):
    open("step.py", "w").write("import os, sys\\n" + script)
    return PythonScriptStep("step.py", name="step", arguments=list(arguments), source_directory=".", runconfig=RunConfiguration())
"""

TABLE = """
out = OutputFileDatasetConfig("made").as_upload(overwrite=True).read_delimited_files(separator=";")
out = out.register_on_complete("prices", description="of things", tags={"by": "me"})
WRITE = "open(os.path.join(sys.argv[1], 'p.csv'), 'w').write('thing;price\\\\n' + sys.argv[2])"
run(step(WRITE, out, "a;1"))
data = Dataset.get_by_name(ws, "prices")
print(type(data).__name__, data.version, data.description, data.tags, data.name)
plain = OutputFileDatasetConfig("made").register_on_complete("files", description="as files")
run(step(WRITE, plain, "b;2"))
files = Dataset.get_by_name(ws, "files")
print(type(files).__name__, files.description, files.tags, [os.path.basename(path) for path in files.to_path()])
bare = OutputFileDatasetConfig("made").register_on_complete("bare")
run(step(WRITE, bare, "c;3"))
print(type(Dataset.get_by_name(ws, "bare")).__name__, Dataset.get_by_name(ws, "bare").description)
# Of each version what it was registered with.
run(step(WRITE, OutputFileDatasetConfig("made").register_on_complete("prices"), "d;4"))
print(type(Dataset.get_by_name(ws, "prices")).__name__, type(Dataset.get_by_name(ws, "prices", version=1)).__name__)
"""

SWEEP = """
from azureml.core import ScriptRunConfig
from azureml.pipeline.core import TrainingOutput
from azureml.train.hyperdrive import GridParameterSampling, HyperDriveConfig, PrimaryMetricGoal, choice
open("trial.py", "w").write(
    "import sys\\nfrom azureml.core import Run\\nrun = Run.get_context()\\n"
    "n = int(sys.argv[sys.argv.index('--n') + 1])\\nrun.log('score', n / 4)\\nrun.log('n', n)\\nrun.log('n', n + 1)\\n")
config = HyperDriveConfig(
    run_config=ScriptRunConfig(source_directory=".", script="trial.py"),
    hyperparameter_sampling=GridParameterSampling({"--n": choice(1, 2)}), primary_metric_name="score",
    primary_metric_goal=PrimaryMetricGoal.MAXIMIZE, max_total_runs=2)
metrics = PipelineData("metrics", datastore=ws.get_default_datastore(), training_output=TrainingOutput(type="Metrics"))
sweep = HyperDriveStep(name="sweep", hyperdrive_config=config, metrics_output=metrics)
open("after.py", "w").write("import sys; print('GOT', open(sys.argv[1]).read())")
after = PythonScriptStep("after.py", name="after", arguments=[metrics], inputs=[metrics], source_directory=".",
                         runconfig=RunConfiguration())
run(sweep, after)
"""


class V1Outputs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def definition(self, text):
        (self.folder / "p.py").write_text(HEAD + text)
        done = subprocess.run([AMLOCAL, "run", "p.py"], cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_a_registered_table_comes_back_as_one(self):
        said = self.definition(TABLE)
        self.assertIn("TabularDataset 1 of things {'by': 'me'} prices\n", said)
        self.assertIn("FileDataset as files {} ['p.csv']\n", said)
        self.assertIn("FileDataset None\n", said)
        self.assertIn("FileDataset TabularDataset\n", said)

    def test_the_rows_of_a_registered_table(self):
        try:
            import pandas  # noqa: F401
        except ImportError:
            self.skipTest("needs pandas: the rows of a table")
        said = self.definition(TABLE + "print(Dataset.get_by_name(ws, 'prices', version=1).to_pandas_dataframe()"
                                       ".to_dict('records'))\n")
        self.assertIn("[{'thing': 'a', 'price': '1'}]", said)

    def test_validate_finds_what_amlocal_would_refuse(self):
        said = self.definition("""
import shutil
fine = step("", "a")
print("FINE", Pipeline(ws, steps=[fine]).validate())
os.makedirs("no/longer/there")
open("no/longer/there/other.py", "w").write("")
bad = PythonScriptStep("other.py", name="bad", source_directory="no/longer/there", runconfig=RunConfiguration())
pipeline = Pipeline(ws, steps=[fine, bad])
shutil.rmtree("no")
print("BAD", pipeline.validate())
""")
        self.assertRegex(said, r"Step step is ready to be created \[[0-9a-f]{8}\]\nFINE \[\]")
        self.assertRegex(said, r"BAD \[.*no/longer/there.*\]")
        self.assertNotIn("Step bad is ready", said)
        self.assertEqual(list(self.folder.glob(".amlocal/definitions/validate-*")), [])

    def test_a_sweeps_metrics_go_to_its_metrics_output(self):
        self.definition(SWEEP)
        log = next(self.folder.glob(".amlocal/runs/*/steps/after/user_logs/std_log.txt")).read_text()
        trials = json.loads(log.partition("GOT ")[2])
        self.assertEqual(sorted(trials.values(), key=str), [{"n": [1, 2], "score": [0.25]}, {"n": [2, 3], "score": [0.5]}])
        self.assertEqual(sorted(name.rpartition("_")[2] for name in trials), ["0", "1"])
        self.assertNotIn(".0", json.dumps([one["n"] for one in trials.values()]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
