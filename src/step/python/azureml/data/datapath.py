"""DataPath: a place on a datastore without a way to get it; DataPathComputeBinding: that way."""
from azureml.data.data_reference import DataReference  # noqa: F401  (also imported from here)


class DataPath:
    def __init__(self, datastore=None, path_on_datastore=None, name=None):
        if datastore is None:
            raise ValueError("datastore parameter is required.")
        self._datastore = datastore
        self._path_on_datastore = path_on_datastore
        self._name = name or self._default_name()

    def _default_name(self):
        if not self._path_on_datastore:
            return self._datastore.name
        import hashlib

        # The same place has the same name each time the script runs.
        place = "{}/{}".format(self._datastore.name, self._path_on_datastore)
        return "{}_{}".format(self._datastore.name, hashlib.sha256(place.encode()).hexdigest()[:8])

    @property
    def path_on_datastore(self):
        return self._path_on_datastore

    @property
    def datastore_name(self):
        return self._datastore.name

    def create_data_reference(self, data_reference_name=None, datapath_compute_binding=None):
        return DataReference.create(data_reference_name, self, datapath_compute_binding)

    @staticmethod
    def create_from_data_reference(data_reference):
        return DataPath(data_reference.datastore, data_reference.path_on_datastore, data_reference.data_reference_name)


class DataPathComputeBinding:
    def __init__(self, mode="mount", path_on_compute=None, overwrite=False):
        self._mode = mode
        self._path_on_compute = path_on_compute
        self._overwrite = overwrite

    def create_data_reference(self, data_reference_name=None, datapath=None):
        return DataReference.create(data_reference_name, datapath, self)

    @staticmethod
    def create_from_data_reference(data_reference):
        return DataPathComputeBinding(data_reference.mode, data_reference.path_on_compute, data_reference.overwrite)
