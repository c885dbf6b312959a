"""ScriptRun: the run of a ScriptRunConfig."""
from azureml.core.run import Run


class ScriptRun(Run):
    def __init__(self, experiment, run_id, directory=None, _run_config=None, **kwargs):
        super().__init__(experiment, run_id, **kwargs)


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
