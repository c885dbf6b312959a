"""ScriptRun: the run of a ScriptRunConfig.

To amlocal it is a run with one step. Metrics, files, logs and child runs are those of the step."""
from azureml.core.run import Run


class ScriptRun(Run):
    def __init__(self, experiment, run_id, directory=None, _run_config=None, **kwargs):
        super().__init__(experiment, run_id, **kwargs)
        self._step_id = None

    @property
    def _work_id(self):
        if self._step_id is None:
            for record in self._client.get(self._path() + "/children")["runs"]:
                if record.get("kind") == "step":
                    self._step_id = record["id"]
        return self._step_id or self._run_id

    def _why_failed(self):
        """What amlocal told of the failure, to the program that started it."""
        import json

        from azureml import _running

        running = _running.find(self._run_id)
        for step in running.steps.values() if running else ():
            if step.failure and step.failure.get("json"):
                try:
                    return json.loads(step.failure["json"])
                except ValueError:
                    pass
        return None


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
