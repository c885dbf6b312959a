"""Sweeps with real trials.

usage: sweep_test.py AMLOCAL FIXTURES
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

FIXTURES = sys.argv.pop()
AMLOCAL = sys.argv.pop()


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


unittest.main()
