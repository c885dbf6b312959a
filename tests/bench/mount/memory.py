#!/usr/bin/env python3
"""The memory of a mount process: over many files, and while it reads a file that is larger than any memory.

    memory.py --mount ideal='tests/support/serve_mount.py build/amlocal-mount {source} {mount}'
              [--mount NAME=COMMAND ...] [--files 1000000] [--gigabytes 100] [--folder DIR] [--goals]

A COMMAND is one as bench.py takes it. `find` asks for the size of each of the files; then the process
must hold under 300 MiB. The large file is sparse, has 100 GB and is read from its start; what the
process holds after the first gigabyte and at its highest after that may differ by 16 MiB. --goals
holds the figures against these bounds; exit status 1 where one is missed.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from bench import mounted

MIB = 1 << 20
GIGABYTE = 1_000_000_000
FOUND_LIMIT, GROWTH_LIMIT = 300 * MIB, 16 * MIB
IN_A_FOLDER = 1_000


def serving_process(pid):
    """The first of the line of children that is no script: it may have a helper of its own."""
    while os.readlink(f"/proc/{pid}/exe").rsplit("/", 1)[-1].startswith("python"):
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if not children:
            raise RuntimeError(f"process {pid} serves no mount")
        pid = children[0]
    return int(pid)


def memory_of(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/status has no {field}")


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def make_files(root, count):
    for number in range(count):
        folder = root / f"part-{number // IN_A_FOLDER:04}"
        if number % IN_A_FOLDER == 0:
            folder.mkdir()
        os.close(os.open(folder / f"image-{number:07}.png", os.O_CREAT | os.O_WRONLY, 0o644))


def after_find(served, count):
    """Bytes at rest and at the highest, and seconds."""
    began = time.monotonic()
    command = ["find", served.mount, "-type", "f", "-size", "-1", "-printf", "."]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    if len(found) != count:
        raise RuntimeError(f"find saw {len(found)} of {count} files")
    pid = serving_process(served.pid)
    return memory_of(pid, "VmRSS"), memory_of(pid, "VmHWM"), time.monotonic() - began


def read_through(served, gigabytes):
    """Bytes after the first gigabyte, the highest after that, and seconds."""
    pid = serving_process(served.pid)
    began = time.monotonic()
    first = 0
    with open(served.mount / "large", "rb", buffering=0) as file:
        buffer = bytearray(MIB)
        left = gigabytes * GIGABYTE
        while left > 0:
            got = file.readinto(buffer)
            if got == 0:
                raise RuntimeError("the large file ends early")
            left -= got
            if not first and left <= (gigabytes - 1) * GIGABYTE:
                first = memory_of(pid, "VmRSS")
                forget_peak(pid)
    return first, memory_of(pid, "VmHWM"), time.monotonic() - began


def measure(name, command, folder, args):
    """[(what, figure, bound, whether it is met)]"""
    rows = []
    place = folder / "files"
    with mounted(name, command, place) as served:
        make_files(served.source, args.files)
        rest, peak, seconds = after_find(served, args.files)
        rows.append((
            f"{name}: memory after `find` of {args.files:,} files",
            f"{rest / MIB:.0f} MiB (highest {peak / MIB:.0f}) in {seconds:.0f} s",
            f"< {FOUND_LIMIT // MIB} MiB", peak < FOUND_LIMIT,
        ))  # fmt: skip
    shutil.rmtree(place)
    with mounted(name, command, folder / "large") as served:
        with open(served.source / "large", "wb") as file:
            file.truncate(100 * GIGABYTE)
        first, peak, seconds = read_through(served, args.gigabytes)
        rows.append((
            f"{name}: memory while {args.gigabytes} GB of a file of 100 GB are read",
            f"{first / MIB:.0f} MiB after 1 GB, at most {peak / MIB:.0f} after that; {seconds:.0f} s",
            f"flat: < {GROWTH_LIMIT // MIB} MiB more", peak - first < GROWTH_LIMIT,
        ))  # fmt: skip
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mount", action="append", required=True, metavar="NAME=COMMAND")
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--gigabytes", type=int, default=100, help="how much of the 100 GB is read; at least 2")
    parser.add_argument("--folder", type=pathlib.Path, help="where the sources lie (default /dev/shm)")
    parser.add_argument("--goals", action="store_true")
    args = parser.parse_args()
    if not 2 <= args.gigabytes <= 100:
        parser.error("--gigabytes: from 2 to 100")

    base = args.folder or pathlib.Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir())
    missed = 0
    for text in args.mount:
        name, command = text.split("=", 1)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mount-memory-", dir=base))
        try:
            for what, figure, bound, met in measure(name, command, folder, args):
                print(f"| {what} | {figure} | {bound} | {'met' if met else 'not met'} |", flush=True)
                missed += not met
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if args.goals and missed else 0


if __name__ == "__main__":
    sys.exit(main())
