"""azureml.train.hyperdrive: its names, each imported when it is first asked for."""
from azureml._lazy import exports

_HERE = "azureml.train.hyperdrive."
_HOMES = {
    "parameter_expressions": "choice lognormal loguniform normal qlognormal qloguniform qnormal quniform randint uniform",
    "policy": "BanditPolicy EarlyTerminationPolicy MedianStoppingPolicy NoTerminationPolicy TruncationSelectionPolicy",
    "sampling": "BayesianParameterSampling GridParameterSampling HyperParameterSampling RandomParameterSampling",
    "runconfig": "HyperDriveConfig HyperDriveRunConfig PrimaryMetricGoal",
    "run": "HyperDriveRun",
}
__getattr__, __dir__, __all__ = exports(
    __name__, {name: _HERE + module for module, names in _HOMES.items() for name in names.split()}
)
