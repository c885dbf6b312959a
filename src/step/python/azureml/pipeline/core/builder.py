"""PipelineData, the base of all steps, and StepSequence."""
import re

from azureml.pipeline.core import _ports


class PipelineData:
    """What one step makes and others take. Its path exists only when the script has made it."""

    def __init__(
        self,
        name,
        datastore=None,
        output_name=None,
        output_mode="mount",
        output_path_on_compute=None,
        output_overwrite=None,
        data_type=None,
        is_directory=None,
        pipeline_output_name=None,
        training_output=None,
    ):
        if not name:
            raise ValueError("PipelineData name cannot be empty")
        for what, word in (("name", name), ("output_name", output_name)):
            if word and re.search(r"\W", word):
                raise ValueError(
                    "PipelineData {}: [{}] is not a valid, as it may contain only letters, digits, and "
                    "underscores.".format(what, word)
                )
        if output_mode not in ("mount", "upload", "direct"):
            raise ValueError("Invalid output mode [%s]" % output_mode)
        self._name = name
        self._output_name = output_name or name
        self._datastore = datastore
        self._output_mode = output_mode
        self._output_path_on_compute = output_path_on_compute
        self._output_overwrite = output_overwrite
        self._data_type = data_type
        self._is_directory = is_directory
        self._pipeline_output_name = pipeline_output_name
        self._training_output = training_output
        self._producer = None  # the step that has it among its outputs

    @property
    def name(self):
        return self._name

    @property
    def datastore(self):
        return self._datastore

    @property
    def data_type(self):
        return self._data_type

    def get_env_variable_name(self):
        return "$AZUREML_DATAREFERENCE_{0}".format(self._name)

    def as_dataset(self):
        from azureml.pipeline.core.pipeline_output_dataset import PipelineOutputFileDataset

        return PipelineOutputFileDataset(self)

    def as_mount(self, input_name=None):
        return self.create_input_binding(input_name, "mount")

    def as_download(self, input_name=None, path_on_compute=None, overwrite=None):
        return self.create_input_binding(input_name, "download", path_on_compute, overwrite)

    def as_input(self, input_name):
        return self.create_input_binding(input_name)

    def create_input_binding(self, input_name=None, mode=None, path_on_compute=None, overwrite=None):
        from azureml.pipeline.core.graph import InputPortBinding

        return InputPortBinding(input_name or self._name, self, mode or "mount", path_on_compute, overwrite)

    def __str__(self):
        return self.get_env_variable_name()

    __repr__ = __str__


class PipelineStep:
    """The base of all steps. What a step runs is said by the classes below it, in `_describe`."""

    def __init__(self, name, inputs, outputs, arguments=None, fix_port_name_collisions=False, resource_inputs=None):
        from azureml import _place

        if not name:
            raise ValueError("name is required")
        self.name = name
        self.run_after_steps = []
        self._place = _place.of_caller()
        self._arguments = list(arguments or [])
        self._inputs = list(inputs or []) + list(resource_inputs or [])
        self._outputs = list(outputs or [])
        self._add_from_arguments()
        self._input_ports = [_ports.input_port(each) for each in self._inputs]
        self._output_ports = [_ports.output_port(each) for each in self._outputs]
        if fix_port_name_collisions:
            taken = {port.name for port in self._output_ports}
            for port in self._input_ports:
                if port.name in taken:
                    port.name = "INPUT_" + port.name
        _ports.check_names(self._input_ports, "input")
        _ports.check_names(self._output_ports, "output")
        self.validate_arguments(self._arguments, self._inputs, self._outputs)
        self._claim_outputs()

    def run_after(self, step):
        """This step starts when `step` has ended, though it takes nothing of it."""
        self.run_after_steps.append(step)

    def _add_from_arguments(self):
        """Datasets in the arguments are inputs, outputs among them outputs, though nobody listed them."""
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
        from azureml.data.output_dataset_config import OutputDatasetConfig
        from azureml.pipeline.core.pipeline_output_dataset import PipelineOutputAbstractDataset

        listed_inputs = {id(each) for each in self._inputs}
        taken = {each._origin for each in self._inputs if isinstance(each, OutputDatasetConfig)}
        given = {each._origin for each in self._outputs if isinstance(each, OutputDatasetConfig)}
        names = {each.name for each in self._inputs if isinstance(each, DatasetConsumptionConfig)}
        for argument in flat(self._arguments):
            if isinstance(argument, DatasetConsumptionConfig) and id(argument) not in listed_inputs:
                if argument.name not in names:
                    names.add(argument.name)
                    self._inputs.append(argument)
            elif isinstance(argument, PipelineOutputAbstractDataset) and id(argument) not in listed_inputs:
                if argument._pipeline_data not in [getattr(each, "_pipeline_data", each) for each in self._outputs]:
                    listed_inputs.add(id(argument))
                    self._inputs.append(argument)
            elif isinstance(argument, OutputDatasetConfig) and argument._origin not in taken | given:
                given.add(argument._origin)
                self._outputs.append(argument)

    def _claim_outputs(self):
        for port in self._output_ports:
            producer = getattr(port.producer_key, "_producer", None)
            if producer is not None and producer is not self:
                raise ValueError(
                    "Step output {0} can not be used as an output for step {1}, as it is already an output of "
                    "step {2}.".format(port.name, self.name, producer.name)
                )
        for port in self._output_ports:
            port.producer_key._producer = self

    @staticmethod
    def validate_arguments(arguments, inputs, outputs):
        """Data in the arguments must be among what the step takes and gives."""
        from azureml.data.data_reference import DataReference
        from azureml.pipeline.core.graph import InputPortBinding, OutputPortBinding

        def known(argument, among):
            return any(each is argument or getattr(each, "bind_object", None) is argument for each in among) or any(
                getattr(each, "_pipeline_data", None) is argument for each in among
            )

        for argument in flat(arguments):
            if _ports.is_dataset(argument):
                raise ValueError(
                    "Datasets cannot be used directly as arguments. Please make sure you've called the "
                    "as_named_input method on the dataset object."
                )
            if isinstance(argument, (PipelineData, OutputPortBinding)):
                if not known(argument, inputs) and not known(argument, outputs):
                    raise ValueError(
                        "Input/Output %s appears in arguments list but is not in the input/output lists" % argument.name
                    )
            elif isinstance(argument, (DataReference, InputPortBinding)):
                name = getattr(argument, "data_reference_name", None) or argument.name
                if not known(argument, inputs) and name not in [getattr(each, "data_reference_name", None) for each in inputs]:
                    raise ValueError("Input %s appears in arguments list but is not in the input list" % name)

    # -- what the classes below say of themselves ---------------------------------------------------
    _params = None  # {name: literal or PipelineParameter}: environment variables of the script

    def _parameters_elsewhere(self):
        """Pipeline parameters that are neither arguments nor inputs."""
        return ()

    def _check(self, default_source_directory):
        """What the real SDK finds wrong when a Pipeline is made of the step."""

    def _describe(self, writer):
        """The step as an entry of a v2 job's `jobs`; `writer` is an azureml._job_step.StepWriter."""
        raise NotImplementedError

    def create_node(self, graph, default_datastore, context):
        from azureml import _absent

        _absent.refuse("PipelineStep.create_node", "make the step, and a Pipeline of it")

    @staticmethod
    def create_input_output_bindings(inputs, outputs, default_datastore, resource_inputs=None):
        return (
            [_ports.input_port(each) for each in list(inputs or []) + list(resource_inputs or [])],
            [_ports.output_port(each) for each in outputs or []],
        )

    def __repr__(self):
        return "<{} {!r}>".format(type(self).__name__, self.name)


class StepSequence:
    """Steps one after the other; a list inside is a group that runs side by side."""

    def __init__(self, steps=None):
        self._steps = steps if steps is not None else []


def flat(arguments):
    """The arguments with nested lists opened; a string is one argument."""
    for each in [arguments] if isinstance(arguments, str) else arguments or []:
        if isinstance(each, list):
            for inner in flat(each):
                yield inner
        else:
            yield each
