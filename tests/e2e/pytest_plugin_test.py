"""The pytest plugin: what tests of steps say, and what they show when they fail.

usage: pytest_plugin_test.py AMLOCAL
"""
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import AMLOCAL, Project  # noqa: E402
from python_with import python_with  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = python_with("pytest", "xdist", "pandas")

PIPELINE = """type: pipeline
jobs:
  prepare:
    type: command
    code: src
    command: python prepare.py ${{inputs.raw}} ${{outputs.clean}}
    environment: azureml:e:1
    inputs:
      raw: {type: uri_file, path: raw.csv}
    outputs:
      clean: {type: uri_folder}
  train:
    type: command
    component: train.yml
    inputs:
      clean: ${{parent.jobs.prepare.outputs.clean}}
      rate: 0.5
"""
TRAIN = """name: train
type: command
code: src
command: >-
  python train.py --clean ${{inputs.clean}} --rate ${{inputs.rate}} --model ${{outputs.model}}
  $[[--about ${{inputs.about}}]] $[[--table ${{inputs.table}}]] $[[--note ${{inputs.note}}]]
environment: azureml:e:1
environment_variables: {COLOUR: red}
inputs:
  clean: {type: uri_folder}
  rate: {type: number, default: 1}
  about: {type: uri_file, optional: true}
  table: {type: mltable, optional: true}
  note: {type: string, optional: true}
outputs:
  model: {type: uri_folder}
"""
SCRIPT = """import argparse, os, pathlib
from azureml.core import Run
parser = argparse.ArgumentParser()
for name in ("clean", "model", "about", "table"):
    parser.add_argument("--" + name, type=pathlib.Path)
parser.add_argument("--rate", type=float)
parser.add_argument("--note")
args = parser.parse_args()
run = Run.get_context()
fares = [line.split(",") for line in (args.clean / "clean.csv").read_text().splitlines()[1:]]
print("colour", os.environ["COLOUR"], "rows", len(fares), "note", args.note)
for given in (args.about, args.table):
    if given:
        print(*sorted(file.name + " " + file.read_text() for file in ([given] if given.is_file() else given.iterdir())))
for n, fare in enumerate(fares):
    run.log("fare", float(fare[1]))
run.tag("kind", "small")
(args.model / "fares.csv").write_text("id,fare\\n" + "".join(f"{a},{float(b) * args.rate}\\n" for a, b in fares))
if args.rate < 0:
    raise ValueError(f"a rate of {args.rate}")
"""
HEAD = """import pandas
import pytest
import amlocal

ROWS = pandas.DataFrame({"id": [1, 2], "fare": [4.0, 6.0]})
TRAIN = amlocal.step("pipeline.yml", "train").given(clean=ROWS)

"""


class Plugin(Project):
    def setUp(self):
        super().setUp()
        self.environment["PYTHONPATH"] = f"{ROOT}/src/step/python:{ROOT}/harness/python"
        self.environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.environment["TMPDIR"] = str(self.folder / "tmp")
        (self.folder / "tmp").mkdir()
        self.write("pipeline.yml", PIPELINE)
        self.write("train.yml", TRAIN)
        self.write("raw.csv", "id,fare\n1,4\n")
        self.write("src/train.py", SCRIPT)
        self.write("src/prepare.py", "import shutil, sys\nshutil.copy(sys.argv[1], sys.argv[2] + '/clean.csv')\n")

    def pytest(self, text, *words, status=0, python=PYTHON, **more):
        """What pytest prints of a test file with that text."""
        self.write("test_it.py", text)
        done = subprocess.run([python, "-m", "pytest", "-p", "pytest_amlocal", "-p", "no:cacheprovider", "-q", *words],
                              cwd=self.folder, env={**self.environment, **more}, capture_output=True, text=True, timeout=280)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout


class WhatComesOfAStep(Plugin):
    def test_everything_a_test_may_ask_for(self):
        out = self.pytest(HEAD + """
def test_result():
    result = TRAIN.set(rate=0.25).env(COLOUR="blue").run()
    assert result.ok and result.exit_code == 0 and result.seconds > 0 and result.error is None
    assert "colour blue rows 2 note None" in result.log
    assert (result.outputs.model / "fares.csv").frame()["fare"].tolist() == [1.0, 1.5]
    assert result.outputs["model"].frame()["fare"].sum() == 2.5
    assert result.metrics["fare"] == 6.0 and result.metrics.points("fare") == [(None, 4.0), (None, 6.0)]
    assert result.tags == {"kind": "small"}
    for ask in (lambda: result.metrics["fair"], lambda: result.outputs["modle"]):
        with pytest.raises(KeyError, match="the step (logged fare|wrote model)"):
            ask()
    with pytest.raises(AttributeError, match="no output 'modle': the step wrote model"):
        result.outputs.modle

def test_a_step_that_fails_may_be_looked_at():
    result = TRAIN.set(rate=-1).run(check=False)
    assert not result.ok and result.status == "Failed" and result.exit_code == 1
    assert (result.error.type, result.error.message) == ("ValueError", "a rate of -1.0")
    assert (result.error.file, result.error.line) == ("train.py", 20)
    assert repr(result.error) == "<exit_code: ValueError: a rate of -1.0 at train.py:20>"
    with pytest.raises(amlocal.StepFailed, match="a rate of -1.0") as failed:
        TRAIN.set(rate=-1).run()
    assert failed.value.result.metrics["fare"] == 6.0

def test_nothing_of_it_is_in_the_history():
    import subprocess
    TRAIN.run()
    assert "fare" not in subprocess.run(["amlocal", "runs", "list"], capture_output=True, text=True, check=True).stdout

def test_mounts():
    linked = TRAIN.data_access("link").run()
    assert linked.io.opens("outputs.model/fares.csv") == 1
    assert any("estimated" in note for note in linked.io.notes)
    with pytest.raises(amlocal.StepError, match="'output' is no binding: say inputs.NAME or outputs.NAME"):
        linked.io.uploads("output")
    assert linked.io.uploads("outputs.other") == 0

@pytest.mark.parametrize("rate, sum", [(1, 10), (2, 20)])
def test_parameters(amlocal_step, rate, sum):
    assert amlocal_step("pipeline.yml", "train").given(clean=ROWS).set(rate=rate).run().outputs.model.frame()["fare"].sum() == sum

def test_a_component_alone_and_steps_by_their_whole_name(amlocal_step):
    for step in (amlocal_step("train.yml"), amlocal.step("pipeline.yml#train")):
        assert "rows 2" in step.given(clean=ROWS).run().log
""")
        self.assertIn("7 passed", out)

    def test_what_is_given_lies_in_files_that_fit(self):
        out = self.pytest(HEAD + r"""
import pathlib
COMPONENT = amlocal.step("train.yml").given(clean=ROWS)

def test_text(tmp_path):
    (tmp_path / "p.txt").write_text("of a path")
    for given, seen in [("two\nlines", "about.txt two\nlines"), (b"bytes", "about.bin bytes"), ({"a": [1]}, 'about.json {"a": [1]}'),
                        ([1, "b"], 'about.json [1, "b"]'), (tmp_path / "p.txt", "p.txt of a path"), (str(tmp_path / "p.txt"), "p.txt of a path"),
                        (ROWS, "about.csv id,fare\n1,4.0\n2,6.0\n")]:
        assert seen in COMPONENT.given(about=given).run().log

def test_a_table_of_mltable():
    log = COMPONENT.given(table=ROWS).run().log
    assert "MLTable type: mltable" in log and "table.csv id,fare" in log and "file: ./table.csv" in log

def test_files_of_a_folder():
    for rows in ({"clean.csv": ROWS}, {"clean.csv": "id,fare\n1,4.0\n2,6.0\n"}, {"clean.csv": b"id,fare\n1,4\n2,6\n", "sub/more.json": [1]}):
        assert COMPONENT.given(clean=rows).run().metrics["fare"] == 6

def test_values():
    assert "note two-words" in COMPONENT.given(note="two-words").run().log
    assert "note None" in COMPONENT.given({"rate": 2}).run().log
    import numpy
    assert COMPONENT.given(rate=numpy.float64(3)).run().outputs.model.frame()["fare"].tolist() == [12, 18]
    assert COMPONENT.given(rate=numpy.int64(3)).run().outputs.model.frame()["fare"].tolist() == [12, 18]

def test_what_the_pipeline_gives_and_paths_from_the_file():
    assert amlocal.step("pipeline.yml", "prepare").run().outputs.clean.frame()["fare"].tolist() == [4]
    clean = amlocal.step("pipeline.yml", "prepare").given(raw="train.yml").run().outputs.clean / "clean.csv"
    assert clean.equals(pathlib.Path("train.yml")) and not clean.equals(pathlib.Path("raw.csv"))

@pytest.mark.parametrize("given, words", [
    ({"about": {1, 2}}, "a set is no data: give it a path, a frame"), ({"about": {"a": object()}}, "input 'about': Object of type object is not"),
    ({"clean": {"../x": "a\n"}}, "lies outside of the folder"), ({"table": [1]}, "give it a frame, or a folder's files with MLTable"),
    ({"rate": ROWS}, "input 'rate' is of type number: give it a value, not a DataFrame"),
    ({"cleen": ROWS}, "has no input 'cleen'\n  hint: did you mean 'clean'"),
    ({"clean": "nowhere"}, "'nowhere' is no file or folder")])
def test_what_does_not_fit(given, words):
    with pytest.raises(amlocal.StepError) as error:
        COMPONENT.given(**given).run()
    assert words in str(error.value)
""")
        self.assertIn("12 passed", out)

    def test_a_workspace_of_its_own(self):
        out = self.pytest(HEAD + """
def test_workspace(amlocal_workspace):
    import pathlib
    amlocal_workspace.write("sub/job.yml", "type: command\\ncommand: echo hello\\nenvironment: azureml:e:1\\n")
    assert amlocal_workspace.step("sub/job.yml").run().log == "hello\\n"
    amlocal_workspace.copy(pathlib.Path(__file__).parent / "src", "src")
    amlocal_workspace.copy(pathlib.Path(__file__).parent / "train.yml")
    amlocal_workspace.step("train.yml").given(clean=ROWS).run()
    assert (amlocal_workspace.path / ".amlocal").is_dir()
""")
        self.assertIn("1 passed", out)

    def test_side_by_side(self):
        out = self.pytest(HEAD + """
@pytest.mark.parametrize("rate", range(8))
def test_own_folder(rate):
    result = TRAIN.set(rate=rate).run()
    assert result.outputs.model.frame()["fare"].tolist() == [4 * rate, 6 * rate]
""", "-n", "2")
        self.assertIn("8 passed", out)


class WhatAFailureShows(Plugin):
    def test_a_step_that_fails(self):
        out = self.pytest(HEAD + "\ndef test_it():\n    TRAIN.set(rate=-1).run()\n", status=1)
        self.assertIn("E       amlocal.StepFailed: step 'pipeline.yml#train' failed\n", out)
        for line in ("exit code 1", "ValueError: a rate of -1.0", "at train.py:20", "the last lines of its log:",
                     '    raise ValueError(f"a rate of {args.rate}")'):
            self.assertRegex(out, r"(?m)^E +" + re.escape(line))
        command = re.search(r"(?m)^E +debug it: (.*)$", out)[1]
        self.assertRegex(command, r"^amlocal step debug 'pipeline.yml#train' --in clean=\S+/given/clean --set rate=-1$")
        # The data that the test made is still there for it.
        again = command.replace("step debug", "step run")
        done = subprocess.run(again, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        self.assertIn("ValueError: a rate of -1.0", done.stdout)
        self.assertNotIn("steps.py", out)  # the plugin's own lines are in nobody's way

    def test_from_another_folder(self):
        self.write("deep/test_deep.py", HEAD.replace("pipeline.yml", "../pipeline.yml") + "\ndef test_it():\n    TRAIN.set(rate=-1).run()\n")
        self.assertIn("debug it: cd deep && amlocal step debug '../pipeline.yml#train'", self.pytest("", "deep", status=1))

    def test_tables(self):
        out = self.pytest(HEAD + """
WRONG = pandas.DataFrame({"id": [1, 2], "fare": [2.0, 3.001]})
RIGHT = pandas.DataFrame({"id": [1, 2], "fare": [2, 3]})

def test_fits():
    model = TRAIN.run().outputs.model
    assert model == RIGHT and model != WRONG and model.equals(RIGHT) and model.equals(WRONG, approx=1e-2)
    assert not model.equals(WRONG)
    assert model.equals(RIGHT.iloc[::-1], any_order=True) and model.equals(WRONG, ignoring="fare")
    assert (model / "fares.csv").equals("id,fare\\n1,2.0\\n2,3.0\\n")
    amlocal.assert_frames_equal(model, RIGHT)

def test_equal():
    assert TRAIN.run().outputs.model == WRONG

def test_equals():
    assert TRAIN.run().outputs.model.equals(WRONG, approx=1e-9)

def test_function():
    amlocal.assert_frames_equal(ROWS, ROWS.assign(fare=[4, 7]))

def test_text():
    assert (TRAIN.run().outputs.model / "fares.csv").equals("id,fare\\n1,2.0\\n2,3.5\\n")

def test_columns():
    assert TRAIN.run().outputs.model == RIGHT.assign(more=1)
""", status=1)
        self.assertIn("5 failed, 1 passed", out)
        self.assertRegex(out, r"E +assert \S+/outputs/model is not the expected table \(- expected, \+ came\)\nE +1 of 2 rows differs, in fare\n")
        self.assertRegex(out, r"difference \(- expected, \+ came\) -+\n1 of 2 rows differs, in fare\n  row +id +fare\n  2 +2 +3.001 → 3.0\n")
        self.assertRegex(out, r"E +AssertionError: the tables differ \(- expected, \+ came\)\nE +1 of 2 rows differs, in fare\n(.*\n){1,2}E +2 +2 +7 → 6")
        self.assertRegex(out, r"(?m)^-2,3\.5\n\+2,3\.0$|3\.5 → 3\.0")
        self.assertRegex(out, r"column.*more")

    def test_time_is_up(self):
        self.write("job.yml", "type: command\ncommand: echo begun; sleep 300\nenvironment: azureml:e:1\n")
        out = self.pytest("import amlocal\ndef test_it():\n    amlocal.step('job.yml').run(timeout=2)\n", status=1)
        self.assertIn("step 'job.yml' did not end within 2 s and was stopped", out)
        self.assertIn("debug it: amlocal step debug job.yml", out)


class StepTestsInYaml(Plugin):
    FILE = """pipeline: pipeline.yml#prepare
cases:
  as it is:
    expect:
      outputs:
        clean/clean.csv: exists
  one that (does not) hold:
    expect:
      outputs:
        clean/clean.csv: {rows: 7}
  another:
    inputs: {raw: train.yml}
"""

    def test_each_case_is_an_item(self):
        self.write("sub.steptest.yml", self.FILE)
        out = self.pytest("", ".", "-vv", status=1)
        self.assertRegex(out, r"sub.steptest.yml::as it is PASSED")
        self.assertRegex(out, r"sub.steptest.yml::another PASSED")
        self.assertRegex(out, r"sub.steptest.yml::one that \(does not\) hold FAILED")
        self.assertIn("2 passed", out)
        self.assertRegex(out, r"sub.steptest.yml:\d+: ")
        self.assertIn("debug it: amlocal step debug", out)
        self.assertNotIn("collect.py", out)
        self.assertIn("1 passed, 2 deselected", self.pytest("", ".", "-k", "another"))
        self.assertIn("1 failed, 2 passed", self.pytest("", ".", "-n", "2", status=1))

    def test_a_wrong_file(self):
        self.write("sub.steptest.yml", self.FILE.replace("expect:", "expct:", 1))
        out = self.pytest("", ".", status=2)
        self.assertRegex(out, r"sub.steptest.yml:4:5: error: .*'expct'")
        self.assertIn("did you mean 'expect'", out)


class WhatIsMissing(Plugin):
    TEST = "def test_it(amlocal_step):\n    amlocal_step('pipeline.yml', 'prepare').run()\n"

    def test_no_program(self):
        out = self.pytest(self.TEST, status=1, PATH="/usr/bin:/bin")
        self.assertIn("amlocal was not found: put it into PATH, name it in AMLOCAL_PROGRAM, or install it", out)
        out = self.pytest(self.TEST, status=1, AMLOCAL_PROGRAM="/no/amlocal")
        self.assertIn("/no/amlocal cannot be started: No such file or directory", out)

    def test_another_version(self):
        self.write("old", "#!/bin/sh\necho amlocal 0.0.9\n")
        (self.folder / "old").chmod(0o755)
        out = self.pytest(self.TEST, status=1, AMLOCAL_PROGRAM=str(self.folder / "old"))
        self.assertRegex(out, r"The Python package amlocal is version [0-9.]+, but the program \S+/old is version 0\.0\.9\. "
                              "Unset AMLOCAL_PROGRAM, which names it\\.")

    def test_a_program_that_is_killed(self):
        self.write("killed", "#!/bin/sh\n[ $1 = --version ] && exec amlocal --version\nkill -9 $$\n")
        (self.folder / "killed").chmod(0o755)
        out = self.pytest(self.TEST, status=1, AMLOCAL_PROGRAM=str(self.folder / "killed"))
        self.assertIn("step 'pipeline.yml#prepare' was not run (amlocal was ended by signal 9)", out)

    def test_an_unknown_step_and_a_broken_definition(self):
        out = self.pytest("def test_it(amlocal_step):\n    amlocal_step('pipeline.yml', 'trian').run()\n", status=1)
        self.assertIn("step 'pipeline.yml#trian' was not run (amlocal's exit status is 2)", out)
        self.assertRegex(out, r"E +amlocal: error: .*'trian'\nE +hint: did you mean 'train'\?")
        out = self.pytest("def test_it(amlocal_step):\n    amlocal_step('no.yml').run()\n", status=1)
        self.assertIn("no.yml", out)
        self.write("pipeline.yml", PIPELINE.replace("command: python", "comand: python"))
        out = self.pytest(self.TEST, status=1)
        self.assertRegex(out, r"E +\S*pipeline.yml:4:5: error: ")

    def test_no_pandas(self):
        self.write("none/pandas.py", "raise ImportError('none')\n")
        more = {"PYTHONPATH": f"{self.folder}/none:{self.environment['PYTHONPATH']}"}
        out = self.pytest("def test_it(amlocal_step):\n    amlocal_step('pipeline.yml', 'prepare').run().outputs.clean.frame()\n", status=1, **more)
        self.assertIn(f"pandas is not installed in {PYTHON}, and frame() needs it: {PYTHON} -m pip install pandas", out)


class ItsCost(Plugin):
    def test_nothing_but_its_hooks_is_loaded_where_no_test_asks(self):
        out = self.pytest("import sys\ndef test_it():\n    assert sorted(name for name in sys.modules if 'amlocal' in name) == ['pytest_amlocal']\n"
                          "    assert not any(name.startswith('azureml') for name in sys.modules)\n"
                          "def test_wrong():\n    assert 1 == 2\n", status=1)
        self.assertIn("1 failed, 1 passed", out)


if __name__ == "__main__":
    sys.argv[1:2] = []
    if PYTHON is None:
        print("needs pytest: no Python here has pytest, pytest-xdist and pandas (Debian: python3-pytest python3-pytest-xdist python3-pandas)")
        sys.exit(77)
    unittest.main()
