"""MLflow's REST dialect, over plain HTTP from a real step: what every client of it sends.

usage: mlflow_test.py AMLOCAL
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
from urllib.parse import urlencode

def call(method, where, body=None, prefix="/api/2.0/mlflow/", **query):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    url = os.environ["MLFLOW_TRACKING_URI"] + prefix + where + ("?" + urlencode(query) if query else "")
    request = urllib.request.Request(url, method=method, data=data,
                                     headers={"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]})
    try:
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
            return answer.status, json.loads(text or b"null") if answer.headers["Content-Type"] == "application/json" else text.decode()
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())

def artifact(method, path, body=None):
    return call(method, path, body, prefix="/api/2.0/mlflow-artifacts/artifacts/")

def new_run(name, **tags):
    tags = [{"key": key.replace("_", "."), "value": value} for key, value in tags.items()]
    return call("POST", "runs/create", {"experiment_id": experiment, "run_name": name, "tags": tags,
                                        "start_time": 1000})[1]["run"]["info"]["run_id"]

run, experiment = os.environ["MLFLOW_RUN_ID"], os.environ["MLFLOW_EXPERIMENT_ID"]
said = {"step": run}
exec(open("calls.py").read())
print("SAID " + json.dumps(said))
'''


def words(pairs):
    return {pair["key"]: pair["value"] for pair in pairs}


class Mlflow(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "code").mkdir()
        (self.folder / "code/step.py").write_text(STEP)
        (self.folder / "p.yml").write_text("type: command\nexperiment_name: trees\ncommand: python3 step.py\n"
                                           "code: code\nenvironment: azureml:x:1\n")

    def calls(self, text):
        """Runs a step that makes these calls; what it put into `said`."""
        (self.folder / "code/calls.py").write_text(text)
        done = subprocess.run([AMLOCAL, "run", "p.yml", "--name", "r1"], cwd=self.folder, capture_output=True,
                              text=True, timeout=120)
        self.step = self.folder / ".amlocal/runs/r1/steps/p"
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        log = (self.step / "user_logs/std_log.txt").read_text()
        return json.loads(re.search("^SAID (.*)$", log, re.M).group(1))

    def refused(self, answer, status, code, text):
        self.assertEqual((answer[0], answer[1]["error_code"]), (status, code), answer)
        self.assertIn(text, answer[1]["message"])

    def test_changes_of_one_document_at_once_are_all_kept(self):
        said = self.calls(r'''
import threading
call("POST", "registered-models/create", {"name": "m"})
def work(n):
    for i in range(10):
        call("POST", "experiments/set-experiment-tag", {"experiment_id": experiment, "key": "k%d.%d" % (n, i), "value": "v"})
        call("POST", "registered-models/set-tag", {"name": "m", "key": "k%d.%d" % (n, i), "value": "v"})
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for one in threads: one.start()
for one in threads: one.join()
said["experiment"] = len(call("GET", "experiments/get", experiment_id=experiment)[1]["experiment"]["tags"])
said["model"] = len(call("GET", "registered-models/get", name="m")[1]["registered_model"]["tags"])''')
        self.assertEqual((said["experiment"], said["model"]), (80, 80))

    def test_the_run_is_the_step(self):
        said = self.calls('''
call("POST", "runs/log-metric", {"run_id": run, "key": "loss", "value": 0.5, "timestamp": 2000, "step": "3"})
call("POST", "runs/log-batch", {"run_id": run, "params": [{"key": "depth", "value": "4"}],
     "metrics": [{"key": "odd", "value": "NaN", "timestamp": 1, "step": 0}], "tags": [{"key": "who", "value": "me"}]})
call("POST", "runs/set-tag", {"run_id": run, "key": "gone", "value": "x"})
call("POST", "runs/delete-tag", {"run_id": run, "key": "gone"})
said["ended"] = call("POST", "runs/update", {"run_id": run, "status": "FINISHED", "end_time": 5})
said["run"] = call("GET", "runs/get", run_id=run)[1]["run"]
said["shim"] = call("GET", "/amlocal/1/runs/%s/metrics?name=loss" % run, prefix="")[1]''')
        info, data = said["run"]["info"], said["run"]["data"]
        self.assertEqual((info["run_id"], info["experiment_id"]), (said["step"], "trees"))
        # Its end is amlocal's to say.
        self.assertEqual((said["ended"][0], info["status"]), (200, "RUNNING"))
        self.assertNotIn("end_time", info)
        self.assertEqual(data["metrics"], [{"key": "loss", "value": 0.5, "timestamp": 2000, "step": 3},
                                           {"key": "odd", "value": "NaN", "timestamp": 1, "step": 0}])
        self.assertEqual(words(data["params"]), {"depth": "4"})
        tags = words(data["tags"])
        self.assertEqual((tags["who"], tags["mlflow.parentRunId"], "gone" in tags), ("me", "r1", False))
        # The same row as run.log's.
        self.assertEqual(said["shim"]["metrics"][0]["values"], [{"value": 0.5, "step": 3, "time": 2.0}])

    def test_new_runs_and_children(self):
        said = self.calls('''
kid, other = new_run("kid", mlflow_parentRunId=run), new_run("other")
for one, value in ((kid, 1), (other, 2)):
    call("POST", "runs/log-metric", {"run_id": one, "key": "acc", "value": value, "timestamp": 1})
    call("POST", "runs/update", {"run_id": one, "status": "FINISHED", "end_time": 9000})
def search(filter="", **more):
    answer = call("POST", "runs/search", {"experiment_ids": [experiment], "filter": filter, **more})[1]
    return [one["info"]["run_name"] for one in answer["runs"]], answer.get("next_page_token")
said["kid"] = call("GET", "runs/get", run_id=kid)[1]["run"]
said["shim"] = call("GET", "/amlocal/1/runs/%s/children" % run, prefix="")[1]["runs"][0]["name"]
said["best"] = search("metrics.acc > 0", order_by=["metrics.acc DESC"])
said["tags"] = search("tags.`mlflow.parentRunId` = '%s' and attributes.status = 'FINISHED'" % run)
said["like"] = search("run_name ILIKE 'OTH%' and params.x IS NULL")
said["in"] = search("run_id IN ('%s', '%s') and metrics.acc != 1" % (kid, other))
said["page"] = search("metrics.acc > 0", order_by=["metrics.acc ASC"], max_results=1)
said["next"] = search("metrics.acc > 0", order_by=["metrics.acc ASC"], max_results=1, page_token=said["page"][1])
call("POST", "runs/delete", {"run_id": other})
said["deleted"] = search("metrics.acc > 0"), search(run_view_type="DELETED_ONLY")
call("POST", "runs/restore", {"run_id": other})
said["restored"] = search("metrics.acc = 2")''')
        info = said["kid"]["info"]
        self.assertEqual((info["status"], info["start_time"], info["end_time"]), ("FINISHED", 1000, 9000))
        self.assertEqual(said["shim"], "kid")
        self.assertEqual(said["best"], [["other", "kid"], None])
        self.assertEqual(said["tags"], [["kid"], None])
        self.assertEqual(said["like"], [["other"], None])
        self.assertEqual(said["in"], [["other"], None])
        self.assertEqual((said["page"][0], said["next"]), (["kid"], [["other"], None]))
        self.assertEqual([one[0] for one in said["deleted"]], [["kid"], ["other"]])
        self.assertEqual(said["restored"][0], ["other"])

    def test_history_in_pages(self):
        said = self.calls('''
for first in range(0, 3000, 1000):
    call("POST", "runs/log-batch", {"run_id": run, "metrics": [
        {"key": "loss", "value": n, "timestamp": n, "step": n} for n in range(first, first + 1000)]})
seen, token = [], ""
while token is not None:
    page = call("GET", "metrics/get-history", run_id=run, metric_key="loss", max_results=1700, page_token=token)[1]
    seen.append([point["step"] for point in page["metrics"]])
    token = page.get("next_page_token")
said["seen"] = seen
said["none"] = call("GET", "metrics/get-history", run_id=run, metric_key="nothing")''')
        self.assertEqual(said["seen"], [list(range(1700)), list(range(1700, 3000))])
        self.assertEqual(said["none"], [200, {"metrics": []}])

    def test_experiments(self):
        said = self.calls('''
said["none"] = call("GET", "experiments/get-by-name", experiment_name="mine")
said["made"] = call("POST", "experiments/create", {"name": "mine", "tags": [{"key": "a", "value": "b"}]})
said["again"] = call("POST", "experiments/create", {"name": "mine"})
said["own"] = call("GET", "experiments/get", experiment_id=experiment)[1]["experiment"]["name"]
call("POST", "experiments/set-experiment-tag", {"experiment_id": "mine", "key": "c", "value": "d"})
said["mine"] = call("GET", "experiments/get-by-name", experiment_name="mine")[1]["experiment"]
call("POST", "experiments/delete", {"experiment_id": "mine"})
said["rest"] = [one["name"] for one in call("POST", "experiments/search", {"max_results": 10})[1]["experiments"]]''')
        self.refused(said["none"], 404, "RESOURCE_DOES_NOT_EXIST", "Could not find experiment with name 'mine'")
        self.assertEqual(said["made"], [200, {"experiment_id": "mine"}])
        self.refused(said["again"], 400, "RESOURCE_ALREADY_EXISTS", "Experiment 'mine' already exists.")
        self.assertEqual(said["own"], "trees")
        self.assertEqual(words(said["mine"]["tags"]), {"a": "b", "c": "d"})
        self.assertEqual(said["rest"], ["Default", "trees"])

    def test_artifacts_are_files_of_the_run(self):
        said = self.calls('''
at = call("GET", "runs/get", run_id=run)[1]["run"]["info"]["artifact_uri"].split(":/", 1)[1]
said["put"] = artifact("PUT", at + "/plots/a b.txt".replace(" ", "%20"), b"hello")
said["get"] = artifact("GET", at + "/plots/a%20b.txt")
said["run"] = call("GET", "artifacts/list", run_id=run)[1]["files"]
said["below"] = call("GET", "artifacts/list", run_id=run, path="plots")[1]["files"]
said["served"] = call("GET", "artifacts", prefix="/api/2.0/mlflow-artifacts/", path=at + "/plots")[1]["files"]
said["out"] = artifact("PUT", at + "/../../../../x", b"no")
said["none"] = artifact("GET", at + "/nothing")
artifact("PUT", at + "/later.txt", b"x")
artifact("DELETE", at + "/later.txt")''')
        self.assertEqual((said["put"], said["get"]), ([200, {}], [200, "hello"]))
        self.assertEqual((self.step / "artifacts/plots/a b.txt").read_text(), "hello")
        self.assertFalse((self.step / "artifacts/later.txt").exists())
        self.assertEqual(said["run"], [{"path": "plots", "is_dir": True}])
        self.assertEqual(said["below"], [{"path": "plots/a b.txt", "is_dir": False, "file_size": 5}])
        self.assertEqual(said["served"], [{"path": "a b.txt", "is_dir": False, "file_size": 5}])
        self.refused(said["out"], 400, "INVALID_PARAMETER_VALUE", "leaves the folder of the run's files")
        self.refused(said["none"], 404, "RESOURCE_DOES_NOT_EXIST", "there is no artifact")

    REGISTER = '''
at = "runs/%s/artifacts" % run
artifact("PUT", at + "/model/MLmodel", b"flavors: {}")
def version(source, **more):
    return call("POST", "model-versions/create", {"name": "tree", "source": source, "run_id": run, **more})
'''

    def test_registry(self):
        said = self.calls(self.REGISTER + '''
said["early"] = version("runs:/%s/model" % run)
said["made"] = call("POST", "registered-models/create", {"name": "tree", "description": "a tree"})[0]
said["again"] = call("POST", "registered-models/create", {"name": "tree"})
said["one"] = version("mlflow-artifacts:/" + at + "/model", tags=[{"key": "a", "value": "b"}])[1]["model_version"]
said["two"] = version("runs:/%s/model" % run)[1]["model_version"]["version"]
call("POST", "registered-models/alias", {"name": "tree", "alias": "champion", "version": "1"})
said["alias"] = call("GET", "registered-models/alias", name="tree", alias="champion")[1]["model_version"]["version"]
said["other"] = call("GET", "registered-models/alias", name="tree", alias="loser")
prompts = call("GET", "registered-models/search", filter="tags.`mlflow.prompt.is_prompt` != 'true'")
said["no prompts"] = len(prompts[1]["registered_models"])
said["search"] = [one["version"] for one in call("GET", "model-versions/search", filter="name='tree'")[1]["model_versions"]]
said["models"] = [one["name"] for one in call("GET", "registered-models/search")[1]["registered_models"]]
said["latest"] = [one["version"] for one in call("GET", "registered-models/get-latest-versions", name="tree")[1]["model_versions"]]
uri = call("GET", "model-versions/get-download-uri", name="tree", version="1")[1]["artifact_uri"]
said["file"] = artifact("GET", uri.split(":/", 1)[1] + "/MLmodel")
said["fixed"] = artifact("PUT", uri.split(":/", 1)[1] + "/MLmodel", b"other")
said["stage"] = call("POST", "model-versions/transition-stage", {"name": "tree", "version": "2", "stage": "Best"})
call("DELETE", "model-versions/delete", {"name": "tree", "version": "1"})
said["left"] = call("GET", "registered-models/get", name="tree")[1]["registered_model"]
said["none"] = call("GET", "model-versions/get", name="tree", version="1")
said["nowhere"] = version("dbfs:/x")
said["missing"] = version("runs:/%s/missing" % run)
call("DELETE", "registered-models/delete", {"name": "tree"})
said["gone"] = call("GET", "registered-models/get", name="tree")''')
        self.refused(said["early"], 404, "RESOURCE_DOES_NOT_EXIST", "Registered Model with name=tree not found")
        self.refused(said["again"], 400, "RESOURCE_ALREADY_EXISTS", "Registered Model (name=tree) already exists.")
        self.assertEqual((said["one"]["version"], said["one"]["status"], said["one"]["run_id"], said["two"]),
                         ("1", "READY", said["step"], "2"))
        self.assertEqual(said["alias"], "1")
        self.refused(said["other"], 400, "INVALID_PARAMETER_VALUE", "Registered model alias loser not found.")
        self.assertEqual((said["search"], said["models"], said["latest"]), (["2", "1"], ["tree"], ["2"]))
        self.assertEqual(said["no prompts"], 1)
        self.assertEqual(said["file"], [200, "flavors: {}"])
        self.refused(said["fixed"], 400, "INVALID_PARAMETER_VALUE", "which never changes")
        self.refused(said["stage"], 400, "INVALID_PARAMETER_VALUE", "Invalid Model Version stage: Best.")
        self.assertEqual((said["left"]["description"], said["left"]["aliases"]), ("a tree", []))
        self.refused(said["none"], 404, "RESOURCE_DOES_NOT_EXIST", "(name=tree, version=1) not found")
        self.refused(said["nowhere"], 400, "INVALID_PARAMETER_VALUE", "there are no artifacts at 'dbfs:/x'")
        self.refused(said["missing"], 404, "RESOURCE_DOES_NOT_EXIST", "is not there")
        self.refused(said["gone"], 404, "RESOURCE_DOES_NOT_EXIST", "not found")

    def test_logged_models(self):
        said = self.calls('''
body = {"experiment_id": experiment, "name": "net", "source_run_id": run, "tags": [{"key": "a", "value": "b"}]}
made = call("POST", "logged-models", body)[1]["model"]["info"]
artifact("PUT", made["artifact_uri"].split(":/", 1)[1] + "/MLmodel", b"x")
said["second"] = call("POST", "logged-models", body)[1]["model"]["info"]["artifact_uri"] != made["artifact_uri"]
call("POST", "runs/outputs", {"run_id": run, "models": [{"model_id": made["model_id"], "step": 0}]})
said["ready"] = call("PATCH", "logged-models/" + made["model_id"], {"status": "LOGGED_MODEL_READY"})[1]["model"]["info"]
found = call("POST", "logged-models/search", {"experiment_ids": [experiment], "filter": "status = 'LOGGED_MODEL_READY'"})
said["found"] = [one["info"]["model_id"] == made["model_id"] for one in found[1]["models"]]
said["outputs"] = call("GET", "runs/get", run_id=run)[1]["run"]["outputs"]["model_outputs"][0]["model_id"] == made["model_id"]
said["files"] = call("GET", "logged-models/%s/artifacts/directories" % made["model_id"])[1]["files"]
call("DELETE", "logged-models/" + made["model_id"])
said["gone"] = call("GET", "logged-models/" + made["model_id"])''')
        self.assertTrue(said["second"])
        self.assertEqual((said["ready"]["status"], said["ready"]["source_run_id"]),
                         ("LOGGED_MODEL_READY", said["step"]))
        self.assertEqual((said["found"], said["outputs"]), ([True], True))
        self.assertEqual(said["files"], [{"path": "MLmodel", "is_dir": False, "file_size": 1}])
        self.assertEqual((self.step / "artifacts/net/MLmodel").read_text(), "x")
        self.refused(said["gone"], 404, "RESOURCE_DOES_NOT_EXIST", "Logged model with ID")

    def test_what_is_refused(self):
        said = self.calls('''
def log(**body):
    return call("POST", "runs/log-metric", {"run_id": run, "key": "k", "value": 1, "timestamp": 1, **body})
said["run"] = log(run_id="nobody")
said["key"] = log(key="")
said["value"] = log(value="high")
said["step"] = log(step="x")
call("POST", "runs/log-parameter", {"run_id": run, "key": "p", "value": "1"})
said["param"] = call("POST", "runs/log-parameter", {"run_id": run, "key": "p", "value": "2"})
said["tag"] = call("POST", "runs/delete-tag", {"run_id": run, "key": "none"})
said["many"] = call("POST", "runs/log-batch", {"run_id": run, "metrics": [
    {"key": "k", "value": 1, "timestamp": 1}] * 1001})
said["status"] = call("POST", "runs/update", {"run_id": run, "status": "DONE"})
said["json"] = call("POST", "runs/log-metric", b"{no")
said["path"] = call("GET", "traces/123")
for name, text in {"filter": "metrics.a >", "and": "metrics.a > 1 or metrics.b > 2", "number": "metrics.a > 'x'",
                   "quote": "tags.a = 'x"}.items():
    said[name] = call("POST", "runs/search", {"experiment_ids": [experiment], "filter": text})''')
        invalid = (400, "INVALID_PARAMETER_VALUE")
        self.refused(said["run"], 404, "RESOURCE_DOES_NOT_EXIST", "there is no run 'nobody'")
        self.refused(said["key"], *invalid, "Missing value for required parameter 'key'")
        self.refused(said["value"], *invalid, "a metric is a number")
        self.refused(said["step"], *invalid, "a whole number is wanted")
        self.refused(said["param"], *invalid, "parameter 'p' is '1' already and cannot become '2'")
        self.refused(said["tag"], 404, "RESOURCE_DOES_NOT_EXIST", "No tag with name: none")
        self.refused(said["many"], *invalid, "at most 1000 metrics. Got 1001 metrics")
        self.refused(said["status"], *invalid, "'DONE' is no status of a run")
        self.refused(said["json"], *invalid, "is no JSON")
        self.refused(said["path"], 404, "ENDPOINT_NOT_FOUND", "GET /api/2.0/mlflow/traces/123")
        self.refused(said["filter"], *invalid, "expected a value, found its end")
        self.refused(said["and"], *invalid, "expected AND, found 'or'")
        self.refused(said["number"], *invalid, "expected a number, found 'x'")
        self.refused(said["quote"], *invalid, "a quotation mark is not closed")


unittest.main()
