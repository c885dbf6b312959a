#!/usr/bin/env python3
"""What users' programs do to a folder: git, pip, SQLite, HDF5, saving by rename, tar, logging, pandas.

    workloads.py FOLDER [--profile ideal] [--only git_clone,tar_x] [--list]

FOLDER is a mount or a plain folder; with --profile none (the default) nothing may differ from a local
disk. Each workload is a function of an empty folder in FOLDER, which does its work and asserts what a
user would look at. DIFFERENCES says what a mount profile does otherwise and why: there the workload
must end so, and not well. Prints a line for each; exit status 1 where one ended otherwise.

A workload whose program is not on this machine is skipped with the reason; --strict counts that as a
failure.
"""
import argparse
import errno
import hashlib
import io
import logging
import logging.handlers
import multiprocessing
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import traceback
import zipfile


class Skip(Exception):
    """The workload cannot run here, and why."""


def quiet(command, **options):
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if ended.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {ended.returncode}\n{ended.stdout[-1500:]}")
    return ended.stdout


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


# --- the workloads ---------------------------------------------------------------------------------


def git_clone(folder):
    """A repository of 200 files in 20 commits is cloned, checked, changed and committed to."""
    if not shutil.which("git"):
        raise Skip("no git here")
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    with tempfile.TemporaryDirectory() as outside:
        git = ["git", *identity, "-C", outside]
        quiet([*git, "init", "-q"])
        for commit in range(20):
            for n in range(10):
                name = pathlib.Path(outside, f"part{commit % 4}", f"{commit}-{n}.txt")
                name.parent.mkdir(exist_ok=True)
                name.write_text(f"{commit} {n}\n" * 50)
            quiet([*git, "add", "."])
            quiet([*git, "commit", "-q", "-m", f"number {commit}"])
        # --no-local: objects are packed and written, not linked from the other file system.
        quiet(["git", "clone", "-q", "--no-local", outside, folder / "copy"])
        copy = ["git", *identity, "-c", "safe.directory=*", "-C", folder / "copy"]
        quiet([*copy, "fsck", "--strict"])
        assert quiet([*copy, "status", "--porcelain"]) == ""
        assert quiet([*copy, "rev-list", "--count", "HEAD"]).strip() == "20"
        assert len([name for name in (folder / "copy").rglob("*.txt")]) == 200
        (folder / "copy" / "new.txt").write_text("new\n")
        quiet([*copy, "add", "."])
        quiet([*copy, "commit", "-q", "-m", "on the mount"])
        quiet([*copy, "gc", "-q"])
        quiet([*copy, "fsck", "--strict"])
        assert quiet([*copy, "rev-list", "--count", "HEAD"]).strip() == "21"


def make_wheel(path):
    """A wheel of our own with two modules and a data file."""
    files = {
        "tinypack/__init__.py": "from tinypack.core import answer\n",
        "tinypack/core.py": "def answer():\n    return 42\n",
        "tinypack/data.txt": "data\n" * 1000,
        "tinypack-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tinypack\nVersion: 1.0\n",
        "tinypack-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: own\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in files) + "tinypack-1.0.dist-info/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**files, "tinypack-1.0.dist-info/RECORD": record}.items():
            wheel.writestr(name, text)


def pip_install(folder):
    """`pip install --target` of a wheel; the package is imported from there, twice installed."""
    try:
        quiet([sys.executable, "-m", "pip", "--version"])
    except AssertionError:
        raise Skip("this Python has no pip") from None
    with tempfile.TemporaryDirectory() as outside:
        wheel = pathlib.Path(outside, "tinypack-1.0-py3-none-any.whl")
        make_wheel(wheel)
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--disable-pip-version-check"]
        environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "PIP_BREAK_SYSTEM_PACKAGES": "1"}
        for extra in [], ["--upgrade"]:
            quiet([*install, *extra, "--target", folder / "site", wheel], env=environment)
            said = quiet(
                [sys.executable, "-c", "import tinypack; print(tinypack.answer())"],
                env={**os.environ, "PYTHONPATH": str(folder / "site")},
            )
            assert said == "42\n", said


def sqlite(folder):
    """A database in rollback mode, written by two connections in turn, then checked whole."""
    name = folder / "data.db"
    first, second = (sqlite3.connect(name, timeout=20) for _ in range(2))
    first.execute("create table t (n integer primary key, text text)")
    for n in range(40):
        with (first, second)[n % 2] as one:
            one.execute("insert into t values (?, ?)", (n, "x" * 3000))
    try:
        with first:
            first.execute("delete from t")
            raise KeyError
    except KeyError:
        pass
    assert second.execute("select count(*) from t").fetchone() == (40,)
    second.execute("vacuum")
    assert first.execute("pragma integrity_check").fetchone() == ("ok",)
    first.close()
    second.close()
    assert not (folder / "data.db-journal").exists()


def sqlite_wal(folder):
    """The same in WAL mode, which maps a file of shared memory."""
    connection = sqlite3.connect(folder / "wal.db", timeout=20)
    mode = connection.execute("pragma journal_mode=wal").fetchone()[0]
    assert mode == "wal", f"journal mode {mode}"
    connection.execute("create table t (n)")
    with connection:
        connection.executemany("insert into t values (?)", [(n,) for n in range(1000)])
    other = sqlite3.connect(folder / "wal.db", timeout=20)
    assert other.execute("select sum(n) from t").fetchone() == (499500,)
    connection.close()
    other.close()


def hdf5(folder):
    """An HDF5 file written in pieces, grown, closed and read again."""
    try:
        import h5py
        import numpy
    except ImportError as problem:
        raise Skip(f"{problem.name} is not installed (apt-get install python3-h5py)") from None
    name = folder / "data.h5"
    with h5py.File(name, "w") as file:
        data = file.create_dataset("rows", (0, 64), maxshape=(None, 64), chunks=(16, 64), dtype="f8")
        for n in range(20):
            data.resize((16 * (n + 1), 64))
            data[16 * n :] = n
    with h5py.File(name, "a") as file:
        file["rows"].attrs["note"] = "grown"
        file.create_group("more")["x"] = numpy.arange(1000)
    with h5py.File(name, "r") as file:
        assert file["rows"][...].sum() == sum(16 * 64 * n for n in range(20))
        assert file["rows"].attrs["note"] == "grown" and file["more/x"][-1] == 999


def save_and_rename(folder):
    """A checkpoint written beside and renamed over the old one, five times; editors do the same."""
    target = folder / "model.ckpt"
    for n in range(5):
        beside = folder / "model.ckpt.tmp"
        with open(beside, "wb") as file:
            file.write(bytes([n]) * 200_000)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
        assert target.read_bytes() == bytes([n]) * 200_000
        assert os.listdir(folder) == ["model.ckpt"]


def rename_folder(folder):
    """A folder that is built under another name and then gets its own."""
    for n in range(20):
        part = folder / "building" / f"d{n % 4}"
        part.mkdir(parents=True, exist_ok=True)
        (part / f"{n}").write_text(str(n))
    os.rename(folder / "building", folder / "built")
    assert sorted(int(name.read_text()) for name in (folder / "built").rglob("*") if name.is_file()) == list(range(20))
    assert not (folder / "building").exists()


def tar_x(folder):
    """An archive of 5,000 small files, with modes and times, unpacked and compared."""
    with tempfile.TemporaryDirectory() as outside:
        archive = pathlib.Path(outside, "many.tar")
        expected = {}
        with tarfile.open(archive, "w") as tar:
            for n in range(5000):
                content = (f"file {n}\n" * (n % 40 + 1)).encode()
                name = f"d{n % 50:02}/f{n:04}"
                info = tarfile.TarInfo(name)
                info.size, info.mode, info.mtime = len(content), 0o755 if n % 7 == 0 else 0o644, 1_600_000_000 + n
                tar.addfile(info, io.BytesIO(content))
                expected[name] = content
        quiet(["tar", "xf", archive, "-C", folder])
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    assert found.keys() == expected.keys(), f"{len(found)} files"
    for name, content in expected.items():
        assert found[name].read_bytes() == content, name


def modes_and_times(folder):
    """chmod and utime are kept, as tar and rsync expect."""
    name = folder / "x"
    name.write_text("x")
    os.chmod(name, 0o640)
    os.utime(name, (1_600_000_000, 1_600_000_001))
    status = os.stat(name)
    assert status.st_mode & 0o777 == 0o640, oct(status.st_mode)
    assert status.st_mtime == 1_600_000_001, status.st_mtime


def log_reopened(folder):
    """logging.FileHandler, opened anew for each of 50 lines, as in a function called each epoch."""
    for epoch in range(50):
        handler = logging.FileHandler(folder / "train.log")
        log = logging.Logger("train")
        log.addHandler(handler)
        log.warning("epoch %d", epoch)
        handler.close()
    lines = (folder / "train.log").read_text().splitlines()
    assert lines == [f"epoch {n}" for n in range(50)]


def log_rotated(folder):
    """RotatingFileHandler: renames while it logs."""
    handler = logging.handlers.RotatingFileHandler(folder / "run.log", maxBytes=1000, backupCount=3)
    log = logging.Logger("run")
    log.addHandler(handler)
    for n in range(100):
        log.warning("line %03d %s", n, "-" * 40)
    handler.close()
    names = sorted(os.listdir(folder))
    assert names == ["run.log", "run.log.1", "run.log.2", "run.log.3"], names
    assert "line 099" in (folder / "run.log").read_text()


def pandas_append(folder):
    """A table that gets rows at its end each epoch, then is read whole."""
    try:
        import pandas
    except ImportError:
        raise Skip("pandas is not installed") from None
    name = folder / "metrics.csv"
    for epoch in range(20):
        frame = pandas.DataFrame({"epoch": [epoch] * 10, "loss": [1 / (epoch + 1)] * 10})
        frame.to_csv(name, mode="a", header=epoch == 0, index=False)
    frame = pandas.read_csv(name)
    assert len(frame) == 200 and frame["epoch"].tolist() == [n for n in range(20) for _ in range(10)]


def _read_share(share):
    number, names, expected = share
    for _ in range(2):  # epochs
        for name in names:
            if digest(name) != expected[name]:
                return f"reader {number}: {name} has other content"
    return ""


def forked_readers(folder):
    """Four forked readers of 200 files, each file read by two of them, as a DataLoader's workers."""
    expected = {}
    for n in range(200):
        name = str(folder / f"{n}.bin")
        pathlib.Path(name).write_bytes(n.to_bytes(2, "big") * 5000)
        expected[name] = digest(name)
    names = sorted(expected)
    shares = [(n, names[n % 2 :: 2], expected) for n in range(4)]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        wrong = [text for text in pool.map_async(_read_share, shares).get(120) if text]
    assert not wrong, wrong


def forked_writer(folder):
    """A child writes through a descriptor it inherited; both ends close it."""
    with open(folder / "shared.txt", "ab", buffering=0) as file:
        file.write(b"parent\n")
        child = os.fork()
        if child == 0:
            file.write(b"child\n")
            file.close()
            os._exit(0)
        os.waitpid(child, 0)
        file.write(b"parent again\n")
    assert (folder / "shared.txt").read_bytes() == b"parent\nchild\nparent again\n"


def memory_map(folder):
    """numpy.memmap-like: a file grown, mapped, changed in place, read by ordinary reads."""
    import mmap

    name = folder / "array.bin"
    with open(name, "w+b") as file:
        file.truncate(1 << 20)
        with mmap.mmap(file.fileno(), 1 << 20) as view:
            view[100_000:100_005] = b"hello"
            view.flush()
    with open(name, "rb") as file:
        file.seek(100_000)
        assert file.read(5) == b"hello"
    assert name.stat().st_size == 1 << 20


def unlinked_while_open(folder):
    """tempfile.TemporaryFile: a file without a name that is still written and read."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"1" * 100_000)
        file.seek(0)
        assert len(file.read()) == 100_000
    assert os.listdir(folder) == []


def lock(folder):
    """fcntl.flock and lockf between two processes."""
    import fcntl

    for take in fcntl.flock, fcntl.lockf:
        with open(folder / "lock", "w") as file:
            take(file, fcntl.LOCK_EX)
            child = os.fork()
            if child == 0:
                try:
                    with open(folder / "lock", "w") as other:
                        take(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os._exit(1)
                except BlockingIOError:
                    os._exit(0)
                except OSError:
                    os._exit(2)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, take.__name__


def symbolic_link(folder):
    """A link `latest` to a checkpoint, as many trainers make it."""
    (folder / "epoch-7.ckpt").write_text("seven")
    os.symlink("epoch-7.ckpt", folder / "latest")
    assert (folder / "latest").read_text() == "seven"


WORKLOADS = [
    git_clone, pip_install, sqlite, sqlite_wal, hdf5, save_and_rename, rename_folder, tar_x, modes_and_times,
    log_reopened, log_rotated, pandas_append, forked_readers, forked_writer, memory_map, unlinked_while_open,
    lock, symbolic_link,
]  # fmt: skip

# --- what a profile does otherwise -----------------------------------------------------------------

# profile -> workload -> (how it ends, what is said, why). How: the name of the errno that the workload
# meets, or "fails" for a check that does not hold. What is said: a part of the report.
NO_REPLACE = "a rename onto an existing file is refused (A14)"
DIFFERENCES = {
    "none": {},
    "ideal": {},
    "rslex": {
        "git_clone": ("EIO", "could not set 'core.filemode'", NO_REPLACE + ": git writes its settings so"),
        "save_and_rename": ("EIO", "model.ckpt.tmp", NO_REPLACE),
        "modes_and_times": ("fails", "0o100777", "a blob has no mode; chmod does nothing"),
        "symbolic_link": ("ENOTSUP", "latest", "a blob is no link"),
    },
    "dprep": {
        "git_clone": ("EIO", "could not set 'core.filemode'", NO_REPLACE + ": git writes its settings so"),
        "sqlite": ("fails", "disk I/O error", "locks are not implemented (A29)"),
        "sqlite_wal": ("fails", "disk I/O error", "locks are not implemented (A29)"),
        "save_and_rename": ("EIO", "model.ckpt.tmp", NO_REPLACE),
        "lock": ("ENOSYS", "", "locks are not implemented (A13)"),
        "symbolic_link": ("EROFS", "latest", "links are refused as on a read-only file system"),
    },
    "blobfuse2": {
        "modes_and_times": ("fails", "0o100777", "a blob of a flat account has no mode; chmod does nothing"),
        "symbolic_link": ("ENOTSUP", "latest", "a blob is no link"),
    },
}


def errno_of(problem):
    """The name of the errno behind `problem`, also through programs' output, or "fails"."""
    while problem is not None:
        if isinstance(problem, OSError) and problem.errno:
            return errno.errorcode.get(problem.errno, str(problem.errno))
        for number, name in errno.errorcode.items():
            if os.strerror(number) in str(problem) and number not in (errno.EPERM,):
                return name
        problem = problem.__cause__ or problem.__context__
    return "fails"


def run(workload, parent):
    """(how it ended, the details): "ok", "skipped", "fails" or an errno's name."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=workload.__name__ + "-", dir=parent))
    try:
        workload(folder)
        return "ok", ""
    except Skip as reason:
        return "skipped", str(reason)
    except Exception as problem:
        return errno_of(problem), traceback.format_exc()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    parser.add_argument("--profile", choices=DIFFERENCES, default="none")
    parser.add_argument("--only", default="")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        for workload in WORKLOADS:
            print(f"{workload.__name__:20} {workload.__doc__}")
        return 0
    if args.folder is None:
        parser.error("FOLDER is missing")
    chosen = [name for name in args.only.split(",") if name]
    unknown = set(chosen) - {workload.__name__ for workload in WORKLOADS}
    if unknown:
        parser.error(f"no workload {', '.join(sorted(unknown))}; see --list")

    wrong = 0
    for workload in WORKLOADS:
        name = workload.__name__
        if chosen and name not in chosen:
            continue
        expected, says, reason = DIFFERENCES[args.profile].get(name, ("ok", "", ""))
        ended, details = run(workload, args.folder)
        if ended == "skipped":
            print(f"skip  {name}: {details}")
            wrong += args.strict
        elif ended == expected and says in details:
            print(f"ok    {name}" + (f": {ended}, as {args.profile} does: {reason}" if reason else ""))
        else:
            wanted = expected + (f" and '{says}'" if says else "")
            print(f"WRONG {name}: ended with {ended}, expected {wanted}" + (f" ({reason})" if reason else ""))
            print("      " + details.rstrip().replace("\n", "\n      "))
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
