"""RScriptStep: one R script, through Rscript."""
from azureml.pipeline.steps._script_step import ScriptStep


class RScriptStep(ScriptStep):
    def __init__(
        self,
        script_name,
        name=None,
        arguments=None,
        compute_target=None,
        runconfig=None,
        runconfig_pipeline_params=None,
        inputs=None,
        outputs=None,
        params=None,
        source_directory=None,
        use_gpu=False,
        custom_docker_image=None,
        cran_packages=None,
        github_packages=None,
        custom_url_packages=None,
        allow_reuse=True,
        version=None,
    ):
        if not script_name:
            raise ValueError("script_name is required")
        if not isinstance(script_name, str):
            raise ValueError("script_name must be a string")
        super().__init__(
            name or script_name,
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
        )
        self._script = script_name

    def _command(self, words):
        return " ".join(filter(None, ["Rscript", words.word(self._script), words.line(self._arguments)]))
