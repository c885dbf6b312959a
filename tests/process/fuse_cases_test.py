#!/usr/bin/env python3
"""Where and how a machine lets amlocal mount: four cases, each with real mounts and real kills.

    fuse_cases_test.py AMLOCAL SUPERVISOR MOUNT

As root; as an ordinary user with namespaces; as one with fusermount3 only; as one who may not mount
at all, whose run falls back to views and links and says so. Whatever is killed, no mount stays and
what was closed is in the datastore. The standard library is all this needs.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

NOBODY = 65534
PATIENCE_S = 30

PROGRAMS = []
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000

# Holds a machine of its own: its mounts, and perhaps its limits of namespaces.
KEEPER = """
import ctypes, sys
if ctypes.CDLL(None, use_errno=True).unshare(int(sys.argv[1])) != 0:
    sys.exit("unshare: error %d" % ctypes.get_errno())
print("made", flush=True)
sys.stdin.read()
"""


class Machine:
    """A mount namespace whose /dev/fuse is open to all or to nobody, and where namespaces may be used up."""

    def __init__(self, folder, fuse_mode, namespaces):
        flags = CLONE_NEWNS | (0 if namespaces else CLONE_NEWUSER)
        self.keeper = subprocess.Popen([sys.executable, "-c", KEEPER, str(flags)], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        assert self.keeper.stdout.readline() == "made\n"
        enter = f"--mount=/proc/{self.keeper.pid}/ns/mnt"
        self.enter = ["nsenter", enter]
        # A device node may only be made outside of a user namespace.
        node = folder / "fuse"
        os.mknod(node, 0o600 | 0o020000, os.makedev(10, 229))
        node.chmod(fuse_mode)
        if not namespaces:
            for name in ("uid_map", "gid_map"):
                pathlib.Path(f"/proc/{self.keeper.pid}/{name}").write_text("0 0 65536\n")
            self.enter = ["nsenter", f"--user=/proc/{self.keeper.pid}/ns/user", enter]
            self.run("sh", "-c", "echo 0 > /proc/sys/user/max_user_namespaces")
        self.run("mount", "--make-rprivate", "/")
        self.run("mount", "--bind", str(node), "/dev/fuse")

    def run(self, *words):
        subprocess.run([*self.enter, *words], check=True)

    def mounts(self):
        return pathlib.Path(f"/proc/{self.keeper.pid}/mounts").read_text().splitlines()

    def close(self):
        self.keeper.stdin.close()
        self.keeper.wait()
        self.keeper.stdout.close()


PIPELINE = """
type: pipeline
jobs:
  one:
    environment: azureml:any:1
    command: >-
      cat ${{inputs.raw}}/rows.csv; echo x > ${{inputs.raw}}/new; echo closed > ${{outputs.made}}/a;
      grep -c '^amlocal:inputs.raw .* fuse' /proc/self/mounts; echo ready; GO
    inputs: {raw: {type: uri_folder, path: data}}
    outputs: {made: {type: uri_folder}}
"""


def wait_until(holds, what):
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.01)


class Cases:
    """One case: how a command is started in it, and what is seen of its mounts."""

    user = 0
    fuse_mode = 0o666
    namespaces = True
    mounts = True  # whether this machine mounts here
    hint = ""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-cases-")).resolve()
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder)
        self.project = self.folder / "project"
        (self.project / "data").mkdir(parents=True)
        (self.project / "data/rows.csv").write_text("1,2\n")
        (self.project / "amlocal.yml").write_text("environments: {default: /usr/bin/python3}\n")
        (self.folder / "bin").mkdir()
        for program in PROGRAMS:
            shutil.copy2(program, self.folder / "bin")
        self.amlocal = self.folder / "bin/amlocal"
        self.machine = Machine(self.folder, self.fuse_mode, self.namespaces)
        self.addCleanup(self.machine.close)
        self.addCleanup(self.no_mount_stays)

    def start(self, *words, go="true"):
        (self.project / "pipeline.yml").write_text(PIPELINE.replace("GO", go))
        # The folder as this machine's own mounts show it: nsenter starts at the root.
        prefix = [*self.machine.enter, "sh", "-c", 'cd "$0" && exec "$@"', str(self.project)]
        if self.user:
            prefix += ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
            for path in [self.project, *self.project.rglob("*")]:
                os.chown(path, self.user, self.user, follow_symlinks=False)
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.project), "LC_ALL": "C.UTF-8"}
        environment.update((name, os.environ[name]) for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ)
        return subprocess.Popen([*prefix, str(self.amlocal), *words], env=environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def call(self, *words, status=0, go="true"):
        child = self.start(*words, go=go)
        out, _ = child.communicate(timeout=PATIENCE_S)
        self.assertEqual(child.returncode, status, out)
        return out

    def log(self, run):
        return self.project / f".amlocal/runs/{run}/steps/one/user_logs/std_log.txt"

    def closed(self):
        return [path.read_text() for path in self.project.glob(".amlocal/datastores/workspaceblobstore/azureml/*/made/a")]

    def ours(self, name=""):
        """Processes of this case: {pid: command line}."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
                if (str(self.folder) + "/bin/" + name).encode() in words:
                    found[int(entry.name)] = words.replace(b"\0", b" ").decode()
            except OSError:
                pass
        return found

    def no_mount_stays(self):
        wait_until(lambda: not self.ours(), "its processes to end")
        left = [line for line in self.machine.mounts() if str(self.folder) in line.split()[1]]
        self.assertEqual(left, [])

    def test_a_run(self):
        out = self.call("run", "pipeline.yml", "--name", "r")
        lines = self.log("r").read_text().splitlines()
        self.assertEqual(lines[0], "1,2")
        self.assertIn("Read-only file system", lines[1])
        self.assertEqual(lines[2] != "0", self.mounts, lines)
        self.assertEqual("no mounts on this machine" in out, not self.mounts, out)
        self.assertEqual(self.closed(), ["closed\n"])
        self.assertEqual(sorted(path.name for path in (self.project / "data").iterdir()), ["rows.csv"])

    def test_mounts_asked_for(self):
        if self.mounts:
            self.call("run", "pipeline.yml", "--data-access", "mount")
        else:
            self.assertIn(self.hint, self.call("run", "pipeline.yml", "--data-access", "mount", status=1))

    def test_a_mount_by_hand(self):
        (self.project / "seen").mkdir()
        words = ("mount", "azureml://datastores/workspaceblobstore/paths/made", "seen", "--rw", "--cost", "blob-standard")
        if not self.mounts:
            self.assertIn(self.hint, self.call(*words, status=1))
            self.assertEqual(os.listdir(self.project / "seen"), [])
            return
        self.call(*words)
        self.addCleanup(self.no_mount_stays)
        user = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"] if self.user else []
        self.machine.run(*user, "sh", "-c", f"echo one > {self.project}/seen/a && cat {self.project}/seen/a")
        self.assertIn("mounted", self.call("mounts"))
        out = self.call("umount", "seen")
        self.assertIn("total under blob-standard: ", out)
        self.assertIn("unmounted seen\n", out)
        made = self.project / ".amlocal/datastores/workspaceblobstore/made/a"
        self.assertEqual((made.read_text(), made.stat().st_uid), ("one\n", self.user))

    def test_what_a_step_leaves_behind_holds_no_mount(self):
        # It has left the step's session, stands in one mount and holds a file of the other open.
        left = ("cd ${{inputs.raw}}; setsid sh -c 'exec 9> ${{outputs.made}}/held; echo kept >&9; exec 8< rows.csv; "
                "touch ${{outputs.made}}/started; exec sleep 600' < /dev/null > /dev/null 2>&1 & "
                "until test -e ${{outputs.made}}/started; do sleep 0.01; done")
        out = self.call("run", "pipeline.yml", "--name", "l", go=left)
        # On a busy machine the shell has not become `sleep` yet.
        self.assertRegex(out, "note: one: left background processes behind, now killed: (sleep|sh)")
        [held] = self.project.glob(".amlocal/datastores/workspaceblobstore/azureml/*/made/held")
        self.assertEqual(held.read_text(), "kept\n")  # its end closed it
        self.no_mount_stays()

    def kill(self, victim, status):
        child = self.start("run", "pipeline.yml", "--name", "k", go="sleep 0.2; ls ${{outputs.made}}")
        wait_until(lambda: self.log("k").exists() and "ready" in self.log("k").read_text(), "the step to start")
        for pid in self.ours(victim + "\0"):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        child.communicate(timeout=PATIENCE_S)
        self.assertEqual(child.returncode, status)
        self.no_mount_stays()
        self.assertEqual(self.closed(), ["closed\n"])
        self.call("runs", "list")

    def test_amlocal_is_killed(self):
        self.kill("amlocal", -signal.SIGKILL)

    def test_the_mount_process_is_killed(self):
        if self.mounts:
            self.kill("amlocal-mount", 1)

    def test_the_supervisor_is_killed(self):
        self.kill("amlocal-supervisor", 1)


class Root(Cases, unittest.TestCase):
    pass


class OrdinaryUserWithNamespaces(Cases, unittest.TestCase):
    user = NOBODY


class OrdinaryUserWithFusermount(Cases, unittest.TestCase):
    user = NOBODY
    namespaces = False


class NoFuse(Cases, unittest.TestCase):
    user = NOBODY
    fuse_mode = 0o600
    mounts = False
    hint = "you may not open /dev/fuse"


def why_not():
    if os.geteuid() != 0:
        return "needs root: only root can become another user"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "needs fuse: /dev/fuse cannot be opened"
    return ""


if __name__ == "__main__":
    PROGRAMS = [pathlib.Path(word).resolve() for word in sys.argv[1:4]]
    reason = why_not()
    if reason:
        print(reason)
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
