"""Estimators: a script with the packages it needs. Older than ScriptRunConfig, and the same underneath."""
from azureml.core.runconfig import RunConfiguration


class Mpi:
    def __init__(self, process_count_per_node=1):
        self.process_count_per_node = process_count_per_node

    def validate(self, estimator_name):
        pass


class ParameterServer:
    def __init__(self, worker_count=1, parameter_server_count=1):
        self.worker_count, self.parameter_server_count = worker_count, parameter_server_count

    def validate(self, estimator_name):
        pass


class Gloo:
    def validate(self, estimator_name):
        pass


class Nccl:
    def validate(self, estimator_name):
        pass


class MMLBaseEstimator:
    _packages = ()  # what the framework's own class adds, as pip names
    _framework = "Python"

    def __init__(self, source_directory, compute_target, estimator_config=None, _place=None):
        from azureml import _place as place

        self._source_directory, self._compute_target = source_directory, compute_target
        self._run_config = estimator_config or RunConfiguration()
        self._place = place.of_caller()

    @property
    def source_directory(self):
        return self._source_directory

    @property
    def run_config(self):
        return self._run_config

    @property
    def conda_dependencies(self):
        return self._run_config.environment.python.conda_dependencies

    def _configure(self, given):
        """Turns the many parameters of the constructors (`given`, by name) into a RunConfiguration."""
        if given.get("compute_target") is None and given.get("vm_size") is None:
            from azureml.exceptions import TrainingException

            raise TrainingException("Either compute target or VM size should be specified.")
        config = self._run_config
        config.framework = self._framework
        config.script = given.get("entry_script")
        config.arguments = _arguments(given.get("script_params"))
        config.target = given.get("compute_target") or "amlcompute"
        config.node_count = given.get("node_count") or 1
        config.max_run_duration_seconds = given.get("max_run_duration_seconds")
        self._distribute(given)
        if given.get("environment_definition") is not None:
            config.environment = given["environment_definition"]
        else:
            self._set_packages(given)
        if given.get("environment_variables"):
            config.environment_variables = given["environment_variables"]
        for each in given.get("inputs") or []:
            if hasattr(each, "data_reference_name"):
                config.data_references[each.data_reference_name] = each
            else:
                config.data[each.name] = each

    def _distribute(self, given):
        config, distributed = self._run_config, given.get("distributed_training")
        word = str(given.get("distributed_backend") or "").lower()
        if isinstance(distributed, Mpi) or word == "mpi":
            config.communicator = "Mpi"
            each = getattr(distributed, "process_count_per_node", None) or given.get("process_count_per_node") or 1
            config.mpi.process_count_per_node, config.mpi.node_count = each, config.node_count
        elif isinstance(distributed, ParameterServer) or word == "ps":
            config.communicator, config.framework = "ParameterServer", "TensorFlow"
            for name in ("worker_count", "parameter_server_count"):
                value = getattr(distributed, name, None) or given.get(name) or 1
                setattr(config.tensorflow, name, value)
        elif isinstance(distributed, (Gloo, Nccl)) or word in ("gloo", "nccl"):
            config.communicator, config.framework = (type(distributed).__name__ if distributed else word), "PyTorch"

    def _set_packages(self, given):
        from azureml.core.conda_dependencies import CondaDependencies

        environment = self._run_config.environment
        file = given.get("conda_dependencies_file") or given.get("conda_dependencies_file_path")
        packages = CondaDependencies(file) if file else environment.python.conda_dependencies
        requirements = given.get("pip_requirements_file") or given.get("pip_requirements_file_path")
        listed = list(self._packages) + list(given.get("pip_packages") or [])
        if requirements:
            with open(str(requirements), encoding="utf-8") as opened:
                listed += [line.strip() for line in opened if line.strip() and not line.startswith("#")]
        for package in listed:
            packages.add_pip_package(package)
        for package in given.get("conda_packages") or []:
            packages.add_conda_package(package)
        environment.python.conda_dependencies = packages
        environment.python.user_managed_dependencies = bool(given.get("user_managed"))
        image = given.get("custom_docker_image") or given.get("custom_docker_base_image")
        if image:
            environment.docker.base_image = image
        if given.get("shm_size"):
            environment.docker.shm_size = given["shm_size"]

    def _submit_to(self, experiment, tags=None, run_id=None, **kwargs):
        from azureml import _single
        from azureml.core.script_run_config import ScriptRunConfig

        config = ScriptRunConfig(self.source_directory, run_config=self.run_config)
        config._place = self._place
        return _single.submit_script(config, experiment, tags, run_id)


def _arguments(script_params):
    """{"--x": 1, "--flag": ""} → ["--x", 1, "--flag"]"""
    found = []
    for name, value in (script_params or {}).items():
        found.append(name)
        if value is not None and (not isinstance(value, str) or value != ""):
            found.append(value)
    return found


class Estimator(MMLBaseEstimator):
    def __init__(
        self,
        source_directory,
        *,
        compute_target=None,
        vm_size=None,
        vm_priority=None,
        entry_script=None,
        script_params=None,
        node_count=1,
        process_count_per_node=1,
        distributed_backend=None,
        distributed_training=None,
        use_gpu=False,
        use_docker=True,
        custom_docker_base_image=None,
        custom_docker_image=None,
        image_registry_details=None,
        user_managed=False,
        conda_packages=None,
        pip_packages=None,
        conda_dependencies_file_path=None,
        pip_requirements_file_path=None,
        conda_dependencies_file=None,
        pip_requirements_file=None,
        environment_variables=None,
        environment_definition=None,
        inputs=None,
        source_directory_data_store=None,
        shm_size=None,
        resume_from=None,
        max_run_duration_seconds=None,
        _disable_validation=True,
        _show_lint_warnings=False,
        _show_package_warnings=False
    ):
        given = dict(locals())
        super().__init__(source_directory, compute_target)
        self._configure(given)


class MMLBaseEstimatorRunConfig(RunConfiguration):
    """The configuration that an estimator makes of its parameters, by itself."""

    def __init__(
        self,
        compute_target,
        vm_size=None,
        vm_priority=None,
        entry_script=None,
        script_params=None,
        node_count=None,
        process_count_per_node=None,
        distributed_backend=None,
        use_gpu=None,
        use_docker=None,
        custom_docker_base_image=None,
        custom_docker_image=None,
        image_registry_details=None,
        user_managed=False,
        conda_packages=None,
        pip_packages=None,
        environment_definition=None,
        inputs=None,
        source_directory_data_store=None,
        shm_size=None,
    ):
        given = dict(locals())
        super().__init__()
        MMLBaseEstimator(".", compute_target, self)._configure(given)
