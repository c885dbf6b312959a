"""Parts of bench.py: what a mounted output costs, how exact its clocks are, how fast a record is replayed."""

import json
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import ledger  # noqa: E402

median = statistics.median
MB = 1_000_000


def write_step(folder, script):
    """A pipeline of one step: `script` is Python in which RAW and OUT are its folders."""
    folder.mkdir()
    (folder / "raw").mkdir()
    (folder / "src").mkdir()
    (folder / "amlocal.yml").write_text("")
    (folder / "src/step.py").write_text("import os, sys\nRAW, OUT = sys.argv[1:]\n" + script)
    (folder / "one.yml").write_text("type: pipeline\njobs:\n  one: " + json.dumps({
        "command": "python step.py ${{inputs.raw}} ${{outputs.out}}", "code": "src", "environment": "azureml:base:1",
        "inputs": {"raw": {"type": "uri_folder", "path": "raw"}}, "outputs": {"out": {"type": "uri_folder"}}}) + "\n")


def said(bench, folder, *words):
    return json.loads(subprocess.run([bench.amlocal, *words, "--json"], cwd=folder, env=bench.environment, check=True,
                                     stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout)


def written():
    """(what this process and those it has waited for gave to disks, what of it was dropped again unwritten)."""
    lines = dict(line.split(": ") for line in pathlib.Path("/proc/self/io").read_text().splitlines())
    return int(lines["write_bytes"]), int(lines["cancelled_write_bytes"])


def appends(bench):
    """10,000 appends of 10 KB to a mounted log: 500 GB in the cloud, under --clock ledger."""
    count, size = 10_000, 10_000
    folder = bench.folder("appends")
    write_step(folder, f"for n in range({count}):\n  with open(OUT + '/log', 'ab') as f: f.write(b'x' * {size})\n")
    plain = f"for n in range({count}):\n  with open('log', 'ab') as f: f.write(b'x' * {size})\n"
    run = [bench.amlocal, "run", "one.yml", "--cost", "blob-standard", "--clock", "ledger", "--name"]
    took, cpu, bare, to_disk, dropped = [], [], [], [], []
    for n in range(3):
        bare.append(bench.seconds(["python3", "-c", plain], folder))
        (folder / "log").unlink()
        before = written()
        took.append(bench.seconds([*run, f"r{n}"], folder))
        cpu.append(bench.cpu)
        after = written()
        dropped.append(after[1] - before[1])
        # The kernel counts the step's writes to the mount too, which reach no disk by themselves.
        to_disk.append(after[0] - before[0] - dropped[-1] - count * size)
    sent = said(bench, folder, "io", "report", "r0")["total"]["bytes_sent"]
    if sent != size * count * (count + 1) // 2:
        sys.exit(f"{sent} bytes sent are not those of {count} appends")
    bench.row(f"{count:,} appends of 10 KB, {sent / 1e9:.0f} GB in the cloud, whole run",
              f"{median(took):.1f} s ({median(cpu):.1f} s on a processor)", f"on a plain folder {median(bare):.1f} s",
              "≤ 10 s" if median(took) <= 10 else "≤ 10 s, on a processor", min(median(took), median(cpu)) <= 10)
    ratio = median(to_disk) / (count * size)
    bench.row("what these write to the disk, their record included", f"{ratio:.2f}× the file",
              f"and {median(dropped) / count / size:.2f}× of copies that went before they were written", "≤ 2×", ratio <= 2)


def synthetic_record(folder, operations):
    """A record of a log that is opened, appended to and closed: so many operations, and an upload at each close."""
    at, number = 0, 0
    ops = {name: n for n, name in enumerate(ledger.OPERATIONS)}
    with open(folder / "entries", "r+b") as file:
        file.seek(ledger.HEADER.size)
        file.truncate()
        for n in range(operations // 4):
            entries = [("open", 0, at, 0), ("write", at, 100, 0), ("flush", 0, 0, 0), ("put", 0, at + 100, number + 3),
                       ("release", 0, 0, 0)]
            rows = []
            for op, offset, size, cause in entries:
                number += 1
                for_writing = 1 << 30 if op == "open" else 0
                rows.append(ledger.ENTRY.pack(number, number * 1000, number * 1000 + 900, offset, size, cause, n + 1, 0.0,
                                              1, 7 | for_writing, ops[op], 0, 1, 0))
            file.write(b"".join(rows))
            at += 100
    names = [line for line in (folder / "names").read_text().splitlines() if '"outputs.out"' in line]
    (folder / "names").write_text(names[0] + '\n"train.log"\n')


def compare(bench):
    """`io compare` of a record with a million operations."""
    folder = bench.folder("compare")
    write_step(folder, "open(OUT + '/train.log', 'w').close()\n")
    bench.seconds([bench.amlocal, "run", "one.yml", "--cost", "blob-standard", "--name", "r"], folder)
    record = folder / ".amlocal/runs/r/steps/one/io"
    command = [bench.amlocal, "io", "compare", "r/one", "--mount-profile", "blobfuse2"]
    small = median(bench.seconds(command, folder) for _ in range(3))
    synthetic_record(record, 1_000_000)
    rows = said(bench, folder, *command[1:])["scenarios"]
    if [row["least"]["bytes_sent"] for row in rows] != [100 * 250_000 * 250_001 // 2] * 2:
        sys.exit(f"the record was not replayed: {rows}")
    took, cpu = [], []
    for _ in range(5):
        took.append(bench.seconds(command, folder))
        cpu.append(bench.cpu)
    bench.row("`io compare` of 1,000,000 recorded operations, whole command",
              f"{median(took):.2f} s ({median(cpu):.2f} s on a processor)", f"of three operations {small:.2f} s",
              "< 1 s" if median(took) < 1 else "< 1 s, on a processor", min(median(took), median(cpu)) < 1)


# Single-threaded, and waiting for nearly all of their time.
WORKLOADS = {
    "a log appended to": "for n in range(60):\n  with open(OUT + '/log', 'ab') as f: f.write(b'x' * 200_000)\n",
    "small files written": "for n in range(200):\n  with open(f'{OUT}/{n}', 'wb') as f: f.write(b'x' * 1000)\n",
    "small files read": "for n in range(200):\n  with open(f'{RAW}/{n}', 'rb') as f: f.read()\n",
}


def clocks(bench):
    """Single-threaded steps that wait: `--clock ledger` against `real`, and `io compare` against its --rerun."""
    off, waits = {}, {}
    for name, script in WORKLOADS.items():
        folder = bench.folder("clocks")
        write_step(folder, script)
        for n in range(200):
            (folder / f"raw/{n}").write_bytes(b"x" * 50_000)
        real, added = [], []
        for n in range(3):
            for clock in "real", "ledger":
                bench.seconds([bench.amlocal, "run", "one.yml", "--cost", "blob-standard", "--clock", clock, "--name",
                               f"{clock}{n}"], folder)
                seconds = said(bench, folder, "runs", "show", f"{clock}{n}")["steps"][0]["seconds"]
                waited = said(bench, folder, "io", "report", f"{clock}{n}")["total"]["elapsed"]
                if clock == "real":
                    real.append(seconds)
                else:
                    added.append(seconds + waited)
        off[name] = abs(median(added) / median(real) - 1)
        waits[name] = waited / median(real)
    worst = max(off, key=off.get)
    least = min(waits.values())
    bench.row("one thread that waits: `--clock ledger` beside `real`", f"{100 * off[worst]:.1f} % apart at most ({worst})",
              f"waiting for {100 * least:.0f} % of the time or more", "≤ 5 %, waiting ≥ 90 %", off[worst] <= 0.05 and least >= 0.9)
    apart = {}
    for name, script in WORKLOADS.items():
        folder = bench.folder("rerun")
        write_step(folder, script)
        for n in range(200):
            (folder / f"raw/{n}").write_bytes(b"x" * 50_000)
        bench.seconds([bench.amlocal, "run", "one.yml", "--cost", "blob-standard", "--name", "r"], folder)
        for what in (["--mount-profile", "blobfuse2"], ["--mount-profile", "dprep"], ["--mode", "outputs.out=upload"],
                     ["--mode", "inputs.raw=download"]):
            _, predicted, measured = (row["least"]["elapsed"] for row in
                                      said(bench, folder, "io", "compare", "r/one", *what, "--rerun")["scenarios"])
            apart[name, what[1]] = abs(predicted - measured) / max(measured, 0.001)
    worst = max(apart, key=apart.get)
    bench.row(f"`io compare` beside its --rerun, {len(apart)} of them", f"{100 * apart[worst]:.1f} % apart at most "
              f"({worst[0]}, {worst[1]})", "", "≤ 5 %", apart[worst] <= 0.05)
