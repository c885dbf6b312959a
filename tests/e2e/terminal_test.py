#!/usr/bin/env python3
"""What a real terminal shows of a run.

    terminal_test.py AMLOCAL
"""

import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from http_server import File, Server  # noqa: E402
from project import AMLOCAL, Project  # noqa: E402

PIPELINE = """type: pipeline
jobs:
  a_step_with_quite_a_long_name:
    type: command
    command: sleep 2.5
    environment: azureml:any:1
"""


def screen_of(text, columns):
    """The lines that a terminal of that width shows after `text`: enough of one for this test."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|.|\n", text.replace("\r", "")):
        if part == "\n":
            row, column = row + 1, 0
        elif part == "\x1b[A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part.startswith("\x1b"):
            continue
        else:
            if column == columns:
                row, column = row + 1, 0
            while len(lines) <= row:
                lines.append("")
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + 1:]
            column += 1
        while len(lines) <= row:
            lines.append("")
    return lines


class Terminal(Project):
    def run_in_terminal(self, *words, columns=80, typed=b"", **more):
        """All that the program writes to a terminal of that width, and its exit status."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        child = subprocess.Popen([AMLOCAL, *words], cwd=self.folder,
                                 env={**self.environment, **more}, stdin=theirs, stdout=theirs,
                                 stderr=theirs, close_fds=True)
        os.close(theirs)
        if typed:
            os.write(ours, typed)
        text, end = b"", time.monotonic() + 60
        while time.monotonic() < end:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # EIO: the other side is closed
                break
            if not piece:
                break
            text += piece
        os.close(ours)
        return text.decode(), child.wait(timeout=60)

    def test_a_running_step_is_updated_each_second(self):
        self.write("p.yml", PIPELINE)
        text, status = self.run_in_terminal("run", "p.yml")
        self.assertEqual(status, 0, text)
        times = re.findall(r"running +(\d\.\d) s", text)
        self.assertEqual(times[0], "0.0")
        self.assertGreaterEqual(len(set(times)), 3, times)
        shown = screen_of(text, 80)
        self.assertFalse([line for line in shown if "running" in line], shown)
        self.assertEqual(len([line for line in shown if line.startswith("a_step")]), 1, shown)
        self.assertIn("\x1b[32mCompleted\x1b[0m", text)

    def test_a_narrow_terminal(self):
        self.write("p.yml", PIPELINE)
        text, status = self.run_in_terminal("run", "p.yml", columns=30)
        self.assertEqual(status, 0, text)
        shown = screen_of(text, 30)
        self.assertFalse([line for line in shown if "runn" in line and "run " not in line], shown)

    def secret_set(self, typed):
        """What the terminal shows, the exit status, and whether it showed what was typed."""
        ours, theirs = pty.openpty()
        child = subprocess.Popen([AMLOCAL, "secret", "set", "key"], cwd=self.folder, env=self.environment, stdin=theirs,
                                 stdout=theirs, stderr=theirs, close_fds=True)
        text, end = b"", time.monotonic() + 60
        while b"(not shown): " not in text and time.monotonic() < end:
            text += os.read(ours, 65536)
        os.write(ours, typed)
        status = child.wait(timeout=60)
        echo = bool(termios.tcgetattr(theirs)[3] & termios.ECHO)
        os.close(theirs)
        while True:
            try:
                text += os.read(ours, 65536)
            except OSError:
                break
        os.close(ours)
        return text.decode(), status, echo

    def test_a_secret_is_asked_for_and_not_shown(self):
        text, status, echo = self.secret_set(b"hush hush\n")
        self.assertEqual(status, 0, text)
        self.assertIn("value of key (not shown): ", text)
        self.assertNotIn("hush", text)
        self.assertTrue(echo)  # the terminal is as it was
        code = "from azureml.core import Run\nprint('GOT', Run.get_context().get_secret('key') == 'hush hush')\n"
        self.write("src/s.py", code)
        self.write("p.yml", "type: command\ncommand: python3 s.py\ncode: src\nenvironment: azureml:any:1\n")
        self.call("run", "p.yml", "--name", "r")
        log = (self.folder / ".amlocal/runs/r/steps/p/user_logs/std_log.txt").read_text()
        self.assertIn("GOT True", log)

    def test_no_secret_is_typed(self):
        text, status, _ = self.secret_set(b"\n")
        self.assertEqual(status, 1, text)
        self.assertIn("secret 'key' has no value", text)

    def test_no_colour(self):
        self.write("p.yml", PIPELINE.replace("sleep 2.5", "true"))
        text, _ = self.run_in_terminal("run", "p.yml", NO_COLOR="1")
        self.assertNotIn("\x1b[3", text)
        self.assertIn("running", text)  # in place all the same

    def test_a_dumb_terminal_gets_plain_lines(self):
        self.write("p.yml", PIPELINE.replace("sleep 2.5", "true"))
        text, _ = self.run_in_terminal("run", "p.yml", TERM="dumb")
        self.assertNotIn("\x1b", text)
        self.assertNotIn("running", text)

    def test_a_long_download_shows_how_far_it_is(self):
        content = bytes(1 << 20)
        with Server({"/a.bin": File(content, etag='"1"', pause=0.15)}) as server:
            self.write("job.yml", f"""type: command
command: ls ${{{{inputs.raw}}}}
environment: azureml:any:1
inputs:
  raw: {{type: uri_file, path: "{server.url('/a.bin')}"}}
""")
            text, status = self.run_in_terminal("run", "job.yml")
        self.assertEqual(status, 0, text)
        self.assertRegex(text, r"fetching a.bin  \d+ kB of 1.05 MB")
        self.assertFalse([line for line in screen_of(text, 80) if "fetching" in line])

    def test_init_asks_before_it_writes_the_ignore_file(self):
        text, status = self.run_in_terminal("init", typed=b"n\n")
        self.assertEqual(status, 0, text)
        self.assertIn("Add the line .amlocal/ to .amlignore? [Y/n]", text)
        self.assertFalse((self.folder / ".amlignore").exists())
        self.run_in_terminal("init", typed=b"\n")
        self.assertEqual((self.folder / ".amlignore").read_text(), ".amlocal/\n")
        text, _ = self.run_in_terminal("init")
        self.assertNotIn("?", text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
