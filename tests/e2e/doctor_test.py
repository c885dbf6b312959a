#!/usr/bin/env python3
"""doctor: what it finds, what it says to do, and the index made anew.

    doctor_test.py AMLOCAL
"""

import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402


class Doctor(Project):
    def test_a_good_machine(self):
        self.take("first-step")
        text = self.call("doctor", "job.yml")
        for what in ("workspace", "disk", "file system", "isolation", "FUSE", "interpreter"):
            self.assertRegex(text, rf"(?m)^(ok|note) +{what} ")
        self.assertRegex(text, r"(?m)^ok +job.yml +1 step could run$")

    def test_a_pipeline_that_could_not_run(self):
        self.write("p.yml", "type: command\ncommand: x\nenvironment: azureml:e:1\ncode: ./gone\n")
        text = self.call("doctor", "p.yml", status=1)
        self.assertRegex(text, r"(?m)^FAILS +p.yml +1 error$")
        self.assertIn("→ see: amlocal validate p.yml", text)
        self.assertRegex(text, r"(?m)^FAILS +p.yml:4:7 ")

    def test_an_interpreter_that_is_gone(self):
        self.take("first-step")
        self.write("amlocal.yml", "environments:\n  default: ./gone/bin/python\n")
        text = self.call("doctor", "job.yml", status=1)
        self.assertRegex(text, r"(?m)^FAILS +interpreter ")
        self.assertRegex(text, r"(?m)^FAILS +job.yml ")
        self.assertIn("→ make one with 'python3 -m venv .venv'", text)

    def test_names_whose_things_are_gone_are_notes(self):
        (self.folder / "there").mkdir()
        self.call("data", "create", "--name", "iris", "--path", "there")
        self.call("datastore", "create", "raw", "--dir", "there")
        shutil.rmtree(self.folder / "there")
        text = self.call("doctor")
        self.assertRegex(text, r"(?m)^note +data iris:1 +there is nothing at there$")
        self.assertRegex(text, r"(?m)^note +datastore raw +there is no folder there$")

    def test_the_index_made_anew_names_damaged_journals(self):
        self.take("first-step")
        for name in ("good", "bad"):
            self.call("run", "job.yml", "--name", name)
        journal = self.folder / ".amlocal" / "runs" / "bad" / "journal"
        lines = journal.read_bytes().splitlines(keepends=True)
        lines[1] = lines[1].replace(b"e", b"E", 1)
        journal.write_bytes(b"".join(lines))
        (self.folder / ".amlocal" / "index.sqlite").unlink()
        text = self.call("doctor", "--rebuild")
        self.assertIn("made the index anew from 2 runs\n", text)
        self.assertRegex(text, r"(?m)^run bad: .*damaged")
        self.assertNotIn("run good", text)
        self.assertIn("good", self.call("runs", "list"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
