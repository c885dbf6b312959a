"""HyperDriveConfig: a sweep over a script's arguments."""
from enum import Enum


def _refuse(text):
    from azureml.train.hyperdrive.exceptions import HyperDriveConfigException

    raise HyperDriveConfigException(text)


class PrimaryMetricGoal(Enum):
    MAXIMIZE = "MAXIMIZE"
    MINIMIZE = "MINIMIZE"

    @staticmethod
    def from_str(goal):
        return PrimaryMetricGoal[goal.upper()]


class HyperDriveConfig:
    def __init__(
        self,
        hyperparameter_sampling,
        primary_metric_name,
        primary_metric_goal,
        max_total_runs,
        max_concurrent_runs=None,
        max_duration_minutes=10080,
        policy=None,
        estimator=None,
        run_config=None,
        resume_from=None,
        resume_child_runs=None,
        pipeline=None,
        debug_flag=None,
        custom_run_id=None,
    ):
        from azureml.core.script_run_config import ScriptRunConfig

        if not any((estimator, run_config, pipeline)):
            _refuse("HyperDriveConfig expects at least one of estimator, run_config, pipeline to be set")
        if hyperparameter_sampling is None:
            _refuse("HyperDriveConfig expects hyperparameter_sampling to be set")
        if run_config is not None and not isinstance(run_config, ScriptRunConfig):
            _refuse("Expected type ScriptRunConfig for run_config but got {}".format(type(run_config).__name__))
        if pipeline is not None:
            from azureml import _absent

            _absent.refuse("HyperDriveConfig(pipeline=…)", "sweep over a script (run_config), or submit the pipeline in a loop")
        if resume_from is not None or resume_child_runs is not None:
            from azureml import _absent

            _absent.refuse("HyperDriveConfig(resume_from=…)", "start the sweep anew")
        self._sampling, self._policy = hyperparameter_sampling, policy
        self._primary_metric_config = {"name": primary_metric_name, "goal": primary_metric_goal.name.lower()}
        self._max_total_runs = max_total_runs
        self._max_concurrent_runs = max_concurrent_runs or max_total_runs
        self._max_duration_minutes = max_duration_minutes
        self._estimator, self._run_config, self._pipeline = estimator, run_config, pipeline
        self._custom_run_id = custom_run_id

    @property
    def estimator(self):
        return self._estimator

    @property
    def run_config(self):
        return self._run_config if self._run_config is not None else getattr(self._estimator, "run_config", None)

    @property
    def pipeline(self):
        return self._pipeline

    @property
    def source_directory(self):
        return (self._run_config or self._estimator).source_directory

    # -- as v2 ----------------------------------------------------------------------------------------
    def _script(self):
        """(script, arguments, source folder, RunConfiguration)"""
        config = self._run_config
        if config is not None:
            return config.script, list(config.arguments or []), config.source_directory, config.run_config
        runconfig = self._estimator.run_config
        return runconfig.script, list(runconfig.arguments or []), self._estimator.source_directory, runconfig

    def _settings(self, rename):
        """The sweep's own keys of a v2 job; `rename` turns a hyperparameter's name into a v2 input's."""
        algorithm, space = self._sampling._as_v2()
        limits = {"max_total_trials": self._max_total_runs, "max_concurrent_trials": self._max_concurrent_runs}
        if self._max_duration_minutes and self._max_duration_minutes > 0:
            limits["timeout"] = int(self._max_duration_minutes * 60)
        settings = {
            "sampling_algorithm": algorithm,
            "search_space": {rename(name): each for name, each in space.items()},
            "objective": {
                "goal": self._primary_metric_config["goal"],
                "primary_metric": self._primary_metric_config["name"],
            },
            "limits": limits,
        }
        stopping = self._policy._as_v2() if self._policy is not None else None
        if stopping:
            settings["early_termination"] = stopping
        return settings

    def _submit_to(self, experiment, tags=None, **kwargs):
        from azureml import _single

        return _single.submit_sweep(self, experiment, tags, self._custom_run_id)


class HyperDriveRunConfig(HyperDriveConfig):
    """HyperDriveConfig's older name."""
