"""The workflow that users copy (fixtures/tabular/.github/workflows): its commands, as a CI machine runs them.

usage: ci_workflow_test.py AMLOCAL
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402
from python_with import python_with  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = python_with("pytest", "xdist", "pandas", "sklearn", "yaml")
WORKFLOW = ".github/workflows/amlocal.yml"


class Workflow(Project):
    def setUp(self):
        super().setUp()
        self.take("tabular")
        (self.folder / "amlocal.yml").unlink()  # as it lies in the repository
        # What the workflow installs is there already: this machine's pytest, with the plugin as pip would have it.
        programs = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-test-"))
        self.addCleanup(shutil.rmtree, programs, ignore_errors=True)
        (programs / "python").symlink_to(PYTHON)
        self.environment.update(CI="true", GITHUB_ACTIONS="true", PYTEST_PLUGINS="pytest_amlocal", PYTHONDONTWRITEBYTECODE="1",
                                PYTHONPATH=f"{ROOT}/src/step/python:{ROOT}/harness/python",
                                PATH=f"{programs}:{self.environment['PATH']}", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b",
                                GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@b")
        self.clone = self.folder / "clone"
        self.shell("git init -q . && git add -A && git commit -qm all && git clone -q . clone", self.folder)
        self.job = self.read()["jobs"]["steps"]

    def read(self):
        done = subprocess.run([PYTHON, "-c", "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"],
                              input=(ROOT / "fixtures/tabular" / WORKFLOW).read_text(), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout.replace('"true": [', '"on": ['))  # YAML 1.1 reads `on` as a truth

    def shell(self, command, folder, status=0):
        done = subprocess.run(["bash", "-e", "-c", command], cwd=folder, env=self.environment, capture_output=True, text=True,
                              timeout=280)
        self.assertEqual(done.returncode, status, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr

    def commands(self, **matrix):
        """The commands of all steps but the installing one, for one machine of the matrix."""
        for step in self.job["steps"]:
            if "run" in step and step["name"] != "Install":
                yield re.sub(r"\$\{\{ *matrix\.(\w+) *\}\}", lambda found: matrix[found[1]], step["run"])

    def run_all(self, data_access, status=0):
        *first, last = self.commands(data_access=data_access)
        said = "".join(self.shell(command, self.clone) for command in first)
        said += self.shell(last, self.clone, status)
        self.assertNotIn("${{", said)
        return said, xml.etree.ElementTree.parse(self.clone / "steps.xml").getroot()

    def test_what_github_reads(self):
        self.assertEqual(set(self.job), {"runs-on", "strategy", "steps"})
        self.assertEqual(self.job["strategy"]["matrix"], {"data_access": ["auto", "link"]})
        for step in self.job["steps"]:
            self.assertEqual(len({"run", "uses"} & set(step)), 1, step)
        install = next(step["run"] for step in self.job["steps"] if step.get("name") == "Install")
        self.assertIn("amlocal pytest pytest-xdist", install)

    def test_with_mounts_where_the_machine_has_them(self):
        said, report = self.run_all("auto")
        self.assertRegex(said, r"\d+ passed")
        self.assertIn("FUSE", said)  # amlocal doctor says whether there are mounts
        names = {case.get("name") for case in report.iter("testcase")}
        self.assertIn("test_evaluate", names)
        self.assertEqual([case.get("name") for case in report.iter("testcase") if len(case)], [])

    def test_without_mounts_and_a_column_less(self):
        # Somebody renames a column in prepare.py: the tests of this step and of nothing else say so.
        file = self.clone / "src/prepare.py"
        file.write_text(file.read_text().replace("train.to_csv", 'train.rename(columns={"mean_radius": "radius"}).to_csv'))
        said, report = self.run_all("link", status=1)
        failed = {case.get("name") for case in report.iter("testcase") if case.find("failure") is not None}
        self.assertIn("test_prepare_loses_no_row", failed)
        self.assertEqual({name for name in failed if name.startswith("test_")}, {"test_prepare_loses_no_row"}, said)
        self.assertIn("mean_radius", said)


if __name__ == "__main__":
    sys.argv[1:2] = []
    if PYTHON is None:
        print("needs pytest: no Python here has pytest, pytest-xdist, pandas, scikit-learn and PyYAML "
              "(Debian: python3-pytest python3-pytest-xdist python3-pandas python3-sklearn python3-yaml)")
        sys.exit(77)
    unittest.main()
