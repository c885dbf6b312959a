#!/usr/bin/env python3
"""Mounts side by side: ours, libfuse's example, rclone, blobfuse2; each a ratio in one run.

    bench.py --mount ideal='tests/support/serve_mount.py build/amlocal-mount {source} {mount}'
             [--mount NAME=COMMAND ...]
             [--rounds 5] [--only stat,create] [--folder DIR] [--goals] [--json]

A COMMAND serves {source}, a folder, at {mount}, another, in the foreground or not, and ends by itself
when the mount is taken away. The first one is what the ratios are about. The peers are found by
themselves: passthrough_ll (built here from libfuse3-dev's examples), `rclone mount`, blobfuse2 over
Azurite where both are there; what is missing is said.

In each round every mount does every workload once, in changing order. A ratio is the peer's time
over ours in the same round: 2 is twice as fast. The table has the median of the rounds' ratios.
--goals holds them against the goals below; exit status 1 where one is missed.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import typing

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLE = pathlib.Path("/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c")

# peer -> workload -> how many times as fast as the peer ours is at least
GOALS = {
    "passthrough_ll": {
        "stat": 0.95, "read-warm-4k": 0.95, "read-cold-1m": 0.95, "read-cold-random-4k": 0.95,
        "write-4k": 0.9, "write-1m": 0.9, "create": 0.9, "find-cold": 1, "find-warm": 1, "cat-cold": 1,
    },
    "rclone": {
        "create": 3, "read-cold-random-4k": 3, "find-cold": 3, "tar-x": 3,
        "stat": 0.95, "read-warm-4k": 0.95,
    },
}  # fmt: skip


def build(tools):
    """workloads and passthrough_ll in `tools`; the latter's path is None where it cannot be built."""
    subprocess.run(["c++", "-std=c++20", "-O2", HERE / "workloads.cpp", "-o", tools / "workloads"], check=True)
    example = tools / "passthrough_ll"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], stdout=subprocess.PIPE, text=True)
    if flags.returncode or not EXAMPLE.exists():
        return None
    subprocess.run(["cc", "-O2", "-w", EXAMPLE, *flags.stdout.split(), "-o", example], check=True)
    return example


BLOBFUSE = """
allow-other: true
logging: {{type: silent}}
components: [libfuse, file_cache, attr_cache, azstorage]
libfuse: {{attribute-expiration-sec: 120, entry-expiration-sec: 120, negative-entry-expiration-sec: 120}}
file_cache: {{path: {cache}, timeout-sec: 120, max-size-mb: 4096}}
attr_cache: {{timeout-sec: 7200}}
azstorage:
  type: block
  account-name: devstoreaccount1
  account-key: Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==
  endpoint: http://127.0.0.1:10000/devstoreaccount1
  container: bench
  mode: key
  use-http: true
"""  # the key is Azurite's own, the same everywhere


def peers(tools):
    """({name: command}, [why a peer is missing])."""
    found, missing = {}, []
    example = build(tools)
    if example:
        found["passthrough_ll"] = f"{example} -f -o source={{source}},cache=auto {{mount}}"
    else:
        missing.append("passthrough_ll: needs libfuse3-dev, pkg-config and a C compiler")
    if shutil.which("rclone"):
        # Kept caches as the others have them; its own answers for a folder live for five minutes.
        found["rclone"] = "rclone mount --vfs-cache-mode writes --cache-dir {scratch} {source} {mount}"
    else:
        missing.append("rclone: apt-get install rclone")
    if shutil.which("blobfuse2") and shutil.which("azurite-blob"):
        found["blobfuse2"] = "blobfuse2 mount {mount} --foreground --config-file={scratch}/blobfuse2.yaml"
    else:
        missing.append("blobfuse2: needs blobfuse2 and azurite-blob (npm install azurite) on PATH")
    return found, missing


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.01)


class Served(typing.NamedTuple):
    mount: pathlib.Path
    source: pathlib.Path
    pid: int  # of the command


@contextlib.contextmanager
def mounted(name, command, folder):
    """What `command` mounts, served while the block runs."""
    places = {key: folder / name / key for key in ("source", "mount", "scratch")}
    for place in places.values():
        place.mkdir(parents=True)
    azurite = None
    if name == "blobfuse2":
        azurite = start_azurite(places["scratch"])
    log = open(places["scratch"] / "log", "wb")
    words = shlex.split(command.format(**places))
    server = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        try:
            wait_until(lambda: os.path.ismount(places["mount"]) or server.poll() not in (None, 0), 20, "")
        except TimeoutError:
            pass
        if not os.path.ismount(places["mount"]):
            raise RuntimeError(f"{name} did not mount: {(places['scratch'] / 'log').read_text()[-500:]}")
        yield Served(places["mount"], places["source"], server.pid)
    finally:
        for unmount in ["umount", places["mount"]], ["fusermount3", "-u", "-z", places["mount"]]:
            if os.path.ismount(places["mount"]):
                subprocess.run(unmount, stderr=subprocess.DEVNULL)
        for process in filter(None, (server, azurite)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5 if process is server else 0)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(20)
        log.close()


def start_azurite(scratch):
    azurite = subprocess.Popen(
        ["azurite-blob", "--silent", "--skipApiVersionCheck", "--location", scratch / "azurite"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    (scratch / "cache").mkdir()
    (scratch / "blobfuse2.yaml").write_text(BLOBFUSE.format(cache=scratch / "cache"))
    from azure.core.exceptions import ResourceExistsError
    from azure.storage.blob import BlobServiceClient

    key = BLOBFUSE.split("account-key: ")[1].split()[0]
    service = BlobServiceClient("http://127.0.0.1:10000/devstoreaccount1", credential=key)

    def made():
        try:
            service.create_container("bench")
        except ResourceExistsError:
            pass
        except Exception:
            return False
        return True

    wait_until(made, 30, "Azurite does not answer")
    return azurite


def run_workload(tools, folder, workload):
    """Microseconds an operation, or None where it cannot run here."""
    ended = subprocess.run([tools / "workloads", folder, workload], stdout=subprocess.PIPE, text=True, timeout=900)
    if ended.returncode:
        raise RuntimeError(f"{workload} failed in {folder}")
    words = ended.stdout.split()
    return None if len(words) != 3 else float(words[1]) / int(words[2]) * 1e6


def measure(tools, folders, workloads, rounds):
    """mount -> workload -> its times by round."""
    times = {name: {workload: [] for workload in workloads} for name in folders}
    order = list(folders)
    shuffle = random.Random(1)
    for number in range(rounds):
        for workload in workloads:
            shuffle.shuffle(order)
            for name in order:
                times[name][workload].append(run_workload(tools, folders[name], workload))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return times


def ratio(times, ours, peer, workload):
    pairs = list(zip(times[ours][workload], times[peer][workload]))
    if any(None in pair for pair in pairs):
        return None
    return statistics.median(theirs / mine for mine, theirs in pairs)


def table(times, ours, workloads):
    peer_names = [name for name in times if name != ours]
    rows = [["", f"{ours} µs"] + [f"× {name}" for name in peer_names]]
    for workload in workloads:
        mine = [value for value in times[ours][workload] if value is not None]
        row = [workload, f"{statistics.median(mine):.2f}" if mine else "needs root"]
        for name in peer_names:
            value = ratio(times, ours, name, workload)
            goal = GOALS.get(name, {}).get(workload)
            mark = "" if value is None or goal is None or value >= goal else f" (< {goal})"
            row.append("" if value is None else f"{value:.2f}{mark}")
        rows.append(row)
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def missed(times, ours, workloads):
    found = []
    for peer, goals in GOALS.items():
        for workload, goal in goals.items():
            if peer in times and workload in workloads:
                value = ratio(times, ours, peer, workload)
                if value is not None and value < goal:
                    found.append(f"{workload}: {value:.2f} × {peer}, the goal is {goal}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mount", action="append", required=True, metavar="NAME=COMMAND")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="workloads, divided by commas")
    parser.add_argument("--without-peers", default="", help="peers to leave out, divided by commas")
    parser.add_argument("--folder", type=pathlib.Path, help="where the mounts' sources lie (default /dev/shm)")
    parser.add_argument("--goals", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()

    base = args.folder or pathlib.Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mount-bench-", dir=base))
    tools = folder / "tools"
    tools.mkdir()
    try:
        commands = dict(text.split("=", 1) for text in args.mount)
        ours = next(iter(commands))
        found, missing = peers(tools)
        left_out = args.without_peers.split(",")
        commands.update({name: command for name, command in found.items() if name not in left_out})
        workloads = subprocess.run([tools / "workloads", "--list"], stdout=subprocess.PIPE, text=True).stdout.split()
        if args.only:
            workloads = [name for name in workloads if name in args.only.split(",")]
        with contextlib.ExitStack() as stack:
            folders = {}
            for name, command in commands.items():
                folders[name] = stack.enter_context(mounted(name, command, folder)).mount
            plain = folder / "plain"
            plain.mkdir()
            folders["no mount"] = plain
            before = os.getloadavg()[0]
            times = measure(tools, folders, workloads, args.rounds)
            # Before the mounts are taken away: one that is busy shall not cost the figures.
            if args.json:
                told = {"ours": ours, "unit": "microseconds an operation", "times": times, "missing": missing}
                print(json.dumps(told), flush=True)
            else:
                print(table(times, ours, workloads))
                for text in missing:
                    print(f"not measured: {text}")
                print(f"load {before:.1f} at the start, {os.getloadavg()[0]:.1f} at the end", flush=True)
            failures = missed(times, ours, workloads) if args.goals else []
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    for text in failures:
        print(f"missed: {text}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
