"""PipelineData as a dataset: PipelineData.as_dataset() and what follows it. Each method returns a copy."""


class DatasetRegistration:
    def __init__(self, name, create_new_version):
        self.name, self.create_new_version = name, create_new_version


class PipelineOutputAbstractDataset:
    _first_mode = "mount"

    def __init__(self, pipeline_data):
        self._pipeline_data = pipeline_data
        self._registration_name = None
        self._create_new_version = None
        self._input_mode = self._first_mode
        self._input_name = pipeline_data.name
        self._input_path_on_compute = None
        self._table = None  # of a table: how it is read

    @property
    def name(self):
        return self._pipeline_data.name

    @property
    def input_name(self):
        return self._input_name

    def as_named_input(self, name):
        return self._copy(_input_name=name)

    def register(self, name, create_new_version=True):
        """As a new version of the dataset `name`, when the step that makes it has finished."""
        return self._copy(_registration_name=name, _create_new_version=create_new_version)

    def create_input_binding(self):
        from azureml.pipeline.core.graph import InputPortBinding

        return InputPortBinding(self._input_name, self._pipeline_data, self._input_mode, self._input_path_on_compute)

    def _copy(self, **changes):
        import copy

        made = copy.copy(self)
        made.__dict__.update(changes)
        return made

    def __str__(self):
        return "$AZUREML_DATAREFERENCE_{}".format(self._input_name)


class PipelineOutputFileDataset(PipelineOutputAbstractDataset):
    def as_mount(self, path_on_compute=None):
        return self._copy(_input_mode="mount", _input_path_on_compute=path_on_compute)

    def as_download(self, path_on_compute=None):
        return self._copy(_input_mode="download", _input_path_on_compute=path_on_compute)

    def as_direct(self):
        return self._copy(_input_mode="direct", _input_path_on_compute=None)

    def parse_delimited_files(
        self,
        include_path=False,
        separator=",",
        header="ALL_FILES_HAVE_SAME_HEADERS",
        partition_format=None,
        file_extension="",
        set_column_types=None,
        quoted_line_breaks=False,
    ):
        from azureml.data._table_of_output import delimited

        extension = file_extension or {",": ".csv", "\t": ".tsv"}.get(separator, "")
        pattern = "**/*" + extension if extension else None
        table = delimited(
            include_path, separator, header, partition_format, pattern, set_column_types, quoted_line_breaks
        )
        return PipelineOutputTabularDataset(self, table)

    def parse_parquet_files(
        self, include_path=False, partition_format=None, file_extension=".parquet", set_column_types=None
    ):
        from azureml.data._table_of_output import parquet

        pattern = "**/*" + file_extension if file_extension else None
        return PipelineOutputTabularDataset(self, parquet(include_path, partition_format, pattern, set_column_types))


class PipelineOutputTabularDataset(PipelineOutputAbstractDataset):
    _first_mode = "direct"

    def __init__(self, pipeline_output_dataset, additional_transformations):
        super().__init__(pipeline_output_dataset._pipeline_data)
        before = pipeline_output_dataset
        self._input_name, self._registration_name = before._input_name, before._registration_name
        self._table = additional_transformations

    def create_input_binding(self):
        if self._input_mode != "direct":
            raise RuntimeError("Input mode for Tabular Dataset intermediate data can only be direct.")
        return super().create_input_binding()

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
        return (
            self._copy(_table=first, _input_name=self._input_name + "_1"),
            self._copy(_table=second, _input_name=self._input_name + "_2"),
        )
