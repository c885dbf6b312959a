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
import json, os, urllib.error, urllib.parse, urllib.request

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
run.log("n", 3)
run.log("mixed", 1)
run.log("mixed", 2.5)
run.log("float", 4.0)
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
said["types"] = {name: repr(said["metrics"].pop(name)) for name in ("n", "mixed", "float")}
said["types"]["l"] = repr(said["metrics"]["l"])
said["metrics"]["bad"] = str(said["metrics"]["bad"])
said["secret"], said["secrets"] = said["secret"] == "hush", {name: value and "?" for name, value in said["secrets"].items()}
run.complete()
print("SAID " + json.dumps(said))
'''

REAL_FILES = r'''
import base64, json, os
from azureml.core import Dataset, Experiment, Model, Run

run = Run.get_context(allow_offline=False)
open("m.txt", "w").write("model")
open("m2.txt", "w").write("other")
os.makedirs("d/e")
open("d/a.txt", "w").write("a")
open("d/e/b.txt", "w").write("b")
open("p.png", "wb").write(base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))
said = {}
run.upload_file("outputs/m.txt", "m.txt")
run.download_file("outputs/m.txt", "got.txt")
said["up"] = open("got.txt").read()
run.upload_folder("outputs/d", "d")
said["folder"] = [name for name in run.get_file_names() if name.startswith("outputs/d")]
run.log_image("i", path="p.png")
run.flush()
said["image"] = run.get_metrics()["i"]
workspace = run.experiment.workspace
model = run.register_model("m", "outputs/m.txt", tags={"a": "b"})
said["registered"] = [model.name, model.version, model.tags]
said["again"] = Model.register(workspace, "m2.txt", "m").version
said["list"] = sorted(one.id for one in Model.list(workspace))
said["downloaded"] = open(Model(workspace, "m", version=1).download("there")).read()
said["path"] = Model.get_model_path("m", _workspace=workspace)
Model(workspace, "m", version=1).add_tags({"x": "y"})
said["tags"] = Model(workspace, "m", version=1).tags
Model(workspace, "m", version=2).delete()
said["deleted"] = sorted(one.id for one in Model.list(workspace))
said["experiment"] = run.experiment.name
said["experiments"] = [one.name for one in Experiment.list(workspace)]
said["runs"] = [one.id for one in run.experiment.get_runs()]
data = Dataset.get_by_name(workspace, "numbers")
said["data"] = sorted(os.path.basename(path) for path in data.download("data", overwrite=True))
print("SAID " + json.dumps(said))
'''


class AzuremlCore(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "code").mkdir()

    def run_step(self, script, calls="", python="python3", options=()):
        (self.folder / "code/step.py").write_text(script)
        (self.folder / "code/calls.py").write_text(calls)
        (self.folder / "p.yml").write_text("type: command\ncommand: %s step.py\ncode: code\n"
                                           "environment: azureml:x:1\n" % python)
        done = subprocess.run([AMLOCAL, "run", "p.yml", "--name", "r", "--sdk", "real", *options], cwd=self.folder,
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
        self.assertEqual((said["full"]["l"]["columns"], said["full"]["r"]["columns"]),
                         ({"l": "int"}, {"a": "int", "b": "string"}))
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

    def test_files_over_tls(self):
        said = self.run_step(RAW, r'''
import ssl
new = call("POST", artifacts + "/batch/metadata/ExperimentRun/dcid." + run, {"paths": [{"path": "outputs/a.txt"}]})
url = new[1]["artifactContentInformation"]["outputs/a.txt"]["contentUri"]
def send(url, trusted, method="PUT", data=b"bytes"):
    context = ssl.create_default_context(cafile=trusted)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, data=data), context=context) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, ""]
    except urllib.error.URLError as error:
        return type(error.reason).__name__
said["host"] = url.split("/")[2].rpartition(":")[0]
said["put"] = send(url, E["REQUESTS_CA_BUNDLE"])
said["get"] = send(url, E["REQUESTS_CA_BUNDLE"], "GET", None)
said["unsigned"] = send(url.partition("?")[0], E["REQUESTS_CA_BUNDLE"])
said["stranger"] = send(url, None)
said["others"] = open(E["REQUESTS_CA_BUNDLE"]).read().count("BEGIN CERTIFICATE")
said["hosts"] = open("/etc/hosts").read()''', options=["--tls"])
        self.assertEqual(said["host"], "amlocal.blob.localhost")
        self.assertEqual((said["put"], said["get"], said["unsigned"]), ([201, ""], [200, "bytes"], [403, ""]))
        self.assertEqual(said["stranger"], "SSLCertVerificationError")
        self.assertEqual((self.step / "artifacts/outputs/a.txt").read_text(), "bytes")
        mine = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
        if mine.exists() and "REQUESTS_CA_BUNDLE" not in os.environ and "CURL_CA_BUNDLE" not in os.environ:
            self.assertEqual(said["others"], mine.read_text().count("BEGIN CERTIFICATE") + 1)
        # The machine's own names are still there, and the machine's own file is as it was.
        self.assertIn(pathlib.Path("/etc/hosts").read_text().strip(), said["hosts"])
        self.assertNotIn("amlocal", pathlib.Path("/etc/hosts").read_text())
        for file in self.folder.glob(".amlocal/runs/r/**/*"):
            if file.is_file():
                self.assertNotIn(b"PRIVATE KEY", file.read_bytes())

    def test_experiments_and_questions_about_runs(self):
        said = self.run_step(RAW, r'''
history = "/history/v1.0" + W
call("PATCH", by_id + "kid", {"runId": "kid", "parentRunId": run, "name": "fold", "tags": {"k": "it's", "two words": "x"}})
call("POST", by_name + "kid/events", {"name": "Microsoft.MachineLearning.Run.Failed", "data": {"RunId": "kid"}})
def query(filter, order=None):
    status, body = call("POST", history + "/experiments/" + experiment + "/runs:query", {"filter": filter, "orderby": order})
    return [{run: "step"}.get(one["runId"], one["runId"]) for one in body["value"]] if status == 200 else [status, body["error"]["message"]]
said["all"] = query(None, "StartTimeUtc desc")
said["oldest"] = query("", "StartTimeUtc")
said["top"] = query("(ParentRunId eq null)")
said["failed"] = query("(Status eq Failed)")
said["type"] = query("(RunType eq azureml.StepRun or Properties/azureml.runsource eq azureml.StepRun)")
said["tag"] = query("(Tags/k eq 'it\'\'s') and (Status ne 'Running')")
said["exists"] = query("(Tags/k ne null)")
said["ids"] = query("RunId eq kid or RunId eq r")
said["after"] = query("(CreatedUtc ge 2999-01-01)")
said["bad"] = query("(Status eq Failed")
said["by id"] = call("GET", history + "/experimentids/" + E["AZUREML_EXPERIMENT_ID"])[1]["name"]
said["no id"] = call("GET", history + "/experimentids/none")[0]
said["new"] = call("POST", history + "/experiments/new")[1]["experimentId"]
said["list"] = [one["name"] for one in call("POST", history + "/experiments:query", {})[1]["value"]]
said["run"] = call("GET", history + "/runs/kid")[1]["status"]''')
        self.assertEqual(said["all"], ["kid", "r", "step"])
        self.assertEqual(said["oldest"], ["r", "step", "kid"])
        self.assertEqual((said["top"], said["failed"], said["type"]), (["r"], ["kid"], ["step"]))
        self.assertEqual((said["tag"], said["exists"], said["after"]), (["kid"], ["kid"], []))
        self.assertEqual(sorted(said["ids"]), ["kid", "r"])
        self.assertEqual(said["bad"][0], 400)
        self.assertIn("the filter '(Status eq Failed' cannot be read", said["bad"][1])
        self.assertEqual(said["list"], [said["by id"]])
        self.assertEqual((said["no id"], said["new"], said["run"]), (404, "new", "Failed"))

    def test_models_and_data(self):
        (self.folder / "numbers").mkdir()
        (self.folder / "numbers/n.csv").write_text("a\n1\n")
        subprocess.run([AMLOCAL, "data", "create", "--name", "numbers", "--path", "numbers"], cwd=self.folder, check=True,
                       capture_output=True, timeout=60)
        said = self.run_step(RAW, r'''
models, assets = "/modelmanagement/v1.0" + W + "/models", "/modelmanagement/v1.0" + W + "/assets"
def upload(origin, container, path):
    new = call("POST", artifacts + "/batch/metadata/" + origin + "/" + container, {"paths": [{"path": path}]})[1]
    return call("PUT", new["artifactContentInformation"][path]["contentUri"], path.encode(), token=None)[0]
def register(name, prefix, **more):
    asset = call("POST", assets, {"name": name, "artifacts": [{"prefix": prefix}]})[1]
    return call("POST", models, {"name": name, "url": "aml://asset/" + asset["id"], **more})
upload("ExperimentRun", "dcid." + run, "outputs/m/w.txt")
upload("LocalUpload", "1-2", "n.txt")
first = register("m", "ExperimentRun/dcid." + run + "/outputs/m", kvTags={"a": "b"}, runId=run, description="mine")[1]
said["first"] = {name: first[name] for name in ("id", "version", "kvTags", "description", "runId", "url")}
said["run"] = run
said["local"] = register("n", "LocalUpload/1-2/n.txt")[1]["id"]
register("m", "LocalUpload/1-2/n.txt", kvTags={"a": "c"})
asset = call("GET", assets + "/" + first["url"][len("aml://asset/"):])[1]
prefix = asset["artifacts"][0]["prefix"]
infos = call("GET", artifacts + "/prefix/contentinfo/" + prefix)[1]["value"]
said["files"] = [[one["path"], call("GET", one["contentUri"], token=None, raw=True)[1]] for one in infos]
said["write"] = call("PUT", infos[0]["contentUri"], b"x", token=None)[0]
def listed(**words):
    return [one["id"] for one in call("GET", models + "?" + urllib.parse.urlencode(words))[1]["value"]]
said["list"], said["named"], said["tagged"] = listed(), listed(name="m"), listed(name="m", tags="a=b")
said["latest"], said["count"], said["none"] = listed(latestVersionOnly="true"), listed(name="m", count=1), listed(name="no")
said["of run"] = listed(runId=run)
call("PATCH", models + "/m:1", [{"op": "replace", "path": "/kvTags", "value": {"x": "y"}},
     {"op": "add", "path": "/properties", "value": {"p": "q"}}, {"op": "replace", "path": "/description", "value": "new"}])
changed = call("GET", models + "/m:1")[1]
said["changed"] = [changed["kvTags"], changed["properties"], changed["description"]]
said["datasets"] = call("PATCH", models + "/m:1", [{"op": "add", "path": "/datasets", "value": []}])
said["delete"], said["gone"] = call("DELETE", models + "/n:1")[0], call("GET", models + "/n:1")[0]
said["no asset"], said["no artifact"] = call("GET", assets + "/zz")[0], register("z", "LocalUpload/1-2/none.txt")
said["leaves"] = call("POST", artifacts + "/batch/metadata/LocalUpload/..", {"paths": [{"path": "x"}]})[0]
data = "/data/v1.0" + W + "/dataversion/"
version = call("GET", data + "numbers/versions/None?includeSavedDatasets=true")[1]["dataVersion"]
said["data"] = [version["versionId"], open(version["dataUri"] + "/MLTable").read()]
said["no data"] = call("GET", data + "numbers/versions/9")[0]''')
        self.assertEqual(said["first"], {"id": "m:1", "version": 1, "kvTags": {"a": "b"}, "description": "mine",
                                         "runId": said["run"], "url": said["first"]["url"]})
        self.assertEqual(said["files"], [["m/w.txt", "outputs/m/w.txt"]])
        self.assertEqual((said["local"], said["write"]), ("n:1", 403))
        self.assertEqual((said["list"], said["named"], said["tagged"]), (["m:2", "n:1", "m:1"], ["m:2", "m:1"], ["m:1"]))
        self.assertEqual((said["latest"], said["count"], said["none"], said["of run"]),
                         (["m:2", "n:1"], ["m:2"], [], ["m:1"]))
        self.assertEqual(said["changed"], [{"x": "y"}, {"p": "q"}, "new"])
        self.assertEqual(said["datasets"][1]["error"]["message"], "amlocal does not keep 'datasets' of a model")
        self.assertEqual((said["delete"], said["gone"], said["no asset"], said["leaves"]), (200, 404, 404, 404))
        self.assertEqual(said["no artifact"][0], 404)
        self.assertEqual(said["data"][0], "1")
        self.assertIn('folder: "file://%s"' % (self.folder / "numbers").resolve(), said["data"][1])
        self.assertEqual(said["no data"], 404)

    @unittest.skipUnless(PYTHON and subprocess.run([PYTHON, "-c", "import azureml.core"],
                                                   capture_output=True).returncode == 0,
                         "needs azureml-core (AMLOCAL_TEST_AZUREML names a Python that has it)")
    def test_real(self):
        said = self.run_step(REAL, python=PYTHON)
        self.assertEqual(said["metrics"], {"loss": [0.5, 0.25], "bad": "nan", "who": "me", "l": [1, 2, 3],
                                           "r": {"a": [1, 2], "b": ["x", "y"]}, "t": {"x": [1, 2], "y": [3, 4]}})
        self.assertEqual(said["types"], {"n": "3", "mixed": "[1.0, 2.5]", "float": "4.0", "l": "[1, 2, 3]"})
        self.assertEqual((said["tags"], said["properties"]), ({"k": "v"}, {"p": "q"}))
        self.assertEqual(said["children"], [["Completed", {"acc": 1}], ["Failed", {}]])
        self.assertEqual((said["details"], said["parent"], said["store"]), ("Running", "r", "workspaceblobstore"))
        self.assertIn("user_logs/std_log.txt", said["files"])
        self.assertEqual((said["secret"], said["secrets"]), (True, {"x": "?", "no": None}))

    @unittest.skipUnless(PYTHON and subprocess.run([PYTHON, "-c", "import azureml.core, azureml.dataprep"],
                                                   capture_output=True).returncode == 0,
                         "needs azureml-core (AMLOCAL_TEST_AZUREML names a Python that has it)")
    def test_real_files_models_and_data(self):
        (self.folder / "numbers").mkdir()
        (self.folder / "numbers/n.csv").write_text("a\n1\n")
        subprocess.run([AMLOCAL, "data", "create", "--name", "numbers", "--path", "numbers"], cwd=self.folder, check=True,
                       capture_output=True, timeout=60)
        said = self.run_step(REAL_FILES, python=PYTHON, options=["--tls"])
        self.assertEqual(said["up"], "model")
        self.assertEqual(said["folder"], ["outputs/d/a.txt", "outputs/d/e/b.txt"])
        self.assertIn("aml://artifactId/ExperimentRun/dcid.", said["image"])
        self.assertEqual((self.step / "artifacts/p.png").read_bytes()[:4], b"\x89PNG")
        self.assertEqual(said["registered"], ["m", 1, {"a": "b"}])
        self.assertEqual((said["again"], said["list"]), (2, ["m:1", "m:2"]))
        self.assertEqual((said["downloaded"], said["path"]), ("model", "azureml-models/m/2/m2.txt"))
        self.assertEqual((said["tags"], said["deleted"]), ({"a": "b", "x": "y"}, ["m:1"]))
        self.assertEqual((said["experiments"], said["runs"]), ([said["experiment"]], ["r"]))
        self.assertEqual(said["data"], ["n.csv"])


unittest.main()
