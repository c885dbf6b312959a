#!/usr/bin/env python3
"""SIGKILL while a step writes to a mounted output: what was closed is there, and nothing torn is.

    mount_kill_test.py AMLOCAL SUPERVISOR MOUNT [KILLS] [SEED]

KILLS (8) random moments each for amlocal, for a process of the supervisor, for the mount process, and
for the mount process together with amlocal.
The step appends to, rewrites, renames, removes and makes files, and notes each change before it begins
and after it returned, outside of the mount. After each kill no process and no mount is left, and the
objects are what the notes say: all that returned, and of the one change that had begun either nothing
or what some close had sent. The same holds after the next command, which cleans up; what was written
and never closed is kept, and not sent. The runs of a row write to the same place, so
that each begins with what the one before left. The standard library is all this needs.
"""

import collections
import concurrent.futures
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

KILLS = 8
PATIENCE_S = 30
BOTH = "amlocal-mount, amlocal"  # the one and at once the other
VICTIMS = ["amlocal", "amlocal-supervisor", "amlocal-mount", BOTH]

WORK = r'''
import json, os, random, sys
out, notes, seed = sys.argv[1:]
random.seed(seed)
notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

def note(*what):
    os.write(notes, json.dumps(what).encode() + b"\n")

def piece(number, n):
    return ("%09d." % (number * 1000 + n)).encode() * (1 + number * 37 % 5000)

def at(name):
    return os.path.join(out, name)

def names():
    return sorted(os.path.relpath(os.path.join(folder, name), out)
                  for folder, _, files in os.walk(out) for name in files if name != "open.log")

os.makedirs(at("sub"), exist_ok=True)
log = os.open(at("open.log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
for number in range(10**6):
    known = names()
    kinds = ["create"] if len(known) < 3 else ["append"] * 5 + ["rewrite", "rename", "remove", "create", "twice"]
    kind = random.choice(kinds)
    fresh = random.choice(["", "sub/"]) + "f%s-%d" % (seed, number)
    name = fresh if kind == "create" else random.choice(known)
    if kind == "append" and os.path.getsize(at(name)) > 3_000_000:
        kind = "rewrite"
    pieces = random.choice([0, 1, 1, 2, 8, 60])
    note("begin", number, kind, name, fresh if kind == "rename" else pieces)
    if kind == "rename":
        os.rename(at(name), at(fresh))
    elif kind == "remove":
        os.unlink(at(name))
    else:
        flags = os.O_APPEND if kind in ("append", "twice") else os.O_TRUNC
        fd = os.open(at(name), os.O_WRONLY | os.O_CREAT | flags, 0o644)
        for n in range(pieces):
            os.write(fd, piece(number, n))
            if kind == "twice":
                os.close(os.dup(fd))
                note("closed", number, n + 1)
        os.close(fd)
    note("end", number)
    os.write(log, b"%d\n" % number)
    note("log", number)
'''

PIPELINE = """
type: pipeline
jobs:
  one:
    code: src
    environment: azureml:any:1
    environment_variables: {AMLOCAL_KILL_MARK: MARK}
    command: python3 work.py ${{outputs.made}} NOTES SEED
    outputs:
      made: {type: uri_folder, mode: rw_mount, path: "azureml://datastores/workspaceblobstore/paths/kept"}
"""


def piece(number, n):
    """What the step writes as the n-th piece of a change: of odd sizes, so that a torn copy shows."""
    return ("%09d." % (number * 1000 + n)).encode() * (1 + number * 37 % 5000)


def wait_until(holds, what):
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.005)


def processes(kind, text):
    """Whose file `kind` in /proc has the text: {pid: command line}."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and text.encode() in (entry / kind).read_bytes():
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            pass
    return found


def files_below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Expected:
    """What the notes allow the store to hold."""

    def __init__(self, files):
        self.files = dict(files)
        self.files.pop("open.log", None)
        self.begun = None
        self.at_least = 0  # so many pieces of the begun change were closed
        self.logged = []

    def read(self, notes):
        for line in notes.read_bytes().split(b"\n")[:-1]:
            word, number, *rest = json.loads(line)
            if word == "begin":
                self.begun, self.at_least = (number, *rest), 0
            elif word == "closed":
                self.at_least = rest[0]
            elif word == "end":
                self.files = self.results()[-1]
                self.begun = None
            elif word == "log":
                self.logged.append(number)

    def results(self):
        """The begun change not done, done in part, done: all that some close may have sent."""
        if self.begun is None:
            return [self.files]
        number, kind, name, more = self.begun
        before = dict(self.files)
        old = before.pop(name, None)
        if kind == "rename":
            return [self.files, {**before, more: old}]
        if kind == "remove":
            return [self.files, before]
        start = old if kind in ("append", "twice") else b""
        parts = [b"".join(piece(number, n) for n in range(count)) for count in range(more + 1)]
        states = [{**before, name: start + part} for part in parts[self.at_least:]]
        return states if self.at_least else [self.files, *states]

    def problem(self, found):
        """None, or how the store differs. What a signal closed is not sent: docs/semantics.md, M53."""
        found = dict(found)
        log = found.pop("open.log", None)
        if log is not None:
            return f"open.log was never closed, and holds {log[-40:]}"
        allowed = self.results()
        if self.begun and self.begun[1] not in ("rename", "remove", "twice"):
            allowed = [allowed[0], allowed[-1]]
        if found in allowed:
            return None
        lines = [f"the change under way: {self.begun}, closed {self.at_least}"]
        for name in sorted(found.keys() | allowed[0].keys() | allowed[-1].keys()):
            sizes = [len(state[name]) if name in state else None for state in (found, *allowed)]
            if any(found.get(name) != state.get(name) for state in allowed):
                lines.append(f"{name}: {sizes[0]} bytes; allowed {sizes[1:]}")
        return "\n".join(lines)


class Row:
    """A workspace whose runs all lose the same process."""

    def __init__(self, victim, programs, parent, seed):
        self.victim = victim
        self.seed = seed
        self.random = random.Random(f"{seed} {victim}")
        self.programs = programs
        self.folder = parent / f"row-{VICTIMS.index(victim)}"
        (self.folder / "src").mkdir(parents=True)
        (self.folder / "src/work.py").write_text(WORK)
        (self.folder / "amlocal.yml").write_text("environments: {default: /usr/bin/python3}\n")
        self.mark = f"{parent.name}-{VICTIMS.index(victim)}"
        self.store = self.folder / ".amlocal/datastores/workspaceblobstore/kept"
        self.counts = collections.Counter()

    def start(self, *words):
        return subprocess.Popen([self.programs / "amlocal", *words], cwd=self.folder, text=True,
                                env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def victims(self):
        mine = {pid for pid, _ in processes("environ", f"HOME={self.folder}").items()}
        program = str(self.programs / self.victim.split(",")[0])
        return [pid for pid, line in processes("cmdline", program).items()
                if pid in mine and line.split(" ")[0] == program]

    def mounts(self):
        found = set()
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit():
                    found.update(line for line in (entry / "mountinfo").read_text().splitlines()
                                 if str(self.folder) in line)
            except OSError:
                pass
        return found

    def living(self):
        return processes("environ", f"HOME={self.folder}") | processes("environ", f"AMLOCAL_KILL_MARK={self.mark}")

    def kill_once(self, number):
        run = f"k{number}"
        notes = self.folder / f"notes-{number}"
        text = PIPELINE.replace("MARK", self.mark).replace("NOTES", str(notes)).replace("SEED", f"{number}")
        (self.folder / "pipeline.yml").write_text(text)
        expected = Expected(files_below(self.store))
        child = self.start("run", "pipeline.yml", "--name", run, "--data-access", "mount")
        wait_until(lambda: notes.exists() or child.poll() is not None, "the step to begin")
        assert child.poll() is None, child.communicate()[0]
        time.sleep(self.random.uniform(0, 0.3))
        victims = [child.pid] if self.victim == "amlocal" else self.victims()
        assert victims, f"no process {self.victim}"
        os.kill(self.random.choice(victims), signal.SIGKILL)
        if self.victim == BOTH:
            os.kill(child.pid, signal.SIGKILL)
        dies = self.victim in ("amlocal", BOTH)
        # Every other time the next command comes at once, while the rest is still ending.
        at_once = dies and number % 2 == 1
        if at_once:
            child.wait(PATIENCE_S)
            self.clean_up(run, whole=False)  # what is not free yet is the next command's
        out, _ = child.communicate(timeout=PATIENCE_S)
        assert child.returncode == (-signal.SIGKILL if dies else 1), out
        wait_until(lambda: not self.living(), f"all to end: {self.living()}")
        wait_until(lambda: not self.mounts(), f"no mount to be left: {self.mounts()}")
        expected.read(notes)
        self.counts[expected.begun[1] if expected.begun else "between changes"] += 1
        for when in ("after the kill", "after the next command"):
            problem = expected.problem(files_below(self.store))
            if self.victim == BOTH and when == "after the kill":
                problem = None  # nobody was left to undo an append that was cut
            if problem:
                return f"{run}, {when}: {problem}"
            self.clean_up(run)
        return self.kept(run, expected)

    def kept(self, run, expected):
        """The log was never closed, so it was never sent."""
        log = self.folder / f".amlocal/runs/{run}/steps/one/unsent/outputs.made/open.log"
        wanted = "".join(f"{n}\n" for n in expected.logged)
        if wanted and not (log.exists() and log.read_text().startswith(wanted)):
            return f"{run}: {log} is not kept"
        shown = self.start("runs", "show", run).communicate(timeout=PATIENCE_S)[0]
        if self.victim == "amlocal-mount" and "process that serves the step's mounts has died" not in shown:
            return f"{run}: runs show does not say what was killed:\n{shown}"
        return None if not wanted or "open.log" in shown else f"{run}: runs show does not name open.log:\n{shown}"

    def clean_up(self, run, whole=True):
        child = self.start("runs", "gc", "--keep", "100000")
        out, _ = child.communicate(timeout=PATIENCE_S)
        assert child.returncode == 0, out
        left = [str(path) for path in (self.folder / f".amlocal/runs/{run}/steps/one").glob("cap")]
        assert self.victim not in ("amlocal", BOTH) or not whole or not left, left

    def campaign(self, kills):
        for number in range(kills):
            try:
                problem = self.kill_once(number)
            except Exception as error:
                problem = f"k{number}: {type(error).__name__}: {error}"
            if problem:
                return problem
        return None


def main():
    programs = [pathlib.Path(word).resolve() for word in sys.argv[1:4]]
    kills = int(sys.argv[4]) if len(sys.argv) > 4 else KILLS
    seed = sys.argv[5] if len(sys.argv) > 5 else str(time.time_ns())
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        print("skipped: /dev/fuse cannot be opened")
        return 77
    print(f"seed: {seed}")
    parent = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-mount-kill-")).resolve()
    (parent / "bin").mkdir()
    for program in programs:
        shutil.copy2(program, parent / "bin")
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(len(VICTIMS)) as pool:
        rows = [Row(victim, parent / "bin", parent, seed) for victim in VICTIMS]
        problems = list(pool.map(lambda row: row.campaign(kills), rows))
    for row, problem in zip(rows, problems):
        hits = ", ".join(f"{count} {kind}" for kind, count in row.counts.most_common())
        print(f"{row.victim}: {sum(row.counts.values())} kills ({hits})")
        if problem:
            print("  " + problem.replace("\n", "\n  "))
    print(f"{time.monotonic() - began:.1f} s")
    if any(problems):
        print(f"its folder is kept: {parent}")
        return 1
    shutil.rmtree(parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
