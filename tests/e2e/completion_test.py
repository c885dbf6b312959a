#!/usr/bin/env python3
"""Completion in a real bash.

    completion_test.py AMLOCAL
"""

import pathlib
import shlex
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import AMLOCAL, Project  # noqa: E402


class Completion(Project):
    def complete(self, line):
        """What bash would offer at the end of the line."""
        script = f"""
source <({shlex.quote(str(AMLOCAL))} completion bash)
COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)}
_amlocal
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        done = subprocess.run(["bash", "-c", script], cwd=self.folder, env=self.environment,
                              text=True, capture_output=True, check=True, timeout=60)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_words(self):
        self.assertIn("validate", self.complete("amlocal "))
        self.assertNotIn("__complete", self.complete("amlocal "))
        self.assertEqual(self.complete("amlocal va"), ["validate"])
        self.assertEqual(self.complete("amlocal runs sh"), ["show"])
        self.assertEqual(self.complete("amlocal env "), ["delete", "list", "show", "use"])

    def test_options(self):
        self.assertEqual(self.complete("amlocal run --dr"), ["--dry-run"])
        self.assertEqual(self.complete("amlocal logs --w"), ["--worker"])
        self.assertIn("--to", self.complete("amlocal job download --"))

    def test_runs_steps_and_names(self):
        self.take("nested")
        self.call("run", "pipeline.yml", "--name", "first")
        self.assertEqual(self.complete("amlocal runs show "), ["@last", "first"])
        self.assertEqual(self.complete("amlocal runs show @"), ["@last"])
        steps = self.complete("amlocal logs @last/")
        self.assertTrue(steps and all(step.startswith("@last/") for step in steps), steps)
        of_file = self.complete("amlocal run pipeline.yml --until ")
        self.assertEqual(sorted(of_file), sorted(step[len("@last/"):] for step in steps))
        self.call("data", "create", "--name", "iris", "--path", "pipeline.yml")
        self.assertEqual(self.complete("amlocal data show "), ["iris"])
        self.call("component", "map", "azureml:train:1", "pipeline.yml")
        # bash itself replaces only what follows the last colon
        self.assertEqual(self.complete("amlocal component show azureml:tr"), ["train:1"])
        self.assertIn("workspaceblobstore", self.complete("amlocal datastore show w"))

    def test_names_of_models(self):
        self.write("m.txt", "m")
        self.assertEqual(self.complete("amlocal model show "), [])
        for name in ("flowers", "flowers", "fares"):
            self.call("model", "register", name, "--path", "m.txt")
        self.assertEqual(self.complete("amlocal model show f"), ["fares", "flowers"])
        self.assertEqual(self.complete("amlocal model download fl"), ["flowers"])
        self.assertEqual(self.complete("amlocal model delete "), ["fares", "flowers"])

    def test_half_a_line_is_no_error(self):
        self.assertEqual(self.complete("amlocal nonsense "), [])
        self.assertEqual(self.complete("amlocal logs nobody/"), [])
        self.write("broken.yml", "jobs: [")
        self.assertEqual(self.complete("amlocal run broken.yml --only "), [])

    def test_other_shells(self):
        self.assertTrue(self.call("completion", "zsh").startswith("#compdef amlocal"))
        self.assertIn("complete -c amlocal", self.call("completion", "fish"))
        self.call("completion", "csh", status=2)
        self.assertIn("there is no completion for 'csh'", self.err)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
