"""Sweeps with real trials.

usage: sweep_test.py AMLOCAL FIXTURES
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

FIXTURES = sys.argv.pop()
AMLOCAL = sys.argv.pop()
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))

from python_with import python_with  # noqa: E402

# Asked for the third time it has gone.
GOES = """
import os
__version__ = "0.0"
class _Any:
    def __getattr__(self, name):
        return self
    def __call__(self, *given, **named):
        return self
class _Trial:
    def suggest_float(self, name, low, high):
        return 0.25
    def suggest_categorical(self, name, choices):
        return choices[1]
class _Study:
    asked = 0
    def ask(self):
        self.asked += 1
        if self.asked == 3:
            os._exit(1)
        return _Trial()
    def tell(self, *given, **named):
        pass
logging = samplers = trial = _Any()
def create_study(**named):
    return _Study()
"""


class Sweep(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "sweep"
        shutil.copytree(pathlib.Path(FIXTURES) / "sweep", self.folder, ignore=shutil.ignore_patterns(".amlocal"))

    def run_job(self, file, *words, code=0):
        done = subprocess.run([AMLOCAL, "run", file, *words], cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def edit(self, file, *pairs):
        path = self.folder / file
        text = path.read_text()
        for old, new in pairs:
            self.assertIn(old, text)
            text = text.replace(old, new)
        path.write_text(text)

    def test_the_best_trial_gives_the_outputs(self):
        said = self.run_job("sweep.yml")
        self.assertEqual(len(re.findall(r"^note: sweep: trial \d", said, re.M)), 6, said)
        self.assertRegex(said, r"best: trial 4  rate=0.3  depth=2  score 1  Completed")
        found = list(self.folder.glob(".amlocal/datastores/**/model/best.json"))
        self.assertEqual([json.loads(file.read_text())["depth"] for file in found], [2])
        step = next(self.folder.glob(".amlocal/runs/*/steps/sweep"))
        log = (step / "trials/4/user_logs/std_log.txt")
        self.assertTrue(log.is_file())

    def test_a_step_after_it_takes_the_best(self):
        said = self.run_job("pipeline.yml")
        self.assertRegex(said, "report +Completed")
        log = next(self.folder.glob(".amlocal/runs/*/steps/report/user_logs/std_log.txt")).read_text()
        self.assertEqual(log, "best depth 2\n")

    def test_the_same_seed_gives_the_same_trials(self):
        rates = [sorted(re.findall(r"trial \d  rate=(\S+)", self.run_job("pipeline.yml"))) for _ in range(2)]
        self.assertEqual(rates[0], rates[1])

    def test_what_is_far_behind_is_stopped(self):
        # The second trial only begins when the first has ended, reports low values, and then waits.
        (self.folder / "src/slow.py").write_text(
            "import sys, time\nfrom azureml.core import Run\nrun = Run.get_context()\n"
            "run.log('score', float(sys.argv[1]))\nrun.flush()\n"
            "time.sleep(60 if sys.argv[1] == '0.1' else 0)\n")
        self.edit("sweep.yml", ("values: [0.1, 0.3]", "values: [0.9, 0.1]"), ("values: [1, 2, 3]", "values: [1]"),
                  ("max_concurrent_trials: 2", "max_concurrent_trials: 1"),
                  (re.search("command: .*", (self.folder / "sweep.yml").read_text()).group(),
                   "command: python slow.py ${{search_space.rate}} # ${{search_space.depth}} ${{outputs.model}}"))
        with open(self.folder / "sweep.yml", "a") as file:
            file.write("early_termination: {type: bandit, slack_amount: 0.2}\n")
        said = self.run_job("sweep.yml")
        self.assertIn("trial 1  rate=0.1  depth=1  score 0.1  stopped (bandit: 0.1 after 1 reports, and the bound is 0.7)",
                      said)

    def test_without_the_metric_it_fails_and_says_what_to_log(self):
        self.edit("sweep.yml", ("primary_metric: score", "primary_metric: accuracy"))
        said = self.run_job("sweep.yml", code=1)
        self.assertIn("no trial logged the primary metric 'accuracy'", said)
        self.assertIn("run.log('accuracy', …)", said)

    def test_when_every_trial_fails_the_first_failure_is_told(self):
        self.edit("src/trial.py", ("score = 0.0", "score = {}['nothing']"))
        said = self.run_job("sweep.yml", code=1)
        self.assertIn("no trial of 6 completed; the first failed: ", said)
        self.assertIn("KeyError: 'nothing'", said)

    def bayesian(self, *pairs, trials=6):
        self.edit("sweep.yml", ("sampling_algorithm: grid", "sampling_algorithm: {type: bayesian, seed: 4}"),
                  ("rate: {type: choice, values: [0.1, 0.3]}", "rate: {type: uniform, min_value: 0, max_value: 1}"),
                  ("limits: {max_total_trials: 6", "limits: {max_total_trials: %d" % trials), *pairs)

    def stand_in(self, text):
        """An `optuna` that steps' interpreters find: --pass-env PYTHONPATH."""
        folder = self.folder / "stand-in"
        folder.mkdir()
        (folder / "optuna.py").write_text(text)
        os.environ["PYTHONPATH"] = str(folder)
        self.addCleanup(os.environ.pop, "PYTHONPATH")

    def test_bayesian_without_an_optimiser_is_random_and_says_so(self):
        self.stand_in("raise ImportError('not here')\n")
        self.bayesian()
        said = self.run_job("sweep.yml", "--pass-env", "PYTHONPATH")
        self.assertRegex(said, r"python\S* has no optuna: the trials are sampled at random, not bayesian \(\S+ -m pip "
                               r"install optuna\)")
        self.assertEqual(len(re.findall(r"^note: sweep: trial \d", said, re.M)), 6, said)

    def test_an_optimiser_that_goes_is_no_loss(self):
        self.stand_in(GOES)
        self.bayesian()
        said = self.run_job("sweep.yml", "--pass-env", "PYTHONPATH")
        self.assertIn("bayesian sampling with optuna 0.0", said)
        self.assertIn("the optimiser of the bayesian sampling has gone: the other trials are sampled at random", said)
        self.assertIn("trial 0  rate=0.25  depth=2", said)
        self.assertEqual(len(re.findall(r"^note: sweep: trial \d", said, re.M)), 6, said)

    @unittest.skipUnless(python_with("optuna"), "needs optuna: no Python here has it (AMLOCAL_TEST_PYTHONS names one)")
    def test_bayesian_comes_nearer_from_trial_to_trial(self):
        subprocess.run([AMLOCAL, "env", "use", "sklearn-env", python_with("optuna")], cwd=self.folder, check=True,
                       capture_output=True, timeout=60)
        self.bayesian(("max_concurrent_trials: 2", "max_concurrent_trials: 1"), trials=24)
        said = self.run_job("sweep.yml")
        self.assertRegex(said, r"bayesian sampling with optuna \d")
        off = [abs(float(rate) - 0.3) for rate in re.findall(r"^note: sweep: trial \d+  rate=(\S+)", said, re.M)]
        depths = re.findall(r"^note: sweep: trial \d+  rate=\S+  depth=(\d)", said, re.M)
        self.assertEqual(len(off), 24)
        self.assertLess(sum(off[-8:]) / 8, 0.7 * sum(off[:5]) / 5, off)
        self.assertGreater(depths[-8:].count("2"), 4, depths)


unittest.main()
