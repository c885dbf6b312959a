"""Dataset: where datasets are made (Dataset.File, Dataset.Tabular) and found again."""


def versions_of(workspace, name):
    """[(version, content)] of what is registered under a name, the newest first."""
    from azureml._client import connect, quote

    path = "/documents/dataset/" + quote(name)
    newest = connect().find(path)
    if newest is None:
        return []
    found = [(int(newest["version"]), newest["content"])]
    older = newest.get("versions") or range(1, found[0][0])
    for version in sorted((int(one) for one in older if int(one) < found[0][0]), reverse=True):
        one = connect().find(path, version=version)
        if one is not None:
            found.append((version, one["content"]))
    return found


def _not_found(workspace, name, version=None):
    from azureml.exceptions import UserErrorException

    names = sorted(set(Dataset.get_all(workspace)))
    return UserErrorException(
        'Cannot find dataset registered with name "{}"{} in the workspace. Registered are: {}.'.format(
            name, "" if version is None else " (version: {})".format(version), ", ".join(names) or "none"
        )
    )


class _All(dict):
    """{name: the newest dataset}, each read when it is asked for."""

    def __init__(self, workspace, names):
        super().__init__((name, None) for name in names)
        self._workspace = workspace

    def __getitem__(self, name):
        if name not in self:
            raise KeyError(name)
        return Dataset.get_by_name(self._workspace, name)

    def get(self, name, default=None):
        return self[name] if name in self else default

    def values(self):
        return [self[name] for name in self]

    def items(self):
        return [(name, self[name]) for name in self]


class _Factory:
    def __init__(self, name):
        self._name = name

    def __get__(self, instance, owner):
        from azureml.data import dataset_factory

        return getattr(dataset_factory, self._name)


class Dataset:
    """Dataset.File.from_files(…), Dataset.Tabular.from_delimited_files(…), Dataset.get_by_name(…)."""

    File = _Factory("FileDatasetFactory")
    Tabular = _Factory("TabularDatasetFactory")

    def __init__(self, definition, workspace=None, name=None, id=None):
        _refuse("Dataset()", "use Dataset.File.from_files or Dataset.Tabular.from_delimited_files")

    @staticmethod
    def get_by_name(workspace, name, version="latest", **kwargs):
        """A registered dataset, or a data asset of the project (amlocal data)."""
        from azureml._client import connect, quote

        wanted = None if version in (None, "latest") else version
        if wanted is not None:
            wanted = int(wanted) if str(wanted).isdigit() else wanted
        found = connect().find("/documents/dataset/" + quote(name), version=wanted)
        if found is not None:
            return Dataset._of_content(workspace, name, found["version"], found["content"])
        asset = connect().find("/data/" + quote(name), version=wanted)  # its version is any text
        if asset is None and wanted is not None and not isinstance(wanted, int):
            from azureml.exceptions import UserErrorException

            raise UserErrorException(
                'Invalid value {} for version. Version value must be number or "latest".'.format(version)
            )
        if asset is None:
            raise _not_found(workspace, name, wanted)
        return Dataset._of_asset(workspace, asset)

    @staticmethod
    def get_by_id(workspace, id, **kwargs):
        """The dataset of an id, as a step gets it for an input in the mode direct."""
        from azureml._client import connect, quote
        from azureml.exceptions import UserErrorException

        found = connect().find("/documents/dataset/" + quote("id." + str(id)))
        if found is None:
            raise UserErrorException('Cannot find dataset with id "{}" in the workspace.'.format(id))
        return Dataset._of_content(workspace, None, None, found["content"])

    @staticmethod
    def get(workspace, name=None, id=None):
        return Dataset.get_by_id(workspace, id) if name is None else Dataset.get_by_name(workspace, name)

    @staticmethod
    def get_all(workspace):
        """{name: the newest version}, of registered datasets and data assets."""
        from azureml._client import connect

        names = [one["name"] for one in connect().get("/documents/dataset")["documents"]]
        names = [name for name in names if not name.startswith("id.")]
        names += [one["name"] for one in connect().get("/data")["data"]]
        return _All(workspace, sorted(set(names)))

    @staticmethod
    def list(workspace):
        return Dataset.get_all(workspace).values()

    @staticmethod
    def _of_content(workspace, name, version, content):
        from azureml.data.file_dataset import FileDataset
        from azureml.data.tabular_dataset import TabularDataset

        kind = FileDataset if content["definition"]["kind"] == "file" else TabularDataset
        registration = {
            "name": name, "version": None if version is None else int(version),
            "description": content.get("description"), "tags": content.get("tags") or {},
        }
        return kind._of(content["definition"], workspace, registration)

    @staticmethod
    def _of_asset(workspace, asset):
        """A data asset as a FileDataset: v1 knows no other kind of what v2 registers."""
        from azureml.data.file_dataset import FileDataset
        from azureml.exceptions import UserErrorException

        if asset.get("type") == "mltable":
            raise UserErrorException(
                "{} is an mltable, which only mltable.load reads. Register a v1 dataset over its files: "
                "Dataset.Tabular.from_delimited_files(path).register(workspace, name=…).".format(asset["name"])
            )
        path = asset.get("path") or asset.get("uri") or ""
        source = _source_of(path)
        version = asset.get("version")
        said = _said_of_output(asset["name"], path)
        registration = {
            "name": asset["name"], "version": int(version) if str(version).isdigit() else version,
            "description": said.get("description"), "tags": said.get("tags") or {},
        }
        if said.get("table"):
            from azureml.data import _table_of_output

            table = _table_of_output.dataset(said["table"], path, workspace)
            return type(table)._of(table._definition, workspace, registration)
        return FileDataset._of({"kind": "file", "paths": [source], "steps": []}, workspace, registration)

    # -- the datasets of before 2020 ----------------------------------------------------------------
    @staticmethod
    def from_delimited_files(path, separator=",", header=True, encoding="utf8", quoting=False, infer_column_types=True,
                             skip_rows=0, skip_mode=None, comment=None, include_path=False, archive_options=None,
                             partition_format=None):
        _old("from_delimited_files", "Dataset.Tabular.from_delimited_files")

    @staticmethod
    def from_parquet_files(path, include_path=False, partition_format=None):
        _old("from_parquet_files", "Dataset.Tabular.from_parquet_files")

    @staticmethod
    def from_json_files(path, encoding="utf8", flatten_nested_arrays=False, include_path=False, partition_format=None):
        _old("from_json_files", "Dataset.Tabular.from_json_lines_files")

    @staticmethod
    def from_binary_files(path):
        _old("from_binary_files", "Dataset.File.from_files")

    @staticmethod
    def from_excel_files(path, sheet_name=None, use_column_headers=False, skip_rows=0, include_path=False,
                         infer_column_types=True, partition_format=None):
        _old("from_excel_files", "Dataset.File.from_files and pandas.read_excel")

    @staticmethod
    def auto_read_files(path, include_path=False, partition_format=None):
        _old("auto_read_files", "Dataset.Tabular.from_delimited_files")

    @staticmethod
    def from_pandas_dataframe(dataframe, path=None, in_memory=False):
        _old("from_pandas_dataframe", "Dataset.Tabular.register_pandas_dataframe")

    @staticmethod
    def from_sql_query(data_source, query):
        _old("from_sql_query", "the database's own client in the step")


def _said_of_output(name, path):
    """What register_on_complete said of the output that lies there: its description, tags and how it is read."""
    from azureml._client import connect, quote

    where = "/documents/output_dataset/" + quote(name)
    found = connect().find(where)
    for version in reversed(found["versions"]) if found else []:
        content = (found if version == found["version"] else connect().find(where, version=version))["content"]
        if content["path"].rstrip("/") == path.rstrip("/"):
            return content
    return {}


def _source_of(path):
    head = "azureml://datastores/"
    if path.startswith(head):
        datastore, _, rest = path[len(head) :].partition("/paths/")
        return {"datastore": datastore, "path": rest.strip("/")}
    return {"url": path} if "://" in path else {"file": path}


def _refuse(name, instead):
    from azureml._absent import refuse

    refuse("azureml.core.dataset." + name, instead)


def _old(name, instead):
    _refuse("Dataset." + name, "use " + instead)


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
