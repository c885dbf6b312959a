"""Step tests in YAML (*.steptest.yml) as items of pytest: each case one, run by `amlocal test`."""
import json
import os
import re

import pytest

from . import program
from .errors import StepError


class CaseFailed(Exception):
    """What `amlocal test` says of a case."""


class CaseFile(pytest.File):
    def collect(self):
        folder, name = os.path.split(str(self.fspath))
        try:
            status, out, err = program.call(["step", "cases", name], folder)
        except StepError as error:
            raise self.CollectError(str(error)) from None
        if status:
            raise self.CollectError(err.strip())
        for case in json.loads(out):
            yield CaseItem.from_parent(self, name=case["name"], line=case["line"])


class CaseItem(pytest.Item):
    def __init__(self, line, **more):
        super().__init__(**more)
        self._line = line

    def runtest(self):
        folder, file = os.path.split(str(self.fspath))
        status, out, err = program.call(["test", file, "--json"] + self._selection(), folder)
        try:
            report = json.loads(out)
        except ValueError:
            raise CaseFailed("amlocal's exit status is {}\n{}".format(status, err.strip() or out)) from None
        for test in report["tests"]:
            if test["name"] == self.name:
                if test["result"] != "passed":
                    raise CaseFailed(_text(test))
                return
        raise CaseFailed("{} has no test {!r} any more".format(file, self.name))

    def _selection(self):
        """-k where the name is no expression; else all of the file is run."""
        if re.search(r"[()]", self.name) or {"and", "or", "not"} & set(self.name.lower().split()):
            return []
        return ["-k", self.name]

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, (CaseFailed, StepError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.fspath, self._line - 1, self.name


def _text(test):
    lines = []
    for finding in test.get("findings", ()):
        lines.append("{}: {}".format(finding["place"], finding["what"]))
        lines += ["  " + line for line in finding["detail"].splitlines()]
    if test.get("log_tail"):
        lines.append("the last lines of its log:")
        lines += ["  " + line for line in test["log_tail"]]
    for words, key in (("the whole log: ", "log"), ("debug it: ", "debug")):
        if test.get(key):
            lines.append(words + test[key])
    return "\n".join(lines) or "it was not run"
