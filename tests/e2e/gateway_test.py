"""What a step can tell and ask over the gateway, with a real step and real HTTP.

usage: gateway_test.py AMLOCAL
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

AMLOCAL = sys.argv.pop(1)

STEP = r'''
import json, os, urllib.error, urllib.request

def call(method, path, body=None, token=os.environ["AZUREML_RUN_TOKEN"]):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["AMLOCAL_GATEWAY"] + "/amlocal/1" + path, method=method,
                                     data=data, headers={"Authorization": "Bearer " + token})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())

run = "/runs/" + os.environ["AZUREML_RUN_ID"]
said = {}
exec(open("calls.py").read())
print("SAID " + json.dumps(said))
'''


class Gateway(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "code").mkdir()
        (self.folder / "code/step.py").write_text(STEP)
        (self.folder / "p.yml").write_text(
            "type: command\ncommand: python3 step.py\ncode: code\nenvironment: azureml:x:1\n")

    def amlocal(self, *words):
        return subprocess.run([AMLOCAL, *words], cwd=self.folder, capture_output=True, text=True, timeout=60)

    def calls(self, text):
        """Runs a step that makes these calls; what it put into `said`."""
        (self.folder / "code/calls.py").write_text(text)
        done = self.amlocal("run", "p.yml", "--name", "r%d" % len(list(self.folder.glob(".amlocal/runs/r*"))))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.step = max(self.folder.glob(".amlocal/runs/r*/steps/p"))
        log = (self.step / "user_logs/std_log.txt").read_text()
        return json.loads(re.search("^SAID (.*)$", log, re.M).group(1))

    def test_run_says_who_it_is(self):
        said = self.calls('said["run"] = call("GET", run)')
        status, run = said["run"]
        self.assertEqual(status, 200)
        self.assertEqual((run["kind"], run["step"], run["status"], run["parent"]), ("step", "p", "Running", "r0"))

    def test_metrics(self):
        said = self.calls('''
points = [{"name": "loss", "value": 1 / n, "step": n, "time": n} for n in (1, 2)]
said["first"] = call("POST", run + "/metrics", {"points": points})
call("POST", run + "/metrics", {"points": [{"name": "loss", "value": "NaN"}, {"name": "who", "value": "me"},
                                           {"name": "t", "kind": "row", "value": {"a": 1, "b": "x"}}]})
said["all"] = call("GET", run + "/metrics")[1]["metrics"]
said["one"] = call("GET", run + "/metrics?name=who")[1]["metrics"]''')
        self.assertEqual(said["first"], [200, {"accepted": 2}])
        by_name = {entry["name"]: entry for entry in said["all"]}
        self.assertEqual([one["value"] for one in by_name["loss"]["values"]], [1.0, 0.5, "NaN"])
        self.assertEqual([one["step"] for one in by_name["loss"]["values"]], [1, 2, None])
        self.assertEqual(by_name["t"]["values"][0]["value"], {"a": 1, "b": "x"})
        self.assertEqual([entry["name"] for entry in said["one"]], ["who"])

    def test_files_stay_in_the_run(self):
        said = self.calls('''
said["put"] = call("PUT", run + "/files/outputs/x.bin", b"early")
said["out"] = call("PUT", run + "/files/../../../x.bin", b"no")
said["list"] = call("GET", run + "/files")
open("outputs/y.txt", "w").write("late")''')
        self.assertEqual(said["put"], [200, {"path": "outputs/x.bin", "size": 5}])
        self.assertEqual(said["out"][0], 400)
        self.assertIn("leaves the folder of the run's files", said["out"][1]["error"]["message"])
        self.assertEqual(said["list"][1]["files"], [{"path": "outputs/x.bin", "size": 5}])
        # Beside what the script left in ./outputs.
        outputs = self.step / "artifacts/outputs"
        self.assertEqual((outputs / "x.bin").read_text(), "early")
        self.assertEqual((outputs / "y.txt").read_text(), "late")

    def test_who_may_not_and_what_cannot_be_read(self):
        said = self.calls('''
said["token"] = call("GET", "/workspace", token="guess")
said["json"] = call("POST", run + "/metrics", b"{bad")
said["type"] = call("POST", run + "/metrics", {"points": [{"name": 5, "value": 1}]})
said["run"] = call("GET", "/runs/nobody")
said["path"] = call("GET", "/nowhere")
said["huge"] = call("POST", run + "/metrics", b" " * (70 << 20))
said["after"] = call("GET", run)[0]''')
        status, body = said["token"]
        self.assertEqual((status, body["code"], body["details"][0]["code"]),
                         (401, "Unauthorized", "InvalidOrExpiredToken"))
        self.assertEqual(said["json"][0], 400)
        self.assertIn("is no JSON", said["json"][1]["error"]["message"])
        self.assertEqual(said["type"][0], 400)
        self.assertEqual(said["run"], [404, {"error": {"code": "UserError", "details": [],
                                                       "message": "there is no run 'nobody'"}}])
        self.assertEqual(said["path"][0], 404)
        self.assertEqual(said["huge"][0], 400)
        self.assertIn("longer than 67108864 bytes", said["huge"][1]["error"]["message"])
        self.assertEqual(said["after"], 200)

    def test_children(self):
        said = self.calls('''
said["kid"] = call("POST", "/runs", {"parent": os.environ["AZUREML_RUN_ID"], "name": "fold 1"})
kid = "/runs/" + said["kid"][1]["id"]
call("POST", kid + "/metrics", {"points": [{"name": "acc", "value": 0.5}]})
said["failed"] = call("PATCH", kid, {"status": "Failed", "error": "no data"})
said["own"] = call("PATCH", run, {"status": "Completed"})
said["children"] = call("GET", run + "/children")''')
        self.assertEqual((said["kid"][1]["name"], said["kid"][1]["root"]), ("fold 1", "r0"))
        self.assertEqual((said["failed"][1]["status"], said["failed"][1]["error"]), ("Failed", "no data"))
        self.assertEqual(said["own"][1]["status"], "Running")  # a step's end is amlocal's to say
        self.assertEqual([one["name"] for one in said["children"][1]["runs"]], ["fold 1"])

    def test_what_could_not_be_sent_is_taken_in(self):
        self.calls('''
with open(os.environ["AMLOCAL_TRACKING_FALLBACK"], "a") as file:
    body = {"points": [{"name": "late", "value": 7, "step": 1, "time": 5.0}]}
    file.write(json.dumps({"method": "POST", "path": "/amlocal/1" + run + "/metrics", "body": body}) + "\\n")
said["id"] = os.environ["AZUREML_RUN_ID"]''')
        log = (self.step / "user_logs/std_log.txt").read_text()
        step_id = json.loads(re.search("^SAID (.*)$", log, re.M).group(1))["id"]
        said = self.calls('said["late"] = call("GET", "/runs/%s/metrics")' % step_id)
        self.assertEqual(said["late"][1]["metrics"][0]["values"], [{"value": 7.0, "step": 1, "time": 5.0}])

    def test_a_file_that_could_not_be_sent_is_taken_in(self):
        said = self.calls('''
kept = os.environ["AMLOCAL_TRACKING_FALLBACK"]
os.mkdir(kept + ".files")
open(kept + ".files/one", "wb").write(b"\\x00bytes")
os.symlink("/etc/passwd", kept + ".files/link")
with open(kept, "a") as file:
    for name in ("one", "link", "gone", "../not-sent.jsonl"):
        path = "/amlocal/1" + run + "/files/a file/" + os.path.basename(name)
        file.write(json.dumps({"method": "PUT", "path": path, "body": None, "file": name}) + "\\n")''')
        self.assertEqual(said, {})
        found = sorted(one.name for one in (self.step / "artifacts/a file").iterdir())
        self.assertEqual(found, ["one"])
        self.assertEqual((self.step / "artifacts/a file/one").read_bytes(), b"\x00bytes")

    def test_a_definition_has_one_too(self):
        process = subprocess.Popen([AMLOCAL, "gateway"], cwd=self.folder, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        said = json.loads(process.stdout.readline())
        self.assertTrue((pathlib.Path(said["shim"]) / "azureml/__init__.py").is_file())
        process.stdin.close()
        self.assertEqual(process.wait(20), 0)


unittest.main()
