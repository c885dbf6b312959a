"""A real client of debugpy attaches to steps that run alone, with the entry that launch.json got; pdb, a shell and a pause."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from dap import Client  # noqa: E402
from project import AMLOCAL, Project  # noqa: E402
from python_with import python_with  # noqa: E402

DEADLINE_S = 90

TRAIN = """import argparse
import os

import shared
import linked.part

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--out")
args = parser.parse_args()
doubled = args.rate * 2
tripled = shared.triple(doubled)
counted = linked.part.count()
os.makedirs(args.out, exist_ok=True)
with open(os.path.join(args.out, "model.txt"), "w") as file:
    file.write(str(tripled))
"""

STEP = """$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: train
inputs:
  rate: {{type: number, default: 0.25}}
outputs:
  model: {{type: uri_folder}}
code: ./src
additional_includes: [../common/shared.py]
environment: azureml:python:1
command: >-
  {command}
"""

PIPELINE = """type: pipeline
settings:
  default_compute: azureml:cpu-cluster
jobs:
  train:
    type: command
    component: ./parts/train.yml
"""


class Debugged(Project):
    def setUp(self):
        super().setUp()
        (self.folder / ".git").mkdir()
        self.write("parts/src/train.py", TRAIN)
        self.write("common/shared.py", "def triple(x):\n    made = x * 3\n    return made\n")
        self.write("parts/src/linked/__init__.py", "")
        self.write("parts/src/linked/part.py", "def count():\n    number = 7\n    return number\n")
        self.train("python -u train.py --rate ${{inputs.rate}} --out ${{outputs.model}}")
        self.write("pipeline.yml", PIPELINE)

    def train(self, command):
        self.write("parts/train.yml", STEP.format(command=command.replace("\n", "\n  ")))

    def python(self, path):
        self.write("amlocal.yml", "environments:\n  default: {}\n".format(path))

    def entry(self):
        text = (self.folder / ".vscode/launch.json").read_text()
        begin = text.rindex("{", 0, text.index('"amlocal: '))
        return json.JSONDecoder().raw_decode(text, begin)[0]

    def attached(self, child):
        """A client of the step that waits, and what VS Code would make of the entry."""
        line = ""
        while "waits for a debugger" not in line:
            line = child.stdout.readline()
            self.assertTrue(line, child.stderr.read() if child.poll() is not None else "no line")
        entry = self.entry()
        for mapping in entry["pathMappings"]:
            mapping["localRoot"] = mapping["localRoot"].replace("${workspaceFolder}", str(self.folder))
        client = Client(entry["connect"]["port"])
        self.addCleanup(client.close)
        return client, entry, line

    def hit(self, words, file, line, name, value):
        """Runs a step under the debugger: the breakpoint in the user's own file is hit, and the variable is as it should."""
        child = self.start(*words)
        self.addCleanup(child.kill)
        client, entry, _ = self.attached(child)
        path = self.folder / file
        client.attach(entry, {path: [line]})
        where, at, variables, thread = client.stopped()
        self.assertEqual((where, at), (str(path), line))
        self.assertEqual(variables.get(name), value, variables)
        client.go_on(thread)
        out, err = child.communicate(timeout=DEADLINE_S)
        self.assertEqual(child.returncode, 0, out + err)
        return out


def interactive(test, words, script, **more):
    """Types into the program on a terminal: waits for a text, then sends one. All that was shown, and the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(test.folder)
        os.execve(AMLOCAL, [str(AMLOCAL), *words], {**test.environment, **more})
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 300, 0, 0))
    shown, seen = "", 0
    end = time.monotonic() + DEADLINE_S
    for wanted, typed in [*script, (None, "")]:
        while wanted is None or wanted not in shown[seen:]:
            ready, _, _ = select.select([fd], [], [], max(0, end - time.monotonic()))
            test.assertTrue(ready, f"no {wanted!r} in {shown!r}")
            try:
                more_text = os.read(fd, 4096).decode(errors="replace")
            except OSError:
                more_text = ""
            if not more_text:
                break
            shown += more_text
        if wanted is None:
            break
        test.assertIn(wanted, shown[seen:])
        seen = shown.index(wanted, seen) + len(wanted)
        os.write(fd, typed.encode())
    os.close(fd)
    return shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


NESTED = """type: pipeline
settings:
  default_compute: azureml:cpu-cluster
jobs:
  outer:
    type: pipeline
    component: inner.yml
"""

INNER = """$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json
type: pipeline
name: inner
jobs:
  train:
    type: command
    component: ./parts/train.yml
"""

V1 = """import os
from azureml.core import Experiment, Workspace
from azureml.core.runconfig import RunConfiguration
from azureml.pipeline.core import Pipeline, PipelineData
from azureml.pipeline.steps import PythonScriptStep

ws = Workspace.from_config()
model = PipelineData("model")
step = PythonScriptStep("train.py", name="Train", arguments=["--rate", 0.25, "--out", model], outputs=[model],
                        source_directory="v1src", runconfig=RunConfiguration(), allow_reuse=False)
Experiment(ws, "e").submit(Pipeline(ws, [step])).wait_for_completion()
"""

COMMENTED = """{
  // Mine.
  "version": "0.2.0",
  "configurations": [
    {"name": "Python: this file", "type": "debugpy", "request": "launch", "program": "${file}"}, // stays
  ],
}
"""


class Wait(Debugged):
    def setUp(self):
        super().setUp()
        self.python(PYTHON)

    def test_a_v2_step(self):
        self.write(".vscode/launch.json", COMMENTED)
        out = self.hit(("step", "debug", "pipeline.yml#train", "--wait"), "parts/src/train.py", 12, "doubled", "0.5")
        self.assertIn("outputs (model): ", out)
        text = (self.folder / ".vscode/launch.json").read_text()
        for line in COMMENTED.splitlines()[:5]:
            self.assertIn(line, text)
        self.assertEqual(text.count('"amlocal: train"'), 1)
        # Again: the entry is replaced, and breakpoints in what is included and in packages of the step's own hit, too.
        self.hit(("step", "debug", "pipeline.yml#train"), "common/shared.py", 3, "made", "1.5")
        self.hit(("step", "debug", "pipeline.yml#train"), "parts/src/linked/part.py", 3, "number", "7")
        self.assertEqual((self.folder / ".vscode/launch.json").read_text().count('"amlocal: train"'), 1)

    def test_a_step_of_a_nested_component(self):
        self.write("nested.yml", NESTED)
        self.write("inner.yml", INNER)
        self.hit(("step", "debug", "nested.yml#outer/train"), "parts/src/train.py", 12, "doubled", "0.5")

    def test_a_v1_step(self):
        self.write("v1.py", V1)
        self.write("v1src/train.py", TRAIN.replace("import shared\nimport linked.part\n", "")
                   .replace("shared.triple(doubled)", "doubled * 3").replace("linked.part.count()", "7"))
        self.hit(("step", "debug", "v1.py#train"), "v1src/train.py", 10, "doubled", "0.5")

    def test_in_the_users_own_folder(self):
        out = self.hit(("step", "debug", "pipeline.yml#train", "--in-place"), "parts/src/train.py", 12, "doubled", "0.5")
        self.assertIn("Completed", out)
        self.assertEqual(self.entry()["pathMappings"], [])

    def test_the_last_of_several_pythons(self):
        self.write("parts/src/pkg/__init__.py", "")
        self.write("parts/src/pkg/__main__.py", "import sys\nwords = sys.argv[1:]\nprint(words)\n")
        self.train("python -c 'print(1)' && X=1 python -u -m pkg '--rate ${{inputs.rate}}' ${{outputs.model}} | cat")
        child = self.start("step", "debug", "pipeline.yml#train")
        self.addCleanup(child.kill)
        client, entry, line = self.attached(child)
        self.assertIn("train (python -m pkg) waits for a debugger at 127.0.0.1:", line)
        path = self.folder / "parts/src/pkg/__main__.py"
        client.attach(entry, {path: [3]})
        where, _, variables, thread = client.stopped()
        self.assertEqual(where, str(path))
        self.assertIn("--rate 0.25", variables["words"])
        client.go_on(thread)
        client.event("terminated")
        client.close()  # its adapter holds the pipe to cat for as long as it has a client
        self.assertEqual(child.wait(DEADLINE_S), 0)

    def test_an_editable_install(self):
        """Its own copy lies in the step's code too, but Python imports it from where it is."""
        self.write("parts/src/lib/ours/__init__.py", "def f():\n    found = 5\n    return found\n")
        site = subprocess.run([PYTHON, "-c", "import site; print(site.getsitepackages()[0])"],
                              capture_output=True, text=True, check=True).stdout.strip()
        link = pathlib.Path(site) / "amlocal-test-ours.pth"
        link.write_text(f"{self.folder}/parts/src/lib\n")
        self.addCleanup(link.unlink)
        self.write("parts/src/train.py", "import ours\nours.f()\n")
        self.hit(("step", "debug", "pipeline.yml#train"), "parts/src/lib/ours/__init__.py", 3, "found", "5")

    def test_its_time_out_does_not_count(self):
        self.write("parts/train.yml", (self.folder / "parts/train.yml").read_text() + "limits:\n  timeout: 1\n")
        child = self.start("step", "debug", "pipeline.yml#train")
        self.addCleanup(child.kill)
        client, entry, _ = self.attached(child)
        began = time.monotonic()
        client.attach(entry, {self.folder / "parts/src/train.py": [12]})
        thread = client.stopped()[3]
        while time.monotonic() < began + 1.5:  # longer than the limit
            time.sleep(0.05)
        client.go_on(thread)
        out, err = child.communicate(timeout=DEADLINE_S)
        self.assertEqual(child.returncode, 0, out + err)

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.call("step", "debug", "pipeline.yml#train", "--port", str(port), status=1)
        self.assertIn(f"--port {port}: another program has this port", self.err)

    def test_the_documentations_own_pattern(self):
        """--remote_debug, debugpy.listen and wait_for_client in the script: a run as it is."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.write("parts/src/train.py", """import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--remote_debug", action="store_true")
parser.add_argument("--remote_debug_connection_timeout", type=int, default=300)
parser.add_argument("--remote_debug_client_ip", type=str)
parser.add_argument("--remote_debug_port", type=int, default=5678)
args, _ = parser.parse_known_args()
if args.remote_debug:
    print(f"Timeout for debug connection: {args.remote_debug_connection_timeout}")
    import debugpy
    debugpy.listen(address=(args.remote_debug_client_ip, args.remote_debug_port))
    debugpy.wait_for_client()
    print(f"Debugger attached = {debugpy.is_client_connected()}")
after = 1
print(after)
""")
        self.train("python train.py --remote_debug --remote_debug_connection_timeout 300"
                   f" --remote_debug_client_ip 127.0.0.1 --remote_debug_port {port}")
        child = self.start("run", "pipeline.yml", "--name", "r")
        self.addCleanup(child.kill)
        client = Client(port)
        self.addCleanup(client.close)
        entry = {"pathMappings": [{"localRoot": str(self.folder / "parts/src"), "remoteRoot": "."}]}
        path = self.folder / "parts/src/train.py"
        client.attach(entry, {path: [15]})
        where, _, variables, thread = client.stopped()
        self.assertEqual((where, variables["after"]), (str(path), "1"))
        client.go_on(thread)
        out, err = child.communicate(timeout=DEADLINE_S)
        self.assertEqual(child.returncode, 0, out + err)
        self.assertIn("Debugger attached = True", self.call("runs", "logs", "r/train"))


class Without(Debugged):
    def test_debugpy_is_missing(self):
        bare = pathlib.Path(self.folder) / "bare"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
        self.python(bare / "bin/python")
        self.call("step", "debug", "pipeline.yml#train", status=1)
        self.assertIn(f"debugpy is not installed in {bare}/bin/python", self.err)
        self.assertIn(f"{bare}/bin/python -m pip install debugpy", self.err)


class Terminal(Debugged):
    def test_pdb_at_the_exception(self):
        self.write("parts/src/train.py", TRAIN.replace("tripled = ", "tripled = 1 / 0 + "))
        shown, status = interactive(self, ("step", "debug", "pipeline.yml#train", "--pdb"), [
            ("(Pdb) ", "p doubled\n"), ("0.5", "q\n")])
        self.assertIn("ZeroDivisionError: division by zero", shown)
        self.assertEqual(status, 1, shown)

    def test_breakpoint(self):
        self.write("parts/src/train.py", TRAIN.replace("doubled = ", "breakpoint()\ndoubled = "))
        shown, status = interactive(self, ("step", "debug", "pipeline.yml#train", "--pdb"), [
            ("(Pdb) ", "p args.rate + 0.5\n"), ("0.75", "c\n")])
        self.assertEqual(status, 0, shown)
        self.assertIn("Completed", shown)

    def test_a_shell(self):
        shown, status = interactive(self, ("step", "shell", "pipeline.yml#train"), [
            ("(train) wd", "\x1b[A"), ("--rate 0.25", "\n"), ("(train) wd", "pwd; tty; cat $AZURE_ML_OUTPUT_model/model.txt\n"),
            ("1.5", "sleep 1000\n"), ("sleep 1000", "\x03"), ("(train) wd", "exit 3\n")])
        self.assertEqual(status, 0, shown)
        self.assertRegex(shown, r"/exe/wd\b")
        self.assertIn("outputs (model): ", shown)
        self.assertNotIn("amlocal", [line.split()[0] for line in pathlib.Path("/proc/mounts").read_text().splitlines()])

    def test_a_shell_with_a_runs_code_and_values(self):
        self.call("run", "pipeline.yml", "--name", "old")
        self.write("parts/src/train.py", "new\n")
        shown, status = interactive(self, ("step", "shell", "pipeline.yml#train", "--at", "old"), [
            ("rate 0.25 from run old", ""), ("(train) wd", "head -1 train.py; exit\n"), ("import argparse", "")])
        self.assertEqual(status, 0, shown)
        self.call("step", "shell", "pipeline.yml#train", "--at", "nosuch", status=1)
        self.assertIn("nosuch", self.err)

    def test_without_a_terminal(self):
        for words in (("debug", "pipeline.yml#train", "--pdb"), ("shell", "pipeline.yml#train")):
            self.call("step", *words, status=1)
            self.assertIn("needs a terminal, and stdin or stdout is none", self.err)


class Pause(Debugged):
    def paused(self, *words):
        child = self.start("step", "debug", "pipeline.yml#train", *words)
        self.addCleanup(child.kill)
        line = ""
        while "is paused" not in line:
            line = child.stdout.readline()
            self.assertTrue(line, "no line")
        return child, line.rsplit(": ", 1)[1].split()

    def entered(self, words, typed):
        done = subprocess.run(words, cwd=self.folder, env=self.environment, input=typed, capture_output=True, text=True,
                              timeout=DEADLINE_S)
        return done.stdout

    def test_before_and_after(self):
        child, words = self.paused("--pause", "before")
        shown = self.entered(words, "ls; echo rate=$AZURE_ML_INPUT_rate; ls $AZURE_ML_OUTPUT_model; pwd\n")
        self.assertIn("rate=0.25", shown)
        self.assertIn("train.py", shown)
        self.assertNotIn("model.txt", shown)
        self.assertEqual(child.wait(DEADLINE_S), 0)
        child, words = self.paused("--pause", "after")
        self.assertIn("1.5", self.entered(words, "cat $AZURE_ML_OUTPUT_model/model.txt\n"))
        self.assertEqual(child.wait(DEADLINE_S), 0)

    def test_on_error(self):
        self.write("parts/src/train.py", "open('left', 'w').write('here')\n1 / 0\n")
        child, words = self.paused("--pause", "error")
        self.assertIn("here", self.entered(words, "cat left\n"))
        self.assertEqual(child.wait(DEADLINE_S), 1)

    def test_killed(self):
        """SIGKILL of amlocal: nothing of the paused step lives on, and no mount."""
        child, words = self.paused("--pause", "before")
        pid = re.search(r"--target (\d+)", (self.folder / words[1]).read_text()).group(1)
        child.kill()
        end = time.monotonic() + DEADLINE_S
        while os.path.exists(f"/proc/{pid}"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        self.assertNotIn(str(self.folder), pathlib.Path("/proc/mounts").read_text())


def with_debugpy():
    """A Python with debugpy: one of this machine, or a virtual environment that is made; None where neither can be had."""
    found = python_with("debugpy")
    if found:
        return found, None
    made = tempfile.TemporaryDirectory(prefix="amlocal-debugpy-")
    done = subprocess.run([sys.executable, "-m", "venv", made.name], capture_output=True)
    python = os.path.join(made.name, "bin", "python")
    done = done.returncode or subprocess.run([python, "-m", "pip", "install", "--quiet", "debugpy"], capture_output=True).returncode
    return (None, made) if done else (python, made)


if __name__ == "__main__":
    del sys.argv[1]
    PYTHON, held = with_debugpy()
    if PYTHON is None:
        print("needs debugpy: no Python here has it, and it cannot be installed (AMLOCAL_TEST_PYTHONS names one)")
        sys.exit(77)
    unittest.main()
