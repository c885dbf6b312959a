"""The workspace from a step and from a definition: names, experiments, models, secrets, signing in."""
import json
import os
import stat
import sys
import unittest

from support import RUN, ShimTest

from azureml.core import Experiment, Keyvault, Model, Run, Workspace
from azureml.exceptions import (
    AuthenticationException,
    ModelNotFoundException,
    UserErrorException,
    WebserviceException,
)


class Names(ShimTest):
    def setUp(self):
        super().setUp()
        self.enter_step()
        self.workspace = Run.get_context().experiment.workspace

    def test_from_config_needs_no_file_and_warns_in_a_step(self):
        with self.assertLogs("azureml", "WARNING") as logs:
            workspace = Workspace.from_config()
        self.assertIn("Run.get_context().experiment.workspace", logs.output[0])
        self.assertEqual(
            (workspace.name, workspace.resource_group, workspace.location, workspace.subscription_id),
            ("local", "here", "this-machine", "0000"),
        )
        self.assertEqual(str(workspace), "Workspace.create(name='local', subscription_id='0000', resource_group='here')")

    def config(self, where, document):
        self.write(where, document if isinstance(document, str) else json.dumps(document))

    def from_config(self, *arguments, **named):
        with self.assertLogs("azureml", "WARNING"):
            return Workspace.from_config(*arguments, **named)

    def test_a_config_file_gives_the_names_and_a_distant_azureml_folder_goes_first(self):
        three = {"subscription_id": "s", "resource_group": "g", "workspace_name": "near"}
        self.config("sub/config.json", three)
        self.config(".azureml/config.json", {
            "Scope": "/subscriptions/s2/resourceGroups/g2/providers/Microsoft.MachineLearningServices/workspaces/far"})
        os.chdir("sub")
        far = self.from_config()
        self.assertEqual((far.name, far.subscription_id, far.resource_group), ("far", "s2", "g2"))
        self.assertEqual(self.from_config("config.json").name, "near")

    def test_what_is_written_can_be_read(self):
        self.workspace.write_config()
        self.assertEqual(self.from_config().name, "local")

    def test_bad_config_files(self):
        text = self.message(UserErrorException, Workspace.from_config, "nowhere")
        self.assertTrue(text.startswith("We could not find config.json in: " + self.work), text)
        self.config("config.json", {"workspace_name": "w"})
        self.assertIn("does not seem to contain the required parameters", self.message(UserErrorException, Workspace.from_config))
        self.config("config.json", "{")
        self.assertIn("config.json is not JSON", self.message(UserErrorException, Workspace.from_config))

    def test_what_the_cloud_alone_can_do_is_refused_when_it_is_done(self):
        self.assertIn("not in amlocal", self.message(NotImplementedError, self.workspace.delete))
        self.assertIn("nothing leaves this machine", self.message(NotImplementedError, self.workspace.list_keys))
        self.assertRaises(AttributeError, getattr, self.workspace, "no_such_member")

    def test_mlflow_finds_the_gateway(self):
        self.assertEqual(self.workspace.get_mlflow_tracking_uri(), self.gateway.endpoint)
        self.assertEqual(os.environ["MLFLOW_TRACKING_TOKEN"], self.gateway.token)

    def test_signing_in_is_not_needed(self):
        from azureml.core import authentication as ways

        for way in (
            ways.InteractiveLoginAuthentication(tenant_id="t"), ways.ServicePrincipalAuthentication("t", "i", "p"),
            ways.AzureCliAuthentication(), ways.MsiAuthentication(),
        ):
            self.assertEqual(way.get_authentication_header(), {"Authorization": "Bearer " + self.gateway.token})
            self.assertEqual(way.get_token("scope").token, self.gateway.token)
        token = ways.AzureMLTokenAuthentication("mine")
        self.assertEqual(token.get_authentication_header(), {"Authorization": "Bearer mine"})
        self.assertIn("_get_arm_token not yet supported.", self.message(AuthenticationException, token._get_arm_token))


class Experiments(ShimTest):
    def setUp(self):
        super().setUp()
        self.enter_step()
        self.workspace = Run.get_context().experiment.workspace

    def test_names(self):
        for name in ("", "-a", "a b", "a" * 256, None, 5):
            self.assertEqual(
                self.message(UserErrorException, Experiment, self.workspace, name),
                "Experiment name must be between 1 and 255 characters long. Its first character has to be alphanumeric, "
                "and the rest may contain hyphens and underscores. No whitespace is allowed.",
            )
        self.assertEqual(str(Experiment(self.workspace, "a_b-1")), "Experiment(Name: a_b-1,\nWorkspace: local)")

    def test_a_run_of_the_script_itself(self):
        experiment = Experiment(self.workspace, "mine")
        run = experiment.start_logging()
        run.log("x", 1)
        run.complete()
        self.assertEqual((run.status, run.get_metrics()), ("Completed", {"x": 1}))
        second = experiment.start_logging(display_name="two")
        second.set_tags({"a": "b"})
        self.assertEqual([one.id for one in experiment.get_runs()], [second.id, run.id])
        self.assertEqual([one.id for one in experiment.get_runs(tags={"a": "b"})], [second.id])
        self.assertEqual([one.id for one in experiment.get_runs(tags="a")], [second.id])
        self.assertEqual([one.id for one in Run.list(experiment, status="Completed")], [run.id])
        child = second.child_run()
        found = [one.id for one in experiment.get_runs(include_children=True)]
        self.assertEqual(found, [second.id, child.id, run.id])
        self.assertEqual(list(Experiment(self.workspace, "empty").get_runs()), [])

    def test_tags_and_archive(self):
        experiment = Experiment(self.workspace, "exp")
        experiment.tag("a", "b")
        experiment.set_tags({"c": 1})
        experiment.remove_tags(["a"])
        self.assertEqual(experiment.tags, {"c": "1"})
        self.assertEqual([one.name for one in Experiment.list(self.workspace)], ["exp"])
        experiment.archive()
        self.assertEqual(Experiment.list(self.workspace), [])
        self.assertEqual([one.name for one in Experiment.list(self.workspace, view_type="ArchivedOnly")], ["exp"])
        experiment.reactivate()
        self.assertEqual(list(self.workspace.experiments), ["exp"])


class Models(ShimTest):
    def setUp(self):
        super().setUp()
        self.enter_step()
        self.workspace = Run.get_context().experiment.workspace

    def test_register_find_download(self):
        self.write("out/m.pkl", "one")
        first = Model.register(self.workspace, "out/m.pkl", "m", tags={"k": "v"}, description="d", properties={"p": 1})
        self.write("out/m.pkl", "two")
        second = Model.register(workspace=self.workspace, model_path="out", model_name="m")
        self.assertEqual([(one.id, one.tags) for one in Model.list(self.workspace, "m")], [("m:2", {}), ("m:1", {"k": "v"})])
        self.assertEqual([one.id for one in Model.list(self.workspace, latest=True)], ["m:2"])
        self.assertEqual([one.id for one in Model.list(self.workspace, tags=[["k", "v"]])], ["m:1"])
        self.assertEqual(Model(self.workspace, "m").version, 2)
        self.assertEqual(Model(self.workspace, "m", version=1).properties, {"p": "1"})
        self.assertEqual(Model(self.workspace, id="m:1").id, first.id)
        self.assertEqual(list(self.workspace.models), ["m"])
        self.assertEqual(first.download("got"), os.path.join("got", "m.pkl"))
        self.assertIn("File already exists", self.message(WebserviceException, first.download, "got"))
        self.assertEqual(sorted(os.listdir(second.download("got", exist_ok=True))), ["m.pkl"])
        first.delete()
        self.assertEqual([one.id for one in Model.list(self.workspace)], ["m:2"])

    def test_get_model_path_fetches_below_the_current_folder(self):
        self.write("m.pkl", "text")
        Model.register(self.workspace, "m.pkl", "m")
        self.assertEqual(Model.get_model_path("m"), os.path.join("azureml-models", "m", "1", "m.pkl"))
        del self.state.models[:]
        self.assertEqual(Model.get_model_path("m", version=1), os.path.join("azureml-models", "m", "1", "m.pkl"))
        self.assertEqual(
            self.message(ModelNotFoundException, Model.get_model_path, "m"), "Model/Version m/None not found in workspace. []"
        )

    def test_get_model_path_without_a_run(self):
        for name in ("AMLOCAL_GATEWAY", "AZUREML_RUN_ID"):
            os.environ.pop(name)
        for version in ("2", "10"):
            self.write("azureml-models/m/{}/f.pkl".format(version), "x")
        self.assertEqual(Model.get_model_path("m"), "azureml-models/m/10/f.pkl")
        self.write("azureml-models/m/10/g.pkl", "x")
        self.assertIn("can contain only 1 file or folder. Found ['f.pkl', 'g.pkl']",
                      self.message(WebserviceException, Model.get_model_path, "m"))
        self.write("plain", "x")
        self.assertEqual(Model.get_model_path("plain"), "plain")
        self.assertTrue(self.message(ModelNotFoundException, Model.get_model_path, "none").startswith(
            "Model none not found in cache at azureml-models or in current working directory " + self.work))

    def test_errors(self):
        self.assertEqual(self.message(WebserviceException, Model.register, self.workspace, "nope", "m"),
                         'Error, provided model path "nope" cannot be found')
        self.write("m", "x")
        self.assertIn("name is invalid", self.message(WebserviceException, Model.register, self.workspace, "m", "a b"))
        self.assertEqual(self.message(WebserviceException, Model.get_model_path, "m", version="1"), "version should be an int")
        self.assertIn("without a valid framework", self.message(
            WebserviceException, Model.register, self.workspace, "m", "m", model_framework_version="1"))
        self.assertIn("score in a step", self.message(NotImplementedError, Model.deploy, self.workspace, "n", []))


class Secrets(ShimTest):
    def test_all_of_them(self):
        self.enter_step()
        vault = Run.get_context().experiment.workspace.get_default_keyvault()
        self.assertIsInstance(vault, Keyvault)
        vault.set_secret("a", "1")
        vault.set_secrets({"b/c": "2"})
        self.assertEqual(vault.get_secrets(["a", "b/c", "d"]), {"a": "1", "b/c": "2", "d": None})
        self.assertEqual(vault.list_secrets(), [{"name": "a"}, {"name": "b/c"}])
        vault.delete_secret("a")
        self.assertIn("AMLOCAL_SECRET_a", self.message(UserErrorException, vault.get_secret, "a"))


class Definition(ShimTest):
    """Outside of a step: the shim starts `amlocal gateway` and ends it with itself."""

    def definition(self, script, program, **more):
        return self.python(
            script, AMLOCAL_GATEWAY=None, AZUREML_RUN_ID=None, AZUREML_RUN_TOKEN=None, AMLOCAL_PROGRAM=program, PATH="/usr/bin", **more
        )

    def program(self, text):
        path = self.write("amlocal-stub", "#!{}\n{}".format(sys.executable, text))
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path

    def test_the_first_question_starts_it_and_the_end_ends_it(self):
        program = self.program(
            "import json, sys\nassert sys.argv[1:] == ['gateway']\n"
            "print(json.dumps({{'endpoint': {!r}, 'token': {!r}}}), flush=True)\n"
            "open('started', 'w').close()\nsys.stdin.read()\nopen('ended', 'w').close()\n".format(
                self.gateway.endpoint, self.gateway.token)
        )
        out = self.definition(
            "import os\nfrom azureml.core import Workspace, Experiment, Run\nws = Workspace.from_config()\n"
            "experiment = Experiment(ws, 'e')\nprint(os.path.exists('started'))\nprint(ws.name)\n"
            "Run(experiment, 'r1').log('a', 1)\nrun = experiment.start_logging()\nrun.log('a', 1)\nprint(run.id)\n", program)
        lines = out.splitlines()
        self.assertEqual(lines[:2], ["False", "local"])
        self.assertEqual((self.gateway.metrics(lines[2]), self.gateway.metrics(RUN)), ({"a": [1]}, {"a": [1]}))
        self.assertEqual(self.stderr, "")
        self.assertTrue(os.path.exists(os.path.join(self.work, "ended")))

    def test_no_amlocal_is_told_with_what_to_do(self):
        script = "from azureml.core import Workspace\nprint(Workspace.from_config().name)\n"
        text = "amlocal run SCRIPT.py"
        out = self.python(script, check=False, AMLOCAL_GATEWAY=None, AMLOCAL_PROGRAM=None, PATH="")
        self.assertEqual((out, self.status), ("", 1))
        self.assertIn(text, self.stderr)
        self.definition("import sys\nfrom azureml.exceptions import WorkspaceException\nfrom azureml.core import Workspace\n"
                        "try: Workspace.from_config().name\nexcept WorkspaceException as e: sys.exit(0)\nsys.exit(1)\n", "/no/amlocal")
        program = self.program("import sys\nsys.exit('no workspace: git says why')\n")
        self.python(script, check=False, AMLOCAL_GATEWAY=None, AMLOCAL_PROGRAM=program)
        self.assertIn("no workspace: git says why", self.stderr)
        self.assertIn("gave no address (exit status 1)", self.stderr)


if __name__ == "__main__":
    unittest.main()
