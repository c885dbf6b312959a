#!/usr/bin/env python3
"""Random file operations on two folders side by side: results and contents must be the same.

    file_operations.py REFERENCE TESTED [--seed 1] [--sequences 20] [--length 200] [--without symlink,...]
                       [--keep FOLDER] [--replay FILE ...] [--dump SEED]

REFERENCE is a folder of a local disk, TESTED one of the mount. A sequence is made from its seed alone;
each of its operations is done on both sides, and what it returned or which errno it met is compared; in
between and at the end the two trees are compared byte by byte. Descriptors are kept over many
operations, duplicated and inherited by forked children.

A sequence that differs is made as short as it still differs, printed, and kept in --keep as JSON, to be
run again with --replay. --without leaves operations out that the file system is right to refuse; with
`replace` left out nothing is renamed onto what exists, with `mode` modes are not compared.
"""
import argparse
import errno
import functools
import json
import mmap
import os
import pathlib
import random
import shutil
import stat
import sys
import tempfile
import time

NAMES = ["a", "b", "c", "d/x", "d/y", "d/e/z"]
FOLDERS = ["d", "d/e", "f", "."]
SLOTS = 5
FLAGS = {
    "r": os.O_RDONLY,
    "w": os.O_WRONLY | os.O_CREAT,
    "rw": os.O_RDWR | os.O_CREAT,
    "trunc": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "rw-trunc": os.O_RDWR | os.O_TRUNC,
    "append": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "rw-append": os.O_RDWR | os.O_APPEND,
    "excl": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
}
SIZES = [0, 1, 10, 100, 4095, 4096, 4097, 10_000, 70_000, 200_000]

# operation -> (how often, what its arguments are)
OPERATIONS = {
    "open": (22, ("slot", "name", "flags")),
    "close": (8, ("slot",)),
    "write": (12, ("slot", "size", "byte")),
    "pwrite": (8, ("slot", "offset", "size", "byte")),
    "read": (6, ("slot", "size")),
    "pread": (8, ("slot", "offset", "size")),
    "seek": (4, ("slot", "offset", "whence")),
    "dup": (4, ("slot", "slot")),
    "ftruncate": (4, ("slot", "size")),
    "truncate": (4, ("name", "size")),
    "fsync": (3, ("slot",)),
    "fstat": (5, ("slot",)),
    "stat": (8, ("name",)),
    "list": (5, ("folder",)),
    "append_once": (8, ("name", "size", "byte")),
    "read_whole": (8, ("name",)),
    "rename": (3, ("name", "name")),
    "replace": (4, ("name", "name")),
    "rename_folder": (1, ("folder", "folder")),
    "unlink": (5, ("name",)),
    "mkdir": (4, ("folder",)),
    "rmdir": (2, ("folder",)),
    "fork_write": (5, ("slot", "size", "byte")),
    "fork_close": (4, ("slot",)),
    "map_write": (3, ("slot", "offset", "size", "byte")),
    "allocate": (2, ("slot", "offset", "size")),
    "copy_range": (2, ("slot", "slot", "size")),
    "link": (1, ("name", "name")),
    "symlink": (1, ("name", "name")),
    "mode": (2, ("name", "bits")),
    "wait": (0, ()),
}


def sequence(seed, length, without):
    """The operations of a seed: lists of a name and arguments, ready for JSON."""
    rng = random.Random(seed)
    chosen = {name: row for name, row in OPERATIONS.items() if name not in without}
    draw = {
        "slot": lambda: rng.randrange(SLOTS),
        "name": lambda: rng.choice(NAMES),
        "folder": lambda: rng.choice(FOLDERS),
        "flags": lambda: rng.choice([*FLAGS, "rw", "rw"]),
        "size": lambda: rng.choice(SIZES),
        "offset": lambda: rng.choice(SIZES) + rng.randrange(3),
        "byte": lambda: rng.randrange(1, 256),
        "whence": lambda: rng.randrange(3),
        "bits": lambda: rng.choice([0o600, 0o644, 0o755, 0o700]),
    }
    names = rng.choices(list(chosen), [often for often, _ in chosen.values()], k=length)
    begin = [["mkdir", "d"], ["open", 0, "a", "rw"]]
    return begin + [[name, *(draw[kind]() for kind in chosen[name][1])] for name in names]


def pattern(size, byte):
    """Bytes in which a shifted or repeated block is noticed."""
    return bytes((byte + n * 7 + n // 251) % 256 for n in range(min(size, 997))) * (size // 997 + 1)


class Side:
    """One folder, with the descriptors that are open in it."""

    def __init__(self, root, without):
        self.root = root
        self.compare_modes = "mode" not in without
        self.slots = [None] * SLOTS

    def do(self, operation):
        """What it gave: a JSON-like value, or "E…"."""
        name, *arguments = operation
        try:
            return getattr(self, name)(*arguments)
        except OSError as problem:
            return errno.errorcode.get(problem.errno, str(problem.errno))

    def end(self):
        for slot in range(SLOTS):
            self.close(slot)

    def at(self, name):
        return os.path.join(self.root, name)

    def fd(self, slot):
        if self.slots[slot] is None:
            raise OSError(errno.EBADF, "")
        return self.slots[slot]

    def put(self, slot, fd):
        old, self.slots[slot] = self.slots[slot], fd
        if old is not None:
            os.close(old)

    def open(self, slot, name, flags):
        self.put(slot, os.open(self.at(name), FLAGS[flags], 0o644))

    def close(self, slot):
        if self.slots[slot] is not None:
            self.put(slot, None)

    def dup(self, slot, other):
        if slot != other:
            self.put(other, os.dup(self.fd(slot)))

    def write(self, slot, size, byte):
        return os.write(self.fd(slot), pattern(size, byte)[:size])

    def pwrite(self, slot, offset, size, byte):
        return os.pwrite(self.fd(slot), pattern(size, byte)[:size], offset)

    def read(self, slot, size):
        return os.read(self.fd(slot), size)

    def pread(self, slot, offset, size):
        return os.pread(self.fd(slot), size, offset)

    def seek(self, slot, offset, whence):
        return os.lseek(self.fd(slot), offset, whence)

    def ftruncate(self, slot, size):
        os.ftruncate(self.fd(slot), size)

    def truncate(self, name, size):
        os.truncate(self.at(name), size)

    def fsync(self, slot):
        os.fsync(self.fd(slot))

    def describe(self, status):
        kind = stat.S_IFMT(status.st_mode)
        mode = stat.S_IMODE(status.st_mode) if self.compare_modes and not stat.S_ISLNK(status.st_mode) else 0
        return [kind, mode, status.st_size if kind != stat.S_IFDIR else 0]

    def fstat(self, slot):
        return self.describe(os.fstat(self.fd(slot)))

    def stat(self, name):
        return self.describe(os.lstat(self.at(name)))

    def list(self, folder):
        return sorted(os.listdir(self.at(folder)))

    def append_once(self, name, size, byte):
        fd = os.open(self.at(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            return os.write(fd, pattern(size, byte)[:size])
        finally:
            os.close(fd)

    def read_whole(self, name):
        with open(self.at(name), "rb") as file:
            return file.read()

    def rename(self, name, other):
        if os.path.lexists(self.at(other)):
            return "exists"
        os.rename(self.at(name), self.at(other))
        return None

    def replace(self, name, other):
        os.rename(self.at(name), self.at(other))

    def rename_folder(self, name, other):
        if "." in (name, other) or os.path.lexists(self.at(other)):
            return "left out"
        os.rename(self.at(name), self.at(other))
        return None

    def unlink(self, name):
        os.unlink(self.at(name))

    def mkdir(self, name):
        os.mkdir(self.at(name), 0o755)

    def rmdir(self, name):
        if name != ".":
            os.rmdir(self.at(name))

    def in_child(self, act):
        """The errno of `act` in a forked child, which closes all it inherited."""
        child = os.fork()
        if child == 0:
            code = 0
            # In the order of the slots: left to the child's end, it would be that of the numbers.
            for step in (act, *(functools.partial(os.close, fd) for fd in filter(None, self.slots))):
                try:
                    step()
                except OSError as problem:
                    code = code or problem.errno
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return errno.errorcode.get(code, "ok")

    def fork_write(self, slot, size, byte):
        fd = self.fd(slot)
        return self.in_child(lambda: os.write(fd, pattern(size, byte)[:size]))

    def fork_close(self, slot):
        fd = self.fd(slot)
        return self.in_child(lambda: os.fstat(fd))

    def map_write(self, slot, offset, size, byte):
        fd = self.fd(slot)
        end = os.fstat(fd).st_size
        if end == 0:
            return "nothing to map"
        offset %= end
        size = min(size, end - offset)
        try:
            view = mmap.mmap(fd, end)
        except OSError:
            return "not mapped"  # which errno depends on the descriptor's flags, not on the file system
        with view:
            view[offset : offset + size] = pattern(size, byte)[:size]
            view.flush()
        return size

    def allocate(self, slot, offset, size):
        os.posix_fallocate(self.fd(slot), offset, size)

    def copy_range(self, slot, other, size):
        source, target = self.fd(slot), self.fd(other)
        if os.fstat(source).st_ino == os.fstat(target).st_ino:
            return "same file"
        return os.copy_file_range(source, target, size, 0, 0)

    def link(self, name, other):
        os.link(self.at(name), self.at(other))

    def symlink(self, name, other):
        os.symlink(name, self.at(other))

    def mode(self, name, bits):
        os.chmod(self.at(name), bits)

    def wait(self):
        """Only in sequences that are kept. Both sides wait, so it takes 0.7 s; the kernel answers for a
        name by itself for 1 s."""
        time.sleep(0.35)

    def tree(self):
        """Path -> what it is and holds."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                holds = None
                if stat.S_ISREG(status.st_mode):
                    with open(path, "rb") as file:
                        holds = file.read()
                elif stat.S_ISLNK(status.st_mode):
                    holds = os.readlink(path)
                found[os.path.relpath(path, self.root)] = (self.describe(status), holds)
        return found


def shown(value):
    if isinstance(value, bytes):
        return f"{len(value)} bytes {value[:12].hex()}…"
    return repr(value)


def differing_trees(reference, tested):
    one, other = reference.tree(), tested.tree()
    for path in sorted(one.keys() | other.keys()):
        if path not in other:
            return f"'{path}' is missing"
        if path not in one:
            return f"'{path}' is there and should not be"
        if one[path][0] != other[path][0]:
            return f"'{path}': type, mode, size are {other[path][0]}, should be {one[path][0]}"
        if one[path][1] != other[path][1]:
            left, right = one[path][1], other[path][1]
            at = next((n for n, pair in enumerate(zip(left, right)) if pair[0] != pair[1]), min(len(left), len(right)))
            return f"'{path}' differs from byte {at}"
    return None


def run(operations, reference, tested, without):
    """None, or where and how the two folders differ."""
    folders = [tempfile.mkdtemp(dir=parent) for parent in (reference, tested)]
    sides = [Side(folder, without) for folder in folders]
    try:
        for number, operation in enumerate(operations):
            expected, found = (side.do(operation) for side in sides)
            if expected != found:
                return f"operation {number}, {operation}: gave {shown(found)}, should give {shown(expected)}"
            if number % 25 == 24:
                different = differing_trees(*sides)
                if different:
                    return f"after operation {number}, {operation}: {different}"
        for side in sides:
            side.end()
        different = differing_trees(*sides)
        return different and f"at the end: {different}"
    finally:
        for side, folder in zip(sides, folders):
            side.end()
            shutil.rmtree(folder, ignore_errors=True)


def shorten(operations, differs):
    """A shorter sequence that differs still: ever smaller pieces are left out."""
    piece = len(operations) // 2
    while piece >= 1:
        at = 0
        while at < len(operations):
            shorter = operations[:at] + operations[at + piece :]
            if differs(shorter):
                operations = shorter
            else:
                at += piece
        piece //= 2
    return operations


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reference", type=pathlib.Path, nargs="?")
    parser.add_argument("tested", type=pathlib.Path, nargs="?")
    parser.add_argument("--seed", type=int, default=1, help="of the first sequence; the next have the next")
    parser.add_argument("--sequences", type=int, default=20)
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--without", default="")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--replay", type=pathlib.Path, nargs="*", default=[])
    parser.add_argument("--dump", type=int, metavar="SEED", help="print a sequence as JSON")
    args = parser.parse_args()
    without = {name for name in args.without.split(",") if name}
    if without - OPERATIONS.keys():
        parser.error(f"no operation {', '.join(sorted(without - OPERATIONS.keys()))}")
    if args.dump is not None:
        print(json.dumps(sequence(args.dump, args.length, without)))
        return 0
    if not args.reference or not args.tested:
        parser.error("REFERENCE and TESTED are missing")
    os.umask(0o022)

    todo = [(str(path), json.loads(path.read_text())) for path in args.replay]
    if not args.replay:
        seeds = range(args.seed, args.seed + args.sequences)
        todo = [(f"seed {seed}", sequence(seed, args.length, without)) for seed in seeds]
    different = 0
    for name, operations in todo:
        problem = run(operations, args.reference, args.tested, without)
        if problem is None:
            continue
        different += 1
        print(f"{name}: {problem}")
        short = shorten(operations, lambda some: run(some, args.reference, args.tested, without) is not None)
        print(f"  in short: {run(short, args.reference, args.tested, without)}")
        for operation in short:
            print(f"    {json.dumps(operation)}")
        if args.keep:
            args.keep.mkdir(parents=True, exist_ok=True)
            kept = args.keep / (name.replace(" ", "-").replace("/", "-") + ".json")
            kept.write_text(json.dumps(short) + "\n")
            print(f"  kept as {kept}")
    print(f"{len(todo)} sequences, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
