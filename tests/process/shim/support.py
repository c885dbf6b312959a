"""For the shim's tests: a step's environment around a script, and the shim in this very process."""
import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from gateway import Gateway

SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "src", "step", "python")
sys.path.insert(0, os.path.abspath(SHIM))
os.environ.pop("AMLOCAL_GATEWAY", None)
RUN = "r1"


class ShimTest(unittest.TestCase):
    """A gateway, a folder to work in, and the environment of a step."""

    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="amlocal-shim-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.work = os.path.join(self.folder, "work")
        os.mkdir(self.work)
        self.gateway = Gateway(os.path.join(self.folder, "workspace"))
        self.addCleanup(self.gateway.close)
        self.state = self.gateway.state
        self.state.add_run("p1", kind="pipeline", experiment="exp")
        self.state.add_run(RUN, kind="step", parent="p1", root="p1", step="train")
        self.fallback = os.path.join(self.folder, "fallback.jsonl")

    def environment(self, **more):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AZURE", "AMLOCAL"))}
        kept.update(
            PYTHONPATH=os.path.abspath(SHIM), AMLOCAL_GATEWAY=self.gateway.endpoint, AZUREML_RUN_TOKEN=self.gateway.token,
            AZUREML_RUN_ID=RUN, AZUREML_ROOT_RUN_ID="p1", AZUREML_ARM_PROJECT_NAME="exp",
            AMLOCAL_TRACKING_FALLBACK=self.fallback, PYTHONDONTWRITEBYTECODE="1",
        )
        kept.update(more)
        return {key: value for key, value in kept.items() if value is not None}

    def python(self, script, check=True, **environment):
        """Runs a script as a step; its stdout, and its stderr in self.stderr."""
        file = os.path.join(self.work, "script_under_test.py")
        with open(file, "w") as opened:
            opened.write(script)
        done = subprocess.run(
            [sys.executable, file], cwd=self.work, env=self.environment(**environment), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, universal_newlines=True, timeout=60,
        )
        self.stderr, self.status = done.stderr, done.returncode
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def enter_step(self):
        """This process is the step: the shim's objects can be used directly."""
        kept = dict(os.environ)
        here = os.getcwd()
        os.environ.clear()
        os.environ.update(self.environment())
        os.chdir(self.work)
        from azureml import _client
        from azureml.core import run

        _client._shared.clear()
        run._known.clear()
        self.addCleanup(self._leave, kept, here)
        return run.Run.get_context()

    @staticmethod
    def _leave(kept, here):
        from azureml import _client, _outbox
        from azureml.core import run

        for box in _outbox._boxes:
            box.flush(5)
            box._silent_until = 0
            box._said.clear()
        os.environ.clear()
        os.environ.update(kept)
        os.chdir(here)
        for client in _client._shared.values():
            client.close()
        _client._shared.clear()
        run._known.clear()

    def write(self, name, text):
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb" if isinstance(text, bytes) else "w") as file:
            file.write(text)
        return path

    @staticmethod
    def printed(function, *arguments, **named):
        """What the call prints."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            function(*arguments, **named)
        return out.getvalue()

    def message(self, kind, function, *arguments, **named):
        """The message of the exception that the call raises."""
        with self.assertRaises(kind) as caught:
            function(*arguments, **named)
        return getattr(caught.exception, "message", str(caught.exception))
