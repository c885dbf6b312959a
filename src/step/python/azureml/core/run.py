"""Run: what a script tells of itself, and what is read of runs that are or were."""
import os

from azureml.core._run_files import Files
from azureml.core._run_life import Life
from azureml.core._run_metrics import Metrics


def _refuse(name, instead):
    from azureml._absent import refuse

    refuse("azureml.core.Run." + name, instead)


class Run(Metrics, Files, Life):
    """One run: of a pipeline, a step, a script, or a part of one that a script made itself.

    `Run.get_context()` is the run that the script is part of."""

    _set_by_user = True  # complete() and fail() set the status

    def __init__(self, experiment, run_id, outputs=None, **kwargs):
        self._experiment = experiment
        self._run_id = run_id
        self._outputs = outputs

    @property
    def _client(self):
        from azureml._client import connect

        return connect()

    @property
    def experiment(self):
        return self._experiment

    # -- which run --------------------------------------------------------------------------------
    @classmethod
    def get_context(cls, allow_offline=True, used_for_context_manager=False, **kwargs):
        """The run of the step that this script is. Outside of one: an offline run, which has the same
        members and keeps what it is told in a file; an error if allow_offline is False."""
        from azureml._client import in_step

        if in_step():
            return _submitted()
        if not allow_offline:
            from azureml.exceptions import RunEnvironmentException

            raise RunEnvironmentException()
        from azureml.core._offline_run import _OfflineRun

        return _OfflineRun()

    @classmethod
    def get_submitted_run(cls, **kwargs):
        """The older name of get_context."""
        import logging

        logging.getLogger("azureml").warning("Run.get_submitted_run() is deprecated, use Run.get_context() instead")
        return cls.get_context(**kwargs)

    @staticmethod
    def get(workspace, run_id):
        """The run of that id."""
        from azureml._client import quote
        from azureml.core._run_life import rehydrate
        from azureml.core.experiment import Experiment
        from azureml.exceptions import ServiceException

        record = workspace._client.find("/runs/" + quote(run_id))
        if record is None:
            raise ServiceException(
                "Run {} was not found: `amlocal runs list` shows those there are.".format(run_id), status_code=404
            )
        name = record.get("experiment") or "default"
        return rehydrate(Experiment(workspace, name, _skip_name_validation=True), record)

    @staticmethod
    def list(
        experiment, type=None, tags=None, properties=None, status=None, include_children=False, _rehydrate_runs=True
    ):
        """The runs of an experiment, the newest first."""
        from azureml.core._run_life import matches, rehydrate

        for record in experiment._run_records():
            run = rehydrate(experiment, record, _rehydrate_runs)
            if matches(record, type, tags, properties, status):
                yield run
            if include_children:
                for child in run.get_children(True, tags, properties, type, status, _rehydrate_runs):
                    yield child

    @staticmethod
    def list_by_compute(compute, type=None, tags=None, properties=None, status=None):
        _refuse("list_by_compute", "every run is on this machine: use Run.list(experiment)")

    @staticmethod
    def add_type_provider(runtype, run_factory):
        """Accepted; the kinds of runs here are PipelineRun, StepRun and Run."""

    def get_portal_url(self):
        """There is no portal: the address under which the gateway knows the run."""
        return "{}/#/runs/{}".format(self._client.endpoint, self._run_id)

    @property
    def portal_url(self):
        return self.get_portal_url()

    @property
    def identity(self):
        return self._run_id

    @classmethod
    def get_docs_url(cls):
        return "https://docs.microsoft.com/python/api/azureml-core/azureml.core.run.run"

    # -- secrets, children of other kinds, snapshots ----------------------------------------------
    def get_secret(self, name):
        """A secret of the workspace (`amlocal secret set NAME`)."""
        return self._keyvault().get_secret(name)

    def get_secrets(self, secrets):
        """{name: secret or None}"""
        return self._keyvault().get_secrets(secrets)

    def _keyvault(self):
        from azureml.core.keyvault import Keyvault

        return Keyvault(self.experiment.workspace)

    def submit_child(self, config, tags=None, **kwargs):
        """Starts another script or pipeline as a child of this run."""
        from azureml._submit import submit

        return submit(self.experiment, config, tags, parent_run_id=self._run_id, **kwargs)

    def get_environment(self):
        _refuse("get_environment", "`amlocal runs show RUN` says in which environment a step ran")

    def get_snapshot_id(self):
        return self.get_properties().get("ContentSnapshotId")

    def restore_snapshot(self, snapshot_id=None, path=None):
        _refuse("restore_snapshot", "`amlocal runs show RUN` names the folder of the snapshot")

    def take_snapshot(self, file_or_folder_path):
        _refuse("take_snapshot", "upload the folder with run.upload_folder")

    # -- a block of code --------------------------------------------------------------------------
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            self.complete()
        else:
            self.fail(error_details=str(error), error_code=kind.__name__)
        return False

    def __str__(self):
        try:
            record = self._record()
        except Exception:  # the gateway is gone: what is known without it
            record = {}
        from azureml.core._run_life import record_type, status_of

        return "Run(Experiment: {},\nId: {},\nType: {},\nStatus: {})".format(
            self._experiment.name if self._experiment else None, self._run_id, record_type(record), status_of(record)
        )

    __repr__ = __str__


class _SubmittedRun(Run):
    """The run of this script, inside a step. Its status is what becomes of the script."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._inputs = self._outputs_of_step = None

    @property
    def input_datasets(self):
        """{input's name: its path, or the Dataset itself where the mode is direct}"""
        if self._inputs is None:
            from azureml.core._bindings import InputDatasets

            self._inputs = InputDatasets(self.experiment.workspace)
        return self._inputs

    @property
    def output_datasets(self):
        """{output's name: its path}"""
        if self._outputs_of_step is None:
            from azureml.core._bindings import OutputDatasets

            self._outputs_of_step = OutputDatasets(self.experiment.workspace)
        return self._outputs_of_step

    def complete(self):
        """Sends what was logged. The step is complete when the script has ended."""
        super().complete(_set_status=False)

    def fail(self, error_details=None, error_code=None):
        """Notes an error. The step has failed when the script ends with one."""
        super().fail(error_details, error_code, _set_status=False)

    def cancel(self):
        import logging

        logging.getLogger("azureml").warning("cancel is not supported for submitted runs.")


_known = {}  # run id → the _SubmittedRun of this process: get_context() gives the same object


def _submitted():
    environment = os.environ
    run_id = environment["AZUREML_RUN_ID"]
    if run_id not in _known:
        from azureml.core.experiment import Experiment

        name = environment.get("AZUREML_ARM_PROJECT_NAME") or "default"
        _known[run_id] = _SubmittedRun(Experiment(None, name, _skip_name_validation=True), run_id)
    return _known[run_id]


def get_run(experiment, run_id, rehydrate=True, clean_up=True):
    """The run of that id."""
    return Run.get(experiment.workspace, run_id) if rehydrate else Run(experiment, run_id)


def __getattr__(name):
    if name == "_OfflineRun":
        from azureml.core._offline_run import _OfflineRun

        return _OfflineRun
    if name in ("InputDatasets", "OutputDatasets", "LinkOutput"):
        from azureml.core import _bindings

        return getattr(_bindings, name)
    from azureml._also import lookup

    return lookup(__name__, name)
