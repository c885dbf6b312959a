"""ParallelRunStep: one script over many files or rows, shared out among workers."""
import os

from azureml.pipeline.core import _ports
from azureml.pipeline.core.builder import PipelineStep, flat

_RESERVED = (
    "mini_batch_size error_threshold allowed_failed_count allowed_failed_percent output output_action logging_level "
    "process_count_per_node run_invocation_timeout run_max_try append_row_file_name"
).split()
_PARAMETERS = "mini_batch_size node_count process_count_per_node logging_level run_invocation_timeout run_max_try".split()


class ParallelRunStep(PipelineStep):
    def __init__(
        self,
        name,
        parallel_run_config,
        inputs,
        output=None,
        side_inputs=None,
        arguments=None,
        allow_reuse=True,
    ):
        from azureml.pipeline.steps.parallel_run_config import ParallelRunConfig

        if not isinstance(parallel_run_config, ParallelRunConfig):
            raise Exception("Param parallel_run_config must be a azureml.pipeline.steps.ParallelRunConfig")
        self._config = parallel_run_config
        self._check_arguments(arguments)
        without_input = arguments and "--rank_mini_batch_count" in [str(each) for each in arguments]
        if not without_input:
            assert isinstance(inputs, list) and inputs, (
                "The parameter 'inputs' must be a list and have at least one element or rank_mini_batch_count must be "
                "greater than zero."
            )
        side_inputs = list(side_inputs or [])
        for each in list(inputs or []) + side_inputs:
            _check_kind(each)
        if output is None and str(parallel_run_config.output_action).lower() == "append_row":
            raise Exception("Please specify output parameter.")
        mounted = [_mounted(each) for each in inputs or []]
        sides = [_mounted(each) for each in side_inputs]
        replaced = dict(zip([id(each) for each in side_inputs], sides))
        arguments = [replaced.get(id(each), each) for each in arguments or []]
        super().__init__(name, mounted + sides, [output] if output is not None else [], arguments)
        self._work = [_ports.input_port(each).name for each in mounted]
        self._sides = [_ports.input_port(each).name for each in sides]
        # An output in the arguments is an output too, but this one is where the rows go.
        self._rows = _ports.output_port(output).name if output is not None else None
        self._allow_reuse = allow_reuse
        self._check_same_kind(mounted)

    @property
    def running_on_windows(self):
        return os.name == "nt"

    def _check_arguments(self, arguments):
        if not arguments:
            return
        first = arguments[0]
        if not isinstance(first, str) or not first.startswith("-"):
            raise ValueError(
                "Found invalid argument '{}'. As your arguments will be merged with reserved argument, you can only use "
                "keyword argument.".format(first)
            )
        for each in arguments:
            if isinstance(each, str) and each.startswith("--") and each[2:].split("=")[0] in _RESERVED:
                raise ValueError(
                    "'{}' is a reserved argument in ParallelRunStep, please use another argument name instead.".format(
                        each[2:].split("=")[0]
                    )
                )

    @staticmethod
    def _check_same_kind(inputs):
        from azureml.data.dataset_consumption_config import is_tabular

        kinds = {is_tabular(getattr(each, "dataset", each)) or hasattr(each, "create_input_binding") and "Tabular" in type(each).__name__
                 for each in inputs}
        if len(kinds) > 1:
            raise Exception("All inputs of step must be same type")

    def _parameters_elsewhere(self):
        return [getattr(self._config, name) for name in _PARAMETERS]

    def _check(self, default_source_directory):
        folder = self._config.source_directory
        if folder and not os.path.isdir(str(folder)):
            reason = "is not a directory" if os.path.exists(str(folder)) else "doesn't exist"
            raise ValueError("The value '{0}' specified in source_directory {1}.".format(folder, reason))
        script = self._config.entry_script
        path = os.path.join(str(folder or default_source_directory or "."), str(script))
        if not os.path.isfile(path):
            reason = "is not a file" if os.path.exists(path) else "doesn't exist"
            raise ValueError("The value '{0}' specified in entry_script {1}.".format(script, reason))

    def _describe(self, writer):
        from azureml.core.runconfig import RunConfiguration

        config, value = self._config, writer.value_of
        runconfig = RunConfiguration()
        runconfig.environment = config.environment
        runconfig.environment_variables = config.environment_variables
        settings = writer.run_settings(runconfig, config.compute_target, {"NodeCount": config.node_count})
        environment = settings.pop("environment")
        names = writer.names
        task = {
            "type": "run_function",
            "code": os.path.abspath(str(config.source_directory or writer.default_source_directory or ".")),
            "entry_script": config.entry_script,
            "environment": environment,
        }
        extra = []
        if config.allowed_failed_percent is not None:
            extra += ["--allowed_failed_percent", config.allowed_failed_percent]
        arguments = writer.words.line(list(flat(self._arguments)) + extra)
        if arguments:
            task["program_arguments"] = arguments
        if self._rows and str(config.output_action).lower() == "append_row":
            task["append_row_to"] = "${{outputs.%s}}" % names.outputs[self._rows]
        level = str(value(config.logging_level)).upper()
        step = {
            "type": "parallel",
            "input_data": "${{inputs.%s}}" % names.inputs[self._work[0]] if self._work else None,
            "error_threshold": config.error_threshold,
            "mini_batch_error_threshold": config.allowed_failed_count,
            "logging_level": level if level in ("DEBUG", "INFO", "WARNING") else "WARNING",
            "max_concurrency_per_instance": _whole(value(config.process_count_per_node)),
            "retry_settings": {
                "max_retries": _whole(value(config.run_max_try)) - 1,
                "timeout": _whole(value(config.run_invocation_timeout)),
            },
            "task": task,
        }
        if config.partition_keys:
            step["partition_keys"] = list(config.partition_keys)
        else:
            step["mini_batch_size"] = str(value(config.mini_batch_size) if config.mini_batch_size is not None else self._usual())
        step.update(settings)
        step["is_deterministic"] = bool(self._allow_reuse)
        step = {key: each for key, each in step.items() if each is not None}
        step["v1"] = {"parallel": self._block(writer)}
        return step

    def _usual(self):
        """The size that is meant where none is given: ten files, or one megabyte of a table."""
        tabular = any(port.name in self._work and port.mode == "direct" for port in self._input_ports)
        return "1mb" if tabular else "10"

    def _block(self, writer):
        config, names = self._config, writer.names
        block = {
            "output_action": str(config.output_action).lower(),
            "append_row_file_name": config.append_row_file_name,
            "run_max_try": _whole(writer.value_of(config.run_max_try)),
            "logging_level": str(writer.value_of(config.logging_level)),
            "allowed_failed_count": config.allowed_failed_count,
            "allowed_failed_percent": config.allowed_failed_percent,
            "inputs": [names.inputs[name] for name in self._work],
            "side_inputs": [names.inputs[name] for name in self._sides],
            "output": names.outputs[self._rows] if self._rows else None,
        }
        return {key: value for key, value in block.items() if value not in (None, [])}


def _whole(value):
    return None if value is None else int(value)


def _check_kind(given):
    from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
    from azureml.data.output_dataset_config import OutputDatasetConfig
    from azureml.pipeline.core.pipeline_output_dataset import PipelineOutputAbstractDataset

    kinds = (DatasetConsumptionConfig, PipelineOutputAbstractDataset, OutputDatasetConfig)
    if not isinstance(given, kinds):
        raise Exception("Step input must be of any type: {}, found {}".format(kinds, type(given)))


def _mounted(given):
    """The files of an input are mounted, whatever was said, unless they have a place of their own."""
    from azureml.data.dataset_consumption_config import DatasetConsumptionConfig, is_tabular
    from azureml.data.output_dataset_config import OutputDatasetConfig
    from azureml.pipeline.core.pipeline_output_dataset import (
        PipelineOutputFileDataset,
        PipelineOutputTabularDataset,
    )

    if isinstance(given, PipelineOutputFileDataset):
        return given if given._input_path_on_compute else given.as_mount()
    if isinstance(given, PipelineOutputTabularDataset):
        if given._input_mode != "direct":
            raise Exception("Please ensure input dataset consumption mode is direct")
        return given
    if isinstance(given, OutputDatasetConfig):
        return given
    if is_tabular(given.dataset):
        if given.mode != "direct":
            raise Exception("Please ensure input dataset consumption mode is direct")
        return given
    if given.mode == "mount" and given.path_on_compute:
        return given
    return DatasetConsumptionConfig(given.name, given.dataset, "mount", given.path_on_compute)
