"""A run in a step: which one it is, its record, its family, its files, its end; and outside of any step."""
import json
import os
import unittest

from support import RUN, ShimTest

from azureml.core import Run
from azureml.exceptions import (
    ActivityFailedException,
    ModelPathNotFoundException,
    RunEnvironmentException,
    ServiceException,
    UserErrorException,
)


HEAVY = set("datetime http importlib inspect json logging pkgutil random re shutil tempfile threading typing urllib uuid".split())


class Import(ShimTest):
    def test_it_is_cheap(self):
        script = (
            "import sys, time\nbefore = set(sys.modules)\nstart = time.perf_counter()\nimport azureml.core\n"
            "from azureml.core import Run\nseconds = time.perf_counter() - start\n"
            "print(seconds, *sorted(m for m in set(sys.modules) - before if not m.startswith('azureml')))\n"
        )
        seconds = []
        cache = {"PYTHONDONTWRITEBYTECODE": None, "PYTHONPYCACHEPREFIX": os.path.join(self.folder, "cache")}
        for _ in range(5):  # the first compiles it
            time, *modules = self.python(script, **cache).split()
            seconds.append(float(time))
            self.assertEqual(set(modules) & HEAVY, set())
        self.assertLess(min(seconds), 0.020)

    def test_names_are_found_at_each_of_their_places(self):
        from azureml.core import experiment, model, run, workspace
        import azureml.core

        self.assertIs(azureml.core.Run, run.Run)
        self.assertIs(azureml.core.Workspace, workspace.Workspace)
        self.assertIs(azureml.core.Experiment, experiment.Experiment)
        self.assertIs(azureml.core.Model, model.Model)
        self.assertRaises(AttributeError, lambda: azureml.core.NoSuchName)

    def test_what_is_not_here_says_so_where_it_is_used(self):
        from azureml.core import Webservice
        from azureml.core.webservice import AciWebservice
        from azureml.interpret import ExplanationClient

        for use in (lambda: AciWebservice.deploy_configuration(), lambda: ExplanationClient(), lambda: Webservice(None, "x")):
            text = self.message(NotImplementedError, use)
            self.assertRegex(text, r"^azureml\..* is in the real azureml SDK but not in amlocal's: .{10}")

    def test_installed_parts_stay_importable(self):
        os.makedirs(os.path.join(self.work, "site", "azureml", "mlflow"))
        with open(os.path.join(self.work, "site", "azureml", "mlflow", "__init__.py"), "w") as file:
            file.write("HERE = 'installed'\n")
        path = self.environment()["PYTHONPATH"] + os.pathsep + os.path.join(self.work, "site")
        out = self.python("import azureml.core, azureml.mlflow\nprint(azureml.mlflow.HERE)\n", PYTHONPATH=path)
        self.assertEqual(out, "installed\n")


class Context(ShimTest):
    def test_in_a_step_it_is_the_step_and_always_the_same_object(self):
        run = self.enter_step()
        self.assertEqual((run.id, type(run).__name__), (RUN, "_SubmittedRun"))
        self.assertIs(Run.get_context(), run)
        self.assertIs(Run.get_context(allow_offline=False), run)
        self.assertEqual(self.gateway.requests, [])  # no question is asked before it is needed
        self.assertEqual(run.experiment.name, "exp")
        self.assertEqual(run.experiment.workspace.name, "local")
        self.assertEqual(str(run), "Run(Experiment: exp,\nId: r1,\nType: azureml.StepRun,\nStatus: Running)")

    def test_outside_it_is_refused_if_asked(self):
        self.assertEqual(
            self.message(RunEnvironmentException, Run.get_context, allow_offline=False),
            "Could not load a submitted run, if outside of an execution context, use experiment.start_logging to "
            "initialize an azureml.core.Run.",
        )


class Record(ShimTest):
    def setUp(self):
        super().setUp()
        self.run_ = self.enter_step()
        self.record = self.state.runs[RUN]

    def test_tags(self):
        with self.assertLogs("azureml", "WARNING") as logs:
            self.run_.tag("n", 5)
        self.assertIn("Converting non-string tag to string: (n: 5)", logs.output[0])
        self.run_.set_tags({"a": "b", "c": "d"})
        self.run_.tag("bare")
        self.run_.remove_tags(["c"])
        self.assertEqual(self.run_.get_tags(), {"n": "5", "a": "b", "bare": ""})
        self.assertEqual(self.run_.tags, self.run_.get_tags())
        self.assertIn("dictionary of names", self.message(UserErrorException, self.run_.set_tags, ["a"]))
        self.assertIn("a list of names", self.message(UserErrorException, self.run_.remove_tags, "a"))

    def test_properties_stay_what_they_are(self):
        self.run_.add_properties({"a": "1"})
        self.assertEqual(self.run_.properties, {"a": "1"})
        with self.assertRaises(ServiceException) as caught:
            self.run_.add_properties({"a": "2"})
        self.assertEqual(caught.exception.status_code, 409)
        self.assertIn("cannot be changed", caught.exception.message)

    def test_the_end_of_a_step_is_the_scripts_end(self):
        self.run_.complete()
        self.run_.fail("why", "Code")
        self.assertEqual((self.record["status"], self.record["error"]), ("Running", "Code: why"))
        with self.assertLogs("azureml", "WARNING") as logs:
            self.run_.cancel()
        self.assertIn("cancel is not supported for submitted runs.", logs.output[0])

    def test_children(self):
        with self.run_.child_run("good") as good:
            good.log("x", 1)
        with self.assertRaises(ValueError):
            with self.run_.child_run("bad", run_id="bad"):
                raise ValueError("no")
        self.assertEqual((good.status, good.name, good.parent.id), ("Completed", "good", RUN))
        self.assertEqual(self.state.runs["bad"]["error"], "ValueError: no")
        self.assertEqual([one.id for one in self.run_.get_children()], ["bad", good.id])
        self.assertEqual([one.id for one in self.run_.get_children(status="Failed")], ["bad"])
        self.assertEqual(iter(self.run_.get_children()).__next__().id, "bad")
        grandchild = good.child_run(run_id="g")
        self.assertEqual([one.id for one in self.run_.get_children(recursive=True)], ["bad", good.id, grandchild.id])

    def test_many_children(self):
        runs = self.run_.create_children(tag_key="fold", tag_values=[1, 2])
        self.assertEqual([one.get_tags() for one in runs], [{"fold": "1"}, {"fold": "2"}])
        self.assertEqual(len(self.run_.create_children(count=3)), 3)
        for arguments, text in (
            ({}, "Either count or tag_key and tag_values must be set"),
            ({"count": 1, "tag_key": "a"}, "count can not be set when tag_key and tag_values are set"),
            ({"tag_key": "a"}, "tag_values must not be null when tag_key is set"),
            ({"tag_values": [1]}, "tag_key must not be null when tag_values is set"),
            ({"count": 101}, "create_children can not create more than 100 runs"),
        ):
            self.assertEqual(self.message(UserErrorException, self.run_.create_children, **arguments), text)

    def test_details(self):
        self.state.logs[RUN] = {"user_logs/std_log.txt": b"hello\n"}
        details = self.run_.get_details()
        self.assertEqual((details["runId"], details["status"]), (RUN, "Running"))
        self.assertNotIn("endTimeUtc", details)
        self.assertRegex(details["startTimeUtc"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$")
        self.assertEqual(self.run_.get_details_with_logs()["logFiles"], {"user_logs/std_log.txt": "hello\n"})
        self.assertEqual(self.run_.get_all_logs("logs"), [os.path.join(self.work, "logs", "user_logs", "std_log.txt")])

    def test_waiting_shows_the_log_and_raises_what_failed(self):
        child = self.run_.child_run(run_id="c")
        self.state.logs["c"] = {"user_logs/std_log.txt": b"line\n", "system_logs/x.log": b"hidden\n"}
        self.state.runs["c"].update(status="Failed", error="boom", end=1)
        out = self.printed(lambda: self.failure(child))
        text = self.text
        self.assertTrue(text.startswith("Activity Failed:\n{"), text)
        self.assertIn('"message": "boom"', text)
        head = "Streaming user_logs/std_log.txt"
        self.assertIn("\n{}\n{}\n\nline\n".format(head, "=" * len(head)), out)
        self.assertTrue(out.startswith("RunId: c\nWeb View: http://"))
        self.assertIn("\nExecution Summary\n=================\nRunId: c\n", out)
        self.assertNotIn("hidden", out)
        self.assertEqual(child.wait_for_completion(raise_on_error=False)["status"], "Failed")

    def failure(self, run):
        self.text = self.message(ActivityFailedException, run.wait_for_completion, show_output=True)

    def test_secrets(self):
        self.state.secrets["key"] = "value"
        self.assertEqual(self.run_.get_secret("key"), "value")
        self.assertEqual(self.run_.get_secrets(["key", "no"]), {"key": "value", "no": None})
        self.assertIn("amlocal secret set no", self.message(UserErrorException, self.run_.get_secret, "no"))

    def test_other_runs_are_found(self):
        self.state.add_run("other", experiment="elsewhere")
        found = Run.get(self.run_.experiment.workspace, "other")
        self.assertEqual((found.id, found.experiment.name), ("other", "elsewhere"))
        self.assertIn("Run nope was not found", self.message(ServiceException, Run.get, self.run_.experiment.workspace, "nope"))

    def test_a_gateway_that_is_gone_is_named_where_an_answer_is_needed(self):
        self.gateway.close()
        self.assertRegex(self.message(ServiceException, self.run_.get_metrics), "gateway at http://.* does not answer")


class Files(ShimTest):
    def setUp(self):
        super().setUp()
        self.run_ = self.enter_step()
        self.files = self.state.files.setdefault(RUN, {})

    def test_upload_and_download(self):
        self.write("a.txt", "one")
        self.write("d/b.txt", "two")
        self.write("d/e/c.txt", "three")
        self.run_.upload_file("outputs/a.txt", "a.txt")
        self.run_.upload_file(name="s.txt", path_or_stream=open(self.write("s", "stream"), "rb"))
        self.run_.upload_folder("folder", "d")
        self.run_.upload_files(names=["n1", "n2"], paths=["a.txt", "d/b.txt"])
        self.write("large", b"x" * 3000000)
        self.run_.upload_file("large", "large")
        names = ["folder/b.txt", "folder/e/c.txt", "large", "n1", "n2", "outputs/a.txt", "s.txt"]
        self.assertEqual(self.run_.get_file_names(), names)
        self.assertEqual((self.files["folder/e/c.txt"], len(self.files["large"])), (b"three", 3000000))
        self.run_.download_file("folder/b.txt")
        self.run_.download_file("n1", "to/here.txt")
        self.run_.download_files(prefix="folder", output_directory="out")
        self.run_.download_files(prefix="folder", output_directory="bare", append_prefix=False)
        for path, text in (
            ("b.txt", "two"), ("to/here.txt", "one"), ("out/folder/e/c.txt", "three"), ("bare/e/c.txt", "three")
        ):
            with open(path) as file:
                self.assertEqual(file.read(), text)

    def test_errors(self):
        self.assertRaises(FileNotFoundError, self.run_.upload_file, "n", "nowhere")
        self.assertEqual(
            self.message(UserErrorException, self.run_.upload_folder, "n", "nowhere"),
            "Cannot upload path: nowhere since it is not a valid directory.",
        )
        self.assertEqual(
            self.message(TypeError, self.run_.upload_files, ["a"], []),
            "names and paths must be lists of equal lengths. Names was of length 1 and paths of length 0.",
        )
        self.write("a.txt", "one")
        for name in ("../up", "a/../../up", "/", ""):
            self.assertIn("outside of the run's folder", self.message(UserErrorException, self.run_.upload_file, name, "a.txt"))
        self.files["there"] = b""
        self.assertEqual(
            self.message(UserErrorException, self.run_.download_file, "nope"),
            "File with path nope was not found,\navailable files include: there.",
        )
        self.assertFalse(os.path.exists("nope"))
        self.assertEqual(sorted(self.files), ["there"])

    def test_register_model(self):
        self.write("m.pkl", "model")
        text = self.message(ModelPathNotFoundException, self.run_.register_model, "m", "outputs/m.pkl")
        self.assertTrue(text.startswith(
            "Could not locate the provided model_path outputs/m.pkl in the set of files uploaded to the run: []\n"
            "See https://aka.ms/run-logging for more details."
        ), text)
        self.run_.upload_file("outputs/m.pkl", "m.pkl")
        model = self.run_.register_model("m", "outputs/m.pkl", tags={"a": 1}, description="d", model_framework="ScikitLearn")
        self.assertEqual((model.name, model.version, model.id, model.run_id), ("m", 1, "m:1", RUN))
        self.assertEqual((model.tags, model.description, model.model_framework), ({"a": "1"}, "d", "ScikitLearn"))


class Widgets(ShimTest):
    def test_details_are_a_table(self):
        from azureml.widgets import RunDetails

        run = self.enter_step()
        run.log("accuracy", 0.5)
        self.state.runs[RUN].update(start=100.0, end=3801.0, status="Completed")
        self.state.add_run("late", parent=RUN, start=300.0, end=361.0, status="Failed", name="second")
        self.state.add_run("early", parent=RUN, start=200.0, end=205.0, status="Completed", name="first")
        self.assertEqual(self.printed(RunDetails(run).show), (
            "name      status     duration  run id\n"
            "train     Completed  1:01:41   r1\n"
            "  first   Completed  0:00:05   early\n"
            "  second  Failed     0:01:01   late\n"
            "accuracy = 0.5\n"
        ))
        data = RunDetails(run).get_widget_data()
        self.assertEqual((data["status"], [one["run_id"] for one in data["child_runs"]]), ("Completed", ["early", "late"]))

    def test_of_an_offline_run(self):
        from azureml.core.run import _OfflineRun
        from azureml.widgets import RunDetails

        self.enter_step()
        self.assertIn("OfflineRun_x  Running", self.printed(RunDetails(_OfflineRun(run_id="OfflineRun_x")).show))


class Offline(ShimTest):
    def offline(self, script):
        return self.python(
            "from azureml.core import Run\nrun = Run.get_context()\n" + script, AMLOCAL_GATEWAY=None, AZUREML_RUN_ID=None,
            AZUREML_RUN_TOKEN=None, PATH="",
        )

    def test_it_prints_what_the_real_one_prints(self):
        out = self.offline(
            "run.log('a', 1)\nrun.log_list('l', [1])\nrun.log_row('r', a=1, b=2)\nrun.log_table('t', {'a': [1]})\n"
            "run.log_image('i', path='x.png')\nrun.log_residuals('c', {})\nrun.log_predictions('c', {})\nrun.tag('k', 'v')\n"
            "run.set_tags({'a': '1'})\nrun.add_properties({'a': '1'})\nrun.upload_file('n', 'p')\nrun.upload_folder('n', 'p')\n"
            "run.upload_files(['n'], ['p'])\nrun.fail('d', 'c')\nrun.complete()\nrun.cancel()\nrun.log('s', 2, step=1)\n"
        )
        self.assertEqual(out, (
            "Attempted to log scalar metric a:\n1\nAttempted to log list metric l:\n[1]\n"
            "Attempted to log row metric r:\n{'a': 1, 'b': 2}\nAttempted to log table metric t:\n{'a': [1]}\n"
            "Attempted to log image metric i:\nx.png\nAttempted to log residual metric c:\n{}\n"
            "Attempted to log predictions metric c:\n{}\nAttempted to add tag k with value v\n"
            "Attempted to set tags {'a': '1'}\nAttempted to add properties {'a': '1'}\nAttempted to track file n at p\n"
            "Attempted to track folder n at p\nAttempted to track files ['n'] at ['p'] with timeout Nones\n"
            "Run failed with error code c:\nd\nAttempted to log scalar metric s:\n2\n"
        ))

    def test_blocks_and_children(self):
        out = self.offline("print(run.id)\nchild = run.child_run('part')\nprint(child.id)\nwith child as c: print(c.parent is run)\n")
        run_id, child_id, *rest = out.splitlines()
        self.assertRegex(run_id, r"^OfflineRun_[0-9a-f-]{36}$")
        self.assertEqual(child_id, run_id + ".part")
        self.assertEqual(rest, ["[START] Run {} context".format(child_id), "True", "[STOP] Run {} context".format(child_id)])

    def test_it_has_what_a_submitted_run_has(self):
        out = self.offline(
            "from azureml.core.run import _SubmittedRun, _OfflineRun\nassert isinstance(run, _OfflineRun)\n"
            "missing = [m for m in dir(_SubmittedRun) if not m.startswith('_') and not hasattr(_OfflineRun, m) "
            "and not hasattr(run, m)]\nprint(missing)\n"
            "run.log('a', 1)\nrun.log('a', 2)\nprint(run.get_metrics(), run.get_tags(), run.parent.id == run.id + '_pipeline')\n"
            "print(run.experiment.name, dict(run.input_datasets), run.get_file_names())\n"
            "try: run.input_datasets['x']\nexcept KeyError as e: print(e)\n"
        )
        lines = out.splitlines()
        self.assertEqual(lines[0], "[]")
        self.assertEqual(lines[-3:], [
            "{'a': [1, 2]} {} True", "offline {} []", "'x is no input of this step (it has: none)'"
        ])

    def test_it_can_be_printed_where_there_is_no_workspace(self):
        out = self.offline("print(run.experiment, run.experiment.workspace)\n")
        self.assertEqual(out, (
            "Experiment(Name: offline,\nWorkspace: None) "
            "Workspace.create(name=None, subscription_id=None, resource_group=None)\n"
        ))

    def test_what_it_logs_is_in_a_file(self):
        self.offline("run.log('a', 1)\nrun.tag('t', 'x')\nrun.child_run('c').log('b', 2)\n")
        folder = os.path.join(self.work, ".amlocal", "offline")
        (name,) = os.listdir(folder)
        with open(os.path.join(folder, name)) as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual([(one["call"], one.get("name")) for one in lines], [("log", "a"), ("tags", None), ("log", "b")])


if __name__ == "__main__":
    unittest.main()
