"""Definitions in v2 Python: the real azure-ai-ml builds the jobs, and its client is amlocal's.

usage: v2_python_test.py AMLOCAL
"""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402
from python_with import python_with  # noqa: E402

PYTHON = python_with("azure.ai.ml", "azure.identity")
HEAD = """
from azure.ai.ml import Input, MLClient, Output, command, dsl, load_component, load_job
from azure.ai.ml.entities import Data, Environment, Model, AmlCompute, AzureBlobDatastore
from azure.identity import DefaultAzureCredential
client = MLClient(DefaultAzureCredential(), "sub", "group", "mine")
"""


class Definitions(Project):
    def setUp(self):
        super().setUp()
        self.write("amlocal.yml", f"environments:\n  default: {PYTHON}\n")

    def python(self, text, status=0, **more):
        self.write("definition.py", HEAD + text)
        return self.call("run", "definition.py", status=status, **more)

    def said(self, text):
        """What the definition puts into `said`."""
        self.write("definition.py", HEAD + "said = []\n" + text + "\nimport json; print('SAID ' + json.dumps(said))")
        out = self.call("run", "definition.py")
        return json.loads(next(line for line in out.splitlines() if line.startswith("SAID "))[5:])

    def test_the_fixture(self):
        self.take("v2_python")
        self.write("amlocal.yml", f"environments:\n  default: {PYTHON}\n")
        out = self.call("run", "pipeline.py", "--", "--warm", "18")
        name = out.split("submitted: ")[1].split()[0]
        self.assertIn(f"RunId: {name}\nWeb View: amlocal runs show {name}\n", out)
        self.assertIn("Execution Summary\n=================\n", out)
        ends = [out.index(f"({step})") for step in ("cleaned", "added", "written")]
        self.assertEqual(ends, sorted(ends))
        report = next((self.folder / "result/named-outputs/report").iterdir()).read_text()
        self.assertEqual(report, " 131 warm lemonade\n  67 cool tea\n  25 cool lemonade\n  23 warm tea\n")
        # The options of `amlocal run` reach the run.
        self.call("run", "--set", "inputs.warm=12", "pipeline.py")
        self.assertIn("6 cool lemonade", next((self.folder / "result/named-outputs/report").iterdir()).read_text())

    def test_plain_python_with_amlocal_imported(self):
        self.take("v2_python")
        shim = next(self.folder.glob(".amlocal/cache/shim-*"), None)
        if shim is None:
            self.write("hello.py", "")
            self.call("run", "hello.py")
            shim = next(self.folder.glob(".amlocal/cache/shim-*"))
        import subprocess

        text = "import amlocal\nimport runpy; runpy.run_path('pipeline.py')"
        done = subprocess.run([PYTHON, "-c", text], cwd=self.folder, capture_output=True, text=True, timeout=120,
                              env={**self.environment, "PYTHONPATH": str(shim)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Execution Summary", done.stdout)

    def test_a_failed_job_raises_job_exception(self):
        out = self.python("""
from azure.ai.ml.exceptions import JobException
job = client.jobs.create_or_update(command(command="python -c 'import nowhere'", environment="azureml:x:1", compute="cpu"))
try:
    client.jobs.stream(job.name)
except JobException as error:
    print("RAISED", str(error).replace("\\n", " "))
print("STATUS", client.jobs.get(job.name).status)
""")
        self.assertIn("Streaming user_logs/std_log.txt\n", out)
        raised = next(line for line in out.splitlines() if line.startswith("RAISED"))
        self.assertIn("Exception :", raised)
        self.assertIn("No module named 'nowhere'", raised)
        self.assertIn("amlocal runs logs", raised)
        self.assertIn("STATUS Failed", out)

    def test_the_sdk_refuses_before_anything_runs(self):
        self.python("""
@dsl.pipeline
def empty_handed(raw):
    command(name="c", command="cat ${{inputs.d}}", environment="azureml:x:1", inputs={"d": Input(type="uri_file")})(d=raw)
client.jobs.create_or_update(empty_handed(raw=Input(type="uri_file", path="x.txt")))
""", status=1)
        self.assertIn("Compute not set", self.err)
        self.assertFalse(list(self.folder.glob(".amlocal/runs/*")))

    def test_amlocal_refuses_with_its_own_words(self):
        self.python("""
client.jobs.create_or_update(command(command="cat ${{inputs.d}}", environment="azureml:x:1", compute="cpu",
                                     inputs={"d": Input(type="uri_file", path="missing.txt")}))
""", status=1)
        self.assertIn("missing.txt", self.err)
        self.assertNotIn("frozen runpy", self.err)

    def test_a_run_that_nobody_streams_is_waited_for(self):
        self.python("""
client.create_or_update(command(command="sleep 0.3; echo ready > ${{outputs.o}}", environment="azureml:x:1", compute="cpu",
                                outputs={"o": Output(type="uri_file")}), )
""")
        self.assertIn(": Completed", self.err)

    def test_a_component_is_kept_and_stands_for_its_name(self):
        self.take("v2_python")
        self.write("amlocal.yml", f"environments:\n  default: {PYTHON}\n")
        said = self.said("""
made = client.components.create_or_update(load_component("components/add_up.yml"))
said += [made.name, made.version, [each.version for each in client.components.list("add_up")]]
said.append(client.components.get("add_up").command.split()[0])
""")
        self.assertEqual(said, ["add_up", "2", ["2"], "python"])
        self.write("p.yml", """type: pipeline
inputs: {tidy: {type: uri_folder, path: data}}
jobs:
  a: {type: command, component: "azureml:add_up:2", inputs: {tidy: "${{parent.inputs.tidy}}"}}
""")
        self.assertIn("valid", self.call("validate", "p.yml"))

    def test_data_environments_models_datastores_computes(self):
        self.write("words.txt", "one two\n")
        said = self.said("""
from azure.core.exceptions import ResourceNotFoundError
data = client.data.create_or_update(Data(name="words", path="words.txt", type="uri_file", tags={"a": "b"}))
said.append([data.version, client.data.get("words", label="latest").tags, [each.name for each in client.data.list()]])
made = client.environments.create_or_update(Environment(name="e", image="i", conda_file={"dependencies": ["python=3.10"]}))
again = client.environments.get("e", version=made.version)
said.append([made.version, again.image, again.conda_file["dependencies"]])
model = client.models.create_or_update(Model(name="m", path="words.txt", type="custom_model"))
client.models.download("m", model.version, download_path="here")
said.append([model.version, [each.version for each in client.models.list("m")]])
client.create_or_update(AzureBlobDatastore(name="lake", account_name="a", container_name="c"))
said.append([client.datastores.get_default().name, sorted(each.name for each in client.datastores.list())])
poller = client.compute.begin_create_or_update(AmlCompute(name="big", size="STANDARD_D2_V2", max_instances=3))
said.append([poller.result().max_instances, client.compute.get("other").provisioning_state])
said.append([client.workspaces.get().name, client.workspace_name])
for get in (lambda: client.data.get("no", "1"), lambda: client.jobs.get("no"), lambda: client.components.get("no"),
            lambda: client.models.get("no", "1"), lambda: client.environments.get("no", "1")):
    try:
        get()
    except ResourceNotFoundError as error:
        said.append("amlocal" in str(error))
""")
        self.assertEqual(said[0], ["1", {"a": "b"}, ["words"]])
        self.assertEqual(said[1], ["1", "i", ["python=3.10"]])
        self.assertEqual(said[2], ["1", ["1"]])
        self.assertEqual(said[3], ["workspaceblobstore", ["lake", "workspaceblobstore"]])
        self.assertEqual(said[4], [3, "Succeeded"])
        self.assertEqual(said[5], ["mine", "mine"])
        self.assertEqual(said[6:], [True] * 5)
        self.assertEqual((self.folder / "here/m/words.txt").read_text(), "one two\n")

    def test_jobs_are_listed_archived_and_downloaded(self):
        said = self.said("""
job = command(command="echo said; mkdir -p outputs; echo kept > outputs/k.txt; echo made > ${{outputs.o}}",
              environment="azureml:x:1", compute="cpu", outputs={"o": Output(type="uri_file")}, display_name="speak")
job = client.jobs.create_or_update(job)
client.jobs.stream(job.name)
client.jobs.download(job.name, all=True, download_path="got")
said.append([each.display_name for each in client.jobs.list()])
made = [client.models.create_or_update(Model(name="m", path=path.format(job.name))) for path in (
    "azureml://jobs/{}/outputs/o", "azureml://jobs/{}/outputs/artifacts/paths/outputs/k.txt", "runs:/{}/outputs/k.txt")]
said.append([model.version + open(model.path).read() for model in made])
client.jobs.archive(job.name)
said.append([len(list(client.jobs.list())), len(list(client.jobs.list(list_view_type="ArchivedOnly")))])
client.jobs.restore(job.name)
said.append([len(list(client.jobs.list())), len(list(client.jobs.list(parent_job_name=job.name)))])
said.append(client.jobs.get(job.name).command.split(";")[0])
""")
        self.assertEqual(said, [["speak"], ["1made\n", "2kept\n", "3kept\n"], [0, 1], [1, 1], "echo said"])
        got = {path.relative_to(self.folder / "got").as_posix(): path.read_text(errors="replace")
               for path in (self.folder / "got").rglob("*") if path.is_file()}
        self.assertNotIn("artifacts/io/entries", got)
        self.assertEqual(got["named-outputs/o/o"], "made\n")
        self.assertEqual(got["artifacts/outputs/k.txt"], "kept\n")
        self.assertIn("said\n", got["artifacts/user_logs/std_log.txt"])

    def test_a_job_from_yaml_and_a_sweep(self):
        self.write("sub/src/try.py", """import argparse
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
Run.get_context().log("loss", (parser.parse_args().rate - 0.2) ** 2)
""")
        self.write("sub/p.yml", """type: pipeline
inputs: {d: {type: uri_folder, path: ./src}}
settings: {default_compute: "azureml:cpu"}
jobs:
  look:
    type: command
    command: ls ${{inputs.d}}
    code: ./src
    environment: azureml:x:1
    inputs: {d: "${{parent.inputs.d}}"}
""")
        out = self.python("""
from azure.ai.ml.sweep import Choice
job = client.jobs.create_or_update(load_job("sub/p.yml"))
client.jobs.stream(job.name)
one = command(code="sub/src", command="python try.py --rate ${{inputs.rate}}", inputs={"rate": 0.1},
              environment="azureml:x:1", compute="cpu")
sweep = one(rate=Choice([0.1, 0.2, 0.3])).sweep(sampling_algorithm="grid", primary_metric="loss", goal="minimize", compute="cpu")
sweep.set_limits(max_total_trials=3)
job = client.jobs.create_or_update(sweep)
client.jobs.stream(job.name)
print(type(client.jobs.get(job.name)).__name__, client.jobs.get(job.name).status)
""")
        self.assertIn("Streaming logs/azureml/executionlogs.txt", out)
        self.assertIn("Completing processing run id", out)
        self.assertIn("best: trial 1  rate=0.2", out)
        self.assertIn("SweepJob Completed", out)

    def test_what_amlocal_does_not_have_says_so(self):
        self.python("client.online_endpoints.invoke('e')", status=1)
        self.assertIn("amlocal has no online endpoints", self.err)
        self.assertIn("run() in a test", self.err)

    def test_credentials_answer_at_once(self):
        text = """
import base64, json, time, azure.identity, asyncio
from azure.identity.aio import AzureCliCredential as Async
began = time.monotonic()
makes = [azure.identity.DefaultAzureCredential(), azure.identity.ManagedIdentityCredential(),
         azure.identity.InteractiveBrowserCredential(), azure.identity.AzureCliCredential(),
         azure.identity.ClientSecretCredential("t", "c", "s")]
tokens = [each.get_token("https://ml.azure.com/.default") for each in makes]
tokens.append(asyncio.run(Async().get_token("https://ml.azure.com/.default")))
for one in tokens:
    body = one.token.split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert said["aud"] == "https://ml.azure.com" and said["exp"] > time.time(), said
assert time.monotonic() - began < 5
print("tokens", len(tokens))
"""
        self.assertIn("tokens 6", self.python(text))
        self.write("code/tokens.py", text)
        self.write("step.yml", "type: command\ncommand: python tokens.py\ncode: code\nenvironment: azureml:x:1\n")
        self.call("run", "step.yml", "--name", "r")
        self.assertIn("tokens 6", (self.folder / ".amlocal/runs/r/steps/step/user_logs/std_log.txt").read_text())


if __name__ == "__main__":
    sys.argv[1:2] = []
    if PYTHON is None:
        print("needs azure-ai-ml: no Python here has it and azure-identity (AMLOCAL_TEST_PYTHONS names one)")
        sys.exit(77)
    unittest.main()
