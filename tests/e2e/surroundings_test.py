#!/usr/bin/env python3
"""Surroundings that nobody wishes for: closed descriptors, a lost folder, foreign bytes.

    surroundings_test.py AMLOCAL
"""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import AMLOCAL, Project  # noqa: E402

JOB = """type: command
command: COMMAND
environment: azureml:any:1
"""


class Surroundings(Project):
    def shell(self, script):
        return subprocess.run(["bash", "-c", script, str(AMLOCAL)], cwd=self.folder, text=True,
                              env=self.environment, stdin=subprocess.DEVNULL, timeout=60,
                              capture_output=True)

    def test_a_closed_output_gets_into_no_record(self):
        self.write("job.yml", JOB.replace("COMMAND", "echo hi"))
        done = self.shell('"$0" run job.yml --name mute >&- 2>&- <&-')
        self.assertEqual(done.returncode, 0)
        for path in (self.folder / ".amlocal").rglob("*"):
            if path.is_file():
                self.assertNotIn(b"Completed in", path.read_bytes(), path)
        self.assertIn("mute", self.call("runs", "list"))

    def test_an_output_that_is_cut_is_no_success(self):
        done = self.shell('"$0" --help > /dev/full')
        self.assertEqual(done.returncode, 1)
        self.assertIn("amlocal: error: cannot write everything to the standard output\n",
                      done.stderr)
        done = self.shell('set -o pipefail; "$0" --help | head -1')
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_current_folder_that_is_gone(self):
        done = self.shell('mkdir lost; cd lost; rmdir ../lost; "$0" runs list')
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr,
                         "amlocal: error: the current folder is gone or cannot be read\n"
                         "  hint: change to a folder that exists, then run it again\n")

    def test_a_file_in_the_place_of_a_folder_of_amlocal(self):
        self.write("job.yml", JOB.replace("COMMAND", "echo hi"))
        self.write(".amlocal/runs", "")
        self.call("run", "job.yml", status=1)
        self.assertEqual(self.err, "amlocal: error: cannot use "
                                   f"'{self.folder}/.amlocal/runs': File exists\n")

    def test_a_run_without_its_first_record_has_no_date(self):
        self.write("job.yml", JOB.replace("COMMAND", "echo hi"))
        self.call("run", "job.yml", "--name", "early")
        (self.folder / ".amlocal/runs/early/journal").write_bytes(b"")
        line = self.call("runs", "list").splitlines()[1]
        self.assertEqual(line.split(), ["early", "Interrupted", "-", "-", "-"])

    def test_foreign_bytes_of_a_log_do_not_reach_the_terminal(self):
        self.write("job.yml", JOB.replace("COMMAND", r"printf '\033[31mred\001\n'; exit 3"))
        text = self.call("run", "job.yml", status=1)
        self.assertIn("\n    red?\n", text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
