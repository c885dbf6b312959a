"""What a script writes and how it gets to a datastore: OutputFileDatasetConfig and its family.

as_mount, as_upload, register_on_complete and the read_ methods return a copy: of `output.as_upload()` alone nothing
is left. All copies have one origin, by which a pipeline knows that they are the same output.
"""
from azureml.core.runconfig import MountOptions, UploadOptions
from azureml.data._names import check, made_up

_DEFAULT_HEADER = "ALL_FILES_HAVE_SAME_HEADERS"


class RegistrationConfiguration:
    def __init__(self, name, description, tags):
        self.name, self.description, self.tags = name, description, tags


class _Origin:
    pass


class OutputDatasetConfig:
    _input_mode = "mount"

    def __init__(self, mode, name=None, **kwargs):
        self.mode = mode
        self._name = check(name, "output") if name else made_up("output_")
        self._registration = None
        self._table = None  # of a table: how it is read
        self._origin = _Origin()

    @property
    def name(self):
        return self._name

    @property
    def arg_val(self):
        """What stands in an argument list until the step runs."""
        return "DatasetOutputConfig:" + self._name

    def _copy(self, **changes):
        import copy

        made = copy.copy(self)
        made.__dict__.update(changes)
        return made

    def register_on_complete(self, name, description=None, tags=None):
        if not name:
            raise ValueError("The registration name of the dataset must not be empty.")
        return self._copy(_registration=RegistrationConfiguration(name, description, tags))

    def as_input(self, name=None):
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig(name or made_up("input_"), self, mode=self._input_mode)


class TransformationMixin:
    """How files are read as a table, without reading them."""

    def read_delimited_files(
        self,
        include_path=False,
        separator=",",
        header=_DEFAULT_HEADER,
        partition_format=None,
        path_glob=None,
        set_column_types=None,
    ):
        from azureml.data._table_of_output import delimited

        table = delimited(include_path, separator, header, partition_format, path_glob, set_column_types)
        return OutputTabularDatasetConfig(_files=self, _table=table)

    def read_parquet_files(self, include_path=False, partition_format=None, path_glob=None, set_column_types=None):
        from azureml.data._table_of_output import parquet

        table = parquet(include_path, partition_format, path_glob, set_column_types)
        return OutputTabularDatasetConfig(_files=self, _table=table)


class OutputFileDatasetConfig(OutputDatasetConfig, TransformationMixin):
    def __init__(self, name=None, destination=None, source=None, partition_format=None):
        super().__init__("mount", name)
        self.destination = destination
        self.source = source
        self._partition_format = partition_format
        self._upload_options = None
        self._mount_options = None

    def as_upload(self, overwrite=False, source_globs=None):
        globs = [source_globs] if isinstance(source_globs, str) else source_globs
        return self._copy(mode="upload", _upload_options=UploadOptions(overwrite, globs), _mount_options=None)

    def as_mount(self, disable_metadata_cache=False):
        return self._copy(mode="mount", _mount_options=MountOptions(disable_metadata_cache), _upload_options=None)

    def as_input(self, name=None):
        return super().as_input(name)


class OutputTabularDatasetConfig(OutputDatasetConfig):
    _input_mode = "direct"

    def __init__(self, **kwargs):
        files = kwargs.get("_files")
        if files is None:
            raise ValueError(
                "The constructor of this class is not supposed to be called directly. Please create an "
                "OutputFileDatasetConfig and add additional transforms to get a OutputTabularDatasetConfig."
            )
        super().__init__(files.mode, files.name)
        self._files = files
        self._origin, self._registration = files._origin, files._registration
        self._table = kwargs["_table"]

    def keep_columns(self, columns):
        return self._columns("keep", columns)

    def drop_columns(self, columns):
        return self._columns("drop", columns)

    def _columns(self, do, names):
        from azureml.data import _table_of_output

        return self._copy(_table=_table_of_output.columns(self._table, do, names))

    def random_split(self, percentage, seed=None):
        from azureml.data._table_of_output import split

        first, second = split(self._table, percentage, seed)
        return self._copy(_table=first, _name=self._name + "_1"), self._copy(_table=second, _name=self._name + "_2")

    def as_mount(self):
        return self._over(self._files.as_mount())

    def as_upload(self, overwrite=False, source_globs=None):
        return self._over(self._files.as_upload(overwrite, source_globs))

    def _over(self, files):
        return self._copy(_files=files, mode=files.mode)

    def as_input(self, name=None):
        return super().as_input(name)


class LinkFileOutputDatasetConfig(OutputDatasetConfig):
    """The script names a dataset itself: `run.output_datasets["name"].link(dataset)`."""

    def __init__(self, name=None):
        super().__init__("link", name)

    def as_input(self, name=None):
        return super().as_input(name)


class LinkTabularOutputDatasetConfig(OutputDatasetConfig):
    _input_mode = "direct"

    def __init__(self, name=None):
        super().__init__("link", name)

    def as_input(self, name=None):
        return super().as_input(name)


class HDFSOutputDatasetConfig(OutputDatasetConfig, TransformationMixin):
    def __init__(self, name=None, destination=None):
        super().__init__("hdfs", name)
        self.destination = destination
        self.source = None
        self._upload_options = self._mount_options = None

    def as_input(self, name=None):
        return super().as_input(name)
