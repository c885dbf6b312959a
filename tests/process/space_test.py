#!/usr/bin/env python3
"""A small disk fills up, and nothing half-written is left: tmpfs, real runs.

    space_test.py AMLOCAL

Mounts a tmpfs of its own in a mount namespace; skipped where that is not allowed. The standard
library is all this needs.
"""

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


class Space(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-space-")).resolve()
        self.small = self.folder / "small"
        self.small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", self.small], check=True)
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
