"""Experiment: a name under which runs are kept together."""


def _check_name(name):
    import re

    if not isinstance(name, str) or not re.match(r"^[a-zA-Z0-9][\w\-]{0,254}$", name):
        from azureml.exceptions import UserErrorException

        raise UserErrorException(
            "Experiment name must be between 1 and 255 characters long. Its first character has to be "
            "alphanumeric, and the rest may contain hyphens and underscores. No whitespace is allowed."
        )


class ViewType:
    """Which experiments Experiment.list gives."""

    ActiveOnly = "ActiveOnly"
    All = "All"
    ArchivedOnly = "ArchivedOnly"


class Experiment:
    """An experiment of a workspace. It exists as soon as a run names it."""

    def __init__(
        self,
        workspace,
        name,
        _skip_name_validation=False,
        _id=None,
        _archived_time=None,
        _create_in_cloud=True,
        _experiment_dto=None,
        **kwargs
    ):
        if not _skip_name_validation:
            _check_name(name)
        self._workspace, self._name = workspace, name

    @property
    def name(self):
        return self._name

    @property
    def workspace(self):
        """The workspace; in a step and offline that of the run."""
        if self._workspace is None:
            from azureml.core.workspace import Workspace

            self._workspace = Workspace._local()
        return self._workspace

    workspace_object = workspace

    @property
    def _client(self):
        from azureml._client import connect

        return connect()

    @property
    def id(self):
        """A number that belongs to the name."""
        import uuid

        return str(uuid.uuid5(uuid.NAMESPACE_URL, "amlocal/experiments/" + self._name))

    @property
    def identity(self):
        return self.id

    # -- runs -------------------------------------------------------------------------------------
    def submit(self, config, tags=None, **kwargs):
        """Runs a Pipeline or a ScriptRunConfig; returns at once with its run."""
        from azureml._submit import submit

        return submit(self, config, tags, **kwargs)

    def start_logging(self, *args, **kwargs):
        """A run of this very script or notebook: log to it, then complete() it."""
        from azureml.core.run import Run

        fields = {"experiment": self._name}
        if kwargs.get("display_name"):
            fields["name"] = kwargs["display_name"]
        return Run(self, self._client.post("/runs", fields)["id"])

    def get_runs(self, type=None, tags=None, properties=None, include_children=False):
        """The runs, one after the other, the newest first."""
        from azureml.core.run import Run

        return Run.list(self, type, tags, properties, include_children=include_children)

    def _run_records(self):
        from azureml._client import quote

        answer = self._client.find("/experiments/{}/runs".format(quote(self._name)))
        return answer["runs"] if answer else []

    # -- tags: a document of the workspace ---------------------------------------------------------
    def _document(self):
        from azureml._client import quote

        found = self._client.find("/documents/experiment/" + quote(self._name))
        return dict(found["content"]) if found else {"tags": {}, "archived": None}

    def _keep(self, document):
        from azureml._client import quote

        self._client.put("/documents/experiment/" + quote(self._name), document)

    @property
    def tags(self):
        return dict(self._document()["tags"])

    def tag(self, key, value=None):
        self.set_tags({key: value})

    def set_tags(self, tags):
        from azureml.core._run_life import texts

        document = self._document()
        document["tags"] = dict(document["tags"], **texts(tags, "tag"))
        self._keep(document)

    def remove_tags(self, tags):
        document = self._document()
        document["tags"] = {key: value for key, value in document["tags"].items() if key not in tags}
        self._keep(document)

    # -- life -------------------------------------------------------------------------------------
    @property
    def archived_time(self):
        return self._document()["archived"]

    def archive(self):
        """Hides it from Experiment.list; its runs stay."""
        import time

        from azureml.core._run_life import iso

        self._keep(dict(self._document(), archived=iso(time.time())))

    def reactivate(self, new_name=None):
        if new_name is not None:
            from azureml._absent import refuse

            refuse("azureml.core.Experiment.reactivate(new_name)", "an experiment keeps its name here")
        self._keep(dict(self._document(), archived=None))

    def refresh(self):
        """What is known is read anew each time."""

    @staticmethod
    def list(workspace, experiment_name=None, view_type="ActiveOnly", tags=None):
        """The experiments of a workspace: ActiveOnly, ArchivedOnly or All."""
        found = []
        for name in workspace._client.get("/experiments")["experiments"]:
            if experiment_name is not None and name != experiment_name:
                continue
            experiment = Experiment(workspace, name, _skip_name_validation=True)
            document = experiment._document()
            archived = document["archived"] is not None
            if view_type != "All" and archived != (view_type == "ArchivedOnly"):
                continue
            wanted = {tags: None} if isinstance(tags, str) else tags or {}
            if all(key in document["tags"] and value in (None, document["tags"][key]) for key, value in dict(wanted).items()):
                found.append(experiment)
        return found

    @staticmethod
    def delete(workspace, experiment_id):
        from azureml._absent import refuse

        refuse("azureml.core.Experiment.delete", "`amlocal runs delete RUN` deletes runs; an experiment is their name")

    @staticmethod
    def from_directory(path, auth=None):
        """The experiment named as the folder, in the local workspace."""
        import os

        from azureml.core.workspace import Workspace

        return Experiment(Workspace.from_config(path), os.path.basename(os.path.abspath(path)))

    def get_portal_url(self):
        return "{}/#/experiments/{}".format(self._client.endpoint, self._name)

    @property
    def portal_url(self):
        return self.get_portal_url()

    @classmethod
    def get_docs_url(cls):
        return "https://docs.microsoft.com/python/api/azureml-core/azureml.core.experiment.experiment"

    def __str__(self):
        from azureml.core.workspace import shown

        return "Experiment(Name: {},\nWorkspace: {})".format(self._name, shown(self.workspace, "name"))

    __repr__ = __str__


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
