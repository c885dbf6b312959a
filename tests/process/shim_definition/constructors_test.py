"""What constructors take and refuse, in the real SDK's words."""
import unittest

from support import DefinitionTest


class Names(DefinitionTest):
    def test_pipeline_data(self):
        from azureml.pipeline.core import PipelineData

        self.assertEqual(
            self.message(ValueError, PipelineData, "bad-name"),
            "PipelineData name: [bad-name] is not a valid, as it may contain only letters, digits, and underscores.",
        )
        self.assertEqual(self.message(ValueError, PipelineData, ""), "PipelineData name cannot be empty")
        self.assertEqual(self.message(ValueError, PipelineData, "x", output_mode="mnt"), "Invalid output mode [mnt]")
        data = PipelineData("1x")
        self.assertEqual(str(data), "$AZUREML_DATAREFERENCE_1x")
        self.assertEqual(data.get_env_variable_name(), "$AZUREML_DATAREFERENCE_1x")
        self.assertEqual(str(data.as_input("y")), "$AZUREML_DATAREFERENCE_y")

    def test_output_config(self):
        from azureml.data import OutputFileDatasetConfig
        from azureml.data.output_dataset_config import OutputTabularDatasetConfig
        from azureml.exceptions import UserErrorException

        wrong = 'Invalid {} name "bad-name". The name can only be alphanumeric characters and underscore, and must not begin with a number.'
        self.assertEqual(self.message(UserErrorException, OutputFileDatasetConfig, "bad-name"), wrong.format("output"))
        output = OutputFileDatasetConfig("good")
        self.assertEqual(self.message(UserErrorException, output.as_input, "bad-name"), wrong.format("input"))
        self.assertEqual(
            self.message(ValueError, output.register_on_complete, None),
            "The registration name of the dataset must not be empty.",
        )
        self.assertIn("not supposed to be called directly", self.message(ValueError, OutputTabularDatasetConfig))
        self.assertRegex(OutputFileDatasetConfig().name, r"^output_[0-9a-f]{8}$")
        self.assertRegex(output.as_input().name, r"^input_[0-9a-f]{8}$")

    def test_a_name_that_collides_only_warns(self):
        from azureml.data import OutputFileDatasetConfig

        with self.assertLogs("azureml.data", "WARNING") as logged:
            self.assertEqual(OutputFileDatasetConfig("path").name, "path")
        self.assertIn('Output name "path" has the potential to collide', logged.output[0])

    def test_pipeline_parameter(self):
        from azureml.data.datapath import DataPath
        from azureml.pipeline.core import PipelineParameter

        for value, word in ((None, "NoneType"), ([1], "list"), ({}, "dict")):
            self.assertEqual(
                self.message(ValueError, PipelineParameter, "p", value), "Default value is of unsupported type: " + word
            )
        self.assertEqual(str(PipelineParameter("p", 3)), "PipelineParameter_Name:p_Default:3")
        PipelineParameter("", DataPath(self.datastore, "x"))

    def test_consumption(self):
        from azureml.data import OutputFileDatasetConfig
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
        from azureml.exceptions import UserErrorException

        output = OutputFileDatasetConfig("x")
        self.assertEqual(
            self.message(UserErrorException, DatasetConsumptionConfig, "n", output, mode="zz"),
            "Invalid mode 'zz'. Mode can only be mount, download, hdfs, link, or direct",
        )
        self.assertEqual(DatasetConsumptionConfig("n", output).mode, "direct")
        self.assertEqual(output.as_input("n").mode, "mount")
        self.assertEqual(output.read_delimited_files().as_input("n").mode, "direct")

    def test_training_output(self):
        from azureml.pipeline.core import TrainingOutput

        self.message(ValueError, TrainingOutput, "zz")
        self.assertEqual(
            self.message(ValueError, TrainingOutput, "Metrics", iteration=1),
            "Iteration and metric shouldn't be provided for output type: Metrics",
        )
        self.assertEqual(
            self.message(ValueError, TrainingOutput, "Model", iteration=1, metric="m"),
            "Both iteration and metric cannot be provided for output type: Model",
        )
        self.assertEqual(TrainingOutput("Model", metric="m").metric, "m")


class Copies(DefinitionTest):
    def test_as_upload_alone_changes_nothing(self):
        from azureml.data import OutputFileDatasetConfig

        output = OutputFileDatasetConfig("out")
        uploaded = output.as_upload(overwrite=True, source_globs="*.csv")
        self.assertEqual((output.mode, uploaded.mode), ("mount", "upload"))
        self.assertEqual(uploaded._upload_options.source_globs, ["*.csv"])
        output.register_on_complete("kept")
        self.assertIsNone(output._registration)

    def test_copies_are_one_output(self):
        from azureml.data import OutputFileDatasetConfig

        output = OutputFileDatasetConfig("out")
        made = self.step("make.py", [output.as_upload()], name="make")
        used = self.step("use.py", [output.as_input("data")], name="use")
        job = self.job(made, used)
        self.assertEqual(job["jobs"]["use"]["inputs"]["data"]["path"], "${{parent.jobs.make.outputs.out}}")

    def test_data_reference(self):
        from azureml.data.data_reference import DataReference
        from azureml.exceptions import UserErrorException

        reference = DataReference(self.datastore, "raw", "in")
        self.assertEqual(reference.as_download("there").mode, "download")
        self.assertEqual(reference.mode, "mount")
        self.assertEqual(
            self.message(UserErrorException, DataReference, self.datastore, "x", mode="zz"),
            "Invalid mode zz. Only mount, download, upload are supported",
        )
        self.assertEqual(DataReference(self.datastore).data_reference_name, "workspaceblobstore")
        self.assertEqual(len(DataReference(self.datastore, path_on_datastore="a").data_reference_name), 32)


class Steps(DefinitionTest):
    def test_python_script_step(self):
        from azureml.pipeline.core import PipelineData
        from azureml.pipeline.steps import PythonScriptStep

        for nothing in (None, ""):
            self.assertEqual(self.message(ValueError, PythonScriptStep, nothing), "script_name is required")
        self.assertEqual(
            self.message(ValueError, PythonScriptStep, "x.py", inputs=["text"]), "Unexpected input type: <class 'str'>"
        )
        self.assertEqual(
            self.message(ValueError, PythonScriptStep, "x.py", outputs=[PipelineData("o"), PipelineData("o")]),
            "[o] is repeated. Output port names must be unique.",
        )
        self.assertEqual(PythonScriptStep("x.py").name, "x.py")
        PythonScriptStep("not there.py", source_directory="nowhere", compute_target="none", allow_reuse="yes")

    def test_data_in_arguments_must_be_listed(self):
        from azureml.data.data_reference import DataReference
        from azureml.pipeline.core import PipelineData
        from azureml.pipeline.steps import PythonScriptStep

        self.assertEqual(
            self.message(ValueError, PythonScriptStep, "x.py", arguments=[PipelineData("d")]),
            "Input/Output d appears in arguments list but is not in the input/output lists",
        )
        self.assertEqual(
            self.message(ValueError, PythonScriptStep, "x.py", arguments=[DataReference(self.datastore, "r")]),
            "Input r appears in arguments list but is not in the input list",
        )

    def test_raw_datasets_are_refused(self):
        from azureml.core import Dataset
        from azureml.pipeline.steps import PythonScriptStep

        self.put("in/a.csv")
        dataset = Dataset.File.from_files((self.datastore, "in"))
        self.assertEqual(
            self.message(ValueError, PythonScriptStep, "x.py", inputs=[dataset]),
            "FileDataset cannot be directly used as a step's input. Please call the as_named_input method on FileDataset "
            "and pass the returned DatasetConsumptionConfig instance into the step.",
        )
        self.assertEqual(
            self.message(ValueError, PythonScriptStep, "x.py", arguments=[dataset]),
            "Datasets cannot be used directly as arguments. Please make sure you've called the as_named_input method on "
            "the dataset object.",
        )

    def test_command_step(self):
        from azureml.pipeline.steps import CommandStep

        self.assertEqual(self.message(ValueError, CommandStep), "command is required either from command directly or runconfig.")
        self.assertEqual(CommandStep(command="echo hello").name, "echo")

    def test_what_cannot_run_here_says_so_where_it_is_used(self):
        from azureml._absent import NotHereError
        from azureml.pipeline.steps import AutoMLStep, DatabricksStep

        self.assertEqual(
            self.message(NotHereError, DatabricksStep, name="x"),
            "azureml.pipeline.steps.DatabricksStep is in the real azureml SDK but not in amlocal's: what it starts is in "
            "the cloud; do the work in a PythonScriptStep",
        )
        self.assertIn("scikit-learn", self.message(NotHereError, AutoMLStep, "x", None))


class Parallel(DefinitionTest):
    def config(self, **changes):
        from azureml.core import Environment
        from azureml.pipeline.steps import ParallelRunConfig

        self.write("src/entry.py", "def run(batch):\n    return batch\n")
        given = dict(
            environment=Environment("e"), entry_script="entry.py", error_threshold=10, output_action="append_row",
            compute_target="cpu", node_count=1, source_directory="src",
        )
        given.update(changes)
        return ParallelRunConfig(**given)

    def test_config(self):
        size = r"Parameter mini_batch_size must follow regex rule ^\d+([kKmMgG][bB])*$."
        for changes, text in (
            ({"mini_batch_size": "abc"}, size),
            ({"mini_batch_size": "1.5KB"}, size),
            ({"mini_batch_size": "10 MB"}, size),
            ({"mini_batch_size": 1.5}, "Parameter mini_batch_size must be of type int or str."),
            (
                {"mini_batch_size": 1, "partition_keys": ["a"]},
                "Parameters mini_batch_size and partition_keys are mutually exclusive, because they specify different ways "
                "to partition the input datasets into mini-batches.",
            ),
            ({"process_count_per_node": 0}, "Parameter process_count_per_node must be an integer greater than 0."),
            ({"run_invocation_timeout": 0}, "Parameter run_invocation_timeout must be an integer greater than 0."),
            ({"run_max_try": 0}, "Parameter run_max_try must be an integer greater than 0."),
            ({"output_action": "rows"}, "Parameter output_action must be summary_only or append_row."),
            ({"error_threshold": "x"}, "error_threshold 'x' is not an int value greater than or equal to -1."),
            ({"error_threshold": -2}, "error_threshold '-2' is not an int value greater than or equal to -1."),
            ({"allowed_failed_percent": 101}, "allowed_failed_percent '101' is not between 0 and 100."),
            ({"allowed_failed_percent": "x"}, "allowed_failed_percent 'x' is not an int or float."),
            ({"append_row_file_name": "a/b.txt"}, "Parameter append_row_file_name must be a valid UNIX file name."),
            (
                {"environment": "e"},
                "Parameter environment must be an instance of azureml.core.Environment. The actual value is e.",
            ),
            ({"partition_keys": "k"}, "Parameter partition_keys must be of type list."),
        ):
            with self.subTest(changes):
                self.assertEqual(self.message(ValueError, self.config, **changes), text)
        for changes in ({"mini_batch_size": 0}, {"mini_batch_size": "5"}, {"logging_level": "TRACE"}, {"compute_target": 5},
                        {"entry_script": ""}, {"allowed_failed_count": -1}, {"source_directory": "nowhere"}):
            self.config(**changes)

    def test_nodes_of_a_compute(self):
        from azureml.core.compute import AmlCompute, ComputeTarget

        target = ComputeTarget.create(self.workspace, "cluster", AmlCompute.provisioning_configuration("X", max_nodes=4))
        for nodes in (0, -1, 5):
            self.assertEqual(
                self.message(ValueError, self.config, compute_target=target, node_count=nodes),
                "node_count '{}' is not between 1 and max_nodes 4.".format(nodes),
            )
        self.message(TypeError, self.config, compute_target=target, node_count="2")

    def test_step(self):
        from azureml.core import Dataset
        from azureml.pipeline.core import PipelineData
        from azureml.pipeline.steps import ParallelRunStep

        self.put("in/a.csv")
        dataset = Dataset.File.from_files((self.datastore, "in"))
        data, rows = dataset.as_named_input("a"), PipelineData("rows")
        empty = (
            "The parameter 'inputs' must be a list and have at least one element or rank_mini_batch_count must be greater "
            "than zero."
        )
        for inputs in ([], None):
            self.assertEqual(self.message(AssertionError, ParallelRunStep, "s", self.config(), inputs, rows), empty)
        self.assertIn(
            "Step input must be of any type: (", self.message(Exception, ParallelRunStep, "s", self.config(), [dataset], rows)
        )
        self.assertEqual(
            self.message(Exception, ParallelRunStep, "s", self.config(), [data]), "Please specify output parameter."
        )
        for name in ("output", "append_row_file_name"):
            self.assertEqual(
                self.message(ValueError, ParallelRunStep, "s", self.config(), [data], rows, arguments=["--" + name, "x"]),
                "'{}' is a reserved argument in ParallelRunStep, please use another argument name instead.".format(name),
            )
        self.assertEqual(
            self.message(ValueError, ParallelRunStep, "s", self.config(), [data], rows, arguments=["x"]),
            "Found invalid argument 'x'. As your arguments will be merged with reserved argument, you can only use keyword "
            "argument.",
        )
        self.assertEqual(
            self.message(ValueError, ParallelRunStep, "s", self.config(), [data, data], rows),
            "[a] is repeated. Input port names must be unique.",
        )
        ParallelRunStep("Any_Name", self.config(), [data], rows)

    def test_config_in_a_file(self):
        from azureml.pipeline.steps import ParallelRunConfig

        self.config(mini_batch_size="5kb", environment_variables={"A": "1"}).save_to_yaml("prs.yml")
        read = ParallelRunConfig.load_yaml(self.workspace, "prs.yml")
        self.assertEqual(
            (read.mini_batch_size, read.error_threshold, read.environment.name, read.environment_variables),
            ("5kb", 10, "e", {"A": "1"}),
        )


if __name__ == "__main__":
    unittest.main()
