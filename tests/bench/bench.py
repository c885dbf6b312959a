#!/usr/bin/env python3
"""Measures amlocal beside named peers in one run and prints one table.

    bench.py AMLOCAL PLAN_BENCH METER_BENCH PEERS [NAME...]
    NAME: start, plan, log, step, resume, meter, appends, compare, clocks, mlflow, points, run-log, tests (all of them)

Every figure is a median of rounds in which amlocal and its peer take turns, so that what else the
machine does meets both. PEERS is where peers.py has put kfp, Snakemake, DVC, MLflow, azureml-core and pytest; what is not there has
a row that says so. Bounds are the table's last columns; the exit status is 1 when one is not met.
Where a figure says "on a processor", that is what a machine with nothing else to do would take.
"""

import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import chain
import mounts
import step_tests
import tracking

STEPS = 100
median = statistics.median


class Bench:
    def __init__(self, amlocal, plan_bench, meter_bench, peers, scratch):
        self.amlocal, self.plan_bench, self.meter_bench = amlocal, plan_bench, meter_bench
        self.peers, self.scratch = peers, scratch
        self.rows, self.notes, self.cpu = [], [], 0.0
        (scratch / "home").mkdir()
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(scratch / "home"), "LC_ALL": "C.UTF-8"}

    def folder(self, name):
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def seconds(self, command, folder, **more):
        """How long the command takes (self.cpu: on a processor); when it fails, the benchmark ends."""
        before = processor_seconds()
        with open(self.scratch / "output", "w+b") as output:
            began = time.perf_counter()
            done = subprocess.run([str(word) for word in command], cwd=folder, env={**self.environment, **more},
                                  stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
            took = time.perf_counter() - began
            self.cpu = processor_seconds() - before
            if done.returncode != 0:
                output.seek(0)
                sys.exit(f"{command[0]} failed: {output.read()[-2000:].decode(errors='replace')}")
        return took

    def row(self, what, figure, beside, bound="", met=None):
        self.rows.append((what, figure, beside, bound, {None: "", True: "met", False: "NOT MET"}[met]))
        print("  " + "; ".join(word for word in self.rows[-1] if word), file=sys.stderr, flush=True)


def processor_seconds():
    """Of all processes that have been waited for, and theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def peak_mib(command, environment, folder):
    """The largest resident size of the process itself, without its children, in MiB."""
    peak = 0
    with subprocess.Popen([str(word) for word in command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while child.poll() is None:
            try:
                text = pathlib.Path(f"/proc/{child.pid}/status").read_text()
                peak = max([peak] + [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")])
            except OSError:
                pass  # it has just ended
            time.sleep(0.001)
        if child.returncode != 0:
            sys.exit(f"{command} failed")
    return peak / 1024


def start(bench):
    """amlocal --version over /bin/true."""
    ours, bare = [], []
    for _ in range(200):
        ours.append(bench.seconds([bench.amlocal, "--version"], bench.scratch))
        bare.append(bench.seconds(["/bin/true"], bench.scratch))
    over = 1000 * (median(ours) - median(bare))
    bench.row("start: `amlocal --version`", f"{1000 * median(ours):.1f} ms",
              f"`/bin/true` {1000 * median(bare):.1f} ms", "≤ 8 ms over", over <= 8)


def plan(bench):
    """1,000 steps parsed, validated and planned; the memory of --dry-run."""
    folder = bench.folder("plan")
    chain.amlocal(folder, 1000)
    text = subprocess.run([bench.plan_bench, folder / "pipeline.yml", "15"], check=True, capture_output=True,
                          text=True, cwd=folder, env=bench.environment).stdout
    rounds = [line.split() for line in text.splitlines()]
    if {words[2] for words in rounds} != {"1000"}:
        sys.exit(f"the plan does not have 1000 steps: {text}")
    took, cpu = (median(float(words[i]) for words in rounds) for i in (0, 1))
    script = "import json,sys; json.dumps(json.loads(json.dumps(open(sys.argv[1]).read())))"
    bare = 1000 * median(bench.seconds(["python3", "-c", script, "pipeline.yml"], folder) for _ in range(5))
    bench.row("1,000 steps parsed, validated, planned", f"{took:.0f} ms ({cpu:.0f} ms on a processor)", f"`python3` that reads the file {bare:.0f} ms",
              "≤ 100 ms" if took <= 100 else "≤ 100 ms, on a processor", min(took, cpu) <= 100)
    memory = peak_mib([bench.amlocal, "run", "pipeline.yml", "--dry-run"], bench.environment, folder)
    bench.row("1,000 steps, `--dry-run`: peak memory", f"{memory:.0f} MiB", "", "< 64 MiB", memory < 64)


def log(bench):
    """A step that writes 1 GB to its log, against the same command with `> file`."""
    size = 10 ** 9
    write = f"head -c {size} /dev/zero"
    folder = bench.folder("log")
    folder.mkdir()
    (folder / "job.yml").write_text(
        f"type: command\ncommand: {write}\nenvironment: azureml:base:1\nexperiment_name: log\n")
    ours, bare, memory = [], [], 0
    for _ in range(5):
        bare.append(bench.seconds(["bash", "-c", f"{write} > file"], folder))
        (folder / "file").unlink()
        ours.append(bench.seconds([bench.amlocal, "run", "job.yml"], folder))
        logs = [path for path in (folder / ".amlocal").rglob("std_log.txt") if not path.is_symlink()]
        if max(path.stat().st_size for path in logs) < size:
            sys.exit("the log is not whole")
        shutil.rmtree(folder / ".amlocal")
    memory = peak_mib([bench.amlocal, "run", "job.yml"], bench.environment, folder)
    shutil.rmtree(folder)
    ratio = median(bare) / median(ours)
    bench.row("log of 1 GB, whole run", f"{size / 1e6 / median(ours):.0f} MB/s",
              f"`command > file` {size / 1e6 / median(bare):.0f} MB/s", f"≥ 0.9× ({ratio:.2f}×)", ratio >= 0.9)
    bench.row("log of 1 GB: amlocal's peak memory", f"{memory:.0f} MiB", "", "flat: < 32 MiB", memory < 32)


def step(bench):
    """What a step costs over bare `python3 step.py`, in a chain of 100."""
    took, cpu = {}, {}

    def measure(name, command, prepare, round_):
        folder = bench.folder(f"{name}{round_}")
        prepare(folder, STEPS)
        took.setdefault(name, []).append(bench.seconds(command, folder))
        cpu.setdefault(name, []).append(bench.cpu)

    run = [bench.amlocal, "run", "pipeline.yml", "--data-access"]
    for round_ in range(3):
        measure("bare", ["bash", "chain.sh"], chain.bare, round_)
        measure("link", [*run, "link"], chain.amlocal, round_)
        measure("mount", [*run, "auto"], chain.amlocal, round_)
    base = median(took["bare"])

    def over(name, other="bare"):
        return [1000 * (median(of[name]) - median(of[other])) / STEPS for of in (took, cpu)]

    for name, what in (("link", "reached by links"), ("mount", "through two mounts (where the machine can)")):
        more, more_cpu = over(name)
        bench.row(f"a step, in a chain of {STEPS}, its data {what}", f"{more:.1f} ms over bare ({more_cpu:.1f} ms on a processor)",
                  f"bare `python3 step.py` {1000 * base / STEPS:.1f} ms", "≤ 15 ms over", more <= 15)
    more, more_cpu = over("mount", "link")
    bench.row("what mounts add to a step", f"{more:.1f} ms ({more_cpu:.1f} ms on a processor)", "the same step with links",
              "≤ 8 ms", more <= 8)
    for name, command in (("kfp", ["bin/python", "chain.py"]),
                          ("snakemake", ["bin/snakemake", "--cores", "1", "--quiet", "all"]),
                          ("dvc", ["bin/dvc", "repro", "-q"])):
        home = bench.peers / name
        if not (home / "installed").exists():
            why = home / "why-not"
            bench.row(f"the same step in {name}", "not measured",
                      why.read_text() if why.exists() else f"not installed: tests/bench/peers.py {bench.peers}")
            continue
        folder = bench.folder(name)
        getattr(chain, name)(folder, STEPS)
        more = {"PATH": f"{home}/bin:/usr/bin:/bin", "DVC_NO_ANALYTICS": "1"}
        if name == "dvc":
            bench.seconds([home / "bin/dvc", "init", "--no-scm", "-q"], folder, **more)
        spent = bench.seconds([home / command[0], *command[1:]], folder, **more)
        bench.row(f"the same step in {(home / 'installed').read_text().split()[0]}", f"{1000 * (spent - base) / STEPS:.0f} ms over bare "
                  f"({1000 * (bench.cpu - median(cpu['bare'])) / STEPS:.0f} ms on a processor)", "")


def resume(bench):
    """A run in which nothing has changed, beside ninja on the same chain."""
    mine, other = bench.folder("resume"), bench.folder("ninja")
    chain.amlocal(mine, STEPS)
    chain.ninja(other, STEPS)
    bench.seconds([bench.amlocal, "run", "pipeline.yml"], mine)
    bench.seconds(["ninja"], other)
    ours, bare = [], []
    for _ in range(5):
        ours.append(bench.seconds([bench.amlocal, "run", "pipeline.yml", "--resume", "@last"], mine))
        bare.append(bench.seconds(["ninja"], other))
    bench.row(f"nothing to do, {STEPS} steps", f"`run --resume` {1000 * median(ours):.0f} ms",
              f"`ninja` {1000 * median(bare):.0f} ms")


def meter(bench):
    """A request through cost profile and record over the memory store, and in the simulator."""
    text = subprocess.run([bench.meter_bench, bench.scratch, "9"], check=True, capture_output=True, text=True).stdout
    bare, metered, simulated = (median(float(line.split()[i]) for line in text.splitlines()) for i in range(3))
    bench.row("a request, priced and recorded", f"{metered:.0f} ns", f"the memory store alone {bare:.0f} ns",
              "< 2 µs", metered < 2000)
    bench.row("1,000,000 requests simulated", f"{simulated / 1000:.2f} s", "", "< 1 s", simulated < 1000)


BENCHES = {"start": start, "plan": plan, "log": log, "step": step, "resume": resume, "meter": meter,
           "appends": mounts.appends, "compare": mounts.compare, "clocks": mounts.clocks,
           "mlflow": tracking.mlflow, "points": tracking.points, "run-log": tracking.run_log, "tests": step_tests.tests}


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return (f"{os.cpu_count()} cores ({model}), {memory} GiB, Linux {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f} at the start")


def main(arguments):
    *tools, peers = (pathlib.Path(word).resolve() for word in arguments[:4])
    names = arguments[4:] or list(BENCHES)
    about = machine()
    # Not below the source folder: a git root above would be the workspace.
    with tempfile.TemporaryDirectory(prefix="amlocal-bench-") as scratch:
        bench = Bench(*tools, peers, pathlib.Path(scratch))
        for name in names:
            print(f"{name}: {BENCHES[name].__doc__}", file=sys.stderr, flush=True)
            BENCHES[name](bench)
    print("| what | amlocal | beside it | bound | |\n|---|---|---|---|---|")
    for row in bench.rows:
        print("| " + " | ".join(row) + " |")
    print(*[""] + bench.notes + [f"Machine: {about}."], sep="\n")
    return 1 if any(row[4] == "NOT MET" for row in bench.rows) else 0


if __name__ == "__main__":
    if len(sys.argv) < 5 or set(sys.argv[5:]) - set(BENCHES):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
