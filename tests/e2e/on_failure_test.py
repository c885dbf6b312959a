"""What becomes of a failed step's uploads and registrations: as documented, or as users observed.

usage: on_failure_test.py AMLOCAL
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

AMLOCAL = sys.argv.pop(1)

JOB = """type: command
command: >-
  echo half > ${{outputs.sent}}/a.csv; echo half > ${{outputs.seen}}/b.csv; exit 3
environment: azureml:any:1
outputs:
  sent: {type: uri_folder, mode: upload, path: azureml://datastores/workspaceblobstore/paths/sent, name: numbers}
  seen: {type: uri_folder, mode: rw_mount, path: azureml://datastores/workspaceblobstore/paths/seen, name: words}
  plain: {type: uri_folder, mode: upload}
"""

V1 = {"type": "pipeline", "v1": {"definition": "p.py"}, "jobs": {"a": {
    "type": "command", "environment": "azureml:any:1",
    "command": "touch ${{outputs.made}}/x.csv ${{outputs.made}}/x.tmp; exit 1",
    "outputs": {"made": {"type": "uri_folder", "mode": "upload",
                         "path": "azureml://datastores/workspaceblobstore/paths/made",
                         "v1": {"kind": "output_file_dataset", "source_globs": ["*.csv"]}}}}}}

SCRIPT = """
import os, sys
from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.data import OutputFileDatasetConfig
open("fail.py", "w").write("import sys; open(sys.argv[1] + '/x.csv', 'w').write('1'); sys.exit(1)")
ws = Workspace.from_config()
out = OutputFileDatasetConfig(name="made", destination=(ws.get_default_datastore(), "made"))
out = out.as_upload().register_on_complete("titanic")
run = Experiment(ws, "e").submit(ScriptRunConfig(".", "fail.py", arguments=[out]))
run.wait_for_completion(raise_on_error=False)
"""


class OnFailure(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.amlocal("init")
        (self.folder / "job.yml").write_text(JOB)

    def amlocal(self, *words, code=0):
        done = subprocess.run([AMLOCAL, *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def data(self):
        said = self.amlocal("data", "list")
        return {name for name in ("numbers", "words", "titanic") if name in said}

    def files(self, name):
        return sorted(path.name for path in self.folder.glob(f".amlocal/datastores/workspaceblobstore/{name}/*"))

    def check_documented(self, access):
        said = self.amlocal("run", "job.yml", "--data-access", access, code=1)
        self.assertIn("output 'sent': 1 file was not uploaded, and 'numbers' was not registered, as the "
                      "documentation has it of a step that fails; users saw the cloud do it all the same: "
                      "--on-failure observed does", said)
        self.assertIn("output 'seen': 'words' was not registered, as the documentation", said)
        self.assertNotIn("'plain'", said)  # nothing was written there: both are the same
        self.assertEqual(self.files("sent"), [])
        self.assertEqual(self.files("seen"), ["b.csv"])  # a mount's file is there when it is closed
        self.assertEqual(self.data(), set())

    def check_observed(self, access):
        said = self.amlocal("run", "job.yml", "--data-access", access, "--on-failure", "observed", code=1)
        self.assertIn("output 'sent': 1 file was uploaded, and 'numbers' was registered although the step failed, as "
                      "users saw in the cloud; by the documentation it is not: --on-failure documented", said)
        self.assertIn("output 'seen': 'words' was registered although the step failed", said)
        self.assertEqual(self.files("sent"), ["a.csv"])
        self.assertEqual(self.data(), {"numbers", "words"})
        self.assertIn("--on-failure observed", said.splitlines()[-1])  # the command that repeats it

    def test_documented_with_links(self):
        self.check_documented("link")

    def test_documented_where_the_machine_can(self):
        self.check_documented("auto")

    def test_observed_with_links(self):
        self.check_observed("link")

    def test_observed_where_the_machine_can(self):
        self.check_observed("auto")

    def test_a_step_that_never_ran_registers_nothing(self):
        job = JOB.replace("outputs:", "inputs:\n  d: {type: uri_folder, path: ./gone}\noutputs:", 1)
        (self.folder / "job.yml").write_text(job)
        (self.folder / "gone").mkdir()
        (self.folder / "gone/not_there").symlink_to("/nowhere/at/all")
        (self.folder / "job.yml").write_text(job.replace("./gone}", "./gone, mode: download}"))
        self.amlocal("run", "job.yml", "--on-failure", "observed", code=1)
        self.assertEqual(self.data(), set())

    def test_what_is_refused_of_an_upload_is_told(self):
        job = JOB.replace("echo half > ${{outputs.sent}}/a.csv", "ln -s /nowhere ${{outputs.sent}}/a.csv")
        (self.folder / "job.yml").write_text(job)
        said = self.amlocal("run", "job.yml", "--data-access", "link", "--on-failure", "observed", code=1)
        self.assertIn("output 'sent': the link 'a.csv' leads to nothing", said)
        self.assertIn("exit code 3", said)
        self.assertEqual(self.data(), set())

    def test_globs_hold_for_it_too(self):
        (self.folder / "p.json").write_text(json.dumps(V1))
        said = self.amlocal("run", "p.json", "--on-failure", "observed", code=1)
        self.assertIn("output 'made': 1 file was uploaded although", said)
        self.assertEqual(self.files("made"), ["x.csv"])

    def test_of_a_definition_in_python(self):
        (self.folder / "p.py").write_text(SCRIPT)
        self.amlocal("run", "p.py")
        self.assertEqual(self.data(), set())
        self.amlocal("run", "--on-failure", "observed", "p.py")
        self.assertEqual(self.data(), {"titanic"})
        self.assertEqual(self.files("made"), ["x.csv"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
