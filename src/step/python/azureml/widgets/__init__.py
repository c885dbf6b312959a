"""azureml.widgets: where a notebook would draw, a table is printed."""


class RunDetails:
    """RunDetails(run).show(): the run and what is below it, with statuses and times."""

    def __init__(self, run_instance):
        self._run = run_instance

    def show(self, render_lib=None, widget_settings=None):
        """Prints the table as it is now. wait_for_completion(show_output=True) follows a run."""
        print(self._text())

    def get_widget_data(self, widget_settings=None):
        """The same as a dictionary: "status", "run_id", "child_runs", "run_metrics"."""
        rows = self._rows()
        keys = ("name", "status", "duration", "run_id")
        return {
            "status": rows[0][1],
            "run_id": self._run.id,
            "child_runs": [dict(zip(keys, row)) for row in rows[1:]],
            "run_metrics": [{"name": name, "value": value} for name, value in self._metrics().items()],
        }

    def _metrics(self):
        return self._run.get_metrics()

    def _rows(self):
        """[(name, status, duration, id)], the run first and the runs below it in their order."""
        run = self._run
        if not hasattr(run, "_record"):  # an offline run
            return [(run.id, run.status, "", run.id)]
        rows = [_row(run._record())]
        children = [child._record() for child in run.get_children(recursive=True, _rehydrate_runs=False)]
        children.sort(key=lambda record: record.get("start") or float("inf"))
        return rows + [_row(record) for record in children]

    def _text(self):
        rows = self._rows()
        head = ("name", "status", "duration", "run id")
        body = [head] + [(("  " if at else "") + row[0],) + row[1:] for at, row in enumerate(rows)]
        widths = [max(len(str(row[column])) for row in body) for column in range(4)]
        lines = ["  ".join(str(one).ljust(width) for one, width in zip(row, widths)).rstrip() for row in body]
        for name, value in sorted(self._metrics().items()):
            lines.append("{} = {}".format(name, value))
        return "\n".join(lines)


class ParallelRunStepDetails(RunDetails):
    """The same for one step of a pipeline's run."""

    def __init__(self, run_instance=None, step_name=None, workspace=None, run_id=None, step_run_id=None):
        if run_instance is None:
            from azureml.core.run import Run

            run_instance = Run.get(workspace, step_run_id or run_id)
        if step_name is not None:
            run_instance = run_instance.find_step_run(step_name)[0]
        super().__init__(run_instance)

    def show(self):
        print(self._text())


def _row(record):
    import time

    start, end = record.get("start"), record.get("end")
    duration = "" if start is None else _duration((end or time.time()) - start)
    return record.get("step") or record.get("name") or record["id"], record.get("status") or "", duration, record["id"]


def _duration(seconds):
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return "{}:{:02}:{:02}".format(hours, minutes, seconds)
