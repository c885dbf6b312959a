"""The services that azureml-core calls: raw HTTP everywhere, and the real azureml-core where it is installed.

usage: azureml_core_test.py AMLOCAL
Variable: AMLOCAL_TEST_AZUREML: a Python that has azureml-core; without it that test is skipped.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

AMLOCAL = sys.argv.pop(1)
PYTHON = os.environ.get("AMLOCAL_TEST_AZUREML", "")

RAW = r'''
import json, os, urllib.error, urllib.request

E = os.environ
W = ("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.MachineLearningServices/workspaces/%s" %
     (E["AZUREML_ARM_SUBSCRIPTION"], E["AZUREML_ARM_RESOURCEGROUP"], E["AZUREML_ARM_WORKSPACE_NAME"]))
run, experiment = E["AZUREML_RUN_ID"], E["AZUREML_ARM_PROJECT_NAME"]

def call(method, path, body=None, token=E["AZUREML_RUN_TOKEN"], raw=False):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    url = path if path.startswith("http") else E["AZUREML_SERVICE_ENDPOINT"] + path
    headers = {"Authorization": "Bearer " + token} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, data=data, headers=headers)) as answer:
            text = answer.read()
            return answer.status, text.decode() if raw else json.loads(text or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")

def metric(name, kind, *values, step=None):
    return {"name": name, "columns": {}, "properties": {"uxMetricType": "azureml.v1." + kind},
            "value": [{"metricId": "1", "createdUtc": "2026-01-01T00:00:00.5Z", "step": step,
                       "data": value if isinstance(value, dict) else {name: value}} for value in values]}

by_id = "/history/v1.0" + W + "/experimentids/" + E["AZUREML_EXPERIMENT_ID"] + "/runs/"
by_name = "/history/v1.0" + W + "/experiments/" + experiment + "/runs/"
metrics = "/metric/v2.0" + W + "/runs/" + run
artifacts = "/artifact/v2.0" + W + "/artifacts"
said = {}
exec(open("calls.py").read())
print("SAID " + json.dumps(said))
'''

REAL = r'''
import json, os
from azureml.core import Run

run = Run.get_context(allow_offline=False)
run.log("loss", 0.5)
run.log("loss", 0.25, step=2)
run.log("bad", float("nan"))
run.log("who", "me")
run.log_list("l", [1, 2, 3])
run.log_row("r", a=1, b="x")
run.log_row("r", a=2, b="y")
run.log_table("t", {"x": [1, 2], "y": [3, 4]})
run.tag("k", "v")
run.add_properties({"p": "q"})
child = run.child_run("fold")
child.log("acc", 1.0)
child.complete()
run.child_run("bad").fail("no data")
run.flush()
said = {"metrics": run.get_metrics(), "tags": run.get_tags(), "properties": run.get_properties(),
        "children": [[one.get_status(), one.get_metrics()] for one in run.get_children()],
        "details": run.get_details()["status"], "files": run.get_file_names(),
        "secret": run.get_secret("x"), "secrets": run.get_secrets(["x", "no"]),
        "store": run.experiment.workspace.get_default_datastore().name, "parent": run.parent.id}
said["metrics"]["bad"] = str(said["metrics"]["bad"])
said["secret"], said["secrets"] = said["secret"] == "hush", {name: value and "?" for name, value in said["secrets"].items()}
run.complete()
print("SAID " + json.dumps(said))
'''


class AzuremlCore(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "code").mkdir()

    def run_step(self, script, calls="", python="python3"):
        (self.folder / "code/step.py").write_text(script)
        (self.folder / "code/calls.py").write_text(calls)
        (self.folder / "p.yml").write_text("type: command\ncommand: %s step.py\ncode: code\n"
                                           "environment: azureml:x:1\n" % python)
        done = subprocess.run([AMLOCAL, "run", "p.yml", "--name", "r", "--sdk", "real"], cwd=self.folder,
                              capture_output=True, text=True, timeout=200, env={**os.environ, "AMLOCAL_SECRET_X": "hush"})
        self.step = self.folder / ".amlocal/runs/r/steps/p"
        log = (self.step / "user_logs/std_log.txt").read_text()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + log)
        return json.loads(re.search("^SAID (.*)$", log, re.M).group(1))

    def test_history(self):
        said = self.run_step(RAW, r'''
said["discovery"] = call("GET", E["AZUREML_DISCOVERY_SERVICE_ENDPOINT"], token=None)
said["get"] = call("GET", by_id + run)
said["patch"] = call("PATCH", by_id + run, {"runId": run, "tags": {"k": "v", "none": None}, "properties": {"p": "q"}})
said["again"] = call("PATCH", by_id + run, {"runId": run, "properties": {"p": "other"}})
said["child"] = call("PATCH", by_id + "kid", {"runId": "kid", "parentRunId": run, "status": "NotStarted", "name": "fold"})
event = "Microsoft.MachineLearning.Run."
call("POST", by_name + "kid/events", {"name": event + "Start", "data": {"RunId": "kid"}})
said["error"] = call("POST", by_name + "kid/events", {"name": event + "Error", "data": {"ErrorResponse": {
    "error": {"code": "UserError", "message": "no data"}}}})
call("POST", by_name + "kid/events", {"name": event + "Failed", "data": {"RunId": "kid"}})
call("POST", by_name + run + "/events", {"name": event + "Completed", "data": {"RunId": run}})
said["children"] = call("GET", by_name + run + "/children?$orderby=StartTimeUtc%20desc&$top=500")
said["untag"] = call("DELETE", by_name + run + "/tags", ["k"])
said["details"] = call("GET", by_name + run + "/details")
said["wait"] = call("GET", by_name + run + "/metricsingest/wait")
said["token"] = call("GET", by_id + run, token="guess")
said["none"] = call("GET", by_id + "nobody")
said["json"] = call("PATCH", by_id + run, b"{bad")
said["type"] = call("PATCH", by_id + run, {"tags": {"k": 5}})
said["nowhere"] = call("GET", "/history/v1.0" + W + "/nowhere")''')
        self.assertEqual(said["discovery"][1]["history"], said["discovery"][1]["api"])
        status, run = said["get"]
        self.assertEqual((status, run["status"], run["rootRunId"], run["parentRunId"]), (200, "Running", "r", "r"))
        self.assertEqual(run["dataContainerId"], "dcid." + run["runId"])
        self.assertEqual((said["patch"][1]["tags"], said["patch"][1]["properties"]), ({"k": "v"}, {"p": "q"}))
        self.assertEqual((said["again"][0], said["again"][1]["error"]["details"]), (409, []))
        self.assertEqual((said["child"][1]["parentRunId"], said["child"][1]["name"]), (run["runId"], "fold"))
        children = said["children"][1]["value"]
        self.assertEqual([(one["runId"], one["status"], one["error"]["error"]["message"]) for one in children],
                         [("kid", "Failed", "no data")])
        self.assertEqual(said["untag"][1]["tags"], {})
        self.assertEqual(said["details"][1]["status"], "Running")  # a step's end is amlocal's to say
        self.assertIn("user_logs/std_log.txt", said["details"][1]["logFiles"])
        self.assertEqual(said["wait"][0], 200)
        self.assertEqual((said["token"][0], said["token"][1]["details"][0]["code"]), (401, "InvalidOrExpiredToken"))
        self.assertEqual((said["none"][0], said["none"][1]["error"]["message"]), (404, "there is no run 'nobody'"))
        self.assertEqual((said["json"][0], said["type"][0], said["nowhere"][0]), (400, 400, 404))

    def test_metrics_are_the_rows_of_the_shim(self):
        said = self.run_step(RAW, r'''
said["post"] = call("POST", metrics + "/batch", {"values": [
    metric("loss", "scalar", 0.5, step=1), metric("loss", "scalar", 0.25, float("nan")),
    metric('say "NaN"', "scalar", 'a NaN, "-Infinity"'), metric("l", "list", 1, 2, 3), metric("r", "table", {"a": 1, "b": "x"}),
    metric("t", "table", {"a": 1}, {"a": 2}), metric("none", "list")]})
said["shim"] = call("GET", "/amlocal/1/runs/" + run + "/metrics")[1]["metrics"]
said["list"] = call("POST", metrics + "/list", {})[1]["value"]
said["full"] = {name: call("POST", metrics + "/full", {"metricName": name})[1] for name in ("loss", "l", "r", "t")}
said["bad"] = call("POST", metrics + "/batch", b"{bad")
said["shape"] = call("POST", metrics + "/batch", {"values": [{"name": "x"}]})''')
        self.assertEqual(said["post"], [200, {"errors": []}])
        rows = {one["name"]: (one["kind"], [value["value"] for value in one["values"]]) for one in said["shim"]}
        self.assertEqual(rows, {"loss": ("scalar", [0.5, 0.25, "NaN"]), 'say "NaN"': ("scalar", ['a NaN, "-Infinity"']),
                                "l": ("list", [[1, 2, 3]]), "r": ("row", [{"a": 1, "b": "x"}]),
                                "t": ("table", [{"a": [1, 2]}])})
        loss = next(one for one in said["shim"] if one["name"] == "loss")["values"]
        self.assertEqual((loss[0]["step"], loss[0]["time"], loss[1]["step"]), (1, 1767225600.5, None))
        self.assertEqual(sorted(one["metricKey"]["name"] for one in said["list"]), sorted(rows))
        full = {name: [value["data"] for value in one["value"]] for name, one in said["full"].items()}
        self.assertEqual(full["loss"], [{"loss": 0.5}, {"loss": 0.25}, {"loss": "NaN"}])
        self.assertEqual(said["full"]["loss"]["columns"], {"loss": "double"})
        self.assertEqual((full["l"], full["t"]), ([{"l": 1}, {"l": 2}, {"l": 3}], [{"a": 1}, {"a": 2}]))
        self.assertEqual(said["full"]["r"]["properties"]["uxMetricType"], "azureml.v1.table")
        self.assertEqual((said["bad"][0], said["shape"][0]), (400, 400))

    def test_files_secrets_and_stores(self):
        said = self.run_step(RAW, r'''
container = "/ExperimentRun/dcid." + run
new = call("POST", artifacts + "/batch/metadata" + container, {"paths": [{"path": "outputs/a b.txt"}]})
url = new[1]["artifactContentInformation"]["outputs/a b.txt"]["contentUri"]
said["put"] = call("PUT", url, b"bytes", token=None)
said["block"] = call("PUT", url + "&comp=block&blockid=1", b"bytes", token=None)
said["unsigned"] = call("PUT", url.partition("?")[0], b"bytes", token=None)
said["got"] = call("GET", url, token=None, raw=True)
said["list"] = [one["path"] for one in call("GET", artifacts + container)[1]["value"]]
said["prefix"] = [one["path"] for one in call("GET", artifacts + "/prefix/contentinfo" + container + "/user_logs")[1]["value"]]
said["info"] = call("GET", artifacts + "/contentinfo" + container + "/outputs/a%20b.txt")[1]["path"]
said["content"] = call("GET", artifacts + "/content" + container + "/outputs/a%20b.txt", raw=True)
said["missing"] = call("GET", artifacts + "/contentinfo" + container + "/outputs/no.txt")[0]
said["leaves"] = call("POST", artifacts + "/batch/metadata" + container, {"paths": [{"path": "../../x"}]})
said["container"] = call("GET", artifacts + "/ExperimentRun/other")[0]
said["store"] = call("GET", "/datastore/v1.0" + W + "/default")[1]["name"]
said["one"] = call("GET", "/datastore/v1.0" + W + "/datastores/nope")[0]
said["experiment"] = call("GET", "/history/v1.0" + W + "/experiments/" + experiment)[1]["name"]
secrets = "/credential/v2.0" + W + "/secrets"
said["secret"] = call("GET", secrets + "/x")[1]["value"] == "hush"
said["batch"] = call("POST", secrets + ":getbatch", {"secrets": [{"name": "no"}]})[1]
said["no"] = call("GET", secrets + "/no")[0]
said["barred"] = [call("GET", secrets + "/x", token=None)[0], call("GET", artifacts + container, token=None)[0]]''')
        self.assertEqual((said["put"][0], said["got"]), (201, [200, "bytes"]))
        self.assertEqual((self.step / "artifacts/outputs/a b.txt").read_text(), "bytes")
        self.assertEqual(said["block"][0], 400)
        self.assertIn("files above 64 MiB belong into ./outputs", said["block"][1]["error"]["message"])
        self.assertEqual(said["unsigned"][0], 403)
        self.assertEqual(said["list"][0], "outputs/a b.txt")
        self.assertEqual(said["prefix"], ["user_logs/std_log.txt"])
        self.assertEqual((said["info"], said["content"]), ("outputs/a b.txt", [200, "bytes"]))
        self.assertEqual((said["missing"], said["leaves"][0], said["container"]), (404, 400, 404))
        self.assertEqual((said["store"], said["one"]), ("workspaceblobstore", 404))
        self.assertTrue(said["experiment"])
        self.assertEqual((said["secret"], said["batch"]["notFoundSecrets"], said["no"]), (True, ["no"], 404))
        self.assertEqual(said["barred"], [401, 401])

    @unittest.skipUnless(PYTHON and subprocess.run([PYTHON, "-c", "import azureml.core"],
                                                   capture_output=True).returncode == 0,
                         "needs azureml-core (AMLOCAL_TEST_AZUREML names a Python that has it)")
    def test_real(self):
        said = self.run_step(REAL, python=PYTHON)
        self.assertEqual(said["metrics"], {"loss": [0.5, 0.25], "bad": "nan", "who": "me", "l": [1, 2, 3],
                                           "r": {"a": [1, 2], "b": ["x", "y"]}, "t": {"x": [1, 2], "y": [3, 4]}})
        self.assertEqual((said["tags"], said["properties"]), ({"k": "v"}, {"p": "q"}))
        self.assertEqual(said["children"], [["Completed", {"acc": 1}], ["Failed", {}]])
        self.assertEqual((said["details"], said["parent"], said["store"]), ("Running", "r", "workspaceblobstore"))
        self.assertIn("user_logs/std_log.txt", said["files"])
        self.assertEqual((said["secret"], said["secrets"]), (True, {"x": "?", "no": None}))


unittest.main()
