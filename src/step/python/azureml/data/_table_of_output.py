"""How the files of an output will be read as a table, before there are any: a dataset's definition without its paths.

It travels in the step's environment (AMLOCAL_DATASET_name); the step that takes the table fills the paths in.
"""


def delimited(include_path, separator, header, partition_format, pattern, types, multi_line=False):
    from azureml.data.dataset_factory import _header

    read = {
        "format": "delimited",
        "separator": separator,
        "header": _header(header),
        "encoding": "utf8",
        "multi_line": bool(multi_line),
        "empty_as_string": False,
    }
    return _table(read, include_path, partition_format, pattern, types)


def parquet(include_path, partition_format, pattern, types):
    return _table({"format": "parquet"}, include_path, partition_format, pattern, types)


def _table(read, include_path, partition_format, pattern, types):
    from azureml.data.dataset_factory import _types

    # No inference: without set_column_types every column is text, as in the cloud.
    definition = {"kind": "tabular", "read": read, "steps": [], "include_path": bool(include_path), "types": _types(types)}
    if partition_format is not None:
        definition["partition_format"] = partition_format
    if pattern:
        definition["pattern"] = pattern
    return definition


def with_step(definition, step):
    return dict(definition, steps=definition["steps"] + [step])


def columns(definition, do, names):
    return with_step(definition, {"do": do, "columns": [names] if isinstance(names, str) else list(names)})


def split(definition, percentage, seed):
    """The definitions of the two parts."""
    from azureml.data import _records

    first, second = _records.split(percentage, seed)
    return with_step(definition, first), with_step(definition, second)


def dataset(definition, place, workspace):
    """The dataset: `place` is a datastore's URI or a path of this machine."""
    from azureml.data.file_dataset import FileDataset
    from azureml.data.tabular_dataset import TabularDataset

    definition = dict(definition or {"kind": "file", "steps": []})
    pattern = definition.pop("pattern", "")
    marker = "azureml://datastores/"
    if place.startswith(marker):
        name, _, path = place[len(marker) :].partition("/paths/")
        only = {"datastore": name, "path": "/".join(filter(None, [path.strip("/"), pattern]))}
    else:
        only = {"file": "/".join(filter(None, [place.rstrip("/"), pattern]))}
    kind = TabularDataset if definition["kind"] == "tabular" else FileDataset
    return kind._of(dict(definition, paths=[only]), workspace)
