"""How a sweep chooses the values of its trials."""


class HyperParameterSampling:
    _v2 = None

    def __init__(
        self,
        sampling_method_name,
        parameter_space,
        properties=None,
        supported_distributions=None,
        distributions_validators=None,
    ):
        self._sampling_method_name, self._parameter_space = sampling_method_name, parameter_space
        self._properties = properties
        if supported_distributions:
            used = {each[0] for each in parameter_space.values() if isinstance(each, list) and each}
            if used - set(supported_distributions):
                from azureml.train.hyperdrive.exceptions import HyperDriveConfigException

                raise HyperDriveConfigException(
                    "This sampling method expects only the following distributions: [{}]".format(
                        ", ".join(supported_distributions)
                    )
                )

    def to_json(self):
        made = {"name": self._sampling_method_name, "parameter_space": self._parameter_space}
        return dict(made, properties=self._properties) if self._properties else made

    def _as_v2(self):
        """(sampling_algorithm, search_space)"""
        from azureml.train.hyperdrive.parameter_expressions import as_v2

        settings = {key: value for key, value in (self._properties or {}).items() if key in ("seed", "rule")}
        algorithm = dict({"type": self._v2}, **settings) if settings else self._v2
        return algorithm, {name: as_v2(each) for name, each in self._parameter_space.items()}


class RandomParameterSampling(HyperParameterSampling):
    _v2 = "random"

    def __init__(self, parameter_space, properties=None):
        super().__init__("RANDOM", parameter_space, properties)


class GridParameterSampling(HyperParameterSampling):
    _v2 = "grid"

    def __init__(self, parameter_space, properties=None):
        super().__init__("GRID", parameter_space, properties, ["choice"])


class BayesianParameterSampling(HyperParameterSampling):
    _v2 = "bayesian"

    def __init__(self, parameter_space, properties=None):
        super().__init__("BayesianOptimization", parameter_space, properties, ["uniform", "choice", "quniform"])
