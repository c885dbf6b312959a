#!/usr/bin/env python3
"""A store that vanishes, or may not be used any more, while a step reads and writes it.

    store_gone_test.py AMLOCAL SUPERVISOR MOUNT

The step opens, reads and writes before and after; each of its attempts is a line of its log. Nothing
may be made up: no empty listing of a folder that has gone, no new folder in its place, no run that
completes. The standard library is all this needs.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from fuse_cases_test import NOBODY, Machine, wait_until, why_not  # noqa: E402

PROGRAMS = []
DEADLINE_S = 30

WORK = """
import errno, json, os, sys, time
given, out, go, end = sys.argv[1:]

def attempt(what, act):
    try:
        result = act()
    except OSError as refused:
        result = errno.errorcode[refused.errno]
    print(json.dumps([what, result]), flush=True)

def write(name, how):
    file = open(os.path.join(out, name), how)
    file.write("1")
    file.close()

write("closed", "w")
held = open(os.path.join(out, "held"), "w")
held.write("x" * 100000)
held.flush()
open(os.path.join(given, "known"), "rb").read()
print("ready", flush=True)
while not os.path.exists(go):
    time.sleep(0.01)
attempt("read", lambda: len(open(os.path.join(given, "other"), "rb").read()))
attempt("list", lambda: os.listdir(given))
attempt("create", lambda: write("new", "w"))
attempt("append", lambda: write("closed", "a"))
attempt("fsync", lambda: os.fsync(held.fileno()))
attempt("close", held.close)
attempt("list the output", lambda: os.listdir(out))
if end == "raise":
    open(os.path.join(given, "other"), "rb")
"""

PIPELINE = """
type: pipeline
jobs:
  one:
    code: src
    environment: azureml:any:1
    command: python3 work.py ${{inputs.raw}} ${{outputs.made}} GO END
    inputs: {raw: {type: uri_folder, path: "azureml://datastores/lake/paths/raw"}}
    outputs: {made: {type: uri_folder, path: "azureml://datastores/lake/paths/made"}}
"""


class StoreGone(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-gone-")).resolve()
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder)
        self.project = self.folder / "project"
        (self.project / "src").mkdir(parents=True)
        (self.project / "src/work.py").write_text(WORK)
        (self.project / "amlocal.yml").write_text(
            f"environments: {{default: /usr/bin/python3}}\ndatastores: {{lake: {self.folder}/lake}}\n")
        self.lake = self.folder / "lake"
        (self.lake / "raw").mkdir(parents=True)
        for name in ("known", "other"):
            (self.lake / "raw" / name).write_bytes(bytes(3_000_000))
        (self.folder / "bin").mkdir()
        for program in PROGRAMS:
            shutil.copy2(program, self.folder / "bin")

    def run_step(self, profile, harm, user=0, end="return"):
        """What the attempts came to, what amlocal said, and the run's exit status, which is 1."""
        go = self.folder / "go"
        (self.project / "pipeline.yml").write_text(PIPELINE.replace("GO", str(go)).replace("END", end))
        prefix = []
        if user:
            machine = Machine(self.folder, 0o666, True)
            self.addCleanup(machine.close)
            for path in [self.project, self.lake, *self.project.rglob("*"), *self.lake.rglob("*")]:
                os.chown(path, user, user)
            prefix = [*machine.enter, "sh", "-c", 'cd "$0" && exec "$@"', str(self.project),
                      "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.project), "LC_ALL": "C.UTF-8"}
        environment.update((name, os.environ[name]) for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ)
        child = subprocess.Popen([*prefix, str(self.folder / "bin/amlocal"), "run", "pipeline.yml", "--name", "r",
                                  "--data-access", "mount", "--mount-profile", profile], cwd=self.project,
                                 env=environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
        log = self.project / ".amlocal/runs/r/steps/one/user_logs/std_log.txt"
        wait_until(lambda: child.poll() is not None or (log.exists() and "ready" in log.read_text()), "the step to start")
        harm()
        go.touch()
        out, _ = child.communicate(timeout=DEADLINE_S)
        self.assertEqual(child.returncode, 1, out)
        self.assertNotIn(str(self.folder), pathlib.Path("/proc/mounts").read_text())
        came = dict(json.loads(line) for line in log.read_text().splitlines() if line.startswith("["))
        return came, out

    def unsent(self):
        folder = self.project / ".amlocal/runs/r/steps/one/unsent/outputs.made"
        return {path.name: path.read_text() for path in folder.glob("*")} if folder.exists() else {}

    def check_told(self, out):
        made = self.lake / "made"
        self.assertIn("  the folder of output 'made' in the datastore was removed or replaced while the step ran: "
                      f"{made}\n", out)
        self.assertIn("  hint: what had been sent there is lost with it", out)
        self.assertNotIn("outputs:\n", out)

    def test_it_is_removed(self):
        for profile in ("rslex", "dprep", "blobfuse2"):
            with self.subTest(profile):
                came, out = self.run_step(profile, lambda: shutil.rmtree(self.lake))
                self.check_told(out)
                self.assertFalse(self.lake.exists(), "it was made anew")
                for what in ("read", "append", "close"):
                    self.assertEqual(came[what], "EIO", came)
                for what in ("list", "list the output"):
                    # What was listed before may still be known; nothing is never an answer.
                    self.assertNotEqual(came[what], [], came)
                self.assertIn("what was not sent is kept in .amlocal/runs/r/steps/one/unsent", out)
                self.assertEqual(self.unsent()["held"], "x" * 100000)
                self.assertEqual(self.unsent()["closed"], "11")
                self.tearDown()
                self.doCleanups()
                self.setUp()

    def test_an_append_that_the_mount_process_had_begun_is_undone(self):
        """Killed in the middle of an append in place: the object has a part of it, and a note of its old size."""
        def kill_in_mid_append():
            closed = self.lake / "made/closed"
            with closed.open("a") as file:
                file.write("a part of what was appended")
            note = f"append 1 {closed}\n".encode().ljust(4352, b"\0")
            intents = self.project / ".amlocal/runs/r/steps/one/cap/data-capability/tmp/outputs.made/intents"
            with intents.open("r+b") as file:
                file.write(note)
            for entry in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    if os.readlink(entry / "exe") == str(self.folder / "bin/amlocal-mount"):
                        os.kill(int(entry.name), signal.SIGKILL)
                except OSError:
                    pass  # gone meanwhile, or a thread of the kernel's

        came, _ = self.run_step("rslex", kill_in_mid_append)
        self.assertEqual(came["append"], "ENOTCONN", came)
        self.assertEqual((self.lake / "made/closed").read_text(), "1")

    def test_another_folder_takes_its_place(self):
        def replace():
            self.lake.rename(self.folder / "away")
            (self.lake / "made").mkdir(parents=True)
            (self.lake / "raw").mkdir()

        came, out = self.run_step("rslex", replace)
        self.check_told(out)
        self.assertEqual((came["read"], came["list"]), ("EIO", "EIO"))

    def test_it_is_removed_below_a_local_disk(self):
        came, out = self.run_step("ideal", lambda: shutil.rmtree(self.lake))
        self.check_told(out)
        self.assertEqual(came["read"], "ENOENT")  # as of any folder
        self.assertFalse(self.lake.exists())

    def test_a_step_that_fails_of_it_says_what_it_was(self):
        _, out = self.run_step("rslex", lambda: shutil.rmtree(self.lake), end="raise")
        self.assertIn("OSError: [Errno 5] Input/output error", out)
        self.assertIn("at work.py:33", out)
        self.assertRegex(out, rf"hint: the mount said last: \S+: \w+ of '[^']*' failed: the store's folder '{self.lake}/\w+' "
                              "was removed or replaced; put it back, and leave it alone while it is mounted")
        self.assertEqual(self.unsent()["held"], "x" * 100000)

    def test_it_may_not_be_used_any_more(self):
        self.addCleanup(self.lake.chmod, 0o755)
        came, out = self.run_step("rslex", lambda: self.lake.chmod(0), user=NOBODY)
        self.assertEqual((came["read"], came["close"]), ("EACCES", "EACCES"))
        self.assertIn("of output 'made' did not reach the datastore", out)
        self.assertRegex(out, rf"cannot [a-z ]+ '{self.lake}/made/\w+': Permission denied")
        self.assertEqual(self.unsent()["held"], "x" * 100000)


if __name__ == "__main__":
    PROGRAMS = [pathlib.Path(word).resolve() for word in sys.argv[1:4]]
    reason = why_not()
    if reason:
        print(reason)
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
