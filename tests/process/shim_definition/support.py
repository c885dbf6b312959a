"""For the tests of definitions: a folder with scripts, and a workspace: in memory, or amlocal's own."""
import contextlib
import io
import os
import shutil
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path[:0] = [os.path.join(HERE, "..", "shim"), os.path.join(ROOT, "src", "step", "python")]
AMLOCAL = os.environ.get("AMLOCAL_UNDER_TEST") or os.path.join(ROOT, "build", "amlocal")

import gateway as memory  # noqa: E402


class DefinitionTest(unittest.TestCase):
    """self.workspace is a v1 Workspace over a workspace in memory; self.folder is the current folder."""

    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="amlocal-definition-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.gateway = memory.Gateway(self.folder)
        self.addCleanup(self.gateway.close)
        self.state = self.gateway.state
        for name in ("workspaceblobstore", "other"):
            self.state.datastores[name] = os.path.join(self.folder, ".amlocal", "datastores", name)
            os.makedirs(self.state.datastores[name], exist_ok=True)
        self.write("amlocal.yml", "datastores:\n  other: .amlocal/datastores/other\n")
        kept = dict(os.environ)
        for key in [key for key in os.environ if key.startswith(("AZURE", "AMLOCAL_"))]:
            del os.environ[key]
        os.environ.update(self.workspace_of_the_test())
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

    def workspace_of_the_test(self):
        """Variables by which the shim finds its workspace: the one in memory."""
        return {"AMLOCAL_GATEWAY": self.gateway.endpoint, "AZUREML_RUN_TOKEN": self.gateway.token}

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


class RunTest(DefinitionTest):
    """The same with amlocal's own workspace, in which jobs run."""

    def workspace_of_the_test(self):
        return {"AMLOCAL_PROGRAM": AMLOCAL}
