"""ParallelRunConfig: how a ParallelRunStep shares its work out. Checked as the real SDK checks it, in its words."""
import re

_SIZE = r"^\d+([kKmMgG][bB])*$"
_UNITS = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}


def bytes_of(size):
    """10 → 10, "5MB" → 5242880"""
    if isinstance(size, int):
        return size
    digits = re.match(r"\d+", size).group(0)
    total = int(digits)
    for unit in re.findall(r"[kmg]b", size[len(digits) :].lower()):
        total *= _UNITS[unit]
    return total


class ParallelRunConfig:
    def __init__(
        self,
        environment,
        entry_script,
        error_threshold,
        output_action,
        compute_target,
        node_count,
        process_count_per_node=None,
        mini_batch_size=None,
        source_directory=None,
        description=None,
        logging_level="INFO",
        run_invocation_timeout=60,
        run_max_try=3,
        append_row_file_name=None,
        allowed_failed_count=None,
        allowed_failed_percent=None,
        partition_keys=None,
        environment_variables=None,
    ):
        self.environment = environment
        self.entry_script = entry_script
        self.error_threshold = error_threshold
        self.output_action = output_action
        self.compute_target = compute_target
        self.node_count = node_count
        self.process_count_per_node = process_count_per_node
        self.mini_batch_size = mini_batch_size
        self.source_directory = source_directory
        self.description = description
        self.logging_level = logging_level
        self.run_invocation_timeout = run_invocation_timeout
        self.run_max_try = run_max_try
        self.append_row_file_name = append_row_file_name
        self.allowed_failed_count = allowed_failed_count
        self.allowed_failed_percent = allowed_failed_percent
        self.partition_keys = partition_keys
        self._environment_variables = dict(environment_variables or {})
        self._validate()

    @property
    def environment_variables(self):
        return self._environment_variables

    def _validate(self):
        self._check_environment()
        self._check_thresholds()
        self._check_batches()
        self._check_counts()
        name = self.append_row_file_name
        if name is not None and (not isinstance(name, str) or not name or re.search(r'[~"#%&*:<>?/\\{|}]', name)):
            raise ValueError("Parameter append_row_file_name must be a valid UNIX file name.")

    def _check_environment(self):
        from azureml.core.environment import Environment

        if self.environment is None:
            raise ValueError("Parameter environment is required. It should be instance of azureml.core.Environment.")
        if not isinstance(self.environment, Environment):
            raise ValueError(
                "Parameter environment must be an instance of azureml.core.Environment. The actual value is {0}.".format(
                    self.environment
                )
            )

    def _check_thresholds(self):
        if str(self.output_action).lower() not in ("summary_only", "append_row"):
            raise ValueError("Parameter output_action must be summary_only or append_row.")
        for name in ("error_threshold", "allowed_failed_count"):
            value = getattr(self, name)
            if value is None and name != "error_threshold":
                continue
            if not isinstance(value, int) or value < -1:
                raise ValueError("{} '{}' is not an int value greater than or equal to -1.".format(name, value))
        percent = self.allowed_failed_percent
        if percent is not None:
            if not isinstance(percent, (int, float)):
                raise ValueError("allowed_failed_percent '{}' is not an int or float.".format(percent))
            if not 0 <= percent <= 100:
                raise ValueError("allowed_failed_percent '{}' is not between 0 and 100.".format(percent))

    def _check_batches(self):
        size = _default(self.mini_batch_size)
        if size is not None and not isinstance(size, (int, str)):
            raise ValueError("Parameter mini_batch_size must be of type int or str.")
        if isinstance(size, str) and not re.match(_SIZE, size):
            raise ValueError("Parameter mini_batch_size must follow regex rule {}.".format(_SIZE))
        if self.partition_keys is not None and not isinstance(self.partition_keys, list):
            raise ValueError("Parameter partition_keys must be of type list.")
        if self.partition_keys and self.mini_batch_size is not None:
            raise ValueError(
                "Parameters mini_batch_size and partition_keys are mutually exclusive, because they specify different "
                "ways to partition the input datasets into mini-batches."
            )

    def _check_counts(self):
        most = getattr(getattr(self.compute_target, "scale_settings", None), "maximum_node_count", None)
        nodes = _default(self.node_count)
        if most is not None and not 1 <= nodes <= most:
            raise ValueError("node_count '{}' is not between 1 and max_nodes {}.".format(nodes, most))
        for name in ("process_count_per_node", "run_invocation_timeout", "run_max_try"):
            value = _default(getattr(self, name))
            if value is None and name == "process_count_per_node":
                continue
            if not isinstance(value, (int, str)) or int(value) < 1:
                raise ValueError("Parameter {} must be an integer greater than 0.".format(name))

    # -- files ------------------------------------------------------------------------------------------
    def save_to_yaml(self, path):
        from azureml import _yaml
        from azureml.core._settings import to_dict

        keys = (
            "mini_batch_size error_threshold output_action logging_level run_invocation_timeout run_max_try node_count "
            "process_count_per_node append_row_file_name allowed_failed_count allowed_failed_percent partition_keys "
            "description source_directory entry_script environment_variables"
        ).split()
        document = {key: _default(getattr(self, key)) for key in keys}
        document = {key: value for key, value in document.items() if value not in (None, {})}
        document["compute_target_name"] = getattr(self.compute_target, "name", self.compute_target)
        document["environment"] = to_dict(self.environment)
        with open(str(path), "w", encoding="utf-8") as file:
            file.write(_yaml.dump({"parallel_run_config": document}))

    @staticmethod
    def load_yaml(workspace, path):
        from azureml import _yaml
        from azureml.core.compute import ComputeTarget
        from azureml.core.environment import Environment

        with open(str(path), encoding="utf-8") as file:
            document = (_yaml.load(file.read(), path) or {}).get("parallel_run_config") or {}
        environment = document.pop("environment", None)
        if not environment:
            raise ValueError("Parameter error: an environment must be provided")
        target = document.pop("compute_target_name", None)
        known = {key: value for key, value in document.items() if key in ParallelRunConfig.__init__.__code__.co_varnames}
        for key in ("entry_script", "error_threshold", "output_action", "node_count"):
            known.setdefault(key, None)
        return ParallelRunConfig(
            environment=Environment._from_dict(environment),
            compute_target=ComputeTarget(workspace, target) if target else None,
            **known
        )


def _default(value):
    """What is checked now: of a PipelineParameter its default."""
    return getattr(value, "default_value", value)
