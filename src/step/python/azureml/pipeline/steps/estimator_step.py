"""EstimatorStep: what an estimator describes, as a step."""
from azureml.pipeline.steps.python_script_step import PythonScriptStep


class EstimatorStep(PythonScriptStep):
    def __init__(
        self,
        name=None,
        estimator=None,
        estimator_entry_script_arguments=None,
        runconfig_pipeline_params=None,
        inputs=None,
        outputs=None,
        compute_target=None,
        allow_reuse=True,
        version=None,
    ):
        from azureml.train.estimator import MMLBaseEstimator

        if name is None:
            raise ValueError("name is required")
        if not isinstance(estimator, MMLBaseEstimator):
            raise ValueError("Estimator parameter is not of valid type")
        if compute_target is None:
            raise ValueError("compute_target is required")
        if estimator_entry_script_arguments is None:
            raise ValueError("estimator_entry_script_arguments is a required parameter")
        runconfig = estimator.run_config
        super().__init__(
            runconfig.script,
            name,
            estimator_entry_script_arguments,
            compute_target,
            runconfig,
            runconfig_pipeline_params,
            inputs,
            outputs,
            None,
            estimator.source_directory,
            allow_reuse,
            version,
        )
