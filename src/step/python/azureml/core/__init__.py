"""azureml.core: its names, each imported when it is first asked for."""
import sys

VERSION = "1.61.0"
__version__ = VERSION

# Name → the module that has it.
_HOMES = {
    "ComputeTarget": "compute_target",
    "ContainerRegistry": "container_registry",
    "Dataset": "dataset",
    "Datastore": "datastore",
    "Environment": "environment",
    "Experiment": "experiment",
    "Keyvault": "keyvault",
    "Model": "model",
    "Run": "run",
    "RunConfiguration": "runconfig",
    "ScriptRun": "script_run",
    "ScriptRunConfig": "script_run_config",
    "Workspace": "workspace",
    "get_run": "run",
}
_SUBMODULES = frozenset(
    "authentication compute compute_target conda_dependencies container_registry dataset datastore environment experiment keyvault "
    "model run runconfig script_run script_run_config workspace webservice image".split()
)
# Exported by the real package, without a counterpart here.
_ABSENT = {
    "Image": "use an Environment",
    "Webservice": "load the model with Model.get_model_path and call the scoring code in a step",
    "LinkedService": "leave it out: everything runs on this machine",
    "SynapseWorkspaceLinkedServiceConfiguration": "leave it out: everything runs on this machine",
    "PrivateEndPoint": "leave it out: nothing leaves this machine",
    "PrivateEndPointConfig": "leave it out: nothing leaves this machine",
    "attach_legacy_compute_target": "use ComputeTarget.attach",
    "remove_legacy_compute_target": "use ComputeTarget.detach",
    "is_compute_target_prepared": "leave it out: every target is ready here",
    "prepare_compute_target": "leave it out: every target is ready here",
}
__all__ = sorted(_HOMES) + ["VERSION"]


def _module(name):
    # importlib alone would be half of what the import of this package costs.
    __import__("azureml.core." + name)
    return sys.modules["azureml.core." + name]


def __getattr__(name):
    if name in _HOMES:
        found = getattr(_module(_HOMES[name]), name)
    elif name in _SUBMODULES:
        return _module(name)
    elif name in _ABSENT:
        from azureml._absent import placeholder

        found = placeholder("azureml.core." + name, _ABSENT[name])
    else:
        raise AttributeError("module 'azureml.core' has no attribute {!r}".format(name))
    globals()[name] = found
    return found


def __dir__():
    return sorted(set(globals()) | set(_HOMES) | set(_ABSENT) | _SUBMODULES)
