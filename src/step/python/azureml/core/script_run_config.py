"""ScriptRunConfig: one script with what it runs in."""
from azureml.core.runconfig import (
    DockerConfiguration,
    Environment,
    MpiConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
    TensorflowConfiguration,
)
from azureml.data.datapath import DataPath, DataPathComputeBinding  # noqa: F401  (also imported from here)
from azureml.exceptions import RunConfigurationException, UserErrorException  # noqa: F401

_THIRTY_DAYS = 30 * 24 * 60 * 60


class ScriptRunConfig:
    MAX_DURATION_SECONDS_DEFAULT = _THIRTY_DAYS

    def __init__(
        self,
        source_directory,
        script=None,
        arguments=None,
        run_config=None,
        _telemetry_values=None,
        compute_target=None,
        environment=None,
        distributed_job_config=None,
        resume_from=None,
        max_run_duration_seconds=_THIRTY_DAYS,
        command=None,
        docker_runtime_config=None,
    ):
        import copy

        from azureml import _place

        self.source_directory = source_directory
        self.run_config = copy.deepcopy(run_config) if run_config is not None else RunConfiguration()
        given = self.run_config
        self.script = script if script is not None else given.script
        self.arguments = list(arguments if arguments is not None else given.arguments or [])
        self.command = command if command is not None else given.command
        self.resume_from = resume_from
        self.max_run_duration_seconds = max_run_duration_seconds
        self._identity = None
        self._place = _place.of_caller()
        given.script, given.arguments, given.command = self.script, self.arguments, self.command
        if compute_target is not None:
            given.target = compute_target
        if environment is not None:
            if not isinstance(environment, Environment):
                raise AttributeError("{!r} object has no attribute 'docker'".format(type(environment).__name__))
            given.environment = environment
        if docker_runtime_config is not None:
            given.docker = docker_runtime_config
        if distributed_job_config is not None:
            self._take(distributed_job_config)

    def _take(self, distributed):
        given = self.run_config
        if isinstance(distributed, MpiConfiguration):
            given.mpi, given.communicator, given.node_count = distributed, "Mpi", distributed.node_count
        elif isinstance(distributed, PyTorchConfiguration):
            given.pytorch, given.framework = distributed, "PyTorch"
            given.communicator = distributed.communication_backend.capitalize()
            given.node_count = distributed.node_count
        elif isinstance(distributed, TensorflowConfiguration):
            given.tensorflow, given.framework = distributed, "TensorFlow"
            given.communicator = "ParameterServer"
            given.node_count = distributed.worker_count + distributed.parameter_server_count
        else:
            raise RunConfigurationException(
                "distributed_job_config should be one of MpiConfiguration, TensorflowConfiguration or PyTorchConfiguration, "
                "not {}".format(type(distributed).__name__)
            )

    def _submit_to(self, experiment, tags=None, run_id=None, **kwargs):
        from azureml import _single

        return _single.submit_script(self, experiment, tags, run_id)

    @property
    def identity(self):
        return self._identity

    @identity.setter
    def identity(self, value):
        self._identity = value


def get_run_config_from_script_run(script_run_config):
    return script_run_config.run_config


def submit(script_run_config, workspace, experiment_name, run_id=None, _parent_run_id=None, credential_passthrough=False):
    from azureml import _submit
    from azureml.core.experiment import Experiment

    return _submit.submit(Experiment(workspace, experiment_name), script_run_config, run_id=run_id)


__all__ = ["ScriptRunConfig", "get_run_config_from_script_run", "submit", "DockerConfiguration"]
