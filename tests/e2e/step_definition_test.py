"""A step of a definition in Python runs alone: what the script submits is kept, and earlier runs of it supply inputs."""

import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402
from python_with import python_with  # noqa: E402


class V1(Project):
    def setUp(self):
        super().setUp()
        (self.folder / ".git").mkdir()
        self.take("v1_project")
        shutil.rmtree(self.folder / "mocks", ignore_errors=True)

    def test_a_step_by_itself(self):
        self.call("step", "run", "pipeline.py#fit", status=1)
        self.assertIn("step 'fit' has nothing for this input:", self.err)
        self.assertIn("--in clean=PATH", self.err)
        self.assertFalse((self.folder / ".amlocal/runs").exists() and any((self.folder / ".amlocal/runs").iterdir()))
        self.call("run", "pipeline.py")
        runs = sorted(path.name for path in (self.folder / ".amlocal/runs").iterdir())
        out = self.call("step", "run", "pipeline.py#fit")
        self.assertRegex(out, r"^fit alone: clean from prepare_crossings in ")
        self.assertTrue((self.folder / ".amlocal/alone").is_dir())
        self.assertEqual(sorted(path.name for path in (self.folder / ".amlocal/runs").iterdir()), runs)
        # With another value upstream, what the run made is no longer the same.
        self.call("step", "run", "pipeline.py#fit", "--", "--calm", "3", status=1)
        self.assertIn("a run today would not make the same", self.err)
        # And with a change of the script that makes no other job, it is.
        script = self.folder / "pipeline.py"
        script.write_text("# a remark\n" + script.read_text())
        self.assertIn("clean from prepare_crossings in ", self.call("step", "run", "pipeline.py#fit"))

    def test_a_mock_beside_the_script(self):
        self.write("mocks/clean.mock.yml", "for: prepare_crossings.clean\npath: small\n")
        self.write("mocks/small/crossings.csv", "wind,minutes\n1,60\n2,61\n3,62\n4,64\n")
        out, err = self.start("step", "run", "pipeline.py#fit").communicate(timeout=120)
        self.assertTrue(out.startswith("fit alone: clean from mocks/clean.mock.yml\n"), out + err)


class V2(Project):
    def test_the_fixture(self):
        python = python_with("azure.ai.ml", "azure.identity")
        if python is None:
            self.skipTest("needs azure-ai-ml and azure-identity (AMLOCAL_TEST_PYTHONS names a Python that has them)")
        (self.folder / ".git").mkdir()
        self.take("v2_python")
        self.write("amlocal.yml", f"environments:\n  default: {python}\n")
        self.assertRegex(self.call("step", "run", "pipeline.py#cleaned"), r"^cleaned alone: sales from the pipeline\n")
        self.call("run", "pipeline.py")
        self.assertRegex(self.call("step", "run", "pipeline.py#added"), "tidy from cleaned in ")


if __name__ == "__main__":
    del sys.argv[1]
    unittest.main()
