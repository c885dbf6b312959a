#!/usr/bin/env python3
"""A step that the kernel kills for want of memory says so: a real group of processes with 64 MiB.

    memory_test.py AMLOCAL
"""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project, wait_until  # noqa: E402

LIMIT = 64 << 20
ROOT = pathlib.Path("/sys/fs/cgroup")
# Where a group is made, and the name of its limit: version 1, then 2.
KINDS = [(ROOT / "memory", "memory.limit_in_bytes"), (ROOT, "memory.max")]


def make_group():
    """A new group with the limit, or None where none can be made."""
    for parent, limit in KINDS:
        group = parent / f"amlocal-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            # r+: a file that is not there must not be made where this is no cgroup at all.
            with open(group / limit, "r+") as file:
                file.write(str(LIMIT))
            without_swap = group / "memory.swap.max"
            if without_swap.exists():
                without_swap.write_text("0")
            return group
        except OSError:
            group.rmdir()
    return None


class Memory(Project):
    def setUp(self):
        super().setUp()
        self.write("src/hungry.py", "import sys\nsys.stderr.write('begun\\n')\nb'x' * (512 << 20)\n")

    def failure_of(self, command):
        """The text of a run whose step enters the group and needs too much."""
        self.write("job.yml", "type: command\ncode: src\nenvironment: azureml:base:1\n"
                              f"command: >-\n  echo $$ > {GROUP}/cgroup.procs &&\n  {command}\n")
        out = self.call("run", "job.yml", status=1)
        return out + self.err

    def test_the_report_names_the_memory(self):
        text = self.failure_of("exec python hungry.py")
        self.assertIn("killed by SIGKILL: the machine ran out of memory", text)
        self.assertIn("give the step less data at once", text)

    def test_a_shell_between_hides_nothing(self):
        text = self.failure_of("python hungry.py; status=$?; exit $status")
        self.assertIn("ran out of memory", text)
        self.assertIn("give the step less data at once", text)

    def test_another_sigkill_is_not_blamed_on_memory(self):
        text = self.failure_of("kill -KILL $$")
        self.assertIn("killed by SIGKILL", text)
        self.assertNotIn("memory", text)


def emptied():
    """A group goes only after its last process."""
    try:
        GROUP.rmdir()
        return True
    except OSError:
        return False


if __name__ == "__main__":
    GROUP = make_group()
    if GROUP is None:
        print("needs cgroup: no group with a memory limit can be made here")
        sys.exit(77)
    try:
        unittest.main(argv=sys.argv[:1])
    finally:
        wait_until(emptied)
