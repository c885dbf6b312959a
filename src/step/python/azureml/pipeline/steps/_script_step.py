"""What steps that run one command have in common: source folder, compute, run configuration."""
import os

from azureml.pipeline.core.builder import PipelineStep

_RUNCONFIG_PARAMETERS = ("NodeCount", "MpiProcessCountPerNode", "TensorflowWorkerCount", "TensorflowParameterServerCount")


class ScriptStep(PipelineStep):
    def __init__(
        self,
        name,
        inputs,
        outputs,
        arguments,
        compute_target,
        runconfig,
        runconfig_pipeline_params,
        params,
        source_directory,
        allow_reuse,
        version,
        rename_inputs=True,
    ):
        super().__init__(name, inputs, outputs, arguments, fix_port_name_collisions=rename_inputs)
        self._compute_target, self._runconfig = compute_target, runconfig
        self._runconfig_params = dict(runconfig_pipeline_params or {})
        self._params = dict(params or {})
        self._source_directory = source_directory
        self._allow_reuse, self._version = allow_reuse, version
        for key in self._runconfig_params:
            if key not in _RUNCONFIG_PARAMETERS:
                raise ValueError(
                    "{} is not a valid key of runconfig_pipeline_params; it may have {}".format(
                        key, ", ".join(_RUNCONFIG_PARAMETERS)
                    )
                )

    _script = None  # the file that has to be in the source folder, or None

    def _parameters_elsewhere(self):
        return self._runconfig_params.values()

    def _check(self, default_source_directory):
        if self._target() is None:
            raise ValueError("compute target is required")
        folder = self._folder(default_source_directory)
        script = self._script
        if script is not None and not os.path.isfile(os.path.join(folder, script)):
            raise ValueError(
                "Step [{0}]: script not found at: {1}. Make sure to specify an appropriate source_directory on the Step "
                "or default_source_directory on the Pipeline.".format(self.name, os.path.join(folder, script))
            )

    def _folder(self, default_source_directory):
        return os.path.abspath(str(self._source_directory or default_source_directory or "."))

    def _target(self):
        """The compute's name, or None where nobody gave one."""
        given = self._compute_target
        if given is None and self._runconfig is not None:
            given = getattr(self._runconfig, "target", None)
        if isinstance(given, tuple):
            given = given[0] if given else None
        return getattr(given, "name", given)

    def _command(self, words):
        """The bash command; `words` turns arguments into it (azureml._arguments.Words)."""
        raise NotImplementedError

    def _describe(self, writer):
        from azureml.core.runconfig import RunConfiguration

        runconfig = self._runconfig if isinstance(self._runconfig, RunConfiguration) else RunConfiguration()
        step = {"type": "command", "command": self._command(writer.words)}
        step["code"] = self._folder(writer.default_source_directory)
        step.update(writer.run_settings(runconfig, self._target(), self._runconfig_params))
        step["is_deterministic"] = bool(self._allow_reuse)
        return step
