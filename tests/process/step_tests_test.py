#!/usr/bin/env python3
"""`amlocal test` with real steps: side by side, hangs killed, Ctrl-C, reports, snapshots, --watch.

    step_tests_test.py AMLOCAL
"""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import AMLOCAL, Project, wait_until

COMPONENT = """
type: command
name: copy
environment: azureml:any:1
code: src
command: python work.py ${{inputs.rows}} ${{outputs.out}} ${{inputs.mark}}
inputs:
  rows: {type: uri_file}
  mark: {type: string, default: none}
outputs:
  out: {type: uri_folder}
"""
SCRIPT = """
import os, pathlib, shutil, sys
rows, out, mark = sys.argv[1:]
shutil.copy(rows, pathlib.Path(out) / "rows.csv")
print("copied for", mark, os.environ.get("NOTE"))
"""


def alive(mark):
    """Processes that have the mark in their environment."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found


class StepTests(Project):
    def setUp(self):
        super().setUp()
        self.write("copy.yml", COMPONENT)
        self.write("src/work.py", SCRIPT)
        self.write("rows.csv", "id,fare\n1,2.5\n2,3.5\n")
        for name in ("CI", "GITHUB_ACTIONS"):
            self.environment.pop(name, None)

    def write_tests(self, cases, more=""):
        self.write("copy.steptest.yml", f"step: copy.yml\ninputs: {{rows: rows.csv}}\n{more}cases:\n{cases}")

    def test_all_kinds_of_expectation_hold(self):
        self.write("check.py", "def two(path):\n    assert (path / 'out/rows.csv').read_text().count('\\n') == 3\n")
        self.write_tests("""
  good:
    environment: {NOTE: hello}
    set: {mark: m}
    expect:
      exit: 0
      check: check.py:two
      outputs:
        out: {files: 1}
        out/rows.csv: {rows: 2, columns: {id: int64, fare: float64}, equals: rows.csv}
        out/gone.csv: absent
      logs: {contains: copied for m hello, matches: '^copied', absent: Traceback}
  "{n} rows":
    each: [{n: 2}]
    expect: {outputs: {out/rows.csv: {rows: "{n}"}}}
""")
        out = self.call("test")
        self.assertRegex(out, r"\n2 passed, 0 failed in [0-9.]+ s\n$")
        self.assertIn("copy.steptest.yml::2 rows", out)
        self.assertFalse(list((self.folder / ".amlocal/alone").glob("test-*")), "passed tests leave nothing")

    def test_what_fails_says_all(self):
        self.write_tests("""
  wrong:
    set: {mark: a*b}
    expect: {outputs: {out/rows.csv: {rows: 3}}}
  right: {}
""")
        out = self.call("test", "--junitxml", "r/j.xml", status=1, GITHUB_ACTIONS="true")
        self.assertIn("copy.steptest.yml:7: outputs out/rows.csv: 2 rows, expected 3", out)
        self.assertIn("copied for a*b None", out)
        self.assertIn("debug it: amlocal step debug copy.yml#copy --in rows=rows.csv --set 'mark=a*b'", out)
        self.assertIn("::error file=copy.steptest.yml,line=7,title=wrong::outputs out/rows.csv", out)
        self.assertRegex(out, r"1 passed, 1 failed in")
        folder = self.folder / re.search(r"its folder: (\S+)", out)[1]
        self.assertTrue((folder / "outputs/out/rows.csv").exists())
        report = xml.etree.ElementTree.parse(self.folder / "r/j.xml").getroot()
        self.assertEqual([case.get("name") for case in report.iter("testcase")], ["wrong", "right"])
        self.assertEqual(len(list(report.iter("failure"))), 1)

        again = json.loads(self.call("test", "--lf", "--json", status=1))
        self.assertEqual([test["name"] for test in again["tests"]], ["wrong"])
        self.write_tests("  wrong: {}\n  right: {}\n")
        self.call("test", "--lf")
        self.assertIn("0 passed, 0 failed", self.call("test", "--lf"))

    def test_side_by_side_each_for_itself(self):
        self.write("src/work.py", """
import pathlib, sys, time
rows, out, mark = sys.argv[1:]
meet = pathlib.Path(rows).read_text().strip()
(pathlib.Path(meet) / mark).touch()
end = time.monotonic() + 60
while len(list(pathlib.Path(meet).iterdir())) < 3:
    assert time.monotonic() < end, "nobody came"
    time.sleep(0.01)
pathlib.Path(out, "rows.csv").write_text(mark)
""")
        (self.folder / "meet").mkdir()
        self.write("rows.csv", str(self.folder / "meet"))
        self.write_tests("  't {n}':\n    each: [{n: 1}, {n: 2}, {n: 3}]\n    set: {mark: 'm{n}'}\n"
                   "    expect: {outputs: {out/rows.csv: {text: 'm{n}'}}}\n")
        self.assertIn("3 passed", self.call("test", "-n", "3"))

    def test_one_that_hangs_is_killed_with_all_it_started(self):
        self.write("src/work.py", """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("hanging", flush=True)
time.sleep(600)
""")
        self.write_tests("  hangs:\n    timeout: 2\n    environment: {MARK: hang-of-step-tests}\n")
        began = time.monotonic()
        out = self.call("test", status=1)
        self.assertLess(time.monotonic() - began, 40)
        self.assertIn("it did not end within 2 s and was killed", out)
        self.assertIn("hanging", out)
        wait_until(lambda: not alive("hang-of-step-tests"))

    def test_ctrl_c_leaves_nothing(self):
        self.write("src/work.py", "import time\nprint('on', flush=True)\ntime.sleep(600)\n")
        self.write_tests("  a: {environment: {MARK: ctrl-c-of-step-tests}}\n  b: {}\n"
                   "  c: {after: touch after.txt, before: touch before.txt}\n")
        child = self.start("test", "-n", "1")
        wait_until(lambda: alive("ctrl-c-of-step-tests"))
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 130, out + err)
        self.assertIn("0 passed, 0 failed, 3 not run", out)
        wait_until(lambda: not alive("ctrl-c-of-step-tests"))
        self.assertFalse(list((self.folder / ".amlocal/alone").glob("test-*")))
        self.assertFalse((self.folder / "before.txt").exists())

    def test_set_up_and_tear_down(self):
        self.write_tests("""
  made:
    before: echo 'id,fare' > "$AMLOCAL_TEST_FOLDER/made.csv"
    inputs: {rows: "{folder}/made.csv"}
    after: echo over > after.txt
    expect: {outputs: {out/rows.csv: {rows: 0}}}
  broken:
    before: echo no such luck; exit 3
""")
        out = self.call("test", status=1)
        self.assertIn("its set-up failed: exit status 3", out)
        self.assertIn("no such luck", out)
        self.assertIn("1 passed, 1 failed", out)
        self.assertEqual((self.folder / "after.txt").read_text(), "over\n")

    def test_snapshots(self):
        self.write_tests("  a b: {expect: {outputs: {out/rows.csv: {snapshot: true}}}}\n")
        refused = self.call("test", "--ci", status=1)
        self.assertIn("its snapshot is not written yet: snapshots/copy/a-b/out/rows.csv", refused)
        self.assertIn("--snapshot-update", refused)
        self.call("test", CI="true", status=1)
        self.assertIn("snapshot written: snapshots/copy/a-b/out/rows.csv", self.call("test"))
        self.assertNotIn("snapshot", self.call("test", CI="true"))
        self.write("rows.csv", "id,fare\n1,2.5\n2,9\n")
        differs = self.call("test", status=1)
        self.assertIn("it differs from its snapshot snapshots/copy/a-b/out/rows.csv", differs)
        self.assertIn("3.5", differs)
        self.call("test", "--snapshot-update")
        self.call("test", "--ci")
        self.write_tests("  c: {}\n")
        self.assertIn("snapshot that no test uses: snapshots/copy/a-b/out/rows.csv", self.call("test"))
        self.call("test", "--snapshot-update")
        self.assertFalse((self.folder / "snapshots/copy/a-b").exists())

    def test_changed_since(self):
        self.write("other.yml", COMPONENT.replace("code: src", "code: other"))
        self.write("other/work.py", SCRIPT)
        self.write_tests("  first: {}\n")
        self.write("other.steptest.yml", "step: other.yml\ninputs: {rows: rows.csv}\ncases: {second: {}}\n")
        git = {**self.environment, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
               "GIT_COMMITTER_EMAIL": "a@b"}
        for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "all")):
            subprocess.run(["git", *words], cwd=self.folder, env=git, check=True)
        self.assertIn("0 passed, 0 failed", self.call("test", "--changed-since", "HEAD"))
        self.write("other/work.py", SCRIPT + "\n")
        out = self.call("test", "--changed-since", "HEAD")
        self.assertIn("second", out)
        self.assertNotIn("first", out)
        self.call("test", "--changed-since", "nowhere", status=2)
        self.assertIn("git cannot compare with it", self.err)

    def test_watch_runs_what_a_saved_file_can_affect(self):
        self.write("other.yml", COMPONENT.replace("code: src", "code: other"))
        self.write("other/work.py", SCRIPT)
        self.write_tests("  first: {}\n")
        self.write("other.steptest.yml", "step: other.yml\ninputs: {rows: rows.csv}\ncases: {second: {}}\n")
        with open(self.folder / "out.txt", "w") as out:
            child = subprocess.Popen([AMLOCAL, "test", "--watch"], cwd=self.folder, env=self.environment,
                                     stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        self.addCleanup(child.kill)
        text = lambda: (self.folder / "out.txt").read_text()
        wait_until(lambda: "2 passed, 0 failed" in text() and "watching" in text())
        self.write("src/work.py", SCRIPT + "print('again')\n")
        wait_until(lambda: "src/work.py changed: 1 test" in text())
        wait_until(lambda: text().count("watching") == 2)
        self.assertEqual(text().count("::first"), 2)
        self.assertEqual(text().count("::second"), 1)
        self.write("copy.steptest.yml", "step: copy.yml\ncases: [\n")
        wait_until(lambda: "no test was run" in text())
        self.write_tests("  third: {}\n")
        wait_until(lambda: "::third" in text() and text().count("watching") == 3)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=30), 0, text())

    def test_the_tabular_fixture(self):
        self.take("tabular")
        out = self.call("test", "--ci", "tests")
        self.assertRegex(out, r"\n\d+ passed, 0 failed in")
        for step in ("prepare", "train", "score", "evaluate"):
            self.assertIn(f"tests/{step}.steptest.yml::", out)

    def test_a_test_from_a_run(self):
        self.write("p.yml", """
type: pipeline
inputs: {rows: {type: uri_file, path: rows.csv}}
jobs:
  first:
    type: command
    component: copy.yml
    inputs: {rows: "${{parent.inputs.rows}}"}
  second:
    type: command
    environment: azureml:any:1
    command: cp ${{inputs.from}}/rows.csv ${{outputs.to}}
    inputs: {from: "${{parent.jobs.first.outputs.out}}"}
    outputs: {to: {type: uri_file}}
""")
        self.call("run", "p.yml")
        out = self.call("test", "new", "p.yml#second", "--from-run", "@last")
        self.assertIn("recorded: mocks/first.out.mock.yml (first.out of run ", out)
        self.assertIn("written: second.steptest.yml", out)
        shutil.rmtree(self.folder / ".amlocal")  # a colleague's clone has no runs
        self.call("test", "second.steptest.yml")
        self.call("run", "p.yml")
        self.assertIn("1 passed, 0 failed", out)
        self.assertIn("{rows: 2, columns: {id: int64, fare: float64}}",
                      (self.folder / "second.steptest.yml").read_text())
        self.call("test", "new", "p.yml#second", "--from-run", "@last", status=1)
        self.assertIn("second.steptest.yml is there already", self.err)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
