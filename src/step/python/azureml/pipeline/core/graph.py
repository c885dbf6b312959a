"""What pipelines are made of beside steps: parameters, bindings, references to outputs."""


class PipelineParameter:
    """A value of the pipeline that may be another one in each run."""

    def __init__(self, name, default_value):
        from azureml.data.datapath import DataPath
        from azureml.pipeline.core import _ports

        plain = isinstance(default_value, (int, str, bool, float))
        if not plain and not isinstance(default_value, (DataPath, PipelineDataset)) and not _ports.is_dataset(default_value):
            raise ValueError("Default value is of unsupported type: {0}".format(type(default_value).__name__))
        self.name = name
        self.default_value = default_value

    def __str__(self):
        return "PipelineParameter_Name:{0}_Default:{1}".format(self.name, self.default_value)

    def _serialize_to_dict(self):
        return {"name": self.name, "default_value": self.default_value}


class TrainingOutput:
    """What a training step gives beside files: its metrics, or the model of its best run."""

    def __init__(self, type, iteration=None, metric=None, model_file=None):
        if type not in ("Model", "Metrics"):
            raise ValueError("Unknown training output type has been provided:", type)
        if type == "Metrics" and (iteration or metric):
            raise ValueError("Iteration and metric shouldn't be provided for output type: {}".format(type))
        if iteration and metric:
            raise ValueError("Both iteration and metric cannot be provided for output type: {}".format(type))
        self._type, self._iteration, self._metric, self._model_file = type, iteration, metric, model_file

    @property
    def type(self):
        return self._type

    @property
    def iteration(self):
        return self._iteration

    @property
    def metric(self):
        return self._metric

    @property
    def model_file(self):
        return self._model_file


class InputPortBinding:
    """An input with a name and a mode of its own: what PipelineData.as_mount() and its like return."""

    def __init__(
        self,
        name,
        bind_object=None,
        bind_mode="mount",
        path_on_compute=None,
        overwrite=None,
        is_resource=False,
        additional_transformations=None,
        **kwargs
    ):
        if not name:
            raise ValueError("name is required")
        if bind_object is None:
            raise ValueError("bind_object is required")
        if bind_mode not in ("mount", "download", "direct", "upload", "hdfs"):
            raise ValueError("invalid bind_mode %s" % bind_mode)
        self._name, self._bind_object, self._bind_mode = name, bind_object, bind_mode
        self._path_on_compute, self._overwrite = path_on_compute, overwrite
        self._is_resource, self._additional_transformations = is_resource, additional_transformations

    @property
    def name(self):
        return self._name

    @property
    def bind_object(self):
        return self._bind_object

    @property
    def bind_mode(self):
        return self._bind_mode

    @property
    def path_on_compute(self):
        return self._path_on_compute

    @property
    def overwrite(self):
        return self._overwrite

    @property
    def is_resource(self):
        return self._is_resource

    @property
    def additional_transformations(self):
        return self._additional_transformations

    @property
    def data_reference_name(self):
        inner = self._bind_object
        return getattr(inner, "data_reference_name", None) or getattr(inner, "name", None)

    @property
    def data_type(self):
        return self.get_bind_object_data_type()

    def get_bind_object_name(self):
        return self.data_reference_name

    def get_bind_object_data_type(self):
        return getattr(self._bind_object, "data_type", None)

    def as_resource(self):
        import copy

        made = copy.copy(self)
        made._is_resource = True
        return made

    def __str__(self):
        return "$AZUREML_DATAREFERENCE_{0}".format(self._name)

    __repr__ = __str__


class OutputPortBinding:
    """An output of a step, the form below PipelineData."""

    def __init__(
        self,
        name,
        datastore=None,
        output_name=None,
        bind_mode="mount",
        path_on_compute=None,
        is_directory=None,
        overwrite=None,
        data_type=None,
        pipeline_output_name=None,
        training_output=None,
        dataset_registration=None,
        dataset_output=None,
    ):
        if not name:
            raise ValueError("name is required")
        if bind_mode not in ("mount", "upload", "direct"):
            raise ValueError("Invalid bind_mode %s" % bind_mode)
        self._name, self._output_name, self._datastore = name, output_name or name, datastore
        self._output_mode, self._output_path_on_compute = bind_mode, path_on_compute
        self._is_directory, self._output_overwrite, self._data_type = is_directory, overwrite, data_type
        self._pipeline_output_name, self._training_output = pipeline_output_name, training_output
        self._dataset_registration = dataset_registration
        self._producer = None

    @property
    def name(self):
        return self._name

    @property
    def datastore(self):
        return self._datastore

    @property
    def bind_mode(self):
        return self._output_mode

    @property
    def path_on_compute(self):
        return self._output_path_on_compute

    @property
    def is_directory(self):
        return self._is_directory

    @property
    def overwrite(self):
        return self._output_overwrite

    @property
    def data_type(self):
        return self._data_type

    @property
    def pipeline_output_name(self):
        return self._pipeline_output_name

    @property
    def training_output(self):
        return self._training_output

    @property
    def dataset_registration(self):
        return self._dataset_registration

    def __str__(self):
        return "$AZUREML_DATAREFERENCE_{0}".format(self._name)

    __repr__ = __str__


class PipelineDataset:
    """A dataset of a pipeline, the form below DatasetConsumptionConfig."""

    def __init__(
        self, dataset=None, name=None, bind_mode=None, path_on_compute=None, overwrite=None, parameter_name=None
    ):
        self._dataset = dataset
        self._name = name or self.default_name(dataset)
        self._bind_mode, self._path_on_compute, self._overwrite = bind_mode, path_on_compute, overwrite
        self._parameter_name = parameter_name

    @staticmethod
    def create(dataset, name=None, parameter_name=None):
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig

        if isinstance(dataset, DatasetConsumptionConfig):
            return PipelineDataset(
                dataset.dataset, name or dataset.name, dataset.mode, dataset.path_on_compute, parameter_name=parameter_name
            )
        return PipelineDataset(dataset, name, parameter_name=parameter_name)

    @staticmethod
    def default_name(dataset):
        from azureml.data._names import made_up

        return getattr(dataset, "name", None) or made_up("dataset_")

    @staticmethod
    def is_dataset(dset):
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
        from azureml.pipeline.core import _ports

        return isinstance(dset, (DatasetConsumptionConfig, PipelineDataset)) or _ports.is_dataset(dset)

    @staticmethod
    def validate_dataset(dset):
        if not PipelineDataset.is_dataset(dset):
            raise ValueError("Unexpected dataset type: {}".format(type(dset)))

    @property
    def dataset(self):
        return self._dataset

    @property
    def name(self):
        return self._name

    @property
    def bind_mode(self):
        return self._bind_mode

    @property
    def path_on_compute(self):
        return self._path_on_compute

    @property
    def overwrite(self):
        return self._overwrite

    @property
    def parameter_name(self):
        return self._parameter_name

    @property
    def dataset_id(self):
        return self._dataset.id

    saved_dataset_id = dataset_id

    @property
    def dataset_version(self):
        return getattr(self._dataset, "version", None)

    @property
    def workspace(self):
        return getattr(self._dataset, "_workspace", None)


class PortDataReference:
    """Where the data of a finished step's output lies, and a way to fetch it."""

    def __init__(self, context, pipeline_run_id, data_reference, step_run=None, _path=None):
        self._context, self.pipeline_run_id, self._data_reference = context, pipeline_run_id, data_reference
        self._step_run, self._local_path = step_run, _path

    @property
    def name(self):
        return self._data_reference.data_reference_name

    @property
    def datastore(self):
        return self._data_reference.datastore

    @property
    def datastore_name(self):
        return getattr(self._data_reference.datastore, "name", self._data_reference.datastore)

    @property
    def path_on_datastore(self):
        return self._data_reference.path_on_datastore

    def as_mount(self, input_name=None):
        return self.create_input_binding(input_name, "mount")

    def as_download(self, input_name=None, path_on_compute=None, overwrite=None):
        return self.create_input_binding(input_name, "download", path_on_compute, overwrite)

    def as_input(self, input_name):
        return self.create_input_binding(input_name)

    def create_input_binding(self, input_name=None, mode=None, path_on_compute=None, overwrite=None):
        return InputPortBinding(input_name or self.name, self._data_reference, mode or "mount", path_on_compute, overwrite)

    def download(self, local_path, overwrite=None, show_progress=None):
        """Copies the data below `local_path` under its path on the datastore. The number of files."""
        return self.datastore.download(
            local_path,
            prefix=self.path_on_datastore,
            overwrite=bool(overwrite),
            show_progress=True if show_progress is None else show_progress,
        )


class StoredProcedureParameterType:
    String, Int, Decimal, Guid, Boolean, Date = "String", "Int", "Decimal", "Guid", "Boolean", "Date"

    @staticmethod
    def from_str(code):
        return getattr(StoredProcedureParameterType, code.capitalize())


class StoredProcedureParameter:
    def __init__(self, name, value, type=None):
        self.name, self.value, self.type = name, value, type


_GRAPH_PARTS = frozenset(
    "DataSource DataSourceDef DataSourceNode DataType Edge Graph InputPort InputPortDef Module ModuleDef ModuleNode Node "
    "OutputPort OutputPortDef Param ParamDef SqlDataReference HasPipelinePortal".split()
)


def __getattr__(name):
    if name == "PublishedPipeline":
        from azureml.pipeline.core._published import PublishedPipeline

        return PublishedPipeline
    if name not in _GRAPH_PARTS:
        raise AttributeError("module 'azureml.pipeline.core.graph' has no attribute {!r}".format(name))
    from azureml._absent import placeholder

    instead = "the graph is a v2 job here: `amlocal export` writes it as YAML"
    globals()[name] = placeholder("azureml.pipeline.core.graph." + name, instead)
    return globals()[name]
