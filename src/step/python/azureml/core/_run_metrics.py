"""run.log and its family, for a run that the gateway knows."""
from azureml._outbox import outbox
from azureml.core import _metric_values as values


class Metrics:
    """Needs self._run_id, self._client and self._put_file (core/_run_files.py)."""

    def log(self, name, value, description="", step=None):
        """A number (or text) under a name; again under the same name makes a series."""
        if type(value) not in values.PLAIN:
            value = values.scalar(name, value)
        if step is not None and type(step) is not int:
            step = values.step(step)
        outbox().put(self._run_id, name if type(name) is str else str(name), "scalar", value, step)

    def log_list(self, name, value, description=""):
        """A list of numbers or texts under a name; an empty one leaves no trace."""
        listed = values.elements(value)
        if listed:
            outbox().put(self._run_id, str(name), "list", listed)

    def log_row(self, name, description=None, **kwargs):
        """A row of a table; each call adds one."""
        outbox().put(self._run_id, str(name), "row", values.row(kwargs))

    def log_table(self, name, value, description=""):
        """A table at once: {column: [values]}."""
        columns = values.table(value)
        if columns:
            outbox().put(self._run_id, str(name), "table", columns)

    def log_image(self, name, path=None, plot=None, description=""):
        """A picture: a file, or a matplotlib figure (or matplotlib.pyplot itself)."""
        values.image(path, plot)
        if plot is not None:
            artifact = "{}_{}.png".format(name, self._seconds())
            import io

            picture = io.BytesIO()
            plot.savefig(picture, format="png")
            self._put_file(artifact, picture.getvalue())
        else:
            values.check_picture(path)
            artifact = self._artifact_name(path)
            self._put_file(artifact, path)
        outbox().put(self._run_id, str(name), "image", self._artifact_uri(artifact))

    def log_confusion_matrix(self, name, value, description=""):
        self._log_document(name, "confusion_matrix", value)

    def log_accuracy_table(self, name, value, description=""):
        self._log_document(name, "accuracy_table", value)

    def log_residuals(self, name, value, description=""):
        self._log_document(name, "residuals", value)

    def log_predictions(self, name, value, description=""):
        self._log_document(name, "predictions", value)

    def _log_document(self, name, kind, value):
        outbox().put(self._run_id, str(name), kind, values.document(kind, value))

    def flush(self, timeout_seconds=300):
        """Waits until what was logged is with the run."""
        outbox().flush(timeout_seconds)

    def get_metrics(self, name=None, recursive=False, run_type=None, populate=False):
        """{metric: value}; with recursive {run id: {metric: value}} of this run and those below it.

        A metric logged once is its value, one logged more often a list; a table is {column: list}."""
        if not recursive:
            return self._own_metrics(name)
        runs = [self] + list(self.get_children(recursive=True, type=run_type, _rehydrate_runs=False))
        return {run._run_id: run._own_metrics(name) for run in runs}

    def _own_metrics(self, name):
        from azureml._client import quote

        outbox().flush()
        found = {}
        for run_id in dict.fromkeys((self._work_id, self._run_id)):
            answer = self._client.get("/runs/{}/metrics".format(quote(run_id)), name=name)
            found.update((one["name"], values.fold(one["kind"], one["values"])) for one in answer["metrics"])
        return found

    @staticmethod
    def _seconds():
        import time

        return int(time.time())

    def _artifact_uri(self, artifact):
        return "aml://artifactId/ExperimentRun/dcid.{}/{}".format(self._run_id, artifact)
