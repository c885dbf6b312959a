"""RunConfiguration and the settings inside it. On one machine most of them have no effect; all of them are taken."""
from azureml.core._settings import Settings, fill, to_dict
from azureml.core.conda_dependencies import CondaDependencies  # noqa: F401  (also imported from here)
from azureml.core.environment import (  # noqa: F401
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    DockerEnvironment,
    DockerSection,
    Environment,
    PythonEnvironment,
    PythonSection,
    SparkEnvironment,
    SparkSection,
)
from azureml.core.container_registry import ContainerRegistry  # noqa: F401
from azureml.exceptions import RunConfigurationException, UserErrorException  # noqa: F401

MPI_CPU_IMAGE = DEFAULT_CPU_IMAGE
MPI_GPU_IMAGE = DEFAULT_GPU_IMAGE
LOCAL_RUNCONFIG_NAME = "local"


class AzureContainerRegistry(ContainerRegistry):
    pass


class EnvironmentDefinition(Environment):
    def __init__(self, name=None):
        super().__init__(name)


class DockerConfiguration(Settings):
    def __init__(self, use_docker=False, shared_volumes=True, arguments=None, shm_size=None):
        self._set(use_docker=use_docker, shared_volumes=shared_volumes, arguments=arguments or [], shm_size=shm_size or "2g")


class HistoryConfiguration(Settings):
    def __init__(self):
        self._set(output_collection=True, snapshot_project=True, directories_to_watch=["logs"])


class SparkConfiguration(Settings):
    def __init__(self):
        self._set(configuration={"spark.app.name": "Azure ML Experiment", "spark.yarn.maxAppAttempts": 1})


class HdiConfiguration(Settings):
    def __init__(self):
        self._set(yarn_deploy_mode="cluster")


class TensorflowConfiguration(Settings):
    def __init__(self, worker_count=1, parameter_server_count=1):
        self._set(worker_count=worker_count, parameter_server_count=parameter_server_count)


class MpiConfiguration(Settings):
    def __init__(self, process_count_per_node=1, node_count=1):
        self._set(process_count_per_node=process_count_per_node, node_count=node_count)


class PyTorchConfiguration(Settings):
    def __init__(self, communication_backend="nccl", process_count=None, node_count=1):
        self._set(communication_backend=communication_backend, process_count=process_count, node_count=node_count)


class ParallelTaskConfiguration(Settings):
    def __init__(self):
        self._set(max_retries_per_worker=0, worker_count_per_node=1, terminal_exit_codes=None)


class AmlComputeConfiguration(Settings):
    def __init__(self):
        self._set(vm_size=None, vm_priority=None)


class KubernetesComputeConfiguration(Settings):
    def __init__(self):
        self._set(instance_type=None)


class ApplicationEndpointConfiguration(Settings):
    def __init__(self, type=None, port=None, properties=None):
        self._set(type=type, port=port, properties=properties)


class DataReferenceConfiguration(Settings):
    def __init__(self, datastore_name=None, mode="mount", path_on_datastore=None, path_on_compute=None, overwrite=False):
        self._set(
            datastore_name=datastore_name,
            mode=mode,
            path_on_datastore=path_on_datastore,
            path_on_compute=path_on_compute,
            overwrite=overwrite,
        )


class DataPath(Settings):
    def __init__(self, datastore_name=None, relative_path=None):
        self._set(datastore_name=datastore_name, relative_path=relative_path)


class Uri(Settings):
    def __init__(self, path=None, is_file=None):
        self._set(path=path, is_file=is_file)


class Dataset(Settings):
    def __init__(self, dataset_id=None, dataset_name=None, dataset_version=None):
        self._set(id=dataset_id, name=dataset_name, version=dataset_version)


class DataLocation(Settings):
    def __init__(self, dataset=None, data_path=None, uri=None):
        self._set(dataset=dataset, data_path=data_path, uri=uri)


class Data(Settings):
    """One entry of `run_config.data`: how a script gets a dataset."""

    def __init__(
        self,
        data_location=None,
        create_output_directories=False,
        mechanism=None,
        environment_variable_name=None,
        path_on_compute=None,
        overwrite=False,
        options=None,
    ):
        self._set(
            data_location=data_location,
            create_output_directories=create_output_directories,
            mechanism=mechanism,
            environment_variable_name=environment_variable_name,
            path_on_compute=path_on_compute,
            overwrite=overwrite,
            options=options,
        )

    @staticmethod
    def create(data):
        """The entry for a dataset as a script consumes it (DatasetConsumptionConfig)."""
        location = DataLocation(dataset=Dataset(dataset_id=data.dataset.id))
        return Data(location, mechanism=data.mode, environment_variable_name=data.name, path_on_compute=data.path_on_compute)


class GlobsOptions(Settings):
    def __init__(self, patterns=None):
        self._set(patterns=patterns)


class UploadOptions(Settings):
    def __init__(self, overwrite=False, source_globs=None):
        self._set(overwrite=overwrite, source_globs=source_globs)


class MountOptions(Settings):
    def __init__(self, disable_metadata_cache=False):
        self._set(disable_metadata_cache=disable_metadata_cache)


class DatasetRegistrationOptions(Settings):
    def __init__(self, additional_transformations=None):
        self._set(additional_transformations=additional_transformations)


class RegistrationOptions(Settings):
    def __init__(self, name=None, description=None, tags=None, dataset_registration_options=None):
        self._set(
            name=name, description=description, tags=tags, dataset_registration_options=dataset_registration_options
        )


class OutputOptions(Settings):
    def __init__(self, path_on_compute=None, registration_options=None, upload_options=None, mount_options=None):
        self._set(
            path_on_compute=path_on_compute,
            registration_options=registration_options,
            upload_options=upload_options,
            mount_options=mount_options,
        )


class OutputData(Settings):
    def __init__(self, output_location=None, mechanism=None, additional_options=None):
        self._set(output_location=output_location, mechanism=mechanism, additional_options=additional_options)


class RunConfiguration(Settings):
    def __init__(
        self,
        script=None,
        arguments=None,
        framework=None,
        communicator=None,
        conda_dependencies=None,
        _history_enabled=None,
        _path=None,
        _name=None,
        command=None,
    ):
        environment = Environment("default-environment")
        if conda_dependencies is not None:
            environment.python.conda_dependencies = conda_dependencies
        self._set(
            script=script,
            arguments=arguments or [],
            command=command or "",
            framework=framework or "Python",
            communicator=communicator or "None",
            target="local",
            environment=environment,
            # Read with the environment's own; these win (None: none were given).
            _variables={},
            node_count=1,
            priority=None,
            max_run_duration_seconds=None,
            docker=DockerConfiguration(),
            history=HistoryConfiguration(),
            spark=SparkConfiguration(),
            hdi=HdiConfiguration(),
            tensorflow=TensorflowConfiguration(),
            mpi=MpiConfiguration(),
            pytorch=PyTorchConfiguration(),
            paralleltask=ParallelTaskConfiguration(),
            amlcompute=AmlComputeConfiguration(),
            kubernetescompute=KubernetesComputeConfiguration(),
            auto_prepare_environment=True,
            auto_cluster_compute_specification=None,
            credential_passthrough=False,
            data_references={},
            data={},
            output_data={},
            datacaches=[],
            services={},
            source_directory_data_store=None,
        )

    @property
    def environment_variables(self):
        return self._variables

    @environment_variables.setter
    def environment_variables(self, value):
        self._variables = dict(value or {})

    def save(self, path=None, name=None, separate_environment_yaml=False):
        import json

        target = _file_of(path, name)
        import os

        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:  # JSON is YAML
            json.dump(dict(to_dict(self), environmentVariables=self._variables), file, indent=2)

    @staticmethod
    def load(path, name=None):
        import json
        import os

        from azureml import _yaml

        target = str(path) if os.path.isfile(str(path)) else _file_of(path, name)
        try:
            with open(target, encoding="utf-8") as file:
                text = file.read()
        except OSError as problem:
            raise UserErrorException(
                "Failed to load RunConfiguration from path={} name={}".format(path, name), inner_exception=problem
            ) from None
        try:
            document = json.loads(text) if text.lstrip().startswith("{") else _yaml.load(text, target)
        except ValueError as problem:
            raise UserErrorException("Failed to load RunConfiguration from {}: {}".format(target, problem)) from None
        made = RunConfiguration()
        made._variables = document.pop("environmentVariables", None) or {}
        environment = document.pop("environment", None)
        fill(made, document)
        if environment:
            made.environment = Environment._from_dict(environment)
        return made

    @staticmethod
    def delete(path, name):
        import os

        os.unlink(_file_of(path, name))

    def __repr__(self):
        import json

        return json.dumps(to_dict(self), indent=4, sort_keys=True)


def _file_of(path, name):
    """.azureml/NAME.runconfig in a folder; a path that is a file's stays as it is."""
    import os

    text = os.path.abspath(str(path or "."))
    if name is None and (os.path.splitext(text)[1] or not os.path.isdir(text)):
        return text
    return os.path.join(text, ".azureml", (name or LOCAL_RUNCONFIG_NAME) + ".runconfig")


_HOMES = {
    "AbstractComputeTarget": "azureml.core.compute_target",
    "ComputeTarget": "azureml.core.compute",
    "DatasetConsumptionConfig": "azureml.data.dataset_consumption_config",
    "Run": "azureml.core.run",
}
_ABSENT = frozenset(
    "DatabricksCluster DatabricksEnvironment DatabricksSection EggLibrary JarLibrary MavenLibrary PyPiLibrary RCranLibrary "
    "DatacacheConfiguration DatacacheConsumptionConfig".split()
)


def __getattr__(name):
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    if name in _ABSENT:
        from azureml._absent import placeholder

        return placeholder("azureml.core.runconfig." + name, "leave it out: everything runs on this machine")
    raise AttributeError("module 'azureml.core.runconfig' has no attribute {!r}".format(name))
