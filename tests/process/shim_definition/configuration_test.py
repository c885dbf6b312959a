"""Environments, packages, run configurations and computes: every assignment that notebooks make."""
import os
import subprocess
import sys
import unittest

from support import ROOT, DefinitionTest


class Packages(DefinitionTest):
    def test_create(self):
        from azureml.core.conda_dependencies import CondaDependencies
        from azureml.core.environment import CondaDependencies as second
        from azureml.core.runconfig import CondaDependencies as third

        self.assertTrue(CondaDependencies is second is third)
        packages = CondaDependencies.create(pip_packages=["pandas"], conda_packages=["numpy", "python=3.9"], python_version="3.8")
        self.assertEqual(list(packages.pip_packages), ["pandas"])
        self.assertEqual(list(packages.conda_packages), ["python=3.9", "numpy"])
        self.assertEqual(list(CondaDependencies().pip_packages), ["azureml-defaults"])

    def test_changes(self):
        from azureml.core.conda_dependencies import CondaDependencies

        packages = CondaDependencies()
        packages.add_pip_package("pandas==1.0")
        packages.add_pip_package("pandas>=2")
        packages.add_conda_package("numpy")
        packages.add_channel("mine")
        packages.set_python_version("3.11")
        packages.set_pip_option("--pre")
        self.assertEqual(list(packages.pip_packages), ["azureml-defaults", "pandas>=2"])
        self.assertEqual((list(packages.pip_options), packages.get_python_version()), (["--pre"], "3.11"))
        packages.remove_pip_package("azureml-defaults")
        packages.remove_conda_package("numpy")
        self.assertEqual(list(packages.pip_packages), ["pandas>=2"])
        self.assertEqual(list(packages.conda_packages), ["python=3.11"])

    def test_files(self):
        from azureml.core import Environment
        from azureml.core.conda_dependencies import CondaDependencies

        self.write(
            "env.yml",
            "# mine\nname: project\nchannels: [conda-forge]\ndependencies:\n  - python=3.10 # the version\n  - pip:\n"
            "    - pandas>=1.0,<2\n    - 'torch[extra]'\n  - \"numpy\"\n",
        )
        packages = CondaDependencies("env.yml")
        self.assertEqual(list(packages.pip_packages), ["pandas>=1.0,<2", "torch[extra]"])
        self.assertEqual(list(packages.conda_packages), ["python=3.10", "numpy"])
        self.assertEqual(list(packages.conda_channels), ["conda-forge"])
        again = CondaDependencies(packages.save("copy.yml"))
        self.assertEqual(again.as_dict(), packages.as_dict())
        self.write("requirements.txt", "pandas==1\nnumpy\n")
        environment = Environment.from_pip_requirements("e", "requirements.txt")
        self.assertEqual(list(environment.python.conda_dependencies.pip_packages), ["pandas==1", "numpy"])
        environment = Environment.from_conda_specification("e", "env.yml")
        self.assertEqual(environment.python.conda_dependencies.get_python_version(), "3.10")
        self.message(FileNotFoundError, Environment.from_conda_specification, "e", "nowhere.yml")

    def test_a_file_that_is_no_conda_file(self):
        from azureml import _yaml

        try:
            import yaml  # noqa: F401

            self.skipTest("PyYAML reads what the small reader does not")
        except ImportError:
            pass
        self.assertEqual(
            self.message(ValueError, _yaml.load, "a: |\n  text\n", "f.yml"), "f.yml: line 1: this form of a value is not read here"
        )
        self.assertEqual(
            self.message(ValueError, _yaml.load, "a: 1\nnothing\n", "f.yml"), "f.yml: line 2 is neither a key nor a list: nothing"
        )


class Environments(DefinitionTest):
    def test_nested_assignment(self):
        from azureml.core import Environment
        from azureml.core.conda_dependencies import CondaDependencies

        environment = Environment("e")
        environment.docker.enabled = True
        environment.docker.base_image = "an/image:1"
        environment.docker.base_image_registry.address = "somewhere.io"
        environment.python.user_managed_dependencies = True
        environment.python.interpreter_path = "/opt/python"
        environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["x"])
        environment.spark.precache_packages = False
        environment.environment_variables = {"A": "1"}
        environment.inferencing_stack_version = "latest"
        self.assertEqual(
            self.message(AttributeError, setattr, environment.docker, "base_imag", "x"),
            "<class 'azureml.core.environment.DockerSection'> has no attribute base_imag",
        )

    def test_registered(self):
        from azureml.core import Environment
        from azureml.exceptions import UserErrorException

        environment = Environment("e")
        environment.python.conda_dependencies.add_pip_package("pandas")
        self.assertEqual(environment.register(self.workspace).version, "1")
        environment.python.conda_dependencies.add_pip_package("numpy")
        environment.register(self.workspace)
        newest, first = Environment.get(self.workspace, "e"), Environment.get(self.workspace, "e", version="1")
        self.assertEqual(newest.version, "2")
        self.assertIn("numpy", list(newest.python.conda_dependencies.pip_packages))
        self.assertNotIn("numpy", list(first.python.conda_dependencies.pip_packages))
        self.assertEqual(list(Environment.list(self.workspace)), ["e"])
        self.assertEqual(
            self.message(UserErrorException, Environment.get, self.workspace, "e", version=1, label="x"),
            "Only one of version or label can be specified",
        )
        copy = newest.clone("f")
        copy.python.conda_dependencies.add_pip_package("scipy")
        self.assertNotIn("scipy", list(newest.python.conda_dependencies.pip_packages))
        self.assertEqual((copy.name, copy.version), ("f", None))

    def test_folder(self):
        from azureml.core import Environment

        environment = Environment("e")
        environment.python.conda_dependencies.add_pip_package("pandas")
        environment.docker.base_image = "an/image"
        environment.save_to_directory("saved")
        read = Environment.load_from_directory("saved")
        self.assertEqual((read.name, read.docker.base_image), ("e", "an/image"))
        self.assertIn("pandas", list(read.python.conda_dependencies.pip_packages))
        self.message(FileExistsError, environment.save_to_directory, "saved")

    def test_nothing_is_built(self):
        from azureml._absent import NotHereError
        from azureml.core import Environment

        self.assertIn("amlocal builds no image", self.message(NotHereError, Environment("e").build, self.workspace))


class Configurations(DefinitionTest):
    def test_nested_assignment(self):
        from azureml.core import RunConfiguration
        from azureml.core.runconfig import DEFAULT_CPU_IMAGE, DockerConfiguration

        run = RunConfiguration(framework="python")
        run.target = "cpu"
        run.node_count = 2
        run.environment.docker.base_image = DEFAULT_CPU_IMAGE
        run.environment.python.user_managed_dependencies = False
        run.docker = DockerConfiguration(use_docker=True)
        run.amlcompute.vm_size = "STANDARD_D2_V2"
        run.history.output_collection = True
        run.mpi.process_count_per_node = 3
        run.max_run_duration_seconds = 60
        self.assertEqual(
            self.message(AttributeError, setattr, run, "nope", 1),
            "<class 'azureml.core.runconfig.RunConfiguration'> has no attribute nope",
        )
        run.save(".", "mine")
        read = RunConfiguration.load(".", "mine")
        self.assertEqual((read.target, read.node_count, read.mpi.process_count_per_node), ("cpu", 2, 3))
        self.assertEqual(list(read.environment.python.conda_dependencies.pip_packages), ["azureml-defaults"])

    def test_missing_file(self):
        from azureml.core import RunConfiguration
        from azureml.exceptions import UserErrorException

        self.assertEqual(
            self.message(UserErrorException, RunConfiguration.load, "/nowhere"),
            "Failed to load RunConfiguration from path=/nowhere name=None",
        )

    def test_script_run_config(self):
        from azureml.core import Environment, ScriptRunConfig
        from azureml.core.runconfig import MpiConfiguration, PyTorchConfiguration
        from azureml.exceptions import RunConfigurationException

        config = ScriptRunConfig("src", "a.py", ["--x", 1], compute_target="cpu", environment=Environment("e"))
        self.assertEqual((config.run_config.target, config.run_config.environment.name), ("cpu", "e"))
        config.run_config.environment = Environment("f")
        config = ScriptRunConfig("src", "a.py", distributed_job_config=MpiConfiguration(2, 3))
        self.assertEqual((config.run_config.communicator, config.run_config.node_count), ("Mpi", 3))
        config = ScriptRunConfig("src", "a.py", distributed_job_config=PyTorchConfiguration("Nccl", 4, 2))
        self.assertEqual((config.run_config.framework, config.run_config.node_count), ("PyTorch", 2))
        self.assertIn(
            "MpiConfiguration, TensorflowConfiguration or PyTorchConfiguration",
            self.message(RunConfigurationException, ScriptRunConfig, "src", "a.py", distributed_job_config=5),
        )
        self.assertEqual(
            self.message(AttributeError, ScriptRunConfig, "src", "a.py", environment="e"), "'str' object has no attribute 'docker'"
        )

    def test_estimators(self):
        from azureml.exceptions import TrainingException
        from azureml.train.dnn import Mpi, PyTorch, TensorFlow
        from azureml.train.estimator import Estimator
        from azureml.train.sklearn import SKLearn

        self.assertEqual(
            self.message(TrainingException, Estimator, "src"), "Either compute target or VM size should be specified."
        )
        made = Estimator(
            "src", compute_target="cpu", entry_script="a.py", script_params={"--x": 1, "--flag": ""}, pip_packages=["p"]
        )
        self.assertEqual((made.run_config.script, made.run_config.arguments), ("a.py", ["--x", 1, "--flag"]))
        self.assertIn("p", list(made.conda_dependencies.pip_packages))
        made = PyTorch("src", compute_target="cpu", entry_script="a.py", distributed_training=Mpi(2), node_count=3)
        self.assertEqual((made.run_config.communicator, made.run_config.mpi.process_count_per_node), ("Mpi", 2))
        self.assertIn("torch", list(made.conda_dependencies.pip_packages))
        self.assertEqual(TensorFlow.get_supported_versions()[0], "1.10")
        self.message(TypeError, SKLearn, "src", compute_target="cpu", node_count=2)


class Computes(DefinitionTest):
    NOTEBOOK = """
import azureml.core
from azureml.core import Workspace, Experiment
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.exceptions import ComputeTargetException as same

assert same is ComputeTargetException
print("SDK version:", azureml.core.VERSION)
ws = Workspace.from_config()
print(ws.name, ws.resource_group, ws.location, ws.subscription_id, sep="\\n")
name = "cpu-cluster"
try:
    target = ComputeTarget(workspace=ws, name=name)
    print("found")
except ComputeTargetException:
    config = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
    target = ComputeTarget.create(ws, name, config)
    target.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)
print(target.get_status().serialize()["provisioningState"], target.type, target.name)
"""

    def test_how_every_notebook_begins(self):
        self.write("notebook.py", self.NOTEBOOK)
        environment = dict(os.environ, PYTHONPATH=os.path.join(ROOT, "src", "step", "python"))
        out = subprocess.run(
            [sys.executable, "notebook.py"], env=environment, stdout=subprocess.PIPE, universal_newlines=True, check=True, timeout=60
        ).stdout
        self.assertTrue(out.endswith("found\nSucceeded AmlCompute cpu-cluster\n"), out)

    def test_created(self):
        from azureml.core.compute import AmlCompute, ComputeTarget
        from azureml.exceptions import ComputeTargetException

        config = AmlCompute.provisioning_configuration("STANDARD_D2_V2", min_nodes=1, max_nodes=3)
        target = ComputeTarget.create(self.workspace, "mine", config)
        _, printed = self.printed(target.wait_for_completion, show_output=True)
        self.assertEqual(
            printed, "Succeeded\nAmlCompute wait for completion finished\n\nMinimum number of nodes requested have been provisioned\n"
        )
        self.assertEqual(target.get_status().scale_settings.maximum_node_count, 3)
        self.assertEqual(ComputeTarget(self.workspace, "mine").vm_size, "STANDARD_D2_V2")
        self.assertEqual([each.name for each in ComputeTarget.list(self.workspace)], ["mine"])
        self.assertEqual(list(self.workspace.compute_targets), ["mine"])
        self.assertNotIn("team", self.workspace.compute_targets)
        self.assertEqual(self.workspace.compute_targets["team"].name, "team")
        target.update(max_nodes=9)
        self.assertEqual(AmlCompute(self.workspace, "mine").scale_settings.maximum_node_count, 9)
        target.delete()
        self.assertEqual(
            self.message(ComputeTargetException, ComputeTarget, self.workspace, "mine"),
            "ComputeTargetNotFound: Compute Target with name mine not found in provided workspace",
        )
        self.message(ComputeTargetException, ComputeTarget.create, self.workspace, "local", config)

    def test_wrong_configurations(self):
        from azureml.core.compute import AmlCompute
        from azureml.exceptions import ComputeTargetException

        for given, text in (
            ({}, "Invalid provisioning configuration, max nodes count is mandatory"),
            (
                {"max_nodes": 2, "min_nodes": 3},
                "Invalid provisioning configuration, max nodes count must be greater than or equal to min nodes count",
            ),
            (
                {"max_nodes": 2, "vnet_name": "v"},
                "Invalid configuration, not all virtual net information provided. To use a custom virtual net, please provide "
                "vnet name, vnet resource group and subnet name",
            ),
        ):
            self.assertEqual(self.message(ComputeTargetException, AmlCompute.provisioning_configuration, **given), text)

    def test_passwords_are_not_kept(self):
        from azureml.core.compute import AmlCompute, ComputeTarget

        config = AmlCompute.provisioning_configuration("X", max_nodes=1, admin_username="u", admin_user_password="hidden")
        ComputeTarget.create(self.workspace, "mine", config)
        self.assertNotIn("hidden", str(self.state.documents))


if __name__ == "__main__":
    unittest.main()
