"""For the tests of definitions: a workspace in memory, a folder with scripts, and an amlocal that runs jobs.

The program is the real one for `run`. Its gateway is the tests' own (../shim/gateway.py), which learns of runs from
the events that `run --json` prints.
"""
import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path[:0] = [os.path.join(HERE, "..", "shim"), os.path.join(ROOT, "src", "step", "python")]
AMLOCAL = os.environ.get("AMLOCAL_UNDER_TEST") or os.path.join(ROOT, "build", "amlocal")

import gateway as memory  # noqa: E402


class State(memory.State):
    """A workspace that reads of its runs what amlocal has printed."""

    def __init__(self, root):
        self._runs, self._read, self._busy = {}, {}, threading.Lock()
        super().__init__(root)
        self.events = os.path.join(root, "events")
        os.makedirs(self.events, exist_ok=True)

    @property
    def runs(self):
        self._absorb()
        return self._runs

    @runs.setter
    def runs(self, value):
        self._runs = value

    def _absorb(self):
        folder = getattr(self, "events", None)
        if folder is None or not self._busy.acquire(blocking=False):
            return
        try:
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    file.seek(self._read.get(name, 0))
                    for line in iter(file.readline, ""):
                        if not line.endswith("\n"):
                            break
                        self._take(name, json.loads(line))
                        self._read[name] = file.tell()
        finally:
            self._busy.release()

    def _take(self, run_id, event):
        kind, key = event["event"], event.get("step")
        steps = {run["step"]: run for run in self._runs.values() if run["parent"] == run_id}
        if kind == "run_started":
            self.add_run(run_id, kind="pipeline", experiment=event["experiment"])
        elif kind == "run_ended":
            self._runs[run_id]["status"] = event["status"]
            self.outputs[run_id] = event["outputs"]
        elif kind == "step_started":
            self.add_run(event["id"], kind="step", parent=run_id, root=run_id, step=key,
                         experiment=self._runs[run_id]["experiment"])
            self.logs[event["id"]] = _Log(event["log"])
        elif kind == "step_ended":
            steps[key]["status"] = event["status"]
        elif kind == "output_published":
            self.outputs.setdefault(steps[key]["id"], []).append(dict(event, name=event["output"]))


class _Log(dict):
    """The log of a step, read when it is asked for."""

    def __init__(self, path):
        super().__init__()
        self._path = path

    def _fill(self):
        with contextlib.suppress(OSError), open(self._path, "rb") as file:
            super().__setitem__("user_logs/std_log.txt", file.read())

    def items(self):
        self._fill()
        return super().items()

    def __contains__(self, name):
        self._fill()
        return super().__contains__(name)


class DefinitionTest(unittest.TestCase):
    """self.workspace is a v1 Workspace over a workspace in memory; self.folder is the current folder."""

    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="amlocal-definition-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.gateway = memory.Gateway(self.folder)
        self.addCleanup(self.gateway.close)
        self.gateway.state = self.state = State(self.folder)
        for name in ("workspaceblobstore", "other"):
            self.state.datastores[name] = os.path.join(self.folder, ".amlocal", "datastores", name)
            os.makedirs(self.state.datastores[name], exist_ok=True)
        self.write("amlocal.yml", "datastores:\n  other: .amlocal/datastores/other\n")
        kept = dict(os.environ)
        for key in [key for key in os.environ if key.startswith(("AZURE", "AMLOCAL_"))]:
            del os.environ[key]
        os.environ.update(AMLOCAL_PROGRAM=self._program(), TEST_EVENTS=self.state.events)
        os.environ.update(TEST_ENDPOINT=self.gateway.endpoint, TEST_TOKEN=self.gateway.token, TEST_AMLOCAL=AMLOCAL)
        self.addCleanup(self._leave, kept, os.getcwd())
        os.chdir(self.folder)
        from azureml import _client
        from azureml.core import Workspace

        _client._shared.clear()
        self.workspace = Workspace.from_config()

    @staticmethod
    def _leave(kept, here):
        from azureml import _client

        client = _client._shared.pop("client", None)
        if client is not None:
            client._drop()
        process = _client._shared.pop("process", None)
        if process is not None:
            _client._stop(process)
        _client._shared.clear()
        os.environ.clear()
        os.environ.update(kept)
        os.chdir(here)

    def _program(self):
        path = os.path.join(self.folder, "amlocal-under-test")
        with open(os.path.join(HERE, "program.py"), encoding="utf-8") as source, open(path, "w", encoding="utf-8") as target:
            target.write("#!{}\n".format(sys.executable) + source.read())
        os.chmod(path, 0o755)
        return path

    # -- what tests do often --------------------------------------------------------------------------
    def write(self, name, text="print('here')\n"):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    @property
    def datastore(self):
        return self.workspace.get_default_datastore()

    def put(self, path, text="1,2\n", datastore="workspaceblobstore"):
        """A file on a datastore."""
        return self.write(os.path.join(self.state.datastores[datastore], path), text)

    def message(self, kind, function, *arguments, **named):
        """The message of the exception, of exactly this class, that the call raises."""
        with self.assertRaises(kind) as caught:
            function(*arguments, **named)
        self.assertIs(type(caught.exception), kind)
        return getattr(caught.exception, "message", str(caught.exception))

    def printed(self, function, *arguments, **named):
        """(what the call returned, what it printed)"""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            result = function(*arguments, **named)
        return result, out.getvalue()

    def step(self, script="train.py", arguments=None, **named):
        """A PythonScriptStep whose script is there."""
        from azureml.pipeline.steps import PythonScriptStep

        if not os.path.exists(os.path.join(self.folder, "src", script)):
            self.write(os.path.join("src", script))
        named.setdefault("compute_target", "cpu")
        return PythonScriptStep(script, arguments=arguments, source_directory="src", **named)

    def job(self, *steps, **settings):
        """The v2 job of a pipeline of these steps."""
        from azureml.pipeline.core import Pipeline

        values = settings.pop("values", None)
        return Pipeline(self.workspace, list(steps), **settings)._job(values)[0]
