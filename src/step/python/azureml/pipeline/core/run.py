"""PipelineRun and StepRun: a pipeline's run and the runs of its steps, as the script that submitted them sees them."""
import sys

from azureml.core.run import Run
from azureml.core.script_run import ScriptRun  # noqa: F401  (also imported from here)
from azureml.exceptions import (  # noqa: F401
    ActivityFailedException,
    AzureMLException,
    ExperimentExecutionException,
)


def _v1_status(status):
    from azureml._drawing import v1_status

    return v1_status(status)


class _V1Run(Run):
    """What both have in common: the v1 words for a status, and what only a step's script may do."""

    _what = "run"

    def _running(self):
        from azureml import _running

        return _running.find(self._root_id())

    def _root_id(self):
        return self._run_id

    def get_status(self):
        return _v1_status(self._status_now())

    def get_portal_url(self):
        from azureml._submit import portal

        return portal(self._root_id(), getattr(self, "_node_id", None))

    @property
    def portal_url(self):
        return self.get_portal_url()

    def complete(self, *arguments, **named):
        raise NotImplementedError("Complete is unsupported for {}.".format(self._what))

    def fail(self, *arguments, **named):
        raise NotImplementedError("Fail is unsupported for {}.".format(self._what))

    def child_run(self, name=None, run_id=None, outputs=None):
        raise NotImplementedError("Child run is unsupported for {}.".format(self._what))


class PipelineRun(_V1Run):
    _what = "Pipeline run"

    def __init__(self, experiment, run_id, **kwags):
        super().__init__(experiment, run_id)

    @staticmethod
    def get(workspace, run_id):
        run = Run.get(workspace, run_id)
        if not isinstance(run, PipelineRun):
            raise ValueError("{} is not the run of a pipeline".format(run_id))
        return run

    @staticmethod
    def get_pipeline_runs(workspace, pipeline_id):
        """The runs of one published pipeline, the newest first."""
        from azureml.pipeline.core import _documents

        mine = {run_id for run_id, facts in _documents.all_of("submission").items() if facts.get("pipeline_id") == pipeline_id}
        records = [Run.get(workspace, run_id) for run_id in mine]
        return sorted(records, key=lambda run: run.get_details().get("startTimeUtc") or "", reverse=True)

    def _status_now(self):
        running = self._running()
        return running.status if running is not None else self._record().get("status")

    def _facts(self):
        from azureml import _submit

        return _submit.recall(self._run_id)

    # -- steps ----------------------------------------------------------------------------------------
    def get_steps(self):
        """The steps that have started, one after the other: a generator."""
        return self.get_children()

    def find_step_run(self, name):
        """All step runs of that name, as a list."""
        names = self._facts().get("steps") or {}
        return [
            step
            for step in self.get_children()
            if isinstance(step, StepRun) and name in (step._node_id, (names.get(step._node_id) or {}).get("name"))
        ]

    def get_pipeline_output(self, pipeline_output_name):
        """Where the pipeline's output of that name lies (PortDataReference)."""
        for output in self._client.get(self._path() + "/outputs")["outputs"]:
            if output["name"] == pipeline_output_name:
                return _reference(self, output)
        raise ValueError("Pipeline output with name {} does not exist".format(pipeline_output_name))

    def get_tags(self):
        return super().get_tags()

    # -- the end --------------------------------------------------------------------------------------
    def wait_for_completion(self, show_output=True, timeout_seconds=sys.maxsize, raise_on_error=True):
        """Waits for the end; shows each step's log meanwhile. The status, which is Finished when all went well."""
        import time

        from azureml import _drawing, _running

        if _running.is_collected(self._run_id):
            return "Finished"
        out = _drawing.stdout()
        out.write("PipelineRunId: {}\n".format(self._run_id))
        out.write("Link to Azure Machine Learning Portal: {}\n".format(self.get_portal_url()))
        began = time.monotonic()
        deadline = began + timeout_seconds if timeout_seconds < sys.maxsize else None
        out.write("PipelineRun Status: {}\n".format(self.get_status()))
        out.flush()
        if not self._wait(out if show_output else None, deadline):
            out.write("Timed out of waiting. Elapsed time: {:.0f} s\n".format(time.monotonic() - began))
            return self.get_status()
        details = self.get_details()
        status = self.get_status()
        error = details.get("error") or (self._failure() if status == "Failed" else None)
        if show_output:
            out.write("\n\n{}\n".format(_drawing.rule("PipelineRun Execution Summary")))
            out.write("PipelineRun Status: {}\n{}\n\n".format(status, details))
            out.flush()
        if error and raise_on_error:
            import json

            raise ActivityFailedException(error_details=json.dumps(error, indent=4) if not isinstance(error, str) else error)
        return status

    def _wait(self, out, deadline):
        running = self._running()
        if running is None:
            return _poll(self, out, deadline)
        from azureml import _drawing

        if out is not None:
            names = {key: each["name"] for key, each in (self._facts().get("steps") or {}).items()}
            return _drawing.draw_pipeline(running, names, out, deadline)
        import time

        return running.wait_until(lambda: running.ended, None if deadline is None else deadline - time.monotonic())

    def _failure(self):
        from azureml import _running

        return _running.failure_of(self.id) or "Detailed error not set on the Run. Please check the logs for details."

    def cancel(self):
        running = self._running()
        if running is None:
            raise ExperimentExecutionException(
                "{} was started by another program, which stops it: press Ctrl-C there".format(self._run_id)
            )
        running.cancel()
        running.join()

    # -- the pipeline itself --------------------------------------------------------------------------
    def get_graph(self, *arguments):
        from azureml import _absent

        _absent.refuse("PipelineRun.get_graph", "PipelineRun.save(path) writes the job that ran")

    def save(self, path=None):
        """Writes the job that ran to a file: JSON, which is YAML. The path."""
        import json

        target = str(path or self._run_id + ".yml")
        with open(target, "w", encoding="utf-8") as file:
            json.dump(self._facts().get("job") or {}, file, indent=2, ensure_ascii=False)
        return target

    def publish_pipeline(self, name, description, version, continue_on_step_failure=None, **kwargs):
        from azureml.pipeline.core._published import PublishedPipeline

        return PublishedPipeline._from_run(self, name, description, version, continue_on_step_failure)


class StepRun(_V1Run):
    _what = "Step run"

    def __init__(self, experiment, step_run_id, pipeline_run_id, node_id, **kwargs):
        super().__init__(experiment, step_run_id)
        self._pipeline_run_id, self._node_id = pipeline_run_id, node_id

    @property
    def pipeline_run_id(self):
        return self._pipeline_run_id

    def _root_id(self):
        return self._pipeline_run_id

    def _step(self):
        running = self._running()
        return running.steps.get(self._node_id) if running is not None else None

    def _facts(self):
        from azureml import _submit

        return (_submit.recall(self._pipeline_run_id).get("steps") or {}).get(self._node_id) or {}

    @property
    def name(self):
        return self._facts().get("name") or super().name

    def _status_now(self):
        step = self._step()
        return step.status if step is not None else self._record().get("status")

    # -- outputs --------------------------------------------------------------------------------------
    def get_outputs(self):
        """{name: StepRunOutput}"""
        names = self._facts().get("outputs") or {}
        found = {}
        for output in self._client.get(self._path() + "/outputs")["outputs"]:
            name = names.get(output["name"], output["name"])
            found[name] = StepRunOutput(None, self._pipeline_run_id, self, name, output)
        return found

    def get_output(self, name):
        outputs = self.get_outputs()
        if name not in outputs:
            raise ValueError("Output with name {} does not exist; there are: {}".format(name, ", ".join(outputs) or "none"))
        return outputs[name]

    def get_output_data(self, name):
        return self.get_output(name).get_port_data_reference()

    # -- logs -----------------------------------------------------------------------------------------
    def get_stdout_log(self):
        """What the script printed."""
        # A log may have an older runtime's name too: one of the two is enough.
        return self._joined("user_logs/") or self._joined("azureml-logs/")

    def get_stderr_log(self):
        """What the script printed: one log has both streams, as they came."""
        return self.get_stdout_log()

    def get_job_log(self):
        """What was done for the step."""
        return self._joined("system_logs/")

    def _joined(self, folder):
        logs = self._client.get(self._path() + "/logs")["logs"]
        return "".join(self._log_text(log["path"]) for log in logs if log["path"].startswith(folder))

    def get_details_with_logs(self):
        details = super().get_details_with_logs()
        details.update(STDOUT=self.get_stdout_log(), STDERR=self.get_stderr_log(), JOBLOG=self.get_job_log())
        return details

    # -- the end --------------------------------------------------------------------------------------
    def wait_for_completion(self, show_output=True, timeout_seconds=sys.maxsize, raise_on_error=True):
        import time

        from azureml import _drawing

        out = _drawing.stdout()
        deadline = time.monotonic() + timeout_seconds if timeout_seconds < sys.maxsize else None
        step, running = self._step(), self._running()
        if step is None:
            ended = _poll(self, out if show_output else None, deadline)
        else:

            def ended_in(seconds):
                late = deadline is not None and time.monotonic() > deadline
                return running.wait_until(lambda: step.ended or running.ended, seconds) or late

            if show_output:
                _drawing.draw_step(self.name, running.id, step, out, ended_in)
            else:
                while not ended_in(0.5):
                    pass
            ended = step.ended
        if not ended:
            out.write("Timed out of waiting.\n")
            return self.get_status()
        details = self.get_details()
        if show_output:
            out.write("{}\n\n".format(details))
        if raise_on_error and self.get_status() == "Failed":
            raise ActivityFailedException(error_details=details.get("error") or "See the log of step {}.".format(self.name))
        return self.get_status()


class StepRunOutput:
    def __init__(self, context, pipeline_run_id, step_run, name, step_output):
        self._context, self.pipeline_run_id, self.step_run = context, pipeline_run_id, step_run
        self.name, self._output = name, step_output

    def get_port_data_reference(self):
        return _reference(self.step_run, dict(self._output, name=self.name))


def _reference(run, output):
    """A PortDataReference to what a run has published."""
    from azureml.core.datastore import Datastore
    from azureml.data.data_reference import DataReference
    from azureml.pipeline.core.graph import PortDataReference

    place = output["uri"].partition("datastores/")[2]
    datastore, _, path = place.partition("/paths/")
    reference = DataReference(Datastore(run.experiment.workspace, datastore), output["name"], path.rstrip("/"))
    return PortDataReference(None, getattr(run, "pipeline_run_id", run.id), reference, run, output.get("path"))


def _poll(run, out, deadline):
    """Waits for a run that another program started. Whether it has ended before the deadline."""
    import time

    shown, pause = None, 0.1
    while True:
        status = run.get_status()
        if out is not None and status != shown:
            out.write("{} Status: {}\n".format(type(run).__name__, status))
            out.flush()
            shown = status
        if status in ("Finished", "Failed", "Canceled"):
            return True
        if deadline is not None and time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)
