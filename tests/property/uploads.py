#!/usr/bin/env python3
"""Random file operations on a mount, beside a model in memory: results, contents and uploads must be the same.

    uploads.py PROFILE MOUNT RECORD [--seed 1] [--sequences 20] [--length 200] [--without …]
               [--keep FOLDER] [--replay FILE ...]

RECORD is the folder of the mount's record. After every operation what the mount has put into the store since
(which files, how many bytes each) is held against what upload_model.py says. A sequence that differs is made as
short as it still differs, printed and kept, as file_operations.py does.
"""
import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import file_operations  # noqa: E402
import ledger  # noqa: E402
import upload_model  # noqa: E402


class Beside:
    """A sequence's folder of the mount beside its model."""

    def __init__(self, profile, mount, record):
        self.root = tempfile.mkdtemp(dir=mount)
        self.side = file_operations.Side(self.root, {"mode"})
        self.model = upload_model.Model(profile)
        self.record = record
        self.record.news()
        self.count = self.bytes = 0

    def uploads_differ(self):
        below = os.path.basename(self.root) + "/"
        found = sorted((name.removeprefix(below), size) for name, size in ledger.puts(self.record.news()))
        expected = sorted(self.model.sent)
        self.model.sent = []
        self.count += len(found)
        self.bytes += sum(size for _, size in found)
        return None if found == expected else f"sent {found}, should send {expected}"

    def step(self, operation):
        expected, found = self.model.do(operation), self.side.do(operation)
        if expected != found:
            return f"gave {file_operations.shown(found)}, should give {file_operations.shown(expected)}"
        return self.uploads_differ()

    def look(self):
        return file_operations.differing_trees(self.model, self.side) or self.uploads_differ()

    def close(self):
        self.model.end(), self.side.end()
        return self.uploads_differ() or self.look()


def run(operations, profile, mount, record, totals=None):
    """None, or where and how mount and model differ."""
    beside = Beside(profile, mount, record)
    try:
        for number, operation in enumerate(operations):
            differs = beside.step(operation)
            if differs:
                return f"operation {number}, {operation}: {differs}"
            if number % 25 == 24:
                differs = beside.look()
                if differs:
                    return f"after operation {number}, {operation}: {differs}"
        differs = beside.close()
        return differs and f"at the end: {differs}"
    finally:
        beside.side.end()
        shutil.rmtree(beside.root, ignore_errors=True)
        if totals is not None:
            totals[0] += beside.count
            totals[1] += beside.bytes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile", choices=upload_model.PROFILES)
    parser.add_argument("mount", type=pathlib.Path)
    parser.add_argument("record", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1, help="of the first sequence; the next have the next")
    parser.add_argument("--sequences", type=int, default=20)
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--without", default="")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--replay", type=pathlib.Path, nargs="*", default=[])
    args = parser.parse_args()
    os.umask(0o022)
    # What the model does not know: all profiles but `ideal` refuse it.
    without = {"allocate", "mode", "symlink", "link"} | {name for name in args.without.split(",") if name}
    if without - file_operations.OPERATIONS.keys():
        parser.error(f"no operation {', '.join(sorted(without - file_operations.OPERATIONS.keys()))}")

    todo = [(str(path), json.loads(path.read_text())) for path in args.replay]
    if not args.replay:
        seeds = range(args.seed, args.seed + args.sequences)
        todo = [(f"seed {seed}", file_operations.sequence(seed, args.length, without)) for seed in seeds]
    record = ledger.Reader(args.record)
    different, totals = 0, [0, 0]
    for name, operations in todo:
        problem = run(operations, args.profile, args.mount, record, totals)
        if problem is None:
            continue
        different += 1
        print(f"{name}: {problem}")
        short = file_operations.shorten(operations, lambda some: run(some, args.profile, args.mount, record) is not None)
        print(f"  in short: {run(short, args.profile, args.mount, record)}")
        for operation in short:
            print(f"    {json.dumps(operation)}")
        if args.keep:
            args.keep.mkdir(parents=True, exist_ok=True)
            kept = args.keep / (f"{args.profile}-{name}".replace(" ", "-").replace("/", "-") + ".json")
            kept.write_text(json.dumps(short) + "\n")
            print(f"  kept as {kept}")
    print(f"{len(todo)} sequences, {different} differ; {totals[0]} uploads of {totals[1]} bytes")
    sends = upload_model.PROFILES[args.profile].sends
    if not args.replay and sends != (totals[0] > 0):
        print("nothing was sent: the record or the profile is another one")
        return 1
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
