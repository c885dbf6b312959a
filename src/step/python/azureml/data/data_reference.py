"""DataReference: a place on a datastore, as a step gets it."""
_MODES = ("mount", "download", "upload")
_ROOTS = ("/", ".", "./", "")


def _check_mode(mode):
    if mode not in _MODES:
        from azureml.exceptions import UserErrorException

        raise UserErrorException("Invalid mode {0}. Only mount, download, upload are supported".format(mode))
    return mode


class DataReference:
    def __init__(
        self,
        datastore,
        data_reference_name=None,
        path_on_datastore=None,
        mode="mount",
        path_on_compute=None,
        overwrite=False,
    ):
        self.datastore = datastore
        self.data_reference_name = data_reference_name or self._default_name(path_on_datastore)
        self.path_on_datastore = path_on_datastore
        self.mode = _check_mode(mode)
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    def _default_name(self, path):
        if path is None or path in _ROOTS:
            return getattr(self.datastore, "name", self.datastore)
        import uuid

        return uuid.uuid4().hex

    @staticmethod
    def create(data_reference_name=None, datapath=None, datapath_compute_binding=None):
        if datapath is None:
            raise ValueError("datapath parameter is required.")
        from azureml.data.datapath import DataPathComputeBinding

        binding = datapath_compute_binding or DataPathComputeBinding()
        return DataReference(
            datapath._datastore,
            data_reference_name or datapath._name,
            datapath.path_on_datastore,
            binding._mode,
            binding._path_on_compute,
            binding._overwrite,
        )

    # Like the real one these three make a copy, and two of them do not hand `overwrite` on.
    def as_mount(self):
        return self._copy("mount", None)

    def as_download(self, path_on_compute=None, overwrite=False):
        return self._copy("download", path_on_compute)

    def as_upload(self, path_on_compute=None, overwrite=False):
        return self._copy("upload", path_on_compute)

    def _copy(self, mode, path_on_compute):
        return DataReference(self.datastore, self.data_reference_name, self.path_on_datastore, mode, path_on_compute)

    def path(self, path=None, data_reference_name=None):
        joined = "/".join(part.strip("/") for part in (self.path_on_datastore or "", path or "") if part.strip("/"))
        return DataReference(self.datastore, data_reference_name, joined or None)

    def to_config(self):
        from azureml.core.runconfig import DataReferenceConfiguration

        return DataReferenceConfiguration(
            getattr(self.datastore, "name", self.datastore),
            self.mode,
            self.path_on_datastore,
            self.path_on_compute,
            self.overwrite,
        )

    def __str__(self):
        return "$AZUREML_DATAREFERENCE_{}".format(self.data_reference_name)

    __repr__ = __str__
