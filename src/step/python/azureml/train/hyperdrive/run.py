"""HyperDriveRun: a sweep's run, with its trials as children."""
from azureml.core.run import Run


class HyperDriveRun(Run):
    def __init__(self, experiment, run_id, hyperdrive_config=None, **kwargs):
        super().__init__(experiment, run_id)
        self._hyperdrive_config = hyperdrive_config

    @property
    def hyperdrive_config(self):
        return self._hyperdrive_config

    def _objective(self):
        """(the metric's name, whether more is better)"""
        from azureml import _submit

        config = self._hyperdrive_config
        known = config._primary_metric_config if config is not None else _submit.recall(self.id).get("objective") or {}
        if not known:
            raise ValueError("{} was not submitted from Python: its primary metric is not known here".format(self.id))
        return known["name"], known["goal"] == "maximize"

    def _trials(self):
        # Below the run of a sweep alone stands its only step, and below that the trials.
        found = list(self.get_children(recursive=True))
        trials = [child for child in found if child._record().get("kind") == "trial"]
        return trials or found

    def get_metrics(self):
        """{trial's id: its metrics}"""
        return {child.id: child.get_metrics() for child in self._trials()}

    def get_hyperparameters(self):
        """{trial's id: the JSON text of its values}"""
        import json

        return {child.id: json.dumps(child._record().get("params") or {}) for child in self._trials()}

    def get_children_sorted_by_primary_metric(self, top=0, reverse=False, discard_no_metric=False):
        """The best trial first: dictionaries of run_id, hyperparameters, best_primary_metric, status."""
        metric, maximize = self._objective()
        rows = []
        for child in self._trials():
            values = child.get_metrics().get(metric)
            values = values if isinstance(values, list) else [] if values is None else [values]
            best = (max(values) if maximize else min(values)) if values else None
            if best is None and discard_no_metric:
                continue
            rows.append(
                {
                    "run_id": child.id,
                    "hyperparameters": child._record().get("params") or {},
                    "best_primary_metric": best,
                    "status": child.get_status(),
                }
            )
        scored = [row for row in rows if row["best_primary_metric"] is not None]
        scored.sort(key=lambda row: row["best_primary_metric"], reverse=maximize != reverse)
        ordered = scored + [row for row in rows if row["best_primary_metric"] is None]
        return ordered[:top] if top else ordered

    def get_best_run_by_primary_metric(self, include_failed=True, include_canceled=True, include_resume_from_runs=True):
        """The trial with the best primary metric, or None."""
        unwanted = set() if include_failed else {"Failed"}
        unwanted |= set() if include_canceled else {"Canceled"}
        for row in self.get_children_sorted_by_primary_metric(discard_no_metric=True):
            if row["status"] not in unwanted:
                return Run(self.experiment, row["run_id"])
        return None

    def get_details(self):
        from azureml import _running

        details = super().get_details()
        error = _running.failure_of(self.id) if details.get("status") == "Failed" else None
        return dict(details, error=error) if error and "error" not in details else details

    def get_diagnostics(self):
        return [row for row in self.get_children_sorted_by_primary_metric() if row["status"] == "Failed"]

    def cancel(self):
        from azureml import _running

        running = _running.find(self.id)
        if running is None:
            return super().cancel()
        running.cancel()
        running.join()

    def fail(self, *arguments, **named):
        raise NotImplementedError("Fail is unsupported for a sweep's run.")
