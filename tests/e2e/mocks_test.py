#!/usr/bin/env python3
"""Mocks in the whole program: made, recorded, shared, and held against what the real steps make.

    mocks_test.py AMLOCAL [unittest arguments]
"""

import json
import pathlib
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "house")]

from project import Project  # noqa: E402
from schemas import fits  # noqa: E402

SCHEMAS = HERE.parents[1] / "docs/schemas"

PIPELINE = """\
type: pipeline
jobs:
  prepare:
    command: cp table.csv ${{outputs.clean}}/clean.csv
    code: src
    environment: azureml:base:1
    outputs: {clean: {type: uri_folder}}
  train:
    command: cat ${{inputs.clean}}/*.csv > ${{outputs.seen}}; ls ${{inputs.clean}} >> ${{outputs.seen}}
    environment: azureml:base:1
    inputs: {clean: '${{parent.jobs.prepare.outputs.clean}}'}
    outputs: {seen: {type: uri_file}}
"""
TABLE = "id,fare,day\n1,2,mon\n2,3,tue\n3,4,wed\n4,5,thu\n"
DRIFTED = "id,fare,day,vendor\n1,2.5,mon,x\n"
SAID = "clean.csv: your mock has 3 columns, prepare wrote 4 (+vendor); dtype of fare: int64 → float64"


class Mocks(Project):
    def setUp(self):
        super().setUp()
        self.write("p.yml", PIPELINE)
        self.write("src/table.csv", TABLE)

    def seen(self):
        return next((self.folder / ".amlocal/alone").glob("train-*/outputs/seen*")).read_text()

    def record(self, *more):
        self.call("run", "p.yml")
        return self.call("mock", "record", "@last/prepare.clean", "clean", *more)

    def data(self):
        return next((self.folder / "mocks/data").glob("*/clean.csv"))

    def steps(self, out):
        return {line.split()[0]: line.split()[1] for line in out.splitlines() if line.startswith(("prepare", "train"))}

    def test_a_recording_stands_in_in_a_colleagues_clone(self):
        out = self.record("--sample", "2")
        self.assertIn("clean.csv: 2 of 4 rows", out)
        shutil.rmtree(self.folder / ".amlocal")
        out = self.call("step", "run", "p.yml#train")
        self.assertIn("train alone: clean from mocks/clean.mock.yml", out)
        self.assertEqual(self.seen(), "id,fare,day\n2,3,tue\n4,5,thu\nclean.csv\n")

    def test_a_recording_that_was_changed_or_is_gone_is_refused(self):
        self.record()
        data = self.data()
        data.write_text(TABLE.replace("mon", "sun"))
        self.call("step", "run", "p.yml#train", status=1)
        self.assertIn("the recording of mock 'clean' was changed", self.err)
        self.assertIn("mocks/clean.mock.yml:4:9: error", self.err)
        out = self.call("mock", "check", status=1)
        self.assertIn("clean  broken", out)
        shutil.rmtree(data.parent)
        self.call("step", "run", "p.yml#train", status=1)
        self.assertIn("the recording of mock 'clean' is gone", self.err)
        self.assertIn("amlocal mock record @last/prepare.clean clean --replace", self.err)
        self.call("mock", "record", "@last/prepare.clean", "clean", "--replace")
        self.call("step", "run", "p.yml#train")

    def test_drift_is_told_by_check_and_by_the_run(self):
        self.record()
        self.assertIn("clean  same       prepare.clean of ", self.call("mock", "check"))
        self.write("src/table.csv", DRIFTED)
        out = self.call("run", "p.yml")
        self.assertIn(f"note: mocks/clean.mock.yml: {SAID}\n", out)
        self.assertEqual(self.steps(out), {"prepare": "Completed", "train": "Completed"})
        self.assertLess(out.index(SAID), out.index("\ntrain "), "told when prepare has completed, not at the end")
        out = self.call("mock", "check", status=1)
        self.assertIn(f"  {SAID}\n", out)
        self.assertIn("0 of 1 mocks hold", out)
        # Renewed, it holds.
        self.call("mock", "record", "@last/prepare.clean", "clean", "--replace")
        self.assertIn("1 of 1 mocks hold", self.call("mock", "check"))
        self.assertEqual(len(list((self.folder / "mocks/data").glob("*/clean.csv"))), 1, "the old data is removed")

    def test_a_column_deleted_upstream_fails_the_run_before_the_consumer_starts(self):
        self.record()
        self.write("src/table.csv", "id,fare\n1,2\n2,3\n3,4\n4,5\n")
        for words, environment in (((), {"CI": "true"}), (("--check-mocks",), {})):
            out = self.call("run", "p.yml", *words, status=1, **environment)
            self.assertEqual(self.steps(out), {"prepare": "Completed", "train": "Skipped"})
            self.assertIn("mocks/clean.mock.yml is no longer what prepare makes (--check-mocks)", out)
            self.assertIn("amlocal mock record @last/prepare.clean clean --replace", out)
        record = json.loads(self.call("runs", "show", "@last", "--json"))
        self.assertEqual([(step["step"], step["status"]) for step in record["steps"]],
                         [("prepare", "Completed"), ("train", "Skipped")])
        self.call("mock", "check", status=1)
        # prepare is kept, and refused again; a renewed mock lets train start.
        out = self.call("run", "p.yml", "--resume", "@last", "--check-mocks", status=1)
        self.assertEqual(self.steps(out), {"prepare": "kept", "train": "Skipped"})
        self.call("mock", "record", "@last/prepare.clean", "clean", "--replace")
        out = self.call("run", "p.yml", "--resume", "@last", "--check-mocks")
        self.assertEqual(self.steps(out), {"prepare": "kept", "train": "Completed"})
        self.call("run", "p.yml", CI="false")

    def test_what_a_mock_promises_is_what_counts(self):
        self.record()
        file = self.folder / "mocks/clean.mock.yml"
        file.write_text("promises: {columns: {id: int64}}\n" + file.read_text())
        self.write("src/table.csv", "id,fare\n1,2\n")
        self.assertEqual(self.steps(self.call("run", "p.yml", "--check-mocks"))["train"], "Completed")
        self.assertIn("clean  differs", self.call("mock", "check"))
        self.write("src/table.csv", "fare\n2\n")
        self.call("run", "p.yml", "--check-mocks", status=1)
        self.call("mock", "record", "@last/prepare.clean", "clean", "--replace")
        self.assertTrue(file.read_text().startswith("promises: {columns: {id: int64}}\n"))

    def test_generators(self):
        self.write("mocks/make.py", "import pathlib\n"
                   "def text(n=2):\n    return 'x\\n' * n\n"
                   "def folder(target):\n    (target / 'own.csv').write_text('a\\n1\\n')\n"
                   "def rows():\n    import pandas\n    return pandas.DataFrame({'a': [1, 2], 'b': ['x', 'y']})\n"
                   "def data():\n    return {'a': [1, 2]}\n"
                   "def wrong():\n    return {1}['a']\n"
                   "def odd():\n    return {1}\n")
        for says, seen in (("generate: make.py:text\nwith: {n: 3}\nas: t.csv", "x\nx\nx\nt.csv\n"),
                           ("generate: make.py:folder", "a\n1\nown.csv\n"),
                           ("generate: make.py:rows", "a,b\n1,x\n2,y\nclean.csv\n"),
                           ("generate: make.py:data\nas: d.csv", '{\n  "a": [\n    1,\n    2\n  ]\n}\nd.csv\n'),
                           ("command: printf 'q\\n' > {output}/c.csv", "q\nc.csv\n"),
                           ("command: printf r > $AMLOCAL_MOCK_OUTPUT/c.csv", "rc.csv\n")):
            with self.subTest(says):
                self.write("mocks/clean.mock.yml", f"for: prepare.clean\n{says}\n")
                self.call("step", "run", "p.yml#train")
                self.assertEqual(self.seen(), seen)
        self.assertFalse((self.folder / "mocks/__pycache__").exists())
        for says, told in (("generate: make.py:wrong", "TypeError: 'set' object is not subscriptable"),
                           ("generate: make.py:odd", "it returned a set"),
                           ("generate: make.py:nothing", "there is no function 'nothing'; there are: data, folder, "),
                           ("generate: gone.py:make", "there is no mocks/gone.py"),
                           ("command: echo oh >&2; exit 3", "made no data: exit status 3\n  oh")):
            with self.subTest(says):
                self.write("mocks/clean.mock.yml", f"for: prepare.clean\n{says}\n")
                self.call("step", "run", "p.yml#train", status=1)
                self.assertIn(told, self.err)
                self.assertIn("mocks/clean.mock.yml:2:", self.err)
        self.assertEqual([left.name for left in (self.folder / ".amlocal/cache/mocks").glob("new-*")], [])

    def test_a_generator_runs_again_only_when_it_changed(self):
        self.write("mocks/make.py", "def make():\n    open('ran', 'a').write('x')\n    return 'a\\n'\n")
        self.write("mocks/clean.mock.yml", "for: prepare.clean\ngenerate: make.py:make\nas: a.csv\n")
        ran = self.folder / "mocks/ran"
        self.call("run", "p.yml")
        self.assertFalse(ran.exists(), "a run that only tells runs no generator")
        self.call("run", "p.yml", "--check-mocks", status=1)
        self.assertEqual(ran.read_text(), "x")
        for expected in ("x", "x", "xx"):
            if expected == "xx":
                self.write("mocks/make.py", "def make():\n    open('ran', 'a').write('x')\n    return 'b\\n'\n")
            self.call("step", "run", "p.yml#train")
            self.assertEqual(ran.read_text(), expected)
        self.assertEqual(self.seen(), "b\na.csv\n")

    def test_typed_mocks(self):
        self.call("step", "run", "p.yml#train", "--in", r"clean=csv:a,b\n1,2")
        self.assertEqual(self.seen(), "a,b\n1,2\nclean.csv\n")

    def test_a_tabular_dataset_of_v1_is_read_as_the_real_one(self):
        self.write("t.csv", "id;fare\n3;2\n")
        self.write("steps/s.py", "from azureml.core import Run\n"
                   "print(Run.get_context().input_datasets['table'].to_pandas_dataframe().to_dict('list'))\n")
        self.write("d.py", "from azureml.core import Dataset, Experiment, Workspace\n"
                   "from azureml.pipeline.core import Pipeline\n"
                   "from azureml.pipeline.steps import PythonScriptStep\n"
                   "ws = Workspace.from_config()\n"
                   "ws.get_default_datastore().upload_files(['t.csv'], target_path='t')\n"
                   "table = Dataset.Tabular.from_delimited_files((ws.get_default_datastore(), 't/t.csv'), separator=';')\n"
                   "step = PythonScriptStep('s.py', name='s', source_directory='steps', compute_target='local',\n"
                   "                        inputs=[table.as_named_input('table')])\n"
                   "Experiment(ws, 'e').submit(Pipeline(ws, [step])).wait_for_completion()\n")
        self.call("run", "d.py")
        job = next((self.folder / ".amlocal/definitions").glob("*/pipeline.json"))
        log = "steps/s/user_logs/std_log.txt"
        self.assertIn("{'id': [3], 'fare': [2]}", next((self.folder / ".amlocal/runs").glob(f"*/{log}")).read_text())
        self.write("mocks/table.mock.yml", "for: s.inputs.table\ncsv: 'id;fare\n\n  7;8'\n")
        for more, seen in (((), "{'id': [7], 'fare': [8]}"),
                           (("--in", r"table=text:id;fare\n9;9"), "{'id': [9], 'fare': [9]}")):
            self.call("step", "run", str(job) + "#s", *more)
            self.assertIn(seen, next((self.folder / ".amlocal/alone").glob(f"s-*/records/runs/*/{log}")).read_text())

    def test_git_that_ignores_the_data_is_told(self):
        if not shutil.which("git"):
            self.skipTest("git is not installed")
        subprocess.run(["git", "init", "-q", self.folder], check=True)
        self.write(".gitignore", "*.csv\n")
        self.assertIn("note: git leaves mocks/data/", self.record())

    def test_json_fits_its_schemas(self):
        self.record("--sample", "2")
        self.write("mocks/other.mock.yml", "for: train.seen\ntext: x\n")
        self.write("mocks/wrong.mock.yml", "txet: x\n")
        for words, schema, status in ((("list",), "mock-list", 0), (("show", "clean"), "mock-list", 0),
                                      (("check",), "mock-check", 1)):
            schema = json.loads((SCHEMAS / f"{schema}.json").read_text())
            said = json.loads(self.call("mock", *words, "--json", status=status))
            self.assertEqual(fits(said, schema, schema), "")
            self.assertEqual(len(said["mocks"]), 1 if words[0] == "show" else 3)

    def test_the_fixtures_mocks_hold(self):
        try:
            import yaml
        except ImportError:
            yaml = None
        for fixture, pipeline in (("v1_project", "pipeline.py"),):
            self.take(fixture)
            self.call("run", pipeline)
            out = self.call("mock", "check")
            self.assertNotIn("breaks", out)
            self.assertEqual(out.count(" same "), 3, out)
        if yaml is None:
            self.skipTest("no PyYAML to hold the mocks' files against their schema")
        schema = json.loads((SCHEMAS / "mock.json").read_text())
        files = sorted((HERE.parents[1] / "fixtures").glob("*/mocks/*.mock.yml"))
        self.assertGreater(len(files), 5)
        for file in files:
            self.assertEqual(fits(yaml.safe_load(file.read_text()), schema, schema), "", file)


if __name__ == "__main__":
    sys.argv[1:2] = []
    unittest.main()
