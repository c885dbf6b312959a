#!/usr/bin/env python3
"""`amlocal mount`, `umount` and `mounts`, as they are typed.

    hand_mount_test.py AMLOCAL

Needs /dev/fuse and the right to mount; says so and is skipped where there is none.
"""

import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import project  # noqa: E402

URI = "azureml://datastores/workspaceblobstore/paths/raw"


class HandMounts(project.Project):
    def setUp(self):
        super().setUp()
        self.environment["PATH"] = os.environ.get("PATH", "/usr/bin:/bin")
        if "AMLOCAL_MOUNT" in os.environ:
            self.environment["AMLOCAL_MOUNT"] = os.environ["AMLOCAL_MOUNT"]
        self.store = self.folder / ".amlocal/datastores/workspaceblobstore/raw"
        self.store.mkdir(parents=True)
        (self.folder / "seen").mkdir()
        self.addCleanup(self.leave_no_mount)  # before the folder is removed

    def leave_no_mount(self):
        """A hanging mount must not hang the test after it: its server is killed."""
        subprocess.run([project.AMLOCAL, "umount", "seen"], cwd=self.folder, env=self.environment,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        self.assertEqual(self.mounted(), [], "a mount was left behind")

    def mounted(self):
        return [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if str(self.folder) in line]

    def kill_its_server(self):
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and self.holds_our_lock(entry):
                os.kill(int(entry.name), signal.SIGKILL)
        project.wait_until(lambda: "dead" in self.call("mounts"))

    def holds_our_lock(self, process):
        try:
            if (process / "comm").read_text().strip() != "amlocal-mount":
                return False
            return any(os.readlink(fd).startswith(str(self.folder)) for fd in (process / "fd").iterdir())
        except OSError:
            return False

    def test_a_folder_may_be_written_in_any_way(self):
        (self.store / "a").write_text("1")
        for given, ended in (("seen/", "seen"), ("seen", "seen/"), ("./seen/.", "./seen/"), ("src/../seen//", str(self.folder) + "/seen/")):
            with self.subTest(given=given, ended=ended):
                self.call("mount", URI, given)
                self.assertEqual((self.folder / "seen/a").read_text(), "1")
                self.assertIn("seen", self.call("mounts").splitlines()[1])
                self.call("umount", ended)
                self.assertEqual(self.mounted(), [])

    def test_a_mount_is_left_from_within(self):
        self.call("mount", URI, "seen")
        done = subprocess.run([project.AMLOCAL, "umount", "."], cwd=self.folder / "seen", env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.mounted(), [])

    def test_a_file_held_open_holds_up_no_umount(self):
        self.call("mount", URI, "seen", "--rw")
        with open(self.folder / "seen/done", "w") as done:
            done.write("closed")
        held = os.open(self.folder / "seen/done", os.O_RDONLY)
        self.call("umount", "seen")
        with self.assertRaises(OSError):
            os.close(held)
        self.assertEqual((self.store / "done").read_text(), "closed")

    def test_what_was_sent_is_not_called_lost(self):
        for profile in ("rslex", "dprep", "blobfuse2", "ideal"):
            with self.subTest(profile=profile):
                self.call("mount", URI, "seen", "--rw", "--mount-profile", profile)
                (self.folder / f"seen/{profile}/er").mkdir(parents=True)
                (self.folder / f"seen/{profile}/er/x").write_text("hi")
                self.call("umount", "seen")
                self.assertEqual((self.store / f"{profile}/er/x").read_text(), "hi")
                self.assertEqual(list((self.folder / ".amlocal/mounts").iterdir()), [])

    def test_what_was_not_sent_is_kept_and_told_once(self):
        self.call("mount", URI, "seen", "--rw")
        held = os.open(self.folder / "seen/held", os.O_WRONLY | os.O_CREAT)
        os.write(held, b"not closed")
        self.kill_its_server()
        self.call("umount", "seen", status=1)
        with self.assertRaises(OSError):
            os.close(held)
        self.assertIn("had died", self.err)
        self.assertIn("is unmounted, but 'held' did not reach the store", self.err)
        [kept] = self.folder.glob(".amlocal/mounts/*/unsent/held")
        self.assertEqual(kept.read_text(), "not closed")
        self.assertIn(str(kept.parent.relative_to(self.folder)), self.err)
        self.assertIn("nothing is mounted", self.call("mounts"))

    def test_a_dead_mount_is_cleared_and_hides_no_live_one(self):
        self.call("mount", URI, "seen")
        self.kill_its_server()
        self.assertIn("clear it with: amlocal umount seen", self.call("mounts"))
        self.call("umount", "seen")
        self.assertIn("nothing is mounted", self.call("mounts"))
        # Unmounted by other means, and mounted there again.
        self.call("mount", URI, "seen")
        self.kill_its_server()
        subprocess.run(["umount", "-l", "seen"], cwd=self.folder, check=False)
        self.call("mount", URI, "seen")
        self.assertNotIn("dead", self.call("mounts"))
        self.call("umount", "seen")
        self.assertEqual(self.mounted(), [])
        self.assertIn("nothing is mounted", self.call("mounts"))


if __name__ == "__main__":
    sys.argv.pop(1)
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        print("needs fuse: /dev/fuse cannot be opened")
        sys.exit(77)
    unittest.main()
