#!/usr/bin/env python3
"""Every operation of a file system, on a mount of each profile: what the caller and the store see.

    operations.py PROFILE MOUNT SOURCE [--only rename_onto,…]     SOURCE is the store's folder behind MOUNT
    operations.py --table                                          the table of docs/semantics.md

Each operation is a function of an empty folder of the mount and the same folder of the store. It asserts
what holds under every profile, and returns in a word what differs; TABLE has that word for each profile
(the rules M… that it stands for beside it). Exit status 1 where one ended otherwise.
"""
import argparse
import ctypes
import errno
import fcntl
import mmap
import os
import pathlib
import stat
import sys
import traceback

PROFILES = ["rslex", "dprep", "blobfuse2", "ideal"]


def tried(call, *arguments, **named):
    """ "ok", or the name of the errno."""
    try:
        call(*arguments, **named)
        return "ok"
    except OSError as problem:
        return errno.errorcode[problem.errno]


def sent(stored, content):
    """Whether the store has exactly this."""
    return "sent" if stored.exists() and stored.read_bytes() == content else "not sent"


def written(path, content):
    path.write_bytes(content)
    return path


# --- reading -----------------------------------------------------------------------------------------


def open_read(mount, store):
    (store / "a").write_bytes(b"12345")
    with open(mount / "a", "rb") as file:
        assert file.read() == b"12345"
        assert os.pread(file.fileno(), 2, 3) == b"45" and os.pread(file.fileno(), 2, 5) == b""
    assert tried(open, mount / "absent") == "ENOENT"
    return "ok"


def mmap_read(mount, store):
    content = bytes(range(256)) * 4096
    (store / "a").write_bytes(content)
    with open(mount / "a", "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
        assert view[:] == content
    return "ok"


def o_direct(mount, store):
    (store / "a").write_bytes(b"d" * 8192)
    descriptor = os.open(mount / "a", os.O_RDONLY | os.O_DIRECT)
    aligned = mmap.mmap(-1, 8192)
    assert os.preadv(descriptor, [aligned], 0) == 8192 and aligned[:] == b"d" * 8192
    os.close(descriptor)
    return "ok"


def seek_hole(mount, store):
    with open(store / "a", "wb") as file:
        file.seek(4 << 20)
        file.write(b"end")
    with open(mount / "a", "rb") as file:
        size = (4 << 20) + 3
        assert os.lseek(file.fileno(), size - 1, os.SEEK_HOLE) == size
        assert tried(os.lseek, file.fileno(), size, os.SEEK_DATA) == "ENXIO"
        return "a hole" if os.lseek(file.fileno(), 0, os.SEEK_HOLE) == 0 else "all data"


# --- writing and closing -----------------------------------------------------------------------------


def create(mount, store):
    open(mount / "a", "wb").close()
    return sent(store / "a", b"")


def write(mount, store):
    with open(mount / "a", "wb", buffering=0) as file:
        file.write(b"x" * 1000)
        seen = sent(store / "a", b"x" * 1000)
    assert (store / "a").read_bytes() == b"x" * 1000, "closed"
    return seen


def append(mount, store):
    (store / "a").write_bytes(b"old")
    with open(mount / "a", "ab") as file:
        file.write(b"new")
    assert (mount / "a").read_bytes() == b"oldnew"
    return sent(store / "a", b"oldnew")


def truncate_open(mount, store):
    (store / "a").write_bytes(b"long text")
    with open(mount / "a", "r+b") as file:
        file.truncate(4)
    assert (mount / "a").read_bytes() == b"long"
    return sent(store / "a", b"long")


def truncate_closed(mount, store):
    (store / "a").write_bytes(b"long text")
    ended = tried(os.truncate, mount / "a", 4)
    assert (store / "a").read_bytes() == (b"long" if ended == "ok" else b"long text")
    return ended


def o_trunc(mount, store):
    (store / "a").write_bytes(b"long text")
    with open(mount / "a", "wb") as file:
        file.write(b"new")
    return sent(store / "a", b"new")


def fsync(mount, store):
    with open(mount / "a", "wb", buffering=0) as file:
        file.write(b"x")
        os.fsync(file.fileno())
        return sent(store / "a", b"x")


def dup_close(mount, store):
    first = os.open(mount / "a", os.O_WRONLY | os.O_CREAT)
    second = os.dup(first)
    os.write(first, b"one")
    os.close(first)
    seen = sent(store / "a", b"one")
    os.write(second, b"two")
    os.close(second)
    assert (store / "a").read_bytes() == b"onetwo"
    return seen


def fork_close(mount, store):
    file = os.open(mount / "a", os.O_WRONLY | os.O_CREAT)
    os.write(file, b"parent")
    child = os.fork()
    if child == 0:
        os._exit(0)  # its descriptor is closed with it
    os.waitpid(child, 0)
    seen = sent(store / "a", b"parent")
    os.close(file)
    return seen


def mmap_write(mount, store):
    written(mount / "a", b"." * 8192)
    with open(mount / "a", "r+b") as file, mmap.mmap(file.fileno(), 8192) as view:
        view[5000:5005] = b"hello"
        view.flush()
    return sent(store / "a", b"." * 5000 + b"hello" + b"." * 3187)


def allocate(mount, store):
    with open(mount / "a", "wb") as file:
        return tried(libc_fallocate, file.fileno(), 10_000)


def libc_fallocate(descriptor, size):
    """fallocate(2): posix_fallocate would write zeros where there is none."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.fallocate(descriptor, 0, ctypes.c_long(0), ctypes.c_long(size)) != 0:
        raise OSError(ctypes.get_errno(), "fallocate")


# --- names -------------------------------------------------------------------------------------------


def o_excl(mount, store):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    os.close(os.open(mount / "a", flags))
    return tried(os.open, mount / "a", flags)


def rename(mount, store):
    os.rename(written(mount / "a", b"x"), mount / "b")
    assert not (store / "a").exists() and os.listdir(mount) == ["b"]
    return sent(store / "b", b"x")


def rename_onto(mount, store):
    written(mount / "new", b"new"), written(mount / "old", b"old")
    ended = tried(os.replace, mount / "new", mount / "old")
    assert (store / "old").read_bytes() == (b"new" if ended == "ok" else b"old")
    assert (mount / "new").exists() == (ended != "ok")
    return ended


def rename_folder(mount, store):
    (mount / "d/e").mkdir(parents=True)
    written(mount / "d/e/a", b"x")
    os.rename(mount / "d", mount / "f")
    assert (mount / "f/e/a").read_bytes() == b"x" and not (store / "d").exists()
    return sent(store / "f/e/a", b"x")


def unlink(mount, store):
    os.unlink(written(mount / "a", b"x"))
    assert not (store / "a").exists() and os.listdir(mount) == []
    return tried(os.unlink, mount / "a")


def unlink_open(mount, store):
    with open(mount / "a", "w+b", buffering=0) as file:
        file.write(b"before ")
        ended = tried(os.unlink, mount / "a")
        file.write(b"after")
        assert os.pread(file.fileno(), 20, 0) == b"before after"
    assert os.listdir(mount) == [] and not (store / "a").exists()
    return ended


def file_for_folder(mount, store):
    (mount / "d").mkdir()
    (mount / "d/f").write_bytes(b"f")
    (mount / "m").write_bytes(b"m")
    if tried(os.rmdir, mount / "d") == "ENOTEMPTY":
        (mount / "d/f").unlink()
        (mount / "d").rmdir()
    os.rename(mount / "m", mount / "d")
    (mount / "d").write_bytes(b"new")
    return sent(store / "d", b"new")


def long_name(mount, store):
    name = mount / ("n" * 256)
    (mount / ("n" * 255)).touch()
    (mount / "short").touch()
    met = {tried(os.stat, name), tried(os.mkdir, name), tried(os.rename, mount / "short", name),
           tried(os.open, name, os.O_CREAT | os.O_WRONLY)}
    assert len(met) == 1, met
    return met.pop()


def mkdir(mount, store):
    (mount / "d").mkdir()
    assert (store / "d").is_dir() and os.listdir(mount / "d") == []
    return tried(os.mkdir, mount / "d")


def rmdir(mount, store):
    (mount / "d").mkdir()
    (mount / "d").rmdir()
    assert not (store / "d").exists()
    return tried(os.rmdir, mount / "d")


def rmdir_full(mount, store):
    (mount / "d").mkdir()
    written(mount / "d/a", b"x")
    ended = tried(os.rmdir, mount / "d")
    assert (store / "d/a").exists() == (ended != "ok")
    return ended


def readdir_10000(mount, store):
    (store / "d").mkdir()
    for n in range(10_000):
        (store / "d" / str(n)).touch()
    open(mount / "d/here", "wb").close()
    with os.scandir(mount / "d") as entries:
        names = [entry.name for entry in entries]
    assert len(names) == len(set(names)) == 10_001 and "here" in names, len(names)
    return "ok"


def symlink(mount, store):
    return tried(os.symlink, "x", mount / "a")


def link(mount, store):
    return tried(os.link, written(mount / "a", b"x"), mount / "b")


def mkfifo(mount, store):
    return tried(os.mkfifo, mount / "a")


# --- attributes and locks ----------------------------------------------------------------------------


def chmod(mount, store):
    os.chmod(written(mount / "a", b"x"), 0o640)
    return "kept" if stat.S_IMODE(os.stat(mount / "a").st_mode) == 0o640 else "no effect"


def utimens(mount, store):
    os.utime(written(mount / "a", b"x"), (1_600_000_000, 1_600_000_000))
    return "kept" if os.stat(mount / "a").st_mtime == 1_600_000_000 else "no effect"


def xattr(mount, store):
    path = written(mount / "a", b"x")
    ended = tried(os.setxattr, path, "user.note", b"n")
    assert ended != "ok" or os.getxattr(path, "user.note") == b"n"
    return ended


def statfs(mount, store):
    space = os.statvfs(mount)
    assert space.f_blocks > 0 and 0 < space.f_bavail <= space.f_blocks
    return "the disk's"


def lock_with(take, mount):
    """Two processes want one lock: "ok" when the second is kept out."""
    with open(mount / "lock", "w") as file:
        ended = tried(take, file, fcntl.LOCK_EX)
        if ended != "ok":
            return ended
        child = os.fork()
        if child == 0:
            with open(mount / "lock", "w") as other:
                os._exit(0 if tried(take, other, fcntl.LOCK_EX | fcntl.LOCK_NB) in ("EAGAIN", "EACCES") else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the second one got it too"
    return "ok"


def flock(mount, store):
    return lock_with(fcntl.flock, mount)


def fcntl_lock(mount, store):
    return lock_with(fcntl.lockf, mount)


# operation -> (what it is, its rules, what is seen under PROFILES in their order)
TABLE = {
    "open_read": ("open and read", "M1 M2", ["ok"] * 4),
    "mmap_read": ("map to read", "M7", ["ok"] * 4),
    "o_direct": ("O_DIRECT", "M8", ["ok"] * 4),
    "seek_hole": ("SEEK_HOLE", "M6", ["all data", "all data", "all data", "a hole"]),
    "create": ("create, close", "M10", ["sent"] * 4),
    "write": ("write, before close", "M14 M21", ["not sent", "not sent", "not sent", "sent"]),
    "append": ("open to append, close", "M9 M16", ["sent"] * 4),
    "truncate_open": ("ftruncate, close", "M9", ["sent"] * 4),
    "truncate_closed": ("truncate, not open", "M18", ["ok", "EIO", "ok", "ok"]),
    "o_trunc": ("open with O_TRUNC, close", "M17", ["sent"] * 4),
    "fsync": ("fsync", "M15", ["not sent", "not sent", "sent", "sent"]),
    "dup_close": ("dup, close of one", "M11", ["sent"] * 4),
    "fork_close": ("fork, end of the child", "M11", ["sent"] * 4),
    "mmap_write": ("shared map, write, close", "M19", ["sent"] * 4),
    "allocate": ("fallocate", "M20", ["ENOTSUP", "ENOTSUP", "ENOTSUP", "ok"]),
    "o_excl": ("O_EXCL on what is there", "M30", ["EEXIST"] * 4),
    "rename": ("rename", "M23", ["sent"] * 4),
    "rename_onto": ("rename onto a file", "M22", ["EIO", "EIO", "ok", "ok"]),
    "rename_folder": ("rename a folder", "M23", ["sent"] * 4),
    "unlink": ("unlink, again", "M24", ["ENOENT"] * 4),
    "unlink_open": ("unlink of an open file", "M24", ["ok"] * 4),
    "long_name": ("a name of 256 bytes", "M55", ["ENAMETOOLONG"] * 4),
    "mkdir": ("mkdir, again", "M26", ["EEXIST"] * 4),
    "rmdir": ("rmdir, again", "M25", ["ENOENT"] * 4),
    "rmdir_full": ("rmdir of a full folder", "M25", ["ENOTEMPTY", "ok", "ENOTEMPTY", "ENOTEMPTY"]),
    "file_for_folder": ("a file in a removed folder's place", "M25", ["sent"] * 4),
    "readdir_10000": ("readdir of 10,000", "M31", ["ok"] * 4),
    "symlink": ("symlink", "M27", ["ENOTSUP", "EROFS", "ENOTSUP", "ok"]),
    "link": ("link", "M28", ["ENOTSUP", "EROFS", "ENOTSUP", "ok"]),
    "mkfifo": ("mkfifo", "M29", ["ENOSYS", "ENOSYS", "ENOSYS", "ok"]),
    "chmod": ("chmod", "M33", ["no effect", "kept", "no effect", "kept"]),
    "utimens": ("utimens", "M34", ["no effect", "kept", "no effect", "kept"]),
    "xattr": ("xattr", "M35", ["ENOTSUP", "ENOTSUP", "ENOTSUP", "ok"]),
    "statfs": ("statfs", "M38", ["the disk's"] * 4),
    "flock": ("flock", "M36", ["ok", "ENOSYS", "ok", "ok"]),
    "fcntl_lock": ("fcntl lock", "M36", ["ok", "ENOSYS", "ok", "ok"]),
}  # fmt: skip


def run(operation, mount, source):
    name = operation.__name__
    try:
        return operation(mount / name, source / name), ""
    except Exception as problem:
        return f"{type(problem).__name__}", traceback.format_exc()


def table():
    lines = ["| operation | rules | " + " | ".join(PROFILES) + " |", "|---|---|" + "---|" * len(PROFILES)]
    for what, rules, seen in TABLE.values():
        lines.append(f"| {what} | {rules} | " + " | ".join(seen) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile", nargs="?", choices=PROFILES)
    parser.add_argument("mount", nargs="?", type=pathlib.Path)
    parser.add_argument("source", nargs="?", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    if args.table:
        print(table())
        return 0
    if args.source is None:
        parser.error("PROFILE, MOUNT and SOURCE are needed")
    only = [name for name in args.only.split(",") if name]
    # Before the mount is first looked into: some profiles never see what the store gets later (M42).
    for name in TABLE:
        (args.source / name).mkdir()
    wrong = 0
    for name, (_, rules, seen) in TABLE.items():
        if only and name not in only:
            continue
        expected = seen[PROFILES.index(args.profile)]
        ended, details = run(globals()[name], args.mount, args.source)
        if ended == expected:
            print(f"ok    {name}: {ended} ({rules})")
            continue
        wrong += 1
        print(f"WRONG {name} ({rules}): {ended}, expected {expected}\n{details}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
