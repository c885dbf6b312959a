"""CommandStep: a command line, as a text or as a list of texts, data and parameters."""
from azureml.pipeline.core.builder import flat
from azureml.pipeline.steps._script_step import ScriptStep


class CommandStep(ScriptStep):
    def __init__(
        self,
        command=None,
        name=None,
        compute_target=None,
        runconfig=None,
        runconfig_pipeline_params=None,
        inputs=None,
        outputs=None,
        params=None,
        source_directory=None,
        allow_reuse=True,
        version=None,
    ):
        command = command or getattr(runconfig, "command", None)
        if not command:
            raise ValueError("command is required either from command directly or runconfig.")
        parts = list(flat(command))
        super().__init__(
            name or str(parts[0]).split()[0],
            inputs,
            outputs,
            parts,
            compute_target,
            runconfig,
            runconfig_pipeline_params,
            params,
            source_directory,
            allow_reuse,
            version,
        )

    def _command(self, words):
        return words.raw(self._arguments)
