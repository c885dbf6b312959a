"""A secret reaches the script and nothing else; and what a step does wrong at the gateway costs only itself.

usage: secrets_test.py AMLOCAL
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

AMLOCAL = sys.argv.pop(1)
SECRETS = ("hush-vbqy-4417-variable", "hush-vbqy-4417-file")

READS = r'''
import hashlib, os, time
from azureml.core import Run

run = Run.get_context()
found = [run.get_secret("x"), run.get_secret("in-file")]
print("FOUND", *(hashlib.sha256(one.encode()).hexdigest() for one in found))
print("INHERITED", [name for name in os.environ if "SECRET" in name])
run.log("length", len(found[0]))
open("/proc/self/cwd/outputs/ready", "w").close()
while not os.path.exists(os.environ["GO"]):
    time.sleep(0.01)
'''

CLOSED = r'''
import os, socket
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    os.environ["AMLOCAL_GATEWAY"] = "http://127.0.0.1:%d" % free.getsockname()[1]
from azureml.core import Run
run = Run.get_context()
for n in range(3):
    run.log("late", n, step=n)
print("went on")
'''

FORKS = r'''
import os
from azureml.core import Run
run = Run.get_context()
run.log("parent", 1)
children = []
for n in range(4):
    child = os.fork()
    if child == 0:
        run.log("from %d" % n, n)
        run.flush()
        os._exit(0)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
run.log("parent", 2)
'''

HUGE = r'''
import os, socket
host, port = os.environ["AMLOCAL_GATEWAY"].rpartition("/")[2].split(":")
token, run = os.environ["AZUREML_RUN_TOKEN"], os.environ["AZUREML_RUN_ID"]

def status(path, token):
    """Announces a gigabyte and sends one MiB at a time, until it is answered or all is sent."""
    with socket.create_connection((host, int(port)), timeout=60) as gateway:
        gateway.sendall(("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nContent-Type: application/json\r\n"
                         "Authorization: Bearer %s\r\n\r\n" % (path, 1 << 30, token)).encode())
        piece = b" " * (1 << 20)
        try:
            for _ in range(1024):
                gateway.sendall(piece)
        except OSError:
            pass
        return gateway.recv(100).split(b"\r\n")[0].decode()

print("HUGE", status("/amlocal/1/runs/%s/metrics" % run, token))
from azureml.core import Run
Run.get_context().log("after", 1)
'''

TOKENS = r'''
import json, os, urllib.error, urllib.request

workspace = ("/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w")
said = {}
for path in ("/amlocal/1/workspace", "/amlocal/1/secrets/x", "/history/v1.0" + workspace + "/experiments/e/runs/r",
             "/metric/v2.0" + workspace + "/runs/r/list", "/artifact/v2.0" + workspace + "/artifacts/ExperimentRun/dcid.r",
             "/credential/v2.0" + workspace + "/secrets/x", "/datastore/v1.0" + workspace + "/default"):
    for token in (None, "", "Bearer", "Bearer ", "Bearer guess", "Basic " + os.environ["AZUREML_RUN_TOKEN"],
                  "Bearer " + os.environ["AZUREML_RUN_TOKEN"][:-1], "Bearer " + os.environ["AZUREML_RUN_TOKEN"] + "x"):
        headers = {} if token is None else {"Authorization": token}
        method = "POST" if path.endswith("/list") else "GET"
        request = urllib.request.Request(os.environ["AMLOCAL_GATEWAY"] + path, method=method, headers=headers,
                                         data=b"{}" if method == "POST" else None)
        try:
            urllib.request.urlopen(request)
            said["%s %s" % (path, token)] = 200
        except urllib.error.HTTPError as error:
            body = json.loads(error.read())
            if error.code != 401 or body["details"][0]["code"] != "InvalidOrExpiredToken":
                said["%s %s" % (path, token)] = error.code
print("LET IN", json.dumps(said))
'''


class Secrets(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "project"
        self.config = pathlib.Path(folder.name) / "config"
        self.go = pathlib.Path(folder.name) / "go"
        (self.folder / "code").mkdir(parents=True)
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(self.config), "AMLOCAL_SECRET_X": SECRETS[0],
                            "GO": str(self.go)}

    def start(self, script):
        (self.folder / "code/step.py").write_text(script)
        (self.folder / "p.yml").write_text("type: command\ncommand: python3 step.py\ncode: code\n"
                                           "environment: azureml:x:1\n")
        with open(self.folder.parent / "amlocal.log", "w") as log:
            running = subprocess.Popen([AMLOCAL, "run", "p.yml", "--name", "r", "--pass-env", "GO"], cwd=self.folder,
                                       stdout=log, stderr=log, env=self.environment)
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        self.step = self.folder / ".amlocal/runs/r/steps/p"
        return running

    def finish(self, running):
        code = running.wait(120)
        log = (self.step / "user_logs/std_log.txt").read_text()
        self.assertEqual(code, 0, (self.folder.parent / "amlocal.log").read_text() + log)
        return log

    def metrics(self, name="r"):
        """What the run's step has logged, asked of a gateway of its own."""
        with self.gateway() as ask:
            children = ask("GET", "/runs/%s/children" % name)["runs"]
            return {one["name"]: [value["value"] for value in one["values"]]
                    for one in ask("GET", "/runs/%s/metrics" % children[0]["id"])["metrics"]}

    def gateway(self):
        process = subprocess.Popen([AMLOCAL, "gateway"], cwd=self.folder, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, env=self.environment)
        said = json.loads(process.stdout.readline())

        class Asking:
            def __enter__(self):
                return self.ask

            def ask(self, method, path, body=None):
                request = urllib.request.Request(said["endpoint"] + "/amlocal/1" + path, method=method,
                                                 data=body and json.dumps(body).encode(),
                                                 headers={"Authorization": "Bearer " + said["token"]})
                with urllib.request.urlopen(request) as answer:
                    return json.loads(answer.read() or b"null")

            def __exit__(self, *_):
                process.stdin.close()
                process.stdout.close()
                process.wait(20)

        return Asking()

    def test_a_secret_is_nowhere_but_in_the_script(self):
        import hashlib

        with self.gateway() as ask:
            ask("PUT", "/secrets/in-file", {"value": SECRETS[1]})
        kept = [file for file in self.config.rglob("*") if file.is_file() and SECRETS[1].encode() in file.read_bytes()]
        self.assertEqual([oct(file.stat().st_mode & 0o777) for file in kept], ["0o600"])
        running = self.start(READS)
        deadline = time.monotonic() + 60
        while not (self.step / "user_logs/std_log.txt").exists() or \
                "INHERITED" not in (self.step / "user_logs/std_log.txt").read_text():
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(running.poll(), "the step ended early")
            time.sleep(0.02)
        for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = process.read_bytes()
            except OSError:  # it has ended
                continue
            for secret in SECRETS:
                self.assertNotIn(secret.encode(), words)
        self.go.touch()
        log = self.finish(running)
        hashes = [hashlib.sha256(one.encode()).hexdigest() for one in SECRETS]
        self.assertIn("FOUND " + " ".join(hashes), log)
        self.assertIn("INHERITED []", log)
        files = [file for file in self.folder.rglob("*") if file.is_file() and not file.is_symlink()]
        self.assertTrue(any(file.name == "std_log.txt" for file in files))
        for file in files + [self.folder.parent / "amlocal.log"]:
            for secret in SECRETS:
                self.assertNotIn(secret.encode(), file.read_bytes(), str(file))

    def test_no_dialect_answers_without_the_token(self):
        log = self.finish(self.start(TOKENS))
        self.assertEqual(json.loads(re.search("^LET IN (.*)$", log, re.M).group(1)), {})

    def test_a_gigabyte_is_refused_and_the_next_call_answered(self):
        log = self.finish(self.start(HUGE))
        self.assertIn("HUGE HTTP/1.1 400", log)
        self.assertEqual(self.metrics(), {"after": [1]})

    def test_the_gateway_gone(self):
        log = self.finish(self.start(CLOSED))
        self.assertIn("went on", log)
        self.assertEqual(self.metrics(), {"late": [0, 1, 2]})

    def test_a_script_that_forks(self):
        self.finish(self.start(FORKS))
        self.assertEqual(self.metrics(), {"parent": [1, 2], **{"from %d" % n: [n] for n in range(4)}})


unittest.main()
