"""The v2 job that a v1 pipeline becomes: what amlocal reads."""
import json
import os
import subprocess
import unittest

from support import AMLOCAL, DefinitionTest


def without_v1(value):
    if isinstance(value, dict):
        return {key: without_v1(each) for key, each in value.items() if key != "v1"}
    return [without_v1(each) for each in value] if isinstance(value, list) else value


class Job(DefinitionTest):
    def check(self, job):
        """amlocal takes the v2 part of it."""
        with open("job.json", "w", encoding="utf-8") as file:
            json.dump(without_v1(job), file, ensure_ascii=False)
        done = subprocess.run([AMLOCAL, "validate", "job.json"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        return job

    def test_settings_and_places(self):
        from azureml.pipeline.core import Pipeline

        step = self.step(name="Train It!", allow_reuse=False, version="3")
        pipeline = Pipeline(self.workspace, [step], description="What it is", default_datastore=self.datastore)
        job = self.check(pipeline._job(continue_on_step_failure=True, experiment="exp", tags={"a": None, "n": 1})[0])
        self.assertEqual(
            (job["type"], job["experiment_name"], job["description"], job["tags"]),
            ("pipeline", "exp", "What it is", {"a": "", "n": "1"}),
        )
        self.assertEqual(
            job["settings"], {"default_datastore": "azureml:workspaceblobstore", "continue_on_step_failure": True}
        )
        entry = job["jobs"]["train_it"]
        self.assertEqual(entry["code"], os.path.join(self.folder, "src"))
        self.assertFalse(entry["is_deterministic"])
        self.assertEqual((entry["v1"]["name"], entry["v1"]["version"]), ("Train It!", "3"))
        here = os.path.abspath(__file__).replace(".pyc", ".py")
        self.assertEqual(job["v1"]["definition"], here)
        with open(here) as source:
            line = source.read().splitlines()[job["v1"]["line"] - 1]
        self.assertIn("Pipeline(self.workspace", line)

    def test_order_without_data(self):
        a, b = self.step(name="a"), self.step(name="b")
        b.run_after(a)
        self.assertEqual(self.check(self.job(b))["jobs"]["b"]["v1"]["after"], ["a"])

    def test_what_a_reference_is(self):
        from azureml.data.data_reference import DataReference

        self.put("in/one.csv")
        folder, file = DataReference(self.datastore, "folder", "in"), DataReference(self.datastore, "file", "/in/one.csv")
        step = self.step(inputs=[folder.as_download("there"), file])
        inputs = self.check(self.job(step))["jobs"]["train"]["inputs"]
        self.assertEqual(
            inputs["folder"],
            {
                "type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/in", "mode": "download",
                "v1": {"kind": "data_reference", "path_on_compute": "there"},
            },
        )
        self.assertEqual((inputs["file"]["type"], inputs["file"]["mode"]), ("uri_file", "ro_mount"))

    def test_outputs(self):
        from azureml.core import Datastore
        from azureml.data import OutputFileDatasetConfig
        from azureml.pipeline.core import PipelineData

        other = Datastore.get(self.workspace, "other")
        data = PipelineData("d", other, output_mode="upload", output_path_on_compute="made", output_overwrite=True)
        mounted = OutputFileDatasetConfig("m", destination=(other, "to/{run-id}/{output-name}/x")).register_on_complete(
            "kept", description="why", tags={"k": "v"}
        )
        uploaded = OutputFileDatasetConfig("u", source="here").as_upload(True, ["*.csv"])
        outputs = self.check(self.job(self.step(outputs=[data, mounted, uploaded])))["jobs"]["train"]["outputs"]
        self.assertEqual(
            outputs,
            {
                "d": {
                    "type": "uri_folder", "mode": "upload",
                    "path": "azureml://datastores/other/paths/azureml/${{name}}/${{output_name}}",
                    "v1": {"kind": "pipeline_data", "overwrite": True, "path_on_compute": "made"},
                },
                "m": {
                    "type": "uri_folder", "mode": "rw_mount", "name": "kept",
                    "path": "azureml://datastores/other/paths/to/${{name}}/${{output_name}}/x",
                    "v1": {"kind": "output_file_dataset", "description": "why", "tags": {"k": "v"}},
                },
                "u": {
                    "type": "uri_folder", "mode": "upload",
                    "path": "azureml://datastores/workspaceblobstore/paths/dataset/${{name}}/${{output_name}}",
                    "v1": {
                        "kind": "output_file_dataset", "overwrite": True, "source_globs": ["*.csv"], "path_on_compute": "here",
                    },
                },
            },
        )

    def test_the_pipelines_output(self):
        from azureml.pipeline.core import PipelineData

        data = PipelineData("d", self.datastore, pipeline_output_name="final", is_directory=False)
        job = self.check(self.job(self.step(outputs=[data])))
        self.assertEqual(job["outputs"]["final"]["type"], "uri_file")
        self.assertEqual(job["jobs"]["train"]["outputs"]["d"]["path"], "${{parent.outputs.final}}")

    def test_datasets(self):
        from azureml.core import Dataset

        for name in ("a.csv", "b.csv", "c.txt", "deep/d.csv"):
            self.put("in/" + name)
        folder = Dataset.File.from_files((self.datastore, "in"))
        one = Dataset.File.from_files((self.datastore, "in/a.csv"))
        some = Dataset.File.from_files((self.datastore, "in/*.csv"))
        first = folder.take(1)
        step = self.step(
            inputs=[
                folder.as_named_input("folder").as_mount(), one.as_named_input("one").as_download("/tmp/x"),
                some.as_named_input("some").as_mount(), first.as_named_input("first").as_mount(),
                folder.as_named_input("direct"),
            ]
        )
        entry = self.check(self.job(step))["jobs"]["train"]
        inputs = entry["inputs"]
        place = "azureml://datastores/workspaceblobstore/paths/in"
        self.assertEqual(
            inputs["folder"], {"type": "uri_folder", "path": place, "mode": "ro_mount", "v1": {"kind": "dataset"}}
        )
        self.assertEqual((inputs["one"]["type"], inputs["one"]["path"]), ("uri_file", place + "/a.csv"))
        self.assertEqual(inputs["one"]["v1"], {"kind": "dataset", "path_on_compute": "/tmp/x"})
        self.assertEqual(sorted(os.listdir(inputs["some"]["path"])), ["a.csv", "b.csv"])
        self.assertEqual(os.listdir(inputs["first"]["path"]), ["a.csv"])
        self.assertEqual(inputs["direct"], folder._saved_id(self.workspace))
        self.assertEqual(
            entry["environment_variables"]["AZUREML_DATASET_ENVIRONMENT_VARS"],
            "folder:mount,one:download,some:mount,first:mount,direct:direct",
        )

    def test_a_table_that_another_step_writes(self):
        from azureml.data import DataType, OutputFileDatasetConfig

        files = OutputFileDatasetConfig("files")
        table = files.read_delimited_files(separator=";", path_glob="*.txt", set_column_types={"n": DataType.to_long()})
        made = self.step("make.py", [files], name="make")
        used = self.step("use.py", [table.drop_columns("x").as_input("table")], name="use")
        entry = self.check(self.job(made, used))["jobs"]["use"]
        self.assertEqual(
            (entry["inputs"]["table"]["mode"], entry["inputs"]["table"]["path"]),
            ("direct", "${{parent.jobs.make.outputs.files}}"),
        )
        kept = json.loads(entry["environment_variables"]["AMLOCAL_DATASET_table"])
        self.assertEqual((kept["read"]["separator"], kept["pattern"]), (";", "*.txt"))
        self.assertEqual(kept["steps"], [{"do": "drop", "columns": ["x"]}])
        # What the step makes of it, from the place that it is given.
        self.put("there/a.txt", "n;x;y\n1;2;3\n")
        self.put("there/b.csv", "no;thing\n")
        from azureml.core import _bindings

        os.environ["AMLOCAL_DATASET_table"] = entry["environment_variables"]["AMLOCAL_DATASET_table"]
        dataset = _bindings._dataset(self.workspace, "table", "azureml://datastores/workspaceblobstore/paths/there")
        try:
            import pandas  # noqa: F401
        except ImportError:
            self.assertEqual([found.relative for found in dataset._files()], ["/a.txt"])
        else:
            self.assertEqual(dataset.to_pandas_dataframe().to_dict("records"), [{"n": 1, "y": "3"}])

    def test_parameters_that_are_data(self):
        from azureml.core import Dataset
        from azureml.data.datapath import DataPath, DataPathComputeBinding
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
        from azureml.pipeline.core import PipelineParameter

        self.put("in/a.csv")
        self.put("later/b.csv")
        place = PipelineParameter("place", DataPath(self.datastore, "in"))
        files = PipelineParameter("files", Dataset.File.from_files((self.datastore, "in")))
        bound, consumed = (place, DataPathComputeBinding("download")), DatasetConsumptionConfig("data", files).as_mount()
        step = self.step(arguments=[bound, consumed], inputs=[bound, consumed])
        job = self.check(self.job(step, values={"place": DataPath(self.datastore, "later")}))
        self.assertEqual(
            job["inputs"],
            {
                "place": {"type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/later"},
                "files": {"type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/in"},
            },
        )
        inputs = job["jobs"]["train"]["inputs"]
        self.assertEqual((inputs["place"]["path"], inputs["place"]["mode"]), ("${{parent.inputs.place}}", "download"))
        self.assertEqual((inputs["data"]["path"], inputs["data"]["mode"]), ("${{parent.inputs.files}}", "ro_mount"))

    def test_environment(self):
        from azureml.core import Environment, RunConfiguration
        from azureml.core.conda_dependencies import CondaDependencies

        run = RunConfiguration()
        run.environment = Environment("mine")
        run.environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["pandas"], python_version="3.10")
        run.environment.environment_variables = {"A": "1", "B": "2"}
        run.environment_variables = {"B": "3"}
        entry = self.check(self.job(self.step(runconfig=run)))["jobs"]["train"]
        self.assertEqual(entry["environment"]["name"], "mine")
        self.assertIn("pandas", entry["environment"]["conda_file"]["dependencies"][1]["pip"])
        variables = entry["environment_variables"]
        self.assertEqual((variables["A"], variables["B"]), ("1", "3"))
        run.environment = Environment.get(self.workspace, "AzureML-sklearn-1.0")
        self.assertEqual(
            self.check(self.job(self.step(runconfig=run)))["jobs"]["train"]["environment"], "azureml:AzureML-sklearn-1.0@latest"
        )

    def test_a_dockerfile_lies_beside_the_job(self):
        from azureml.core import Environment, RunConfiguration
        from azureml.pipeline.core import Pipeline

        run = RunConfiguration()
        self.write("Dockerfile", "FROM debian\n")
        run.environment = Environment.from_dockerfile("mine", "Dockerfile")
        job, writer = Pipeline(self.workspace, [self.step(runconfig=run)])._job()
        folder = job["jobs"]["train"]["environment"]["build"]["path"]
        self.assertEqual(writer.files, {folder[2:] + "/Dockerfile": "FROM debian\n"})

    def test_several_processes(self):
        from azureml.pipeline.steps import MpiStep

        self.write("src/train.py")
        step = MpiStep("mpi", "src", "train.py", [], "cpu", 2, 4)
        entry = self.check(self.job(step))["jobs"]["mpi"]
        self.assertEqual(entry["distribution"], {"type": "mpi", "process_count_per_instance": 4})
        self.assertEqual(entry["resources"], {"instance_count": 2})

    def test_parallel(self):
        from azureml.core import Dataset, Environment
        from azureml.pipeline.core import PipelineData, PipelineParameter
        from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep

        self.put("in/a.csv")
        self.write("src/entry.py", "def run(batch):\n    return batch\n")
        config = ParallelRunConfig(
            Environment("e"), "entry.py", 3, "append_row", "cpu", 2, process_count_per_node=4, source_directory="src",
            mini_batch_size=PipelineParameter("size", "5"), run_max_try=2, run_invocation_timeout=90, logging_level="ERROR",
            append_row_file_name="rows.txt", allowed_failed_percent=10,
        )
        files = Dataset.File.from_files((self.datastore, "in"))
        side = files.as_named_input("side")
        step = ParallelRunStep(
            "score", config, [files.as_named_input("work")], PipelineData("rows", self.datastore), [side],
            ["--model", side, "--name", "a b"],
        )
        entry = self.check(self.job(step, values={"size": "7"}))["jobs"]["score"]
        self.assertEqual(
            {key: entry[key] for key in ("type", "input_data", "mini_batch_size", "error_threshold", "logging_level",
                                         "max_concurrency_per_instance", "retry_settings", "resources")},
            {
                "type": "parallel", "input_data": "${{inputs.work}}", "mini_batch_size": "7", "error_threshold": 3,
                "logging_level": "WARNING", "max_concurrency_per_instance": 4, "resources": {"instance_count": 2},
                "retry_settings": {"max_retries": 1, "timeout": 90},
            },
        )
        task = entry["task"]
        self.assertEqual((task["entry_script"], task["append_row_to"]), ("entry.py", "${{outputs.rows}}"))
        self.assertEqual(
            task["program_arguments"], '--model "${{inputs.side}}" --name "a b" --allowed_failed_percent 10'
        )
        self.assertEqual(entry["inputs"]["work"]["mode"], "ro_mount")
        block = entry["v1"]["parallel"]
        self.assertEqual(
            (block["append_row_file_name"], block["inputs"], block["side_inputs"], block["logging_level"]),
            ("rows.txt", ["work"], ["side"], "ERROR"),
        )

    def test_sweep(self):
        from azureml.core import ScriptRunConfig
        from azureml.pipeline.steps import HyperDriveStep
        from azureml.train.hyperdrive import (
            BanditPolicy, HyperDriveConfig, PrimaryMetricGoal, RandomParameterSampling, choice, loguniform,
        )

        self.write("src/train.py")
        config = HyperDriveConfig(
            RandomParameterSampling({"--learning-rate": loguniform(-3, -1), "layers": choice(1, 2)}, {"seed": 4}), "acc",
            PrimaryMetricGoal.MAXIMIZE, 8, 2, 30, BanditPolicy(slack_factor=0.1, delay_evaluation=3),
            run_config=ScriptRunConfig("src", "train.py", ["--epochs", 3], compute_target="cpu"),
        )
        entry = self.check(self.job(HyperDriveStep("tune", config)))["jobs"]["tune"]
        self.assertEqual(
            {key: entry[key] for key in ("sampling_algorithm", "search_space", "objective", "limits", "early_termination")},
            {
                "sampling_algorithm": {"type": "random", "seed": 4},
                "search_space": {
                    "learning_rate": {"type": "loguniform", "min_value": -3, "max_value": -1},
                    "layers": {"type": "choice", "values": [1, 2]},
                },
                "objective": {"goal": "maximize", "primary_metric": "acc"},
                "limits": {"max_total_trials": 8, "max_concurrent_trials": 2, "timeout": 1800},
                "early_termination": {
                    "type": "bandit", "evaluation_interval": 1, "delay_evaluation": 3, "slack_factor": 0.1,
                },
            },
        )
        self.assertEqual(
            entry["trial"]["command"],
            'python train.py --epochs 3 --learning-rate "${{inputs.learning_rate}}" --layers "${{inputs.layers}}"',
        )
        self.assertEqual(entry["trial"]["inputs"], {"learning_rate": {"type": "number"}, "layers": {"type": "integer"}})


if __name__ == "__main__":
    unittest.main()
