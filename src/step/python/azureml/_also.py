"""Names that can be imported from more modules than their own, as scripts do: the real SDK's modules show
whatever they import themselves (`from azureml.core.model import Dataset`)."""
import sys

_CORE = {
    "Dataset": "dataset", "Datastore": "datastore", "Environment": "environment", "Experiment": "experiment",
    "Keyvault": "keyvault", "Model": "model", "Run": "run", "RunConfiguration": "runconfig", "Workspace": "workspace",
    "ComputeTarget": "compute_target", "AmlCompute": "compute", "ComputeInstance": "compute", "AksCompute": "compute",
    "ContainerRegistry": "container_registry", "CondaDependencies": "conda_dependencies", "get_run": "run",
    "ScriptRunConfig": "script_run_config", "InteractiveLoginAuthentication": "authentication",
    "ResourceConfiguration": "resource_configuration", "Webservice": "webservice", "Image": "image",
    "LinkedService": "linked_service",
}
_DATA = {
    "AbstractDataset": "abstract_dataset", "FileDataset": "file_dataset", "TabularDataset": "tabular_dataset",
    "FileDatasetFactory": "dataset_factory", "TabularDatasetFactory": "dataset_factory", "DataPath": "datapath",
    "DataReference": "data_reference", "DatasetConsumptionConfig": "dataset_consumption_config",
    "DatasetValidationError": "dataset_error_handling", "PromoteHeadersBehavior": "dataset_type_definitions",
}


def lookup(module, name):
    """What `module.name` is if it is one of these; for a module's __getattr__."""
    home = None
    if name in _CORE:
        home = "azureml.core." + _CORE[name]
    elif name in _DATA:
        home = "azureml.data." + _DATA[name]
    elif name.endswith(("Exception", "Error")):
        home = "azureml.exceptions"
    found = None
    if home is not None and home != module:
        __import__(home)
        found = getattr(sys.modules[home], name, None)
    if found is None:
        raise AttributeError("module {!r} has no attribute {!r}".format(module, name))
    setattr(sys.modules[module], name, found)
    return found
