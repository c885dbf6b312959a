#!/usr/bin/env python3
"""What the operating system refuses an ordinary user: exact texts, and nothing left half-written.

    permission_test.py AMLOCAL

As root it starts amlocal as `nobody`; as anybody else it takes the permissions from itself. The
standard library is all this needs.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

AMLOCAL = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
NOBODY = 65534

JOB = """
type: command
environment: azureml:any:1
command: >-
  cat ${{inputs.raw}}/* && echo 1 > ${{outputs.made}}/x
inputs:
  raw: {type: uri_folder, mode: IN, path: data}
outputs:
  made: {type: uri_folder, mode: OUT, path: azureml://datastores/results/paths/made}
"""


class Permission(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-permission-")).resolve()
        self.addCleanup(self.clean)
        # A user's build may lie where nobody else may look.
        self.programs = self.folder / "bin"
        self.programs.mkdir()
        supervisor = pathlib.Path(os.environ.get("AMLOCAL_SUPERVISOR", AMLOCAL.parent / "amlocal-supervisor"))
        for program in (AMLOCAL, supervisor):
            shutil.copy(program, self.programs)
        self.root = self.folder / "project"
        (self.root / "data").mkdir(parents=True)
        (self.root / "data/rows.csv").write_text("1,2\n")
        self.store = self.folder / "store"
        self.store.mkdir()
        (self.root / "amlocal.yml").write_text(
            f"environments: {{default: /usr/bin/python3}}\ndatastores: {{results: {self.store}}}\n")
        self.write_job()
        self.folder.chmod(0o755)
        if os.geteuid() == 0:
            for path in (self.root, self.root / "data", self.root / "data/rows.csv", self.store):
                os.chown(path, NOBODY, NOBODY)

    def clean(self):
        for path in (self.root, self.root / "data", self.store):
            path.chmod(0o755)
        shutil.rmtree(self.folder)

    def write_job(self, reading="ro_mount", writing="rw_mount"):
        (self.root / "job.yml").write_text(JOB.replace("IN", reading).replace("OUT", writing))

    def call(self, *words, status=1):
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.root), "LC_ALL": "C.UTF-8",
                       "AMLOCAL_SUPERVISOR": str(self.programs / "amlocal-supervisor")}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                environment[name] = os.environ[name]
        done = subprocess.run([str(self.programs / "amlocal"), *words], cwd=self.root, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60, check=False, **user)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def test_it_runs_where_it_may(self):
        self.call("run", "job.yml", status=0)
        self.assertEqual((self.store / "made/x").read_text(), "1\n")

    def test_a_project_that_may_not_be_written(self):
        before = sorted(os.listdir(self.root))
        self.root.chmod(0o555)
        hint = (f"\n  hint: amlocal keeps its records in '{self.root}/.amlocal': make that writable for you, "
                "or copy the project to a folder of your own\n")
        text = f"amlocal: error: cannot create '{self.root}/.amlocal': Permission denied" + hint
        self.assertEqual(self.call("run", "job.yml"), text)
        self.assertEqual(self.call("env", "use", "default", "/usr/bin/python3"), text)
        self.assertIn("make that writable for you", self.call("doctor"))
        self.assertEqual(sorted(os.listdir(self.root)), before)

    def test_records_that_belong_to_somebody_else(self):
        self.call("run", "job.yml", status=0)
        hidden = self.root / ".amlocal"
        (hidden / "recover.lock").chmod(0)
        for words in (("run", "job.yml"), ("runs", "gc")):
            self.assertEqual(
                self.call(*words),
                f"amlocal: error: cannot open '{hidden}/recover.lock': Permission denied\n"
                f"  hint: amlocal keeps its records in '{hidden}': make that writable for you, or copy the "
                "project to a folder of your own\n")

    def test_an_output_folder_that_may_not_be_written(self):
        self.store.chmod(0o555)
        for mode in ("rw_mount", "upload"):
            with self.subTest(mode):
                self.write_job(writing=mode)
                out = self.call("run", "job.yml")
                self.assertIn(f"  cannot write output 'made' to '{self.store}/made': Permission denied\n", out)
                self.assertIn("  hint: make that place writable for you, or give the output another path\n", out)
                self.assertEqual(os.listdir(self.store), [])
                self.assertNotIn("1,2", self.call("runs", "logs", "@last/job", status=0))  # it never ran

    def test_an_input_that_may_not_be_read(self):
        rows = self.root / "data/rows.csv"
        rows.chmod(0)
        for mode in ("ro_mount", "download"):
            with self.subTest(mode):
                self.write_job(reading=mode)
                out = self.call("run", "job.yml")
                self.assertIn(f"amlocal: error: cannot open '{rows}': Permission denied\n", out)
                self.assertIn("  hint: make it readable for you", out)
        rows.chmod(0o644)
        (self.root / "data").chmod(0o311)
        out = self.call("run", "job.yml")
        self.assertIn(f"amlocal: error: cannot read '{rows.parent}': Permission denied\n", out)
        self.assertIn("  hint: make it readable for you", out)
        self.assertEqual(os.listdir(self.store), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
