#!/usr/bin/env python3
"""A small disk fills up, and nothing half-written is left: tmpfs, real runs.

    space_test.py AMLOCAL

Mounts a tmpfs of its own in a mount namespace; skipped where that is not allowed. The standard
library is all this needs.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

AMLOCAL = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
SMALL = "4m"
MEGABYTES = 6  # more than the small disk has

JOB = """
type: command
environment: azureml:any:1
command: >-
  COMMAND
INPUTS
outputs:
  made: {type: uri_folder, mode: MODE, path: azureml://datastores/small/paths/made}
  other: {type: uri_file, mode: MODE, path: azureml://datastores/small/paths/other.txt}
"""


# Fills an output until it is refused, then goes on with the rest; and stops as it may.
FILLING = """
import errno, json, os, sys
given, out = sys.argv[1:]

def attempt(what, act):
    try:
        result = act()
    except OSError as refused:
        result = errno.errorcode[refused.errno]
    print(json.dumps([what, result]), flush=True)

small = open(out + "/small", "w")
small.write("before")
small.close()
big = open(out + "/big", "wb", buffering=0)
taken = 0

def fill():
    global taken
    while taken < 20_000_000:
        taken += big.write(bytes([taken // 65536 % 251]) * 65536)

attempt("write", fill)
attempt("taken", lambda: taken)
attempt("size", lambda: os.fstat(big.fileno()).st_size)
attempt("read", lambda: len(open(given + "/large", "rb").read()))
attempt("close", big.close)
with open(out + "/small", "a") as small:
    small.write(" and after")
if os.path.exists(given + "/raise"):
    fill_again = open(out + "/again", "wb", buffering=0)
    while True:
        fill_again.write(bytes(65536))
"""


class Disk(unittest.TestCase):
    size = SMALL

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-space-")).resolve()
        self.small = self.folder / "small"
        self.small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", self.small], check=True)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.small], check=True)

    def run_job(self, root, command, mode="rw_mount", inputs="", options=()):
        root.mkdir(exist_ok=True)
        (root / "amlocal.yml").write_text(
            f"environments: {{default: /usr/bin/python3}}\ndatastores: {{small: {self.small}/store}}\n")
        text = JOB.replace("COMMAND", command).replace("MODE", mode).replace("INPUTS", inputs)
        (root / "job.yml").write_text(text)
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        for name in ("AMLOCAL_SUPERVISOR", "AMLOCAL_MOUNT", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        done = subprocess.run([str(AMLOCAL), "run", "job.yml", *options], cwd=root, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stdout

class Space(Disk):
    def stored(self):
        store = self.small / "store"
        return sorted(str(path.relative_to(store)) for path in store.rglob("*"))

    def test_a_copy_that_would_fill_the_disk_is_refused(self):
        data = self.folder / "data"
        data.mkdir()
        (data / "big").write_bytes(b"x" * MEGABYTES * 1_000_000)
        out = self.run_job(self.small / "project", "ls ${{inputs.raw}}",
                           inputs=f"inputs:\n  raw: {{type: uri_folder, mode: download, path: {data}}}")
        self.assertIn("input 'raw' needs 6.00 MB for its copy; ", out)
        self.assertIn("must stay free", out)
        self.assertIn("mode ro_mount, which copies nothing", out)

    def test_an_upload_that_does_not_fit_publishes_nothing(self):
        out = self.run_job(self.folder / "project",
                           "echo 1 > ${{outputs.other}} && "
                           f"head -c {MEGABYTES}000000 /dev/zero > ${{{{outputs.made}}}}/big", mode="upload")
        self.assertIn(f"cannot write output 'made' to '{self.small}/store/made': No space left on device",
                      out)
        self.assertIn("free some space", out)
        self.assertEqual(self.stored(), [])

    def test_a_disk_that_fills_up_under_the_step_is_named(self):
        out = self.run_job(self.folder / "project",
                           f"python3 -c \"open('${{{{outputs.made}}}}/big', 'wb').write(bytes({MEGABYTES}000000))\"")
        self.assertRegex(out, f"'big' of output 'made' did not reach the datastore: cannot \\w+ '{self.small}/store/made/[^']+': No space left on device")
        self.assertIn("what was written is kept in .amlocal/runs/", out)
        [kept] = (self.folder / "project").glob(".amlocal/runs/*/steps/job/unsent/outputs.made/big")
        self.assertEqual(kept.stat().st_size, MEGABYTES * 1_000_000)
        self.assertEqual(self.stored(), ["made"])

    def test_a_disk_that_fills_up_under_a_linked_output_is_named(self):
        out = self.run_job(self.folder / "project",
                           f"python3 -c \"open('${{{{outputs.made}}}}/big', 'wb').write(bytes({MEGABYTES}000000))\"",
                           options=["--data-access", "link"])
        self.assertIn("OSError: [Errno 28] No space left on device", out)
        self.assertRegex(out, rf"hint: '{self.small}/store' has \d+ B left: free some space")

    def test_a_tool_that_is_no_python_has_the_hint_too(self):
        out = self.run_job(self.folder / "project", "cat /dev/zero > ${{outputs.made}}/big",
                           options=("--data-access", "link"))
        self.assertIn("cat: write error: No space left on device", out)
        self.assertRegex(out, rf"hint: '{self.small}/store' has \d+ B left: free some space \(`amlocal runs gc`")

    def test_a_disk_that_is_full_before_the_run_is_told_as_such(self):
        root = self.small / "project"
        self.run_job(root, "exit 3")  # makes the records; their last pages are not full
        left = os.statvfs(self.small)
        for kept in (0, 20_000):
            with self.subTest(kept):
                (self.small / "rest").write_bytes(b"x" * (left.f_bavail * left.f_frsize - kept))
                out = self.run_job(root, "exit 3")
                self.assertRegex(out, rf"error: cannot \w+ '{root}/.amlocal/[^']+': No space left on device")
                self.assertIn("hint: free some space there (`amlocal runs gc` removes old runs)", out)
                self.assertEqual(out.count("error:"), 1, out)
                (self.small / "rest").unlink()
        self.assertEqual(len(list((root / ".amlocal/runs").iterdir())), 1)


@unittest.skipUnless(os.access("/dev/fuse", os.R_OK | os.W_OK), "needs fuse: /dev/fuse cannot be opened")
class FullCache(Disk):
    """The disk of a mount's copies fills up, not the store's. 150 MB of it are never used."""

    size = "160m"

    def run_filling(self, profile, raises):
        given = self.folder / "given"
        shutil.rmtree(given, ignore_errors=True)
        given.mkdir()
        (given / "large").write_bytes(bytes(12_000_000))
        if raises:
            (given / "raise").touch()
        root = self.small / "project"
        (root / "src").mkdir(parents=True)
        (root / "src/fill.py").write_text(FILLING)
        (root / "amlocal.yml").write_text(
            f"environments: {{default: /usr/bin/python3}}\ndatastores: {{big: {self.folder}/store}}\n")
        (root / "job.yml").write_text(f"""
type: command
code: src
environment: azureml:any:1
command: python3 fill.py ${{{{inputs.raw}}}} ${{{{outputs.made}}}}
inputs:
  raw: {{type: uri_folder, path: {given}}}
outputs:
  made: {{type: uri_folder, path: azureml://datastores/big/paths/{profile}}}
""")
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        for name in ("AMLOCAL_SUPERVISOR", "AMLOCAL_MOUNT", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        done = subprocess.run([str(AMLOCAL), "run", "job.yml", "--mount-profile", profile, "--name", "r"], cwd=root,
                              env=environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual(done.returncode, 1 if raises else 0, done.stdout)
        [log] = root.glob(".amlocal/runs/r/steps/*/user_logs/std_log.txt")
        came = dict(json.loads(line) for line in log.read_text().splitlines() if line.startswith("["))
        shutil.rmtree(root)
        return came, done.stdout

    def check_told(self, text, name):
        self.assertIn(f"outputs.made: writing to '{name}' at offset ", text)
        self.assertRegex(text, rf"was refused: the local disk of the mount is full; '{self.small}/\S+/cache' has 15\d MB left, "
                               "150 MB of it must stay free, .*: free some space, or lower "
                               "DATASET_RESERVED_FREE_DISK_SPACE in the step's environment_variables")

    def test_a_write_is_refused_and_what_was_taken_is_whole(self):
        for profile in ("rslex", "dprep", "blobfuse2"):
            with self.subTest(profile):
                came, out = self.run_filling(profile, raises=False)
                self.assertEqual((came["write"], came["close"]), ("ENOSPC", None), came)
                self.assertEqual(came["size"], came["taken"])
                # A copy that finds no room is no reason not to read.
                self.assertEqual(came["read"], 12_000_000)
                stored = self.folder / "store" / profile
                self.assertEqual((stored / "small").read_text(), "before and after")
                self.assertEqual((stored / "big").read_bytes(),
                                 b"".join(bytes([n % 251]) * 65536 for n in range(came["taken"] // 65536)))
                self.assertIn("it finished although its mounts refused something; last: ", out)
                self.check_told(out, "big")

    def test_the_step_that_fails_of_it_says_what_would_help(self):
        _, out = self.run_filling("rslex", raises=True)
        self.assertIn("OSError: [Errno 28] No space left on device", out)
        self.assertIn("  hint: the mount said last: outputs.made", out)
        self.check_told(out, "again")


if __name__ == "__main__":
    if "AMLOCAL_IN_NAMESPACE" not in os.environ:
        users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        wrapper = ["unshare", *users, "--mount", "--propagation", "private"]
        if subprocess.run([*wrapper, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            print("cannot run here: no mount namespaces")
            sys.exit(77)  # meson: skipped
        os.environ["AMLOCAL_IN_NAMESPACE"] = "1"
        os.execvp(wrapper[0], [*wrapper, sys.executable, *sys.argv])
    unittest.main(argv=sys.argv[:1])
