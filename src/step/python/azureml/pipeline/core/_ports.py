"""What a step takes and gives, in one shape: the many v1 classes become ports here and nowhere else."""
import re


class InputPort:
    """`source` is what the data is: a DataReference, a DataPath, a dataset, a PipelineParameter of one, or an output
    of another step (PipelineData, OutputPortBinding, OutputDatasetConfig); `producer_key` then tells which."""

    def __init__(self, name, source, mode="mount", path_on_compute=None, kind="dataset", overwrite=None):
        self.name, self.source, self.mode, self.kind = name, source, mode, kind
        self.path_on_compute, self.overwrite = path_on_compute, overwrite
        self.as_dataset = False  # consumed as the dataset that its producer must have promoted it to
        self.table = None  # how it is read, of an output that is taken as a table

    @property
    def producer_key(self):
        return key_of(self.source)


class OutputPort:
    def __init__(self, name, source, mode, kind):
        self.name, self.source, self.mode, self.kind = name, source, mode, kind
        self.promoted = False
        self.registration = None  # (name, description, tags)
        self.table = None  # how it is read, where it is registered as a table

    @property
    def producer_key(self):
        return key_of(self.source)


def key_of(source):
    """What is the same for all copies of an output, or None for data that no step makes."""
    from azureml.data.output_dataset_config import OutputDatasetConfig
    from azureml.pipeline.core.builder import PipelineData
    from azureml.pipeline.core.graph import OutputPortBinding

    if isinstance(source, OutputDatasetConfig):
        return source._origin
    return source if isinstance(source, (PipelineData, OutputPortBinding)) else None


def check_names(ports, what):
    """`what` is input or output: the names that become ports, in the real SDK's words."""
    seen = set()
    for port in ports:
        if not isinstance(port.name, str) or re.search(r"\W", port.name) or not port.name:
            raise ValueError(
                "[{}] is not a valid {} name as it may contain only letters, digits, and underscores.".format(
                    port.name, what
                )
            )
        if port.name in seen:
            raise ValueError("[{}] is repeated. {} port names must be unique.".format(port.name, what.capitalize()))
        seen.add(port.name)


def input_port(given):
    from azureml.data.data_reference import DataReference
    from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
    from azureml.data.output_dataset_config import OutputDatasetConfig
    from azureml.pipeline.core.builder import PipelineData
    from azureml.pipeline.core.graph import InputPortBinding, PipelineDataset, PortDataReference
    from azureml.pipeline.core.pipeline_output_dataset import PipelineOutputAbstractDataset

    if isinstance(given, InputPortBinding):
        inner = given.bind_object
        if isinstance(inner, tuple) or not isinstance(inner, (PipelineData,)):
            port = InputPort(given.name, inner) if key_of(inner) else input_port(inner)
        else:
            port = InputPort(given.name, inner, kind="pipeline_data")
        port.name, port.mode = given.name, given.bind_mode or port.mode
        port.path_on_compute, port.overwrite = given.path_on_compute, given.overwrite
        return port
    if isinstance(given, PipelineData):
        return InputPort(given.name, given, kind="pipeline_data")
    if isinstance(given, PipelineOutputAbstractDataset):
        port = InputPort(given.input_name, given._pipeline_data, given._input_mode, given._input_path_on_compute)
        port.as_dataset, port.table = True, given._table
        return port
    if isinstance(given, DatasetConsumptionConfig):
        port = InputPort(given.name, given.dataset, given.mode, given.path_on_compute)
        port.table = getattr(given.dataset, "_table", None)
        return port
    if isinstance(given, OutputDatasetConfig):
        port = InputPort(given.name, given, given._input_mode)
        port.table = given._table
        return port
    if isinstance(given, PipelineDataset):
        return InputPort(given.name, given.dataset, given.bind_mode or "mount", given.path_on_compute)
    if isinstance(given, DataReference):
        name = given.data_reference_name
        return InputPort(name, given, given.mode, given.path_on_compute, "data_reference", given.overwrite)
    if isinstance(given, PortDataReference):
        return InputPort(given.name, given._data_reference, "mount", kind="data_reference")
    if isinstance(given, tuple) and len(given) == 2:
        return _bound_path(given)
    if is_dataset(given):
        kind = type(given).__name__
        raise ValueError(
            "{} cannot be directly used as a step's input. Please call the as_named_input method on {} and pass the "
            "returned DatasetConsumptionConfig instance into the step.".format(kind, kind)
        )
    raise ValueError("Unexpected input type: %s" % type(given))


def _bound_path(pair):
    """(DataPath or PipelineParameter of one, DataPathComputeBinding)"""
    from azureml.data.datapath import DataPath, DataPathComputeBinding
    from azureml.pipeline.core.graph import PipelineParameter

    path, binding = pair
    place = path.default_value if isinstance(path, PipelineParameter) else path
    if not isinstance(place, DataPath) or not isinstance(binding, DataPathComputeBinding):
        raise ValueError("Unexpected input type: %s" % type(pair))
    name = path.name if isinstance(path, PipelineParameter) else place._name
    return InputPort(name, path, binding._mode, binding._path_on_compute, "data_reference", binding._overwrite)


def output_port(given):
    from azureml.data.output_dataset_config import OutputDatasetConfig
    from azureml.pipeline.core.builder import PipelineData
    from azureml.pipeline.core.graph import OutputPortBinding
    from azureml.pipeline.core.pipeline_output_dataset import PipelineOutputAbstractDataset

    if isinstance(given, PipelineData):
        return OutputPort(given._output_name, given, given._output_mode, "pipeline_data")
    if isinstance(given, OutputPortBinding):
        return OutputPort(given.name, given, given.bind_mode, "pipeline_data")
    if isinstance(given, PipelineOutputAbstractDataset):
        port = output_port(given._pipeline_data)
        port.promoted, port.table = True, given._table
        if given._registration_name:
            port.registration = (given._registration_name, None, None)
        return port
    if isinstance(given, OutputDatasetConfig):
        port = OutputPort(given.name, given, given.mode, "output_file_dataset")
        port.table = given._table
        if given._registration:
            kept = given._registration
            port.registration = (kept.name, kept.description, kept.tags)
        return port
    raise ValueError("Unexpected output type: %s" % type(given))


def is_dataset(value):
    """A dataset itself, of either kind, without importing what datasets need."""
    return any(base.__name__ == "AbstractDataset" and base.__module__ == "azureml.data.abstract_dataset"
               for base in type(value).__mro__)
