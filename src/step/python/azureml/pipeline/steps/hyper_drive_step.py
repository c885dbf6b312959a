"""HyperDriveStep: a sweep as a step; its outputs are those of the best trial."""
from azureml.pipeline.core.builder import PipelineStep
from azureml.train.hyperdrive.run import HyperDriveRun


class HyperDriveStep(PipelineStep):
    def __init__(
        self,
        name,
        hyperdrive_config,
        estimator_entry_script_arguments=None,
        inputs=None,
        outputs=None,
        metrics_output=None,
        allow_reuse=True,
        version=None,
    ):
        from azureml.train.hyperdrive.runconfig import HyperDriveConfig

        if name is None:
            raise ValueError("name is required")
        if not isinstance(hyperdrive_config, HyperDriveConfig):
            raise ValueError("hyperdrive_config is not of valid type HyperDriveConfig")
        script, own_arguments, folder, runconfig = hyperdrive_config._script()
        arguments = estimator_entry_script_arguments if estimator_entry_script_arguments is not None else own_arguments
        outputs = list(outputs or [])
        if metrics_output is not None:
            outputs.append(metrics_output)
        super().__init__(name, inputs, outputs, arguments)
        self._config, self._script, self._folder, self._runconfig = hyperdrive_config, script, folder, runconfig
        self._metrics_output = metrics_output
        self._allow_reuse, self._version = allow_reuse, version

    def _describe(self, writer):
        from azureml import _single

        step = _single.sweep(self._config, self._script, self._arguments, self._folder, self._runconfig, writer)
        step["is_deterministic"] = bool(self._allow_reuse)
        if self._metrics_output is not None:
            step["v1"] = {"metrics_output": writer.names.outputs[self._metrics_output._output_name]}
        return step


class HyperDriveStepRun(HyperDriveRun):
    """The sweep of a step: HyperDriveStepRun(pipeline_run.find_step_run("name")[0])"""

    def __init__(self, step_run):
        super().__init__(step_run.experiment, step_run.id)
        self._step_run = step_run

    def _objective(self):
        from azureml import _submit

        step = self._step_run
        job = _submit.recall(step.pipeline_run_id).get("job") or {}
        objective = (job.get("jobs") or {}).get(step._node_id, {}).get("objective")
        if not objective:
            return super()._objective()
        return objective["primary_metric"], objective["goal"] == "maximize"
