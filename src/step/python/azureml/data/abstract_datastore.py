"""AbstractDatastore: what all datastores have. Here each is a folder."""


class AbstractDatastore:
    datastore_type = "AzureBlob"

    def __init__(self, workspace, name, folder=None, is_default=False):
        self._workspace, self._name = workspace, name
        self._folder, self._is_default = folder, is_default

    @property
    def name(self):
        return self._name

    @property
    def workspace(self):
        return self._workspace

    @property
    def is_default(self):
        return self._is_default

    def set_as_default(self):
        self._workspace.set_default_datastore(self._name)

    def unregister(self):
        from azureml._absent import refuse

        refuse("azureml.core.Datastore.unregister", "use `amlocal datastore delete {}`".format(self._name))

    def _as_dict(self):
        return {"name": self._name, "datastore_type": self.datastore_type, "folder": self._folder}

    def __repr__(self):
        import json

        return json.dumps(dict(self._as_dict(), is_default=self._is_default), indent=2)

    __str__ = __repr__

    def __eq__(self, other):
        return isinstance(other, AbstractDatastore) and other._name == self._name

    def __hash__(self):
        return hash(self._name)
