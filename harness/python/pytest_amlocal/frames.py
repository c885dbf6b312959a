"""Outputs as tables, and how two of them differ."""
import json
import os
import pathlib
import sys
import tempfile

from . import program
from .errors import StepError
from .errors import hidden as __tracebackhide__  # noqa: F401
from .given import is_frame, write_frame

_SKIPPED = ("MLTable", "_SUCCESS")
_told = []  # the differences of this process's failed comparisons, for the report


def pandas():
    try:
        import pandas
    except ImportError:
        raise StepError("pandas is not installed in {0}, and frame() needs it: {0} -m pip install pandas".format(
            sys.executable)) from None
    return pandas


def _kind(file):
    suffix = os.path.splitext(str(file))[1].lower()
    known = {".parquet": "parquet", ".pq": "parquet", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
             ".csv": "csv", ".tsv": "tsv", ".feather": "feather", ".pkl": "pickle"}
    if suffix in known:
        return known[suffix]
    with open(str(file), "rb") as opened:  # an output of type uri_file has no suffix
        begin = opened.read(4096)
    if begin.startswith(b"PAR1"):
        return "parquet"
    line = begin.lstrip().split(b"\n")[0].rstrip()
    if line.startswith(b"{") and line.endswith(b"}"):
        return "jsonl"
    if line[:1] in (b"[", b"{"):
        return "json"
    return "tsv" if b"\t" in line and b"," not in line else "csv"


def _read_file(file, options):
    library, kind = pandas(), _kind(file)
    if kind == "parquet":
        return library.read_parquet(file, **options)
    if kind in ("json", "jsonl"):
        return library.read_json(file, lines=kind == "jsonl", **options)
    if kind == "feather":
        return library.read_feather(file, **options)
    if kind == "pickle":
        raise StepError("{} is a pickle: read it with pandas.read_pickle, if you trust the step".format(file))
    if kind == "tsv":
        options.setdefault("sep", "\t")
    return library.read_csv(file, **options)


def read_frame(path, **options):
    """A file, or all tables of a folder one after the other, as pandas reads them; `options` are its reader's."""
    path = pathlib.Path(path)
    if not path.exists():
        raise StepError("{} is not there: the step did not write it".format(path))
    if not path.is_dir():
        return _read_file(path, dict(options))
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.name not in _SKIPPED
                   and not file.name.startswith("."))
    if not files:
        raise StepError("{} is empty: the step wrote no table".format(path))
    kinds = {_kind(file) for file in files}
    if len(kinds) > 1:
        raise StepError("{} has files of several kinds ({}): read one of them, (output / {!r}).frame()".format(
            path, ", ".join(sorted(kinds)), files[0].relative_to(path).as_posix()))
    frames = [_read_file(file, dict(options)) for file in files]
    return frames[0] if len(frames) == 1 else pandas().concat(frames, ignore_index=True)


class Comparison:
    """True where nothing differs. In a failed assert its table is shown below the traceback."""

    def __init__(self, text):
        self.text = text
        if text:
            _told.append(self)
            del _told[:-50]
            self.number = getattr(Comparison, "_last", 0) + 1
            Comparison._last = self.number

    def __bool__(self):
        return not self.text

    def __repr__(self):
        if not self.text:
            return "<equal>"
        return "<different ({}): {}>".format(self.number, self.text.strip().splitlines()[0][:80])

    def __str__(self):
        return self.text or "equal"


def explain(message):
    """The texts of the comparisons that an assertion's message names."""
    return [told.text for told in _told if "<different ({}): ".format(told.number) in message]


class Output(type(pathlib.Path())):
    """The path of an output, or of a file in it. `==` with a frame compares content."""

    def frame(self, **options):
        """Its table, or all tables of a folder one after the other."""
        return read_frame(self, **options)

    def equals(self, expected, approx=None, any_order=False, keys=(), ignoring=()):
        """Whether its content is the same: as a frame's, a file's or folder's, a text's, or (dict, list) as JSON.
        `approx` is how far numbers may be apart, in parts of the expected one; rows are matched by the columns `keys`."""
        return Comparison(difference(expected, self, approx, any_order, keys, ignoring))

    def __eq__(self, other):
        if is_frame(other):
            return not difference(other, self)
        return super().__eq__(other)

    __hash__ = type(pathlib.Path()).__hash__


def assert_frames_equal(actual, expected, approx=None, any_order=False, keys=(), ignoring=()):
    """Fails with a table of what differs. Values count, not types: 1 is 1.0. Each may be a frame or a path."""
    text = difference(expected, actual, approx, any_order, keys, ignoring)
    if text:
        raise AssertionError("the tables differ (- expected, + came)\n" + text)


def why_unequal(left, right):
    """For pytest: the lines of a difference between an output and a frame."""
    sides = [side for side in (left, right) if is_frame(side)]
    if len(sides) != 1 or not any(isinstance(side, Output) for side in (left, right)):
        return None
    expected, actual = (left, right) if is_frame(left) else (right, left)
    return ["{} is not the expected table (- expected, + came)".format(actual)] + difference(expected, actual).splitlines()


def difference(expected, actual, approx=None, any_order=False, keys=(), ignoring=()):
    """'' or what differs, as `amlocal test` tells it."""
    words = []
    if approx:
        words += ["--relative", repr(float(approx)), "--absolute", repr(float(approx) * 1e-6)]
    words += ["--any-order"] if any_order else []
    for option, columns in (("--key", keys), ("--ignoring", ignoring)):
        for column in [columns] if isinstance(columns, str) else columns:
            words += [option, column]
    with tempfile.TemporaryDirectory(prefix="amlocal-difference-") as folder:
        left, right = os.path.join(folder, "expected"), os.path.join(folder, "actual")
        if is_frame(expected) or is_frame(actual):
            left, right = left + ".csv", right + ".csv"
            for value, file in ((expected, left), (actual, right)):
                write_frame(value if is_frame(value) else read_frame(value), file)
            if not approx:
                words += ["--absolute", "1e-300"]  # numbers by value: 1 is 1.0
        elif isinstance(expected, os.PathLike):
            left, right = os.fspath(expected), os.fspath(actual)
        else:
            suffix = ".txt" if isinstance(expected, str) else ".bin" if isinstance(expected, bytes) else ".json"
            left, right = left + suffix, right + suffix
            text = json.dumps(expected, indent=1) if suffix == ".json" else expected
            with open(left, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
            if not os.path.isfile(os.fspath(actual)):
                raise StepError("{} is no file: name one in it, (output / 'NAME').equals(…)".format(os.fspath(actual)))
            os.symlink(os.path.abspath(os.fspath(actual)), right)
        status, out, err = program.call(["step", "difference", left, right] + words, os.getcwd())
        if status > 1:
            raise StepError(err.strip())
        return out.replace(folder + os.sep, "")
