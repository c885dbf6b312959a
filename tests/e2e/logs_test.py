#!/usr/bin/env python3
"""`runs logs`: several processes, and a run that goes on.

    logs_test.py AMLOCAL
"""

import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project, wait_until  # noqa: E402

SEVERAL = """type: command
command: echo "here is $RANK"
environment: azureml:any:1
distribution:
  type: pytorch
  process_count_per_instance: 3
"""

# `first` waits for files that the test makes, so that the test decides what is printed when.
TWO_STEPS = """type: pipeline
jobs:
  first:
    type: command
    command: >-
      echo one; while [ ! -e {folder}/go ]; do sleep 0.05; done; echo two; echo x > ${{{{outputs.o}}}}
    environment: azureml:any:1
    outputs:
      o: {{type: uri_file}}
  second:
    type: command
    command: cat ${{{{inputs.i}}}}; echo three
    environment: azureml:any:1
    inputs:
      i: ${{{{parent.jobs.first.outputs.o}}}}
"""


class Logs(Project):
    def test_one_of_several_processes(self):
        self.write("job.yml", SEVERAL)
        self.call("run", "job.yml")
        step, = {line.split(" (")[0].split("==> ")[1]
                 for line in self.call("logs").splitlines() if line.startswith("==>")}
        self.assertEqual(self.call("logs", f"@last/{step}", "--worker", "1"), "here is 1\n")
        self.assertEqual(self.call("logs", "--worker", "02"), "here is 2\n")
        text = self.call("logs")
        for number in range(3):
            self.assertIn(f"==> {step} (process {number}) <==\nhere is {number}\n", text)
        self.call("logs", "--worker", "7", status=1)
        self.assertIn(f"step '{step}' has no process '7'", self.err)
        self.assertIn("its processes: 0, 1, 2", self.err)

    def test_a_step_with_one_process_has_no_workers(self):
        self.take("first-step")
        self.call("run", "job.yml")
        self.call("logs", "--worker", "0", status=1)
        self.assertIn("has one process and one log", self.err)

    def follow(self, *words):
        """Follows in the background; the lines appear in the list that is returned."""
        child = self.start("logs", *words, "-f")
        lines = []

        def read():
            for line in child.stdout:
                lines.append(line.rstrip("\n"))

        self.addCleanup(child.stderr.close)
        self.addCleanup(child.stdout.close)
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return child, thread, lines

    def test_follows_all_steps_until_the_run_ends(self):
        self.write("p.yml", TWO_STEPS.format(folder=self.folder))
        run = self.start("run", "p.yml", "--name", "r")
        wait_until(lambda: (self.folder / ".amlocal/runs/r/journal").exists()
                   or list((self.folder / ".amlocal/runs/r").glob("journal*")))
        child, thread, lines = self.follow("r")
        wait_until(lambda: "one" in lines)
        self.assertNotIn("two", lines)
        step_child, step_thread, step_lines = self.follow("r/first")
        wait_until(lambda: "one" in step_lines)
        (self.folder / "go").touch()
        self.assertEqual(child.wait(timeout=60), 0)
        self.assertEqual(step_child.wait(timeout=60), 0)
        thread.join(timeout=60)
        step_thread.join(timeout=60)
        run.communicate(timeout=60)
        self.assertEqual(lines, ["==> first <==", "one", "two", "==> second <==", "x", "three"])
        self.assertEqual(step_lines, ["one", "two"])

    def test_following_ends_with_a_killed_run(self):
        self.write("p.yml", TWO_STEPS.format(folder=self.folder))
        run = self.start("run", "p.yml", "--name", "r")
        wait_until(lambda: list((self.folder / ".amlocal/runs/r").glob("steps/first/user_logs/*")))
        child, thread, lines = self.follow("r")
        wait_until(lambda: "one" in lines)
        run.kill()
        run.communicate(timeout=60)
        self.assertEqual(child.wait(timeout=60), 0)
        thread.join(timeout=60)

    def test_an_unknown_step(self):
        self.take("first-step")
        self.call("run", "job.yml")
        self.call("logs", "@last/nobody", status=1)
        self.assertIn("has no step 'nobody'", self.err)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
