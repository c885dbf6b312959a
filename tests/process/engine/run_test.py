#!/usr/bin/env python3
"""Runs of the whole program that are interrupted: by Ctrl-C, from another terminal, by SIGKILL, by
a full disk.

    run_test.py AMLOCAL [unittest arguments]

Waits are for conditions, with deadlines; nothing sleeps blindly. The standard library is enough.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

AMLOCAL = ""
DEADLINE_S = 60

# Three steps: the first ends at once; the second starts children that leave its session and waits
# for the file `go`; the third needs the second.
PIPELINE = """\
type: pipeline
jobs:
  quick:
    command: echo done > ${{outputs.out}}
    environment: azureml:base:1
    outputs: {out: {type: uri_file}}
  slow:
    command: >-
      setsid sleep 600 & (setsid sh -c 'sleep 600' &) ;
      echo started; until test -e GO; do sleep 0.05; done; echo went > ${{outputs.out}}
    environment: azureml:base:1
    inputs: {quick: '${{parent.jobs.quick.outputs.out}}'}
    outputs: {out: {type: uri_file, mode: upload}}
  last:
    command: cat ${{inputs.slow}}
    environment: azureml:base:1
    inputs: {slow: '${{parent.jobs.slow.outputs.out}}'}
"""


class RunTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-run-")).resolve()
        (self.folder / "amlocal.yml").write_text("")
        self.go = self.folder / "go"
        (self.folder / "p.yml").write_text(PIPELINE.replace("GO", str(self.go)))
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        for name in ("AMLOCAL_SUPERVISOR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.children = []
        self.addCleanup(self.clean)

    def clean(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.communicate()
        self.wait_for(lambda: not self.processes(), "its processes to end")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *words, **more):
        child = subprocess.Popen(
            [AMLOCAL, *words], cwd=more.pop("cwd", self.folder), env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.children.append(child)
        return child

    def run_amlocal(self, *words, **more):
        child = self.start(*words, **more)
        out, err = child.communicate(timeout=DEADLINE_S)
        return child.returncode, out, err

    def wait_for(self, condition, what, seconds=DEADLINE_S):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"waited for {what}")
            time.sleep(0.01)

    def processes(self):
        """Living processes whose current folder is in the project's records."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if os.readlink(entry / "cwd").startswith(str(self.folder / ".amlocal")):
                        found.append(entry.name)
                except OSError:
                    pass
        return found

    def slow_runs(self):
        return any("started" in log.read_text()
                   for log in self.folder.glob(".amlocal/runs/*/steps/slow/user_logs/std_log.txt"))

    def start_until_slow(self, *words):
        child = self.start("run", "p.yml", *words)
        self.wait_for(self.slow_runs, "the step 'slow' to start")
        return child

    def record(self, name="@last"):
        status, out, err = self.run_amlocal("runs", "show", name, "--json")
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def statuses(self, name="@last"):
        return {step["step"]: step["status"] for step in self.record(name)["steps"]}

    def test_one_interrupt_stops_cleanly_and_says_how_to_go_on(self):
        child = self.start_until_slow("--name", "one")
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=DEADLINE_S)
        self.assertEqual(child.returncode, 130)
        self.assertEqual(self.statuses(), {"quick": "Completed", "slow": "Canceled", "last": "Canceled"})
        self.assertEqual(out.splitlines()[-1].strip(), "amlocal run p.yml --resume one")
        self.assertEqual(self.processes(), [])
        self.go.touch()
        status, out, err = self.run_amlocal("run", "p.yml", "--resume", "one", "--name", "two")
        self.assertEqual(status, 0, err)
        self.assertEqual(self.statuses(), {"quick": "Reused", "slow": "Completed", "last": "Completed"})
        # A run that was itself resumed can be resumed.
        status, out, err = self.run_amlocal("run", "p.yml", "--resume", "two", "--dry-run")
        self.assertIn("0 of 3 steps would run; 3 kept", out)

    def test_two_interrupts_end_at_once_and_nothing_lives_on(self):
        (self.folder / "p.yml").write_text(
            PIPELINE.replace("GO", str(self.go)).replace("echo started", "trap '' TERM; echo started"))
        child = self.start_until_slow()
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGTERM)
        began = time.monotonic()
        child.communicate(timeout=DEADLINE_S)
        self.assertEqual(child.returncode, 130)
        self.assertLess(time.monotonic() - began, 4, "the grace time was waited for")
        self.wait_for(lambda: not self.processes(), "the processes to end", 2)
        self.assertEqual(self.record()["status"], "Interrupted")
        self.assertGreater(self.record()["seconds"], 0)

    def test_cancel_from_another_terminal(self):
        child = self.start_until_slow("--name", "one")
        status, _, err = self.run_amlocal("runs", "cancel", "one")
        self.assertEqual(status, 0, err)
        child.communicate(timeout=DEADLINE_S)
        self.assertEqual(child.returncode, 130)
        self.assertEqual(self.record()["status"], "Canceled")

    def test_sigkill_at_random_moments(self):
        seed = int.from_bytes(os.urandom(4), "little")
        moments = random.Random(seed)
        for n in range(8):
            with self.subTest(seed=seed, n=n):
                child = self.start("run", "p.yml", "--name", f"k{n}")
                delay = time.monotonic() + moments.uniform(0, 0.6)
                self.wait_for(lambda: time.monotonic() >= delay, "the moment")
                child.kill()
                child.communicate()
                self.wait_for(lambda: not self.processes(), "the processes to end", 2)
        status, out, err = self.run_amlocal("runs", "list", "--json")
        self.assertEqual(status, 0, err)
        runs = [json.loads(line) for line in out.splitlines()]
        self.assertEqual({run["status"] for run in runs}, {"Interrupted"})
        # The next run cleans up after all of them, and keeps what they finished.
        self.go.touch()
        finished = [run["run"] for run in runs
                    if any(step["status"] == "Completed" for step in run["steps"])]
        words = ("--resume", finished[0]) if finished else ()
        status, out, err = self.run_amlocal("run", "p.yml", *words)
        self.assertEqual(status, 0, err)
        if finished:
            self.assertEqual(self.statuses()["quick"], "Reused")
        hidden = self.folder / ".amlocal"
        self.assertEqual([path.name for path in (hidden / "live").iterdir()], [])
        for kind in ("exe", "cap"):
            self.assertEqual(list(hidden.glob(f"runs/k*/steps/*/{kind}")), [])
        for kind in ("runs/.new-*/.maker", "snapshots/.making-*/.maker", "runs/.deleted-*/.maker"):
            self.assertEqual(list(hidden.glob(kind)), [])

    def test_a_closed_listener_does_not_end_the_run(self):
        self.go.touch()
        child = self.start("run", "p.yml", "--json")
        child.stdout.close()
        child.stdout = None
        child.wait(timeout=DEADLINE_S)
        self.assertEqual(self.record()["status"], "Completed")

    def test_records_that_are_removed_end_the_run_with_one_error(self):
        for name in (".amlocal", ".amlocal/runs"):
            with self.subTest(name):
                child = self.start_until_slow()
                shutil.rmtree(self.folder / name)
                out, err = child.communicate(timeout=DEADLINE_S)
                self.assertEqual(child.returncode, 1, out + err)
                self.assertRegex(err, r"^amlocal: error: '\.amlocal/runs/\w+/journal' was removed while "
                                      r"amlocal was writing it\n  hint: run it again, and leave \.amlocal in "
                                      r"place while anything runs; [^\n]+\n$")
                self.assertEqual(self.processes(), [])
                shutil.rmtree(self.folder / ".amlocal", ignore_errors=True)

    def test_a_full_disk_ends_the_run_with_one_error(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        # The run's own file system is small, and the step fills it. How it ended, with the last lines
        # of its log, takes more than what is left of the journal's last page.
        small = self.folder / "small"
        small.mkdir()
        (small / "amlocal.yml").write_text("")
        (small / "p.yml").write_text("""\
type: pipeline
jobs:
  other:
    command: sleep 600
    environment: azureml:base:1
  fill:
    command: >-
      for n in $(seq 20); do printf '%0400d\\n' $n; done; cat /dev/zero > ${{outputs.out}} 2>/dev/null; exit 3
    environment: azureml:base:1
    outputs: {out: {type: uri_file}}
""")
        script = ("mount -t tmpfs -o size=4m none .amlocal || exit 77; "
                  f"'{AMLOCAL}' run p.yml --jobs 2 --data-access link; status=$?; "
                  "ls /proc/*/cwd -l 2>/dev/null | grep -c /small/.amlocal; exit $status")
        (small / ".amlocal").mkdir()
        child = subprocess.Popen(["unshare", "-m", "bash", "-c", script], cwd=small, text=True,
                                 env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.children.append(child)
        out, err = child.communicate(timeout=DEADLINE_S)
        if child.returncode == 77:
            self.skipTest("no tmpfs can be mounted here")
        self.assertEqual(child.returncode, 1, out + err)
        self.assertEqual(err.count("error:"), 1, err)
        self.assertIn("No space left on device", err)
        self.assertEqual(out.splitlines()[-1], "0", "a process of the run lives on")


if __name__ == "__main__":
    AMLOCAL = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
