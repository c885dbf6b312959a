"""Notebooks: cells run one after the other, what they print is shown at once, and their runs are waited for.

usage: notebook_test.py AMLOCAL
"""
import json
import os
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402
from python_with import python_with  # noqa: E402

PYTHON = python_with("nbclient", "ipykernel")
V2_PYTHON = python_with("nbclient", "ipykernel", "azure.ai.ml", "azure.identity")
PLAIN = "/usr/bin/python3"


class Notebook(Project):
    def setUp(self):
        super().setUp()
        self.use(PYTHON)

    def use(self, python):
        self.write("amlocal.yml", f"environments:\n  default: {python}\n")

    def cells(self, *sources):
        cells = [{"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text}
                 for text in sources]
        self.write("n.ipynb", json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "elsewhere",
                   "display_name": "E"}}, "nbformat": 4, "nbformat_minor": 4}))

    def test_output_comes_while_a_cell_runs(self):
        self.cells("import os, time\nprint('first', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.02)\n"
                   "print('second')", "import sys\nprint('aside', file=sys.stderr)\n6 * 7")
        child = self.start("run", "n.ipynb")
        self.assertEqual(child.stdout.readline(), "first\n")
        self.write("go", "")
        out, err = child.communicate(timeout=60)
        self.assertEqual((child.returncode, out), (0, "second\n42\n"), err)
        self.assertIn("aside\n", err)

    def test_an_error_shows_its_traceback_and_ends_it(self):
        self.cells("print('before')", "def divide(n):\n    return 1 / n\ndivide(0)", "print('after')")
        out = self.call("run", "n.ipynb", status=1)
        self.assertEqual(out, "before\n")
        self.assertIn("ZeroDivisionError: division by zero", self.err)
        self.assertIn("return 1 / n", self.err)
        self.assertNotIn("\x1b", self.err)
        self.assertNotIn("nbclient", self.err)

    def test_without_nbclient_one_error(self):
        if python_with("nbclient") == PLAIN:
            self.skipTest("this Python has nbclient")
        self.use(PLAIN)
        self.cells("print('never')")
        out = self.call("run", "n.ipynb", status=1)
        self.assertEqual(out, "")
        self.assertIn("python3 has no", self.err)
        self.assertIn("-m pip install nbclient ipykernel", self.err)
        self.assertNotIn("Traceback", self.err)

    def test_its_runs_are_waited_for(self):
        self.write("say.py", "import time; time.sleep(0.5); print('said')")
        self.cells("from azureml.core import Workspace, Experiment, ScriptRunConfig\n"
                   "run = Experiment(Workspace.from_config(), 'e').submit(ScriptRunConfig('.', script='say.py'))\n"
                   "print(run.get_status() in ('Running', 'Completed'))")
        self.assertIn("True\n", self.call("run", "n.ipynb"))
        run = json.loads(self.call("runs", "show", "@last", "--json"))
        self.assertEqual(run["status"], "Completed")

    def test_an_interrupt_stops_the_cell_and_its_runs(self):
        self.write("say.py", "import time; time.sleep(100)")
        self.cells("from azureml.core import Workspace, Experiment, ScriptRunConfig\n"
                   "run = Experiment(Workspace.from_config(), 'e').submit(ScriptRunConfig('.', script='say.py'))\n"
                   "print('up', flush=True)\nimport time; time.sleep(100)", "print('never')")
        child = self.start("run", "n.ipynb")
        while child.stdout.readline() not in ("up\n", ""):
            pass
        for pid in pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split():
            os.kill(int(pid), signal.SIGINT)  # as a terminal does: to amlocal, which ignores it, and to the script
        out, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 130, out + err)
        self.assertNotIn("never", out)
        self.assertEqual(json.loads(self.call("runs", "show", "@last", "--json"))["status"], "Canceled")

    @unittest.skipUnless(V2_PYTHON, "needs azure-ai-ml beside nbclient")
    def test_the_fixture(self):
        self.take("notebook")
        self.use(V2_PYTHON)
        out = self.call("run", "letters.ipynb")
        self.assertIn("counted\n", out)
        self.assertTrue(out.endswith("{'words': 8, 'letters': 36}\n"), out)


if __name__ == "__main__":
    sys.argv[1:2] = []
    if PYTHON is None:
        print("needs nbclient: no Python here has it and ipykernel (AMLOCAL_TEST_PYTHONS names one)")
        sys.exit(77)
    unittest.main()
