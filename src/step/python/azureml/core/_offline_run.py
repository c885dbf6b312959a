"""The run of a script that nobody submitted.

It prints what the real SDK's offline run prints, and has the members that only a submitted run has there:
what is logged is kept, can be read back, and is appended to .amlocal/offline/RUN.jsonl, one line a call.
"""
import json
import os

from azureml.core import _metric_values as values
from azureml.core import _run_files as files
from azureml.core._run_life import Life, matches, texts
from azureml.core.run import Run


class _OfflineRun:
    def __init__(self, parent_logger=None, run_id=None, **kwargs):
        import uuid

        self._run_id = run_id or "OfflineRun_{}".format(uuid.uuid4())
        self._above = kwargs.get("_above")
        self._name = kwargs.get("_name")
        self._journal = kwargs.get("_journal") or [None]  # the file, once there is something to keep
        self._tags, self._properties, self._points, self._files = {}, {}, {}, {}
        self._children, self._status, self._error = [], "Running", None

    def _note(self, call, **fields):
        line = json.dumps(dict({"run": self._run_id, "call": call}, **fields), default=str)
        try:
            if self._journal[0] is None:
                self._journal[0] = _journal(self._run_id)
            with open(self._journal[0], "a") as file:
                file.write(line + "\n")
        except OSError:
            pass  # a read-only place: what was printed is all there is

    # -- what it is -------------------------------------------------------------------------------
    @property
    def id(self):
        return self._run_id

    identity = id

    @property
    def name(self):
        return self._name

    display_name = name

    @property
    def number(self):
        return 1

    @property
    def type(self):
        return None

    @property
    def description(self):
        return None

    @property
    def status(self):
        return self._status

    def get_status(self):
        return self._status

    def get_detailed_status(self):
        return {"status": self._status, "details": self._error}

    @property
    def experiment(self):
        """An experiment named `offline`; its workspace is the local one, if amlocal is there."""
        from azureml.core.experiment import Experiment

        return Experiment(None, "offline")

    @property
    def parent(self):
        """The run that the child was made from; of a step the pipeline's, which is offline too."""
        if self._above is None and not self._run_id.endswith("_pipeline"):
            self._above = _OfflineRun(run_id=self._run_id + "_pipeline", _journal=self._journal)
        return self._above

    def get_portal_url(self):
        return ""

    portal_url = property(get_portal_url)

    @property
    def input_datasets(self):
        from azureml.core._bindings import InputDatasets

        return InputDatasets(None)

    @property
    def output_datasets(self):
        from azureml.core._bindings import OutputDatasets

        return OutputDatasets(None)

    # -- metrics ----------------------------------------------------------------------------------
    def _logged(self, word, name, shown, kind, value, step=None):
        print("Attempted to log {} metric {}:\n{}".format(word, name, shown))
        if value in ([], {}):
            return
        kept = self._points.setdefault(str(name), (kind, []))[1]
        kept.append({"value": value, "step": step})
        self._note("log", name=str(name), kind=kind, value=value, step=step)

    def log(self, name, value, description="", step=None):
        self._logged("scalar", name, value, "scalar", values.scalar(name, value), values.step(step))

    def log_list(self, name, value, description=""):
        self._logged("list", name, value, "list", values.elements(value))

    def log_row(self, name, description=None, **kwargs):
        self._logged("row", name, kwargs, "row", values.row(kwargs))

    def log_table(self, name, value, description=""):
        self._logged("table", name, value, "table", values.table(value))

    def log_image(self, name, path=None, plot=None, description=""):
        values.image(path, plot)
        shown = path if path is not None else plot
        self._logged("image", name, shown, "image", str(path) if path is not None else str(name) + ".png")

    def log_confusion_matrix(self, name, value, description=""):
        self._logged("confusion_matrix", name, value, "confusion_matrix", values.document("confusion_matrix", value))

    def log_accuracy_table(self, name, value, description=""):
        self._logged("accuracy_table", name, value, "accuracy_table", values.document("accuracy_table", value))

    def log_residuals(self, name, value, description=""):
        self._logged("residual", name, value, "residuals", values.document("residuals", value))

    def log_predictions(self, name, value, description=""):
        self._logged("predictions", name, value, "predictions", values.document("predictions", value))

    def get_metrics(self, name=None, recursive=False, run_type=None, populate=False):
        mine = {
            one: values.fold(kind, points)
            for one, (kind, points) in self._points.items()
            if name is None or one == name
        }
        if not recursive:
            return mine
        found = {self._run_id: mine}
        for child in self._children:
            found.update(child.get_metrics(name, True))
        return found

    def flush(self, timeout_seconds=300):
        print("Attempted to flush run with id {}".format(self._run_id))

    # -- tags and properties ----------------------------------------------------------------------
    def tag(self, key, value=None):
        print("Attempted to add tag {} with value {}".format(key, value))
        self._keep_tags({key: value})

    def set_tags(self, tags):
        print("Attempted to set tags {}".format(tags))
        self._keep_tags(tags)

    def _keep_tags(self, tags):
        kept = texts(tags, "tag")
        self._tags.update(kept)
        self._note("tags", tags=kept)

    def remove_tags(self, tags):
        print("Attempted to remove tags {}".format(tags))
        for tag in tags:
            self._tags.pop(tag, None)

    def get_tags(self):
        return dict(self._tags)

    tags = property(get_tags)

    def add_properties(self, properties):
        print("Attempted to add properties {}".format(properties))
        kept = texts(properties, "property")
        self._properties.update(kept)
        self._note("properties", properties=kept)

    def get_properties(self):
        return dict(self._properties)

    properties = property(get_properties)

    # -- files: only where they lie is kept -------------------------------------------------------
    def upload_file(self, name, path_or_stream, datastore_name=None):
        print("Attempted to track file {} at {}".format(name, path_or_stream))
        self._track(name, path_or_stream)

    def upload_files(self, names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None):
        files.check_equal(names, paths)
        print("Attempted to track files {} at {} with timeout {}s".format(names, paths, timeout_seconds))
        for name, path in zip(names, paths):
            self._track(name, path)

    def upload_folder(self, name, path, datastore_name=None):
        print("Attempted to track folder {} at {}".format(name, path))
        if os.path.isdir(path):
            for artifact, file in files.files_of_folder(name, path):
                self._track(artifact, file)

    def _track(self, name, path):
        if isinstance(path, (str, os.PathLike)):
            path = os.path.abspath(path)
        self._files[files.artifact_name(name)] = path
        self._note("file", name=str(name), path=str(path))

    def get_file_names(self):
        return sorted(self._files)

    def download_file(self, name, output_file_path=None, _validate_checksum=False):
        import shutil

        target = output_file_path or os.path.basename(name)
        if name not in self._files:
            raise files.no_file(name, self.get_file_names())
        shutil.copyfile(self._files[name], os.path.join(target, os.path.basename(name)) if os.path.isdir(target) else target)

    def download_files(
        self,
        prefix=None,
        output_directory=None,
        output_paths=None,
        batch_size=100,
        append_prefix=True,
        timeout_seconds=None,
    ):
        for name in self.get_file_names():
            if name.startswith(prefix or ""):
                target = os.path.join(output_directory or "", name if append_prefix else name[len(prefix or "") :].lstrip("/"))
                os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
                self.download_file(name, target)

    def get_all_logs(self, destination=None):
        return []

    def register_model(self, model_name, model_path=None, tags=None, properties=None, **kwargs):
        """Only noted: outside of a run there is no workspace that keeps it."""
        print("Attempted to register model {} at {}".format(model_name, model_path or model_name))
        self._note("model", name=model_name, path=model_path, tags=tags, properties=properties)

    # -- the rest of a run's life -----------------------------------------------------------------
    def child_run(self, name=None, run_id=None, outputs=None):
        import uuid

        child_id = run_id or "{}.{}".format(self._run_id, name or uuid.uuid4())
        child = _OfflineRun(run_id=child_id, _above=self, _name=name, _journal=self._journal)
        self._children.append(child)
        return child

    def create_children(self, count=None, tag_key=None, tag_values=None):
        return Life.create_children(self, count, tag_key, tag_values)

    def _new_child(self, fields):
        child = self.child_run()
        child._tags.update(fields.get("tags") or {})
        return child

    def get_children(self, recursive=False, tags=None, properties=None, type=None, status=None, _rehydrate_runs=True):
        for child in reversed(self._children):
            record = {"tags": child._tags, "properties": child._properties, "status": child._status}
            if matches(record, type, tags, properties, status):
                yield child
            if recursive:
                for below in child.get_children(True, tags, properties, type, status):
                    yield below

    def start(self):
        self._status = "Running"

    def complete(self, _set_status=True):
        self._status = "Completed"
        self._note("complete")

    def fail(self, error_details=None, error_code=None, _set_status=True):
        print("Run failed with error code {}:\n{}".format(error_code, error_details))
        self._status, self._error = "Failed", error_details
        self._note("fail", code=error_code, details=error_details)

    def cancel(self):
        self._status = "Canceled"

    def clean(self):
        return []

    def wait_for_completion(self, show_output=False, wait_post_processing=False, raise_on_error=True):
        return self.get_details()

    def get_details(self):
        return {
            "runId": self._run_id, "target": "local", "status": self._status, "properties": self.get_properties(),
            "inputDatasets": [], "outputDatasets": [], "logFiles": {},
        }

    get_details_with_logs = get_details

    def get_secret(self, name):
        return self.experiment.workspace.get_default_keyvault().get_secret(name)

    def get_secrets(self, secrets):
        return self.experiment.workspace.get_default_keyvault().get_secrets(secrets)

    def __enter__(self):
        print("[START] Run {} context".format(self._run_id))
        return self

    def __exit__(self, kind, error, trace):
        print("[STOP] Run {} context".format(self._run_id))
        return False

    def __str__(self):
        return "Run(Experiment: offline,\nId: {},\nType: None,\nStatus: {})".format(self._run_id, self._status)

    __repr__ = __str__

    def __getattr__(self, name):
        """What else a submitted run has: asked of a submitted run, so that its error is the same."""
        found = getattr(Run, name, None)
        if name.startswith("_") or not callable(found):
            raise AttributeError("'_OfflineRun' object has no attribute {!r}".format(name))
        if isinstance(vars(Run).get(name), (staticmethod, classmethod)):
            return found
        return found.__get__(self)


def _journal(run_id):
    """The file that keeps what is logged: in .amlocal of the current folder, else in a temporary one."""
    folder = os.path.join(os.getcwd(), ".amlocal", "offline")
    try:
        os.makedirs(folder, exist_ok=True)
        ignore = os.path.join(os.path.dirname(folder), ".gitignore")
        if not os.path.exists(ignore):
            with open(ignore, "w") as file:
                file.write("*\n")
    except OSError:
        import tempfile

        folder = tempfile.gettempdir()
    return os.path.join(folder, run_id + ".jsonl")
