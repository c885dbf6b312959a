#!/usr/bin/env python3
"""The pipeline of fixtures/tabular gives the number that its scripts give by hand.

    demo_test.py AMLOCAL

Needs an interpreter with pandas and scikit-learn: the one that runs this file.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TABULAR = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "tabular"
AMLOCAL = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
SLOW_RATE = "0.005"


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-demo-")).resolve()
        shutil.copytree(TABULAR, self.folder / "tabular")
        # A workspace of its own: amlocal.yml marks the root.
        (self.folder / "tabular" / "amlocal.yml").write_text(
            f"environments:\n  default: {sys.executable}\n")
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "PYTHON": sys.executable,
        }
        if "AMLOCAL_SUPERVISOR" in os.environ:
            self.environment["AMLOCAL_SUPERVISOR"] = os.environ["AMLOCAL_SUPERVISOR"]
        self.kept = True

    def tearDown(self):
        if self.kept:
            print("its folder is kept:", self.folder, file=sys.stderr)
        else:
            shutil.rmtree(self.folder)

    def call(self, *command):
        done = subprocess.run(command, cwd=self.folder / "tabular", env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=300)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def by_hand(self, *rate):
        return self.call(str(self.folder / "tabular" / "by_hand.sh"), *rate).strip()

    def by_amlocal(self, *options):
        text = self.call(str(AMLOCAL), "run", "pipeline.yml", *options)
        found = re.findall(r"accuracy\W+(0\.\d+|1\.0+)", text)
        self.assertTrue(found, f"no accuracy in:\n{text}")
        return found[-1]

    def test_same_number_and_it_follows_the_rate(self):
        accuracy = self.by_hand()
        self.assertEqual(self.by_amlocal(), accuracy)
        slow = self.by_hand(SLOW_RATE)
        self.assertNotEqual(slow, accuracy)
        self.assertEqual(self.by_amlocal("--set", f"inputs.rate={SLOW_RATE}"), slow)
        self.kept = False


if __name__ == "__main__":
    for needed in ("pandas", "sklearn"):
        try:
            __import__(needed)
        except ImportError:
            print(f"cannot run here: {sys.executable} has no {needed}")
            sys.exit(77)  # meson: skipped
    unittest.main(argv=sys.argv[:1])
