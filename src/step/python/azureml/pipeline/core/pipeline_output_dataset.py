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
        self._transformations = []

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
        made._transformations = list(self._transformations)
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
        extension = file_extension or {",": ".csv", "\t": ".tsv"}.get(separator, "")
        step = {
            "read": "delimited",
            "include_path": include_path,
            "separator": separator,
            "header": getattr(header, "name", header),
            "quoted_line_breaks": quoted_line_breaks,
        }
        return self._as_table(step, partition_format, extension, set_column_types)

    def parse_parquet_files(
        self, include_path=False, partition_format=None, file_extension=".parquet", set_column_types=None
    ):
        return self._as_table(
            {"read": "parquet", "include_path": include_path}, partition_format, file_extension, set_column_types
        )

    def _as_table(self, step, partition_format, extension, types):
        step = dict(step, partition_format=partition_format, extension=extension)
        if types:
            step["types"] = {column: str(getattr(kind, "_name", kind)) for column, kind in types.items()}
        return PipelineOutputTabularDataset(self, {key: each for key, each in step.items() if each not in (None, "")})


class PipelineOutputTabularDataset(PipelineOutputAbstractDataset):
    _first_mode = "direct"

    def __init__(self, pipeline_output_dataset, additional_transformations):
        super().__init__(pipeline_output_dataset._pipeline_data)
        before = pipeline_output_dataset
        self._input_name, self._registration_name = before._input_name, before._registration_name
        self._transformations = before._transformations + [additional_transformations]

    def create_input_binding(self):
        if self._input_mode != "direct":
            raise RuntimeError("Input mode for Tabular Dataset intermediate data can only be direct.")
        return super().create_input_binding()

    def keep_columns(self, columns):
        return self._with({"keep_columns": [columns] if isinstance(columns, str) else list(columns)})

    def drop_columns(self, columns):
        return self._with({"drop_columns": [columns] if isinstance(columns, str) else list(columns)})

    def random_split(self, percentage, seed=None):
        return (
            self._with({"random_split": percentage, "seed": seed, "part": 1}, "_1"),
            self._with({"random_split": percentage, "seed": seed, "part": 2}, "_2"),
        )

    def _with(self, step, suffix=""):
        made = self._copy(_input_name=self._input_name + suffix)
        made._transformations.append(step)
        return made
