"""A project in a folder of its own, and amlocal in it, for tests of the whole program."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

AMLOCAL = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"


class Project(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-test-")).resolve()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.write("amlocal.yml", f"environments:\n  default: {sys.executable}\n")
        self.environment = {"PATH": f"{AMLOCAL.parent}:/usr/bin:/bin", "HOME": str(self.folder),
                            "LC_ALL": "C.UTF-8", "TERM": "xterm"}
        for name in ("AMLOCAL_SUPERVISOR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def take(self, fixture):
        shutil.copytree(FIXTURES / fixture, self.folder, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns(".amlocal"))

    def start(self, *words, **more):
        return subprocess.Popen([AMLOCAL, *words], cwd=self.folder,
                                env={**self.environment, **more}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def call(self, *words, status=0, **more):
        """What it prints on stdout; on failure of the expectation, all it printed."""
        child = self.start(*words, **more)
        out, err = child.communicate(timeout=120)
        self.assertEqual(child.returncode, status, f"{words}\n{out}\n{err}")
        self.err = err
        return out


def wait_until(condition, deadline=60):
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited too long")
        time.sleep(0.01)
