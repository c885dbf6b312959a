"""azureml.data: datasets, references and outputs, each imported when it is first asked for."""
_HOMES = {
    "DataType": "dataset_factory",
    "FileDataset": "file_dataset",
    "TabularDataset": "tabular_dataset",
    "OutputFileDatasetConfig": "output_dataset_config",
    "HDFSOutputDatasetConfig": "output_dataset_config",
    "LinkFileOutputDatasetConfig": "output_dataset_config",
    "LinkTabularOutputDatasetConfig": "output_dataset_config",
}
__all__ = sorted(_HOMES)


def __getattr__(name):
    import sys

    if name in _HOMES:
        module = "azureml.data." + _HOMES[name]
        __import__(module)
        found = getattr(sys.modules[module], name)
    elif name == "DatacacheStore":
        from azureml._absent import placeholder

        found = placeholder("azureml.data.DatacacheStore", "leave it out: files are on this machine already")
    elif name.startswith("_"):
        raise AttributeError("module 'azureml.data' has no attribute {!r}".format(name))
    else:
        try:
            __import__("azureml.data." + name)
        except ModuleNotFoundError:
            raise AttributeError("module 'azureml.data' has no attribute {!r}".format(name)) from None
        return sys.modules["azureml.data." + name]
    globals()[name] = found
    return found
