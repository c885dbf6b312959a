#!/usr/bin/env python3
"""Completion in a real zsh, at a terminal, and in a real fish.

    shells_test.py AMLOCAL zsh|fish
"""

import os
import pathlib
import pty
import shlex
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import AMLOCAL, Project, wait_until  # noqa: E402

SHELL = sys.argv[2] if len(sys.argv) > 2 else "zsh"

# What compadd is given and finds fitting, one a line; then the line as the user sees it after Tab.
ZSHRC = """
PS1='ready> '
autoload -U compinit && compinit -u -D
source <(amlocal completion zsh)
unsetopt list_beep
compadd() {
  local -a fitting
  builtin compadd -O fitting "$@"
  print -rl -- $fitting >>$HOME/candidates
  builtin compadd "$@"
}
show() { print -r -- "$BUFFER" >$HOME/line.new; mv $HOME/line.new $HOME/line; zle kill-buffer }
zle -N show
bindkey '^X' show
print up >$HOME/up
"""


class Zsh:
    def __init__(self, test, zshrc=ZSHRC):
        self.home = test.folder
        (self.home / "up").unlink(missing_ok=True)
        (self.home / ".zshrc").write_text(zshrc)
        self.terminal, theirs = pty.openpty()
        self.child = subprocess.Popen(["zsh", "-i"], cwd=self.home, env=test.environment, stdin=theirs, stdout=theirs,
                                      stderr=theirs, start_new_session=True)
        os.close(theirs)
        os.set_blocking(self.terminal, False)
        wait_until(lambda: self.drained() and (self.home / "up").exists())

    def drained(self):
        """Reads what the shell draws, so that it never waits for us."""
        try:
            while os.read(self.terminal, 65536):
                pass
        except BlockingIOError:
            pass
        return True

    def press(self, line):
        """Types the line and Tab; the candidates, and the line that stands there then."""
        seen, candidates = self.home / "line", self.home / "candidates"
        for file in (seen, candidates):
            file.unlink(missing_ok=True)
        os.write(self.terminal, line.encode() + b"\t\x18")
        wait_until(lambda: self.drained() and seen.exists())
        words = candidates.read_text().split() if candidates.exists() else []
        return words, seen.read_text().rstrip("\n")

    def complete(self, line):
        return self.press(line)[0]

    def close(self):
        if self.child.returncode is not None:
            return
        self.child.kill()
        self.child.wait()
        os.close(self.terminal)


class Fish:
    def __init__(self, test):
        self.test = test

    def complete(self, line):
        script = f"amlocal completion fish | source; complete -C {shlex.quote(line)}"
        done = subprocess.run(["fish", "--no-config", "-c", script], cwd=self.test.folder, env=self.test.environment,
                              stdin=subprocess.DEVNULL, text=True, capture_output=True, check=True, timeout=60)
        self.test.assertEqual(done.stderr, "")
        # Beside a candidate fish may put a description, after a tab.
        return [row.split("\t")[0] for row in done.stdout.splitlines()]

    def close(self):
        pass


class Completion:
    """What every shell completes; SHELL_CLASS drives one."""

    def setUp(self):
        super().setUp()
        self.shell = self.SHELL_CLASS(self)
        self.addCleanup(self.shell.close)

    def complete(self, line):
        return sorted(self.shell.complete(line))

    def test_words(self):
        first = self.complete("amlocal ")
        self.assertIn("validate", first)
        self.assertNotIn("__complete", first)
        self.assertEqual(self.complete("amlocal va"), ["validate"])
        self.assertEqual(self.complete("amlocal runs sh"), ["show"])
        self.assertEqual(self.complete("amlocal env "), ["delete", "list", "show", "use"])

    def test_options(self):
        self.assertEqual(self.complete("amlocal run --dr"), ["--dry-run"])
        self.assertIn("--to", self.complete("amlocal job download --"))

    def test_names_with_colons_and_slashes(self):
        self.take("nested")
        self.call("run", "pipeline.yml", "--name", "first")
        self.assertEqual(self.complete("amlocal runs show "), ["@last", "first"])
        steps = self.complete("amlocal logs @last/")
        self.assertTrue(steps and all(step.startswith("@last/") for step in steps), steps)
        self.call("component", "map", "azureml:train:1", "pipeline.yml")
        self.assertEqual(self.complete("amlocal component show azureml:tr"), ["azureml:train:1"])

    def test_half_a_line_is_no_error(self):
        self.assertEqual(self.complete("amlocal nonsense "), [])
        self.assertEqual(self.complete("amlocal logs nobody/"), [])


class FishCompletion(Completion, Project):
    SHELL_CLASS = Fish

    def test_files(self):
        self.write("my pipeline.yml", "jobs: {}\n")
        self.assertEqual(self.complete("amlocal run my"), ["my pipeline.yml"])


class ZshCompletion(Completion, Project):
    SHELL_CLASS = Zsh

    def test_the_line_at_the_terminal(self):
        self.write("my pipeline.yml", "jobs: {}\n")
        self.assertEqual(self.shell.press("amlocal va")[1].rstrip(), "amlocal validate")
        self.assertEqual(self.shell.press("amlocal run my")[1].rstrip(), "amlocal run my\\ pipeline.yml")
        self.call("component", "map", "azureml:train:1", "my pipeline.yml")
        self.assertEqual(self.shell.press("amlocal component show azureml:tr")[1].rstrip(),
                         "amlocal component show azureml:train:1")

    def test_the_script_as_a_file_of_fpath(self):
        self.write("functions/_amlocal", self.call("completion", "zsh"))
        self.shell.close()
        shell = Zsh(self, "fpath=($HOME/functions $fpath)\n" + ZSHRC.replace("source <(amlocal completion zsh)\n", ""))
        self.addCleanup(shell.close)
        for _ in "first", "second":
            self.assertEqual(shell.press("amlocal va")[1].rstrip(), "amlocal validate")


if __name__ == "__main__":
    if not shutil.which(SHELL):
        print(f"needs {SHELL}: it is not installed here")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], SHELL.capitalize() + "Completion"])
