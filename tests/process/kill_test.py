#!/usr/bin/env python3
"""amlocal is killed at random moments, and nothing of its step outlives it by more than two seconds.

    kill_test.py AMLOCAL SUPERVISOR [SEED]

Four ways to run: as root and as an ordinary user, each with and without namespaces. In each way 20
runs are killed (SIGKILL) at a random moment, while their step has children in sessions of their own,
two forks away, stopped, and deaf to SIGTERM. Afterwards `runs list` says Interrupted, and --resume
keeps the step that had finished. The standard library is all this needs.
"""

import concurrent.futures
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

KILLS = 20
RESUMED = 3  # how many of the killed runs are taken up again, in each way
GONE_WITHIN_S = 2.0
PATIENCE_S = 30
NOBODY = 65534

LINGER = """
import os, signal, sys, time
go = sys.argv[1]
if os.path.exists(go):
    sys.exit(0)
def daemon(prepare):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            prepare()
            while True:
                time.sleep(0.01)
        os._exit(0)
daemon(lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))
daemon(lambda: os.kill(os.getpid(), signal.SIGSTOP))
daemon(lambda: [os.setsid() if os.fork() == 0 else None for _ in range(4)])
print("lingering", flush=True)
while True:
    time.sleep(0.01)
"""

PIPELINE = """
type: pipeline
jobs:
  first:
    type: command
    environment: azureml:any:1
    command: echo done > ${{outputs.made}}
    environment_variables: {AMLOCAL_KILL_MARK: MARK}
    outputs:
      made: {type: uri_file}
  linger:
    type: command
    code: src
    environment: azureml:any:1
    command: cat ${{inputs.made}} && python3 linger.py GO
    environment_variables: {AMLOCAL_KILL_MARK: MARK}
    inputs:
      made: {type: uri_file, path: "${{parent.jobs.first.outputs.made}}"}
"""

# What each way puts before the command. A process that may not make namespaces falls back to the
# subreaper.
WITHOUT_RIGHT = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
WITHOUT_ROOM = ["unshare", "--user", "--map-root-user", "sh", "-c",
                'for kind in user pid mnt; do echo 0 > /proc/sys/user/max_${kind}_namespaces; done; '
                'exec "$@"', "sh"]
WAYS = {
    "root, namespaces": ([], "namespaces"),
    "root, no namespaces": (WITHOUT_RIGHT, "subreaper"),
    "nobody, namespaces": (AS_NOBODY, "namespaces"),
    "nobody, no namespaces": (AS_NOBODY + WITHOUT_ROOM, "subreaper"),
}


def living(mark):
    """The processes that carry the mark, which nothing of a step can shed: {pid: name}."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            environment = pathlib.Path("/proc", entry, "environ").read_bytes()
            if f"AMLOCAL_KILL_MARK={mark}".encode() in environment:
                found[int(entry)] = pathlib.Path("/proc", entry, "comm").read_text().strip()
        except OSError:
            pass  # gone meanwhile, or no process at all
    return found


def wait_until(holds, seconds):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Way:
    """One way to run, with a workspace of its own."""

    def __init__(self, name, programs, parent, seed):
        self.name = name
        self.prefix, self.expected = WAYS[name]
        self.random = random.Random(f"{seed} {name}")
        self.folder = parent / name.replace(", ", "-").replace(" ", "-")
        (self.folder / "src").mkdir(parents=True)
        self.mark = self.folder.name + "-" + parent.name
        self.go = self.folder / "go"
        self.amlocal = programs / "amlocal"
        self.supervisor = programs / "amlocal-supervisor"
        (self.folder / "src/linger.py").write_text(LINGER)
        (self.folder / "amlocal.yml").write_text("environments: {default: /usr/bin/python3}\n")
        text = PIPELINE.replace("MARK", self.mark).replace("GO", str(self.go))
        (self.folder / "pipeline.yml").write_text(text)
        if self.prefix[:len(AS_NOBODY)] == AS_NOBODY:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}

    def start(self, *words, program=None):
        return subprocess.Popen(self.prefix + [str(program or self.amlocal), *words],
                                cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def call(self, *words, program=None):
        child = self.start(*words, program=program)
        out, _ = child.communicate(timeout=PATIENCE_S)
        return child.returncode, out

    def status_of(self, run):
        """What `runs list` says of the run; None where the kill came before its record."""
        status, out = self.call("runs", "list")
        assert status == 0, out
        lines = [line for line in out.splitlines() if run in line.split()]
        return lines[0] if lines else None

    def kill_once(self, number):
        run = f"kill-{number}"
        # Moments from the start of amlocal to well after the step lingers.
        delay = self.random.uniform(0, 1) if number % 2 else self.random.uniform(0.5, 3.5)
        delay *= self.lingers_after
        child = self.start("run", "pipeline.yml", "--name", run)
        time.sleep(delay)
        # Nobody leads the way here: the prefix has become amlocal by exec.
        os.kill(child.pid, signal.SIGKILL)
        child.communicate(timeout=PATIENCE_S)
        if not wait_until(lambda: not living(self.mark), GONE_WITHIN_S):
            return run, f"killed after {delay:.3f} s: {living(self.mark)} live"
        line = self.status_of(run)
        if line and "Interrupted" not in line:
            return run, f"killed after {delay:.3f} s: runs list says: {line}"
        return run, None

    def measure(self):
        """How long it takes here until the step lingers: a busy machine is many times slower."""
        began = time.monotonic()
        child = self.start("run", "pipeline.yml", "--name", "measured")
        log = self.folder / ".amlocal/runs/measured/steps/linger/user_logs/std_log.txt"
        lingers = wait_until(lambda: log.exists() and "lingering" in log.read_text(), PATIENCE_S)
        self.lingers_after = time.monotonic() - began
        os.kill(child.pid, signal.SIGKILL)
        out, _ = child.communicate(timeout=PATIENCE_S)
        if not lingers:
            return f"the step never came to linger:\n{out}"
        if not wait_until(lambda: not living(self.mark), GONE_WITHIN_S):
            return f"killed while it lingers: {living(self.mark)} live"
        return None

    def finished_first(self, run):
        status, out = self.call("runs", "show", run)
        return status == 0 and any(line.split()[:2] == ["first", "Completed"]
                                   for line in out.splitlines())

    def resume(self, run):
        self.go.touch()
        status, out = self.call("run", "pipeline.yml", "--resume", run, "--name", run + "-again")
        self.go.unlink()
        words = [line.split()[:2] for line in out.splitlines()]
        if status != 0 or ["first", "kept"] not in words or ["linger", "Completed"] not in words:
            return f"--resume {run} ended with {status}:\n{out}"
        return None

    def check(self):
        _, out = self.call("--probe", program=self.supervisor)
        if out.strip() != self.expected:
            return f"cannot be had here: the supervisor says {out.strip()!r}", []
        problem = self.measure()
        if problem:
            return None, [problem]
        problems = []
        resumable = []
        for number in range(KILLS):
            run, problem = self.kill_once(number)
            if problem:
                problems.append(problem)
            elif len(resumable) < RESUMED and self.finished_first(run):
                resumable.append(run)
        if len(resumable) < RESUMED:
            problems.append(f"only {len(resumable)} of {KILLS} runs got beyond their first step")
        problems += [problem for problem in map(self.resume, resumable) if problem]
        return None, problems


def main():
    amlocal, supervisor = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    seed = sys.argv[3] if len(sys.argv) > 3 else str(time.time_ns())
    if os.geteuid() != 0:
        print("cannot run here: only root can become another user")
        return 77  # meson: skipped
    print(f"seed: {seed}")
    parent = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-kill-")).resolve()
    parent.chmod(0o755)
    programs = parent / "programs"  # where an ordinary user can reach them
    programs.mkdir()
    for program in (amlocal, supervisor, amlocal.with_name("amlocal-mount")):
        shutil.copy2(program, programs)
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(len(WAYS)) as pool:
        ways = [Way(name, programs, parent, seed) for name in WAYS]
        results = list(pool.map(Way.check, ways))
    failed = False
    for way, (absent, problems) in zip(ways, results):
        print(f"{way.name}: {absent or ('failed' if problems else f'{KILLS} kills')}")
        for problem in problems:
            print("  " + problem.replace("\n", "\n  "))
        failed = failed or bool(problems)
    print(f"{time.monotonic() - began:.1f} s")
    if failed:
        print(f"its folder is kept: {parent}")
        return 1
    shutil.rmtree(parent)
    return 77 if any(absent for absent, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
