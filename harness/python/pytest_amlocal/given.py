"""Data that a test made, as files that fit the type of an input."""
import json
import os

from .errors import StepError
from .errors import hidden as __tracebackhide__  # noqa: F401

DATA = {"uri_file", "uri_folder", "mltable", "custom_model", "mlflow_model", "triton_model"}


def is_frame(value):
    return hasattr(value, "columns") and (hasattr(value, "to_csv") or hasattr(value, "write_csv"))


def write_frame(frame, file):
    """CSV without an index that has no name, or what the file's suffix asks for."""
    suffix = os.path.splitext(file)[1].lower()
    polars = hasattr(frame, "write_csv")
    if suffix in (".parquet", ".pq"):
        frame.write_parquet(file) if polars else frame.to_parquet(file)
    elif suffix in (".jsonl", ".ndjson"):
        frame.write_ndjson(file) if polars else frame.to_json(file, orient="records", lines=True)
    elif suffix == ".json":
        frame.write_json(file) if polars else frame.to_json(file, orient="records")
    elif polars:
        frame.write_csv(file, separator="\t" if suffix == ".tsv" else ",")
    else:
        named = any(name is not None for name in frame.index.names)
        frame.to_csv(file, index=named, sep="\t" if suffix == ".tsv" else ",")


class Writer:
    """Words for --in; `ports` is asked for types where data must be written."""

    def __init__(self, folder, ports):
        self._folder, self._ask, self._ports = folder, ports, None

    @property
    def ports(self):
        if self._ports is None:
            self._ports = self._ask()
        return self._ports

    def word(self, name, value):
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)) or isinstance(value, str) and "\n" not in value:
            return str(value)
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if hasattr(value, "item") and not hasattr(value, "columns"):
            return self.word(name, value.item())  # a number of numpy's
        kind = self.ports["inputs"].get(name)
        if kind is None:
            return ""  # the program says what there is
        if kind not in DATA:
            if isinstance(value, str):
                return value
            raise StepError("input {!r} is of type {}: give it a value, not a {}".format(name, kind, type(value).__name__))
        return self._write(name, kind, value)

    def _write(self, name, kind, value):
        os.makedirs(self._folder, exist_ok=True)
        if kind == "uri_file":
            return self._file(os.path.join(self._folder, name), name, value)
        folder = os.path.join(self._folder, name)
        os.makedirs(folder)
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            for key, content in value.items():
                target = os.path.join(folder, key)
                if os.path.relpath(target, folder).startswith(".."):
                    raise StepError("input {!r}: the file {!r} lies outside of the folder".format(name, key))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                self._file(target, name, content, named=True)
        else:
            written = self._file(os.path.join(folder, name), name, value)
            if kind == "mltable":
                self._table(folder, os.path.basename(written), name)
        return folder

    def _table(self, folder, file, name):
        if not file.endswith(".csv"):
            raise StepError("input {!r} is of type mltable: give it a frame, or a folder's files with MLTable among them"
                            .format(name))
        with open(os.path.join(folder, "MLTable"), "w") as table:
            table.write("type: mltable\npaths:\n  - file: ./{}\ntransformations:\n  - read_delimited:\n"
                        "      delimiter: ','\n      encoding: utf8\n      header: all_files_same_headers\n".format(file))

    @staticmethod
    def _file(path, name, value, named=False):
        """Writes it; without a name of its own it gets the suffix of what it is."""
        def at(suffix):
            return path if named else path + suffix

        if is_frame(value):
            path = at(".csv")
            write_frame(value, path)
        elif isinstance(value, (bytes, bytearray)):
            path = at(".bin")
            with open(path, "wb") as file:
                file.write(value)
        elif isinstance(value, str):
            path = at(".txt")
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(value)
        elif isinstance(value, os.PathLike):
            import shutil

            shutil.copy(os.fspath(value), path)
        elif isinstance(value, (dict, list, tuple)) or named and isinstance(value, (int, float)):
            path = at(".json")
            try:
                text = json.dumps(value)
            except TypeError as error:
                raise StepError("input {!r}: {}".format(name, error)) from None
            with open(path, "w") as file:
                file.write(text)
        else:
            raise StepError("input {!r}: a {} is no data: give it a path, a frame, bytes, text, a dict or a list".format(
                name, type(value).__name__))
        return path
