"""A step, what it is given, and its run."""
import os
import shlex
import subprocess
import sys

from . import program
from .errors import StepError, StepFailed
from .errors import hidden as __tracebackhide__  # noqa: F401


def step(file, name=None):
    """A step of a pipeline, job, component or Python definition; `file` is relative to the file that calls this."""
    caller = sys._getframe(1).f_globals.get("__file__")
    return Step(file, name, os.path.dirname(os.path.abspath(caller)) if caller else os.getcwd())


class Step:
    """What is to be run. Each method returns a new one, so that tests can start from one that they share."""

    def __init__(self, file, name, folder):
        self._folder = folder
        self._name = os.fspath(file) + ("#" + name if name else "")
        self._inputs = {}
        self._words = []  # (option, key, value)
        self._arguments = []

    def __repr__(self):
        return "step {!r}".format(self._name)

    def given(self, *named, **inputs):
        """What inputs are given: a path, a value, the name of a mock, RUN/STEP.OUTPUT; or data: a frame, bytes, text of
        more than one line, a dict or list (JSON), and for a folder a dict of file names."""
        new = self._copy()
        for mapping in named + (inputs,):
            new._inputs.update(mapping)
        return new

    def set(self, *named, **values):
        """Other values: of an input of the step, else of the pipeline, `set({"inputs.rate": 0.1})`."""
        return self._with("--set", named, values)

    def mode(self, *named, **modes):
        """Access modes by the name of an input or output: mode(model="upload"), mode({"inputs.rows": "download"})."""
        return self._with("--mode", named, modes)

    def env(self, *named, **variables):
        """Environment variables of the step."""
        return self._with("--env", named, variables)

    def fault(self, *faults):
        """What is to go wrong: fault("outputs.model close nth=3 EIO")."""
        return self._with_words([("--fault", None, fault) for fault in faults])

    def cost(self, profile):
        """The profile that its requests are priced by: cost("blob-standard")."""
        return self._with_words([("--cost", None, profile)])

    def data_access(self, access):
        """"mount", "link" or "auto"."""
        return self._with_words([("--data-access", None, access)])

    def options(self, *words):
        """Further options of `amlocal step run`, as typed."""
        return self._with_words([(None, None, str(word)) for word in words])

    def arguments(self, *words):
        """What a definition in Python gets on its command line."""
        new = self._copy()
        new._arguments += [str(word) for word in words]
        return new

    def run(self, check=True, timeout=None):
        """Runs it. A step that fails raises StepFailed, unless check=False; `timeout` is in seconds."""
        from .place import new_folder
        from .result import Result

        folder = new_folder(self._name)
        words = self._command(folder)
        try:
            status, out, err = program.call(["step", "run"] + words + ["--bench", os.path.join(folder, "bench"), "--json"]
                                            + self._tail(), self._folder, timeout)
        except subprocess.TimeoutExpired:
            raise StepFailed("{!r} did not end within {:g} s and was stopped\n{}".format(
                self, timeout, self._debugging(words))) from None
        result = Result.read(out, err, self._debug_command(words))
        if result is None:
            raise StepError(self._refused(status, err.strip() or out))
        if check and not result.ok:
            raise StepFailed("{!r} {}\n{}\n{}".format(
                self, result.status.lower(), result.error.text.rstrip() if result.error else err.strip(),
                self._debugging(words)), result)
        return result

    # -- in words ---------------------------------------------------------------------------------
    def _copy(self):
        new = Step.__new__(Step)
        new.__dict__.update(self.__dict__, _inputs=dict(self._inputs), _words=list(self._words),
                            _arguments=list(self._arguments))
        return new

    def _with_words(self, words):
        new = self._copy()
        new._words += words
        return new

    def _with(self, option, named, keywords):
        return self._with_words([(option, key, value) for mapping in named + (keywords,)
                                 for key, value in mapping.items()])

    def _ports(self):
        """{"inputs": {name: type}, "outputs": {name: type}}, as the program reads the file."""
        import json

        status, out, err = program.call(["step", "ports", self._name] + self._tail(), self._folder)
        if status:
            raise StepError(self._refused(status, err.strip()))
        return json.loads(out)

    def _command(self, folder):
        from .given import Writer

        writer = Writer(os.path.join(folder, "given"), self._ports)
        words = [self._name]
        for name, value in self._inputs.items():
            words += ["--in", "{}={}".format(name, writer.word(name, value))]
        for option, key, value in self._defaults() + self._words:
            if option:
                words.append(option)
            if key is None:
                words.append(str(value))
                continue
            if option == "--mode" and "." not in key:
                key = self._port(key, writer)
            words.append("{}={}".format(key, _word(value) if option == "--set" else value))
        return words

    def _defaults(self):
        """What pytest was told for all steps, and this one was not."""
        import pytest_amlocal

        asked = pytest_amlocal._config and pytest_amlocal._config.getoption("--amlocal-data-access", None)
        if not asked or any(option == "--data-access" for option, _, _ in self._words):
            return []
        return [("--data-access", None, asked)]

    def _port(self, name, writer):
        kinds = [kind for kind in ("inputs", "outputs") if name in writer.ports[kind]]
        if len(kinds) == 2:
            raise StepError("{!r} has an input and an output {!r}: say mode({{'inputs.{}': …}})".format(self, name, name))
        return "{}.{}".format(kinds[0] if kinds else "outputs", name)

    def _tail(self):
        return ["--"] + self._arguments if self._arguments else []

    def _refused(self, status, said):
        ended = "amlocal's exit status is {}".format(status) if status >= 0 else "amlocal was ended by signal {}".format(-status)
        return "{!r} was not run ({})\n{}".format(self, ended, said)

    def _debug_command(self, words):
        command = " ".join(shlex.quote(word) for word in ["amlocal", "step", "debug"] + words + self._tail())
        here = os.path.relpath(self._folder)
        return command if here == "." else "cd {} && {}".format(shlex.quote(here), command)

    def _debugging(self, words):
        return "debug it: " + self._debug_command(words)


def _word(value):
    """A value as YAML would have it."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
