"""The v1 project of fixtures/, as a user runs it: `amlocal run pipeline.py`."""
import json
import os
import shutil
import subprocess
import sys
import unittest

from support import AMLOCAL, ROOT, RunTest

KINDS = ["accuracy", "error", "fit", "late", "line", "predictions", "residuals", "winds", "worst"]


class Fixture(RunTest):
    def amlocal(self, *arguments):
        path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
        done = subprocess.run(
            (AMLOCAL,) + arguments, env=dict(os.environ, PATH=path), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            universal_newlines=True, timeout=120,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_ferry(self):
        shutil.copytree(os.path.join(ROOT, "fixtures", "v1_project"), "project")
        shown = self.amlocal("run", "project/pipeline.py", "--", "--calm", "9")
        for line in (
            "problems: []", "kept 28 crossings, 9 of them rough", "registered ferry 1", "PipelineRun Status: Finished",
            "status: Finished", "Prepare crossings Finished ['crossings', 'seas']", "Fit Finished {}".format(KINDS),
            "fetched: ['ferry.json']", "models: {'ferry': 1}",
        ):
            self.assertIn(line + "\n", shown)
        with open(".amlocal/datastores/workspaceblobstore/ferry/report/report.txt") as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertRegex(lines[0], r"^wind  0 m/s: +-?[0-9.]+ minutes late$")
        self.assertIn("ferry-report", self.amlocal("data", "list"))
        with open(".amlocal/definitions/{}/pipeline.json".format(os.listdir(".amlocal/runs")[0])) as file:
            self.assertEqual(json.load(file)["inputs"], {"calm": 9.0})


if __name__ == "__main__":
    unittest.main()
