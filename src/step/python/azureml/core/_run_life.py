"""A run's record: status, names, tags, properties, children, and waiting for its end."""
import sys

# amlocal's words for what the v1 SDK has no word for.
_STATUS = {"Reused": "Completed", "Skipped": "Canceled", "Interrupted": "Failed"}


def _user_error(text):
    from azureml.exceptions import UserErrorException

    return UserErrorException(text)


def texts(pairs, what):
    """{name: text}: what is no text is made one, as the service keeps texts alone."""
    if not isinstance(pairs, dict):
        raise _user_error("{}s are a dictionary of names and texts, not {!r}.".format(what.capitalize(), pairs))
    kept = {}
    for key, value in pairs.items():
        if value is not None and not isinstance(value, str):
            import logging

            logging.getLogger("azureml").warning("Converting non-string %s to string: (%s: %s)", what, key, value)
            value = str(value)
        kept[str(key)] = "" if value is None else value
    return kept


def matches(record, type=None, tags=None, properties=None, status=None):
    """Is a run's record one of those that are asked for? `tags` is a name, or {name: text}."""
    if type is not None and type != record_type(record):
        return False
    if status is not None and status != status_of(record):
        return False
    for wanted, have in ((tags, record.get("tags") or {}), (properties, record.get("properties") or {})):
        if isinstance(wanted, dict):
            if any(key not in have or str(value) != have[key] for key, value in wanted.items()):
                return False
        elif wanted is not None and any(key not in have for key in ([wanted] if isinstance(wanted, str) else wanted)):
            return False
    return True


def status_of(record):
    """Completed, Failed, Canceled, Running, …"""
    status = record.get("status")
    return _STATUS.get(status, status)


def record_type(record):
    """The real SDK's word for a kind of run."""
    return {"pipeline": "azureml.PipelineRun", "step": "azureml.StepRun"}.get(record.get("kind"))


def iso(seconds):
    """Epoch seconds as the service writes a time, or None."""
    if seconds is None:
        return None
    import datetime

    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Life:
    """Needs self._run_id, self._client, self._experiment."""

    # -- the record -------------------------------------------------------------------------------
    def _path(self):
        from azureml._client import quote

        return "/runs/" + quote(self._run_id)

    @property
    def _work_id(self):
        """The run that has the metrics, files and logs: this one, but for a script that was submitted."""
        return self._run_id

    def _work_path(self):
        from azureml._client import quote

        return "/runs/" + quote(self._work_id)

    def _record(self):
        return self._client.get(self._path())

    def _change(self, **fields):
        from azureml._limits import words
        from azureml._outbox import outbox

        record = outbox().deliver("PATCH", self._path(), fields) or {}
        for what, key in (("tag", "tags"), ("property", "properties")):
            said = words(dict(record.get(key) or {}, **fields.get(key, {})), what) if key in fields else None
            if said:
                outbox().say(said, said)
        return record

    @property
    def id(self):
        return self._run_id

    @property
    def name(self):
        return self._record().get("name")

    @property
    def display_name(self):
        return self._record().get("name")

    @display_name.setter
    def display_name(self, value):
        self._change(name=str(value))

    @property
    def description(self):
        return (self._record().get("properties") or {}).get("description")

    @property
    def type(self):
        return record_type(self._record())

    @property
    def number(self):
        import logging

        logging.getLogger("azureml").warning("Run Number's semantics may be modified in the future")
        siblings = self._client.get("/experiments/{}/runs".format(_quote(self.experiment.name)))["runs"]
        ids = [one["id"] for one in reversed(siblings)]
        return ids.index(self._run_id) + 1 if self._run_id in ids else 1

    @property
    def status(self):
        return status_of(self._record())

    def get_status(self):
        """The status now: NotStarted, Running, Completed, Failed, Canceled, …"""
        return self.status

    def get_detailed_status(self):
        record = self._record()
        return {"status": status_of(record), "details": record.get("error") or None}

    @property
    def tags(self):
        return self.get_tags()

    def get_tags(self):
        return dict(self._record().get("tags") or {})

    def tag(self, key, value=None):
        """One tag, with or without a text."""
        self._change(tags=texts({key: value}, "tag"))

    def set_tags(self, tags):
        """Adds tags, or gives those that are there new texts."""
        self._change(tags=texts(tags, "tag"))

    def remove_tags(self, tags):
        if isinstance(tags, str):
            raise _user_error("remove_tags takes a list of names: run.remove_tags([{!r}]).".format(tags))
        self._change(tags={str(key): None for key in tags})

    @property
    def properties(self):
        return self.get_properties()

    def get_properties(self):
        return dict(self._record().get("properties") or {})

    def add_properties(self, properties):
        """Adds properties; one that is there already cannot be changed."""
        self._change(properties=texts(properties, "tag"))

    # -- where it belongs -------------------------------------------------------------------------
    @property
    def parent(self):
        """The run above this one (of a step: the pipeline's), or None."""
        above = self._record().get("parent")
        return rehydrate(self._experiment, self._client.get("/runs/" + _quote(above))) if above else None

    def get_children(
        self, recursive=False, tags=None, properties=None, type=None, status=None, _rehydrate_runs=True
    ):
        """The runs below this one, one after the other, the newest first."""
        for record in self._client.get(self._work_path() + "/children")["runs"]:
            run = rehydrate(self._experiment, record, _rehydrate_runs)
            if matches(record, type, tags, properties, status):
                yield run
            if recursive:
                for below in run.get_children(True, tags, properties, type, status, _rehydrate_runs):
                    yield below

    def child_run(self, name=None, run_id=None, outputs=None):
        """A new run below this one, for a part of the work. `with run.child_run("x") as part:` ends it."""
        return self._new_child({"name": name, "id": run_id})

    def _new_child(self, fields):
        body = {key: value for key, value in fields.items() if value is not None}
        record = self._client.post("/runs", dict(body, parent=self._run_id))
        from azureml.core.run import Run

        return Run(self._experiment, record["id"])

    def create_children(self, count=None, tag_key=None, tag_values=None):
        """Several new runs below this one: `count`, or one a value of the tag `tag_key`. At most 100."""
        if count is None and tag_key is None and tag_values is None:
            raise _user_error("Either count or tag_key and tag_values must be set")
        if count is not None and (tag_key is not None or tag_values is not None):
            raise _user_error("count can not be set when tag_key and tag_values are set")
        if count is None and tag_key is None:
            raise _user_error("tag_key must not be null when tag_values is set")
        if count is None and tag_values is None:
            raise _user_error("tag_values must not be null when tag_key is set")
        tags = [{}] * count if count is not None else [{tag_key: str(value)} for value in tag_values]
        if len(tags) > 100:
            raise _user_error("create_children can not create more than 100 runs")
        return [self._new_child({"tags": one or None}) for one in tags]

    # -- the end ----------------------------------------------------------------------------------
    def start(self):
        self._change(status="Running")

    def complete(self, _set_status=True):
        """Sends what was logged, and says that this run has ended well."""
        self.flush()
        if _set_status:
            self._change(status="Completed")

    def fail(self, error_details=None, error_code=None, _set_status=True):
        """Says that this run has failed, and why."""
        self.flush()
        fields = {"error": ": ".join(str(one) for one in (error_code, error_details) if one is not None)}
        if _set_status:
            fields["status"] = "Failed"
        self._change(**fields)

    def cancel(self):
        self.flush()
        self._change(status="Canceled")

    def clean(self):
        """Nothing is left on a compute target here."""
        return []

    def wait_for_completion(self, show_output=False, wait_post_processing=False, raise_on_error=True):
        """Waits until the run has ended; shows its logs as they grow if asked to. The run's details."""
        from azureml import _running
        from azureml.core._watch import wait
        from azureml.exceptions import ActivityFailedException

        if _running.is_collected(self._run_id):
            return {"runId": self._run_id, "status": "Completed"}
        wait(self, sys.stdout if show_output else None)
        details = self.get_details()
        if raise_on_error and details["status"] == "Failed":
            import json

            unknown = "Detailed error not set on the Run. Please check the logs for details."
            raise ActivityFailedException(json.dumps(details.get("error") or unknown, indent=4))
        return details

    def get_details(self):
        """What is known of the run, in the service's words; logFiles are {name: address}."""
        record = self._record()
        logs = self._client.get(self._work_path() + "/logs")["logs"]
        base = "{}/amlocal/1{}/logs/".format(self._client.endpoint, self._work_path())
        details = {
            "runId": self._run_id,
            "target": "local",
            "status": status_of(record),
            "startTimeUtc": iso(record.get("start")),
            "endTimeUtc": iso(record.get("end")),
            "error": _error_of(record) or (self._why_failed() if status_of(record) == "Failed" else None),
            "properties": record.get("properties") or {},
            "inputDatasets": [],
            "outputDatasets": [],
            "logFiles": {log["path"]: base + log["path"] for log in logs},
            "submittedBy": _user(),
        }
        for key in ("startTimeUtc", "endTimeUtc", "error"):
            if details[key] is None:
                del details[key]
        return details

    def _why_failed(self):
        """The error's document where the record has none."""
        return None

    def get_details_with_logs(self):
        """get_details() with the logs' texts in place of their addresses."""
        details = self.get_details()
        for name in details["logFiles"]:
            details["logFiles"][name] = self._log_text(name)
        return details

    def _log_text(self, name, start=0):
        from azureml._client import quote_path

        data = self._client.read("{}/logs/{}".format(self._work_path(), quote_path(name)))
        return data[start:].decode(errors="replace")


def _error_of(record):
    """The service's document about what a run failed of, or None."""
    text = record.get("error")
    return {"error": {"code": "UserError", "message": text, "details": []}} if text else None


def _quote(part):
    from azureml._client import quote

    return quote(part)


def _user():
    import getpass

    try:
        return getpass.getuser()
    except Exception:  # no such user, no variables: a container
        return "unknown"


def rehydrate(experiment, record, typed=True):
    """The object for a run's record: a PipelineRun, a StepRun, or a Run."""
    from azureml.core.experiment import Experiment
    from azureml.core.run import Run, _known

    if record["id"] in _known:
        return _known[record["id"]]  # the step that asks
    name = record.get("experiment")
    if experiment is None or (name and experiment.name != name):
        experiment = Experiment(experiment.workspace if experiment else None, name or "default", _skip_name_validation=True)
    if typed and record.get("kind") in ("pipeline", "step"):
        from azureml.pipeline.core.run import PipelineRun, StepRun

        if record["kind"] == "pipeline":
            return PipelineRun(experiment, record["id"])
        return StepRun(experiment, record["id"], record.get("root"), record.get("step"))
    return Run(experiment, record["id"])
