"""MLClient.jobs on this machine: what is submitted becomes a file below .amlocal/definitions and a run of it."""
import copy
import os
import shutil

from amlocal import _v2_dump
from amlocal._v2 import Operations, done, not_found

ARCHIVED = "archived_job"  # kind of document
LOGS = ("user_logs/", "system_logs/", "azureml-logs/", "logs/")


class Jobs(Operations):
    def __init__(self, door, root):
        super().__init__(door, root)
        self._exported = {}  # name → the job that `amlocal export` wrote

    # -- submission -----------------------------------------------------------------------------------
    def create_or_update(
        self, job, *, description=None, compute=None, tags=None, experiment_name=None, skip_validation=False, **kwargs
    ):
        """Starts a run of the job. The same entity comes back with name, status and studio_url."""
        from azureml import _running

        job = _as_command(job)
        given = {"description": description, "compute": compute, "tags": tags, "experiment_name": experiment_name}
        for name, value in given.items():
            if value is not None:
                setattr(job, name, value)
        if not skip_validation:
            self.validate(job, raise_on_failure=True)
        job = _as_job(job)
        if os.environ.get("AMLOCAL_EXPORT"):
            return self._export(job)
        name = job.name or _new_name()
        file = self._write(name, job)
        running = _running.start(name, file)
        refused = running.wait_for_start()
        if refused is not None:
            from azure.ai.ml.exceptions import ErrorCategory, ErrorTarget, ValidationException

            raise ValidationException(
                message=refused, no_personal_data_message="amlocal refused the job",
                target=ErrorTarget.JOB, error_category=ErrorCategory.USER_ERROR,
            )
        return _shown(copy.copy(job), name, running.status)

    def _write(self, name, job):
        content = _v2_dump.document(job)
        collecting = os.environ.get("AMLOCAL_COLLECT")
        if not collecting:
            content["name"] = name
        content.setdefault("type", job.type)
        # The real client's default: the name of the working folder.
        content.setdefault("experiment_name", os.path.basename(os.getcwd()) or "Default")
        stem = "".join(c if c.isalnum() or c in "_-" else "_" for c in str(content.get("display_name") or "job"))
        from azureml import _submit

        folder = _submit.collect(stem) if collecting else self._folder(name)
        os.makedirs(folder, exist_ok=True)
        _submit.sign(folder)
        return _v2_dump.write(os.path.join(folder, stem + ".yml"), content)

    def _export(self, job):
        """`amlocal export`: writes the job and runs nothing; what comes back is over."""
        from azureml import _export, _running

        name = job.name or _new_name()
        target = _export.next_target(name)
        content = _v2_dump.relative(_v2_dump.document(job), target)
        content.setdefault("type", job.type)
        print(_v2_dump.write(os.path.join(target, "pipeline.yml"), content))
        _running._running[name] = _export.Exported(name)
        self._exported[name] = copy.copy(job)
        return _shown(copy.copy(job), name, "Completed")

    def _folder(self, name):
        return os.path.join(self.root, ".amlocal", "definitions", name)

    def validate(self, job, *, raise_on_failure=False, **kwargs):
        """The SDK's own checks; `amlocal validate` has more, and runs them at submission."""
        from azure.ai.ml.entities._validation import PathAwareSchemaValidatableMixin, ValidationResultBuilder

        job = _as_command(job)
        if isinstance(job, PathAwareSchemaValidatableMixin):
            return job._validate(raise_error=raise_on_failure)
        if hasattr(job, "_validate"):  # CommandJob, SweepJob: it raises, and returns nothing
            job._validate()
        return ValidationResultBuilder.success()

    # -- looking ---------------------------------------------------------------------------------------
    def get(self, name):
        record = self._record(name)
        return _shown(self._entity(name, record), name, self._status(name, record), record)

    def list(self, *, parent_job_name=None, list_view_type="ActiveOnly", **kwargs):
        """The jobs, newest first; of a parent, its steps."""
        wanted = str(getattr(list_view_type, "value", list_view_type))
        archived = {each["name"] for each in self._documents(ARCHIVED) if each["archived"]}
        for record in self._records(parent_job_name):
            put_aside = record["id"] in archived
            if wanted == "All" or put_aside == (wanted == "ArchivedOnly"):
                name = record["id"]
                yield _shown(self._entity(name, record), name, self._status(name, record), record)

    def _records(self, parent):
        if parent:
            return self._door.get(self._path(self._record(parent)["id"]) + "/children")["runs"]
        from azureml import _client

        found = []
        for experiment in self._door.get("/experiments")["experiments"]:
            found += self._door.get("/experiments/{}/runs".format(_client.quote(experiment)))["runs"]
        return sorted(found, key=lambda record: record.get("start") or 0, reverse=True)

    def _path(self, name):
        from azureml import _client

        return "/runs/" + _client.quote(name)

    def _record(self, name):
        from azure.ai.ml.exceptions import UserErrorException

        if not isinstance(name, str):
            raise UserErrorException("{} is a invalid input for client.jobs.get().".format(name))
        record = self._door.find(self._path(name))
        if record is None:
            raise not_found("(UserError) Job {} was not found; `amlocal runs list` names those there are".format(name))
        return record

    def _status(self, name, record):
        from azureml import _running

        running = _running.find(name)
        return running.status if running is not None else record.get("status")

    def _entity(self, name, record):
        """As it was submitted; of a step, or of a run that no script submitted, what its record says."""
        from azure.ai.ml import load_job
        from azure.ai.ml.entities import CommandJob, PipelineJob

        if name in self._exported:
            return copy.copy(self._exported[name])
        file = self._file(name)
        if file is not None:
            return load_job(file)
        kind = PipelineJob if record.get("kind") == "pipeline" else CommandJob
        return kind(name=name, display_name=record.get("step") or record.get("name"),
                    experiment_name=record.get("experiment"), tags=record.get("tags") or {})

    def _file(self, name):
        """What create_or_update wrote for this run, or None."""
        folder = self._folder(name)
        files = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        return next((os.path.join(folder, each) for each in files if each.endswith(".yml")), None)

    def is_pipeline(self, name):
        import yaml

        file = self._file(name)
        if file is None:
            return False
        with open(file, encoding="utf-8") as opened:
            return yaml.safe_load(opened).get("type") == "pipeline"

    def show_services(self, name, node_index=0):
        """No services run beside a job here."""
        self._record(name)
        return None

    # -- the end ---------------------------------------------------------------------------------------
    def stream(self, name):
        from amlocal import _v2_stream

        from azureml import _running

        if not _running.is_collected(name):
            self._record(name)
            _v2_stream.stream(self, name)

    def begin_cancel(self, name, **kwargs):
        from azureml import _running

        running = _running.find(name)
        if running is not None:
            running.cancel()
            running.join()
        else:
            from amlocal import _v2

            _v2.program("runs", "cancel", self._record(name)["id"])
        return done(None)

    cancel = begin_cancel  # what the az command and older versions call it

    def begin_delete(self, name, **kwargs):
        from amlocal import _v2

        _v2.program("runs", "delete", self._record(name)["id"])
        return done(None)

    def archive(self, name):
        self._keep(ARCHIVED, self._record(name)["id"], {"name": name, "archived": True})

    def restore(self, name):
        self._keep(ARCHIVED, self._record(name)["id"], {"name": name, "archived": False})

    def update(self, name, *, display_name=None, description=None, tags=None, properties=None):
        changes = {"name": display_name, "tags": tags, "properties": properties}
        self._door.patch(self._path(name), {key: value for key, value in changes.items() if value is not None})
        return self.get(name)

    def download(self, name, *, download_path=".", output_name=None, all=False):
        """Copies outputs to named-outputs/NAME, and logs and files without a name to artifacts, below `download_path`."""
        record = self._record(name)
        status = self._status(name, record)
        if status not in ("Completed", "Failed", "Canceled"):
            from azure.ai.ml.exceptions import ErrorCategory, ErrorTarget, JobException

            text = "This job is in state {}. Download is allowed only in states {}".format(
                status, ["Completed", "Failed", "Canceled"])
            raise JobException(message=text, no_personal_data_message=text, target=ErrorTarget.JOB,
                               error_category=ErrorCategory.USER_ERROR)
        target = os.path.abspath(str(download_path))
        outputs = {each["name"]: each["path"] for each in self._door.get(self._path(name) + "/outputs")["outputs"]}
        for output in outputs if all else [output_name] if output_name in outputs else ():
            _copy(outputs[output], os.path.join(target, "named-outputs", output))
        if all or not output_name:
            self._download_artifacts(name, os.path.join(target, "artifacts"))

    def _download_artifacts(self, name, folder):
        from azureml import _client

        # A command job's files and logs are those of its one step.
        steps = self._door.get(self._path(name) + "/children")["runs"]
        for run in [name] + ([steps[0]["id"]] if len(steps) == 1 else []):
            for kind in ("files", "logs"):
                below = "{}/{}".format(self._path(run), kind)
                for each in self._door.get(below)[kind]:
                    if kind == "logs" and not each["path"].startswith(LOGS):
                        continue  # amlocal's own records lie beside them
                    target = os.path.join(folder, *each["path"].split("/"))
                    self._door.download("{}/{}".format(below, _client.quote_path(each["path"])), target)


def _copy(source, target):
    if os.path.isdir(source):
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif os.path.exists(source):
        os.makedirs(target, exist_ok=True)
        shutil.copy2(source, target)


def _as_command(job):
    """What the real client checks: what command() made as it is, any other node as a job."""
    from azure.ai.ml.entities import Command, Spark

    return job if isinstance(job, (Command, Spark)) else _as_job(job)


def _as_job(job):
    """A node (what command() and a component's call make) as the job that the real client submits."""
    from azure.ai.ml.entities._builders import BaseNode

    return job._to_job() if isinstance(job, BaseNode) else job


def _new_name():
    from azure.ai.ml.entities._job.job_name_generator import generate_job_name

    return generate_job_name()


def _shown(job, name, status, record=None):
    """The entity with what the service fills in."""
    from azure.ai.ml.entities._job.job_service import JobService
    from azureml import _submit

    job.name, job._status = name, status
    job.services = {"Studio": JobService(endpoint=_submit.portal(name), type="Studio")}
    job._id = "azureml:/jobs/" + name
    if record is not None and record.get("tags"):
        job.tags = dict(job.tags or {}, **record["tags"])
    return job
