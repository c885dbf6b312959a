"""mltable.load in a step, through the real package.

usage: mltable_test.py AMLOCAL
"""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402
from python_with import python_with  # noqa: E402

PYTHON = python_with("mltable", "pandas", "azureml.dataprep")
TABLE = "paths:\n  - file: {}\ntransformations:\n  - read_delimited:\n      delimiter: ','\n      header: all_files_same_headers\n"


class Tables(Project):
    def setUp(self):
        super().setUp()
        self.write("amlocal.yml", f"environments:\n  default: {PYTHON}\n")
        store = ".amlocal/datastores/workspaceblobstore"
        self.write(store + "/harbour/boats.csv", "boat,seats\nMaren,12\nTrude,40\n")
        self.write(store + "/harbour/MLTable", TABLE.format("./boats.csv"))
        self.write("near/boats.csv", "boat,seats\nSvea,7\n")
        self.write("near/MLTable", TABLE.format("./boats.csv"))
        self.write("far/MLTable", TABLE.format("azureml://datastores/workspaceblobstore/paths/harbour/boats.csv"))

    def seats(self, *expressions):
        """What a step with the three tables as inputs gets for these expressions."""
        lines = ["import json, os, mltable", "say = lambda table: int(table.to_pandas_dataframe()['seats'].sum())",
                 "where = lambda name: os.environ['AZURE_ML_INPUT_' + name]", "said = []"]
        lines += [f"said.append(say({each}))" for each in expressions]
        self.write("code/tables.py", "\n".join([*lines, "print('SAID ' + json.dumps(said))"]))
        self.write("job.yml", """type: command
command: python tables.py
code: code
environment: azureml:x:1
inputs:
  near: {type: mltable, path: near}
  straight: {type: mltable, path: near, mode: direct}
  far: {type: mltable, path: far}
""")
        self.call("run", "job.yml", "--name", "r")
        log = (self.folder / ".amlocal/runs/r/steps/job/user_logs/std_log.txt").read_text()
        return json.loads(next(line for line in log.splitlines() if line.startswith("SAID "))[5:])

    def test_inputs_and_addresses(self):
        whole = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/workspaceblobstore/paths/harbour"
        self.call("data", "create", "--name", "boats", "--type", "mltable", "--path", "near")
        self.assertEqual(self.seats(
            "mltable.load(where('near'))", "mltable.load(where('straight'))", "mltable.load(where('far'))",
            "mltable.load('azureml://datastores/workspaceblobstore/paths/harbour')", f"mltable.load(uri='{whole}')",
            "mltable.load('azureml:boats:1')",
            "mltable.from_delimited_files([{'file': 'azureml://datastores/workspaceblobstore/paths/harbour/boats.csv'}])",
        ), [7, 7, 52, 52, 52, 7, 52])


if __name__ == "__main__":
    sys.argv[1:2] = []
    if PYTHON is None:
        print("needs mltable: no Python here has it and pandas (AMLOCAL_TEST_PYTHONS names one)")
        sys.exit(77)
    unittest.main()
