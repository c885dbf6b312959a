"""Where datasets are made: of files, of tables in files, of a DataFrame."""
import sys

HEADERS = (
    "NO_HEADERS", "ONLY_FIRST_FILE_HAS_HEADERS", "COMBINE_ALL_FILES_HEADERS", "ALL_FILES_HAVE_SAME_HEADERS",
)


def _error(text):
    from azureml.exceptions import UserErrorException

    return UserErrorException(text)


class DataType:
    """A column's type, for set_column_types."""

    def __init__(self, kind):
        self._kind = kind

    @staticmethod
    def to_string():
        return DataType({"type": "string"})

    @staticmethod
    def to_long():
        return DataType({"type": "long"})

    @staticmethod
    def to_float(decimal_mark="."):
        return DataType({"type": "float", "decimal_mark": decimal_mark})

    @staticmethod
    def to_bool():
        return DataType({"type": "bool"})

    @staticmethod
    def to_datetime(formats=None):
        """`formats`: one or several of strptime's; without them the texts decide."""
        listed = [formats] if isinstance(formats, str) else list(formats or [])
        return DataType({"type": "datetime", "formats": listed})

    @staticmethod
    def to_stream(workspace, escaped=False):
        from azureml._absent import refuse

        refuse("azureml.data.DataType.to_stream", "use a FileDataset over the files that the column names")


def _types(given):
    if given is None:
        return {}
    if not isinstance(given, dict) or any(not isinstance(one, DataType) for one in given.values()):
        raise _error(
            "`set_column_types` must be a dictionary where key is column name and value is :class: azureml.data.DataType"
        )
    return {name: one._kind for name, one in given.items()}


def _encoding(name):
    from azureml.data._delimited import CODECS

    if isinstance(name, str) and name.lower() in CODECS:
        return name.lower()
    if hasattr(name, "name") and name.name.lower() in CODECS:  # FileEncoding.UTF8
        return name.name.lower()
    raise _error(
        "Invalid encoding '{}'. The supported encodings are 'utf8', 'iso88591', 'latin1', 'ascii', 'utf16', 'utf32', "
        "'utf8bom' and 'windows1252'.".format(name)
    )


def _header(header):
    if header is True:
        return "ALL_FILES_HAVE_SAME_HEADERS"
    if header is False:
        return "NO_HEADERS"
    name = getattr(header, "name", header)
    if name not in HEADERS:
        raise _error("Unsupported header provided. The allowed values are " + ", ".join(HEADERS))
    return name


def _no_data(detail):
    from azureml.data.dataset_error_handling import DatasetValidationError

    return DatasetValidationError(
        "Cannot load any data from the specified path. Make sure the path is accessible and contains data.\n" + detail
    )


def _need_files(dataset):
    files = dataset._files()
    if not files:
        raise _no_data("No file is at {}.".format(", ".join(str(path) for path in dataset._definition["paths"])))
    return files


class FileDatasetFactory:
    """Dataset.File"""

    @staticmethod
    def from_files(path, validate=True, partition_format=None, is_file=False):
        """A FileDataset of (datastore, "path or pattern"), a DataPath, an http address, or a list of them."""
        from azureml.data._source import normalize
        from azureml.data.file_dataset import FileDataset

        paths, workspace = normalize(path)
        definition = {"kind": "file", "paths": paths, "steps": []}
        _partition(definition, partition_format)
        dataset = FileDataset._of(definition, workspace)
        if validate and any("url" not in one for one in paths):
            _need_files(dataset)
        return dataset

    @staticmethod
    def upload_directory(src_dir, target, pattern=None, overwrite=False, show_progress=True):
        """Copies a folder's files (those that fit the glob `pattern`) to a place on a datastore; a
        FileDataset of that place."""
        import glob
        import os

        say = _progress(show_progress)
        say("Validating arguments.")
        if not isinstance(src_dir, str) or not os.path.isdir(src_dir):
            raise _error("src_dir must be a folder: {!r} is none.".format(src_dir))
        datastore, place = _target(target)
        say("Arguments validated.")
        if overwrite:
            say("'overwrite' is set to True. Any file already present in the target will be overwritten.")
        say("Uploading files from '{}' to '{}'".format(os.path.abspath(src_dir), place))
        files = [os.path.join(where, name) for where, _, names in os.walk(src_dir) for name in names]
        if pattern is not None:
            say("Filtering files with pattern matching {}".format(pattern))
            wanted = {os.path.abspath(one) for one in glob.glob(os.path.join(glob.escape(src_dir), pattern), recursive=True)}
            files = [one for one in files if os.path.abspath(one) in wanted]
            if not files:
                say("No files found with pattern {}".format(pattern))
        if not files:
            raise _error("{} has no file to upload.".format(src_dir))
        datastore.upload_files(sorted(files), src_dir, place, overwrite, show_progress=False)
        say("Creating new dataset")
        return FileDatasetFactory.from_files((datastore, place))


class TabularDatasetFactory:
    """Dataset.Tabular"""

    @staticmethod
    def from_delimited_files(
        path,
        validate=True,
        include_path=False,
        infer_column_types=True,
        set_column_types=None,
        separator=",",
        header=True,
        partition_format=None,
        support_multi_line=False,
        empty_as_string=False,
        encoding="utf8",
    ):
        """A TabularDataset of CSV and TSV files. With support_multi_line=False a line end within quotes
        ends the record, as in the cloud."""
        read = {
            "format": "delimited", "separator": separator, "header": _header(header), "encoding": _encoding(encoding),
            "multi_line": bool(support_multi_line), "empty_as_string": bool(empty_as_string),
        }
        return _tabular(path, read, validate, include_path, set_column_types, partition_format, infer_column_types)

    @staticmethod
    def from_json_lines_files(
        path,
        validate=True,
        include_path=False,
        set_column_types=None,
        partition_format=None,
        invalid_lines="error",
        encoding="utf8",
    ):
        """A TabularDataset of files with a JSON object a line."""
        if invalid_lines not in ("error", "drop"):
            raise _error("Expected 'error' or 'drop' as value for invalid_lines, found {}".format(invalid_lines))
        read = {"format": "json_lines", "invalid_lines": invalid_lines, "encoding": _encoding(encoding)}
        return _tabular(path, read, validate, include_path, set_column_types, partition_format)

    @staticmethod
    def from_parquet_files(path, validate=True, include_path=False, set_column_types=None, partition_format=None):
        """A TabularDataset of parquet files."""
        return _tabular(path, {"format": "parquet"}, validate, include_path, set_column_types, partition_format)

    @staticmethod
    def from_sql_query(query, validate=True, set_column_types=None, query_timeout=30):
        from azureml._absent import refuse

        refuse("azureml.core.Dataset.Tabular.from_sql_query", "read the table in a step, with the database's own client")

    @staticmethod
    def register_pandas_dataframe(
        dataframe,
        target,
        name,
        description=None,
        tags=None,
        show_progress=True,
        row_group_size=None,
        make_target_path_unique=True,
    ):
        """Writes a DataFrame as parquet to a place on a datastore and registers it under a name."""
        import uuid

        from azureml.data._tables import need_pandas, need_parquet

        say = _progress(show_progress)
        say("Validating arguments.")
        if not isinstance(dataframe, need_pandas().DataFrame):
            raise ValueError("Expected dataframe of type {} but received {}".format(need_pandas().DataFrame, type(dataframe)))
        if not isinstance(name, str):
            raise ValueError("Expected name of type {} but received {}".format(str, type(name)))
        need_parquet()
        datastore, place = _target(target)
        say("Arguments validated.")
        say("Successfully obtained datastore reference and path.")
        if make_target_path_unique:
            place = "{}/{}".format(place, uuid.uuid4()).lstrip("/")
        else:
            say("Using target path without unique subfolder: {}.".format(place))
        say("Uploading file to {}".format(place))
        frame = _for_parquet(dataframe)
        options = {} if row_group_size is None else {"row_group_size": row_group_size}
        _write_parquet(frame, datastore, place + "/part-00000.parquet", **options)
        say("Successfully uploaded file to datastore.")
        say("Creating and registering a new dataset.")
        dataset = TabularDatasetFactory.from_parquet_files((datastore, place + "/"))
        registered = dataset.register(datastore.workspace, name, description, tags, create_new_version=True)
        say("Successfully created and registered a new dataset.")
        return registered

    @staticmethod
    def register_dask_dataframe(dataframe, target, name, description=None, tags=None, show_progress=True):
        return TabularDatasetFactory.register_pandas_dataframe(
            dataframe.compute(), target, name, description, tags, show_progress
        )

    @staticmethod
    def register_spark_dataframe(dataframe, target, name, description=None, tags=None, show_progress=True):
        return TabularDatasetFactory.register_pandas_dataframe(
            dataframe.toPandas(), target, name, description, tags, show_progress
        )


def _partition(definition, text):
    if text is not None:
        from azureml.data._partition_format import parse

        parse(text)
        definition["partition_format"] = text


def _tabular(path, read, validate, include_path, set_column_types, partition_format, infer=False):
    from azureml.data._source import normalize
    from azureml.data.tabular_dataset import TabularDataset

    paths, workspace = normalize(path)
    definition = {"kind": "tabular", "paths": paths, "read": read, "steps": [], "include_path": bool(include_path)}
    _partition(definition, partition_format)
    given = _types(set_column_types)
    dataset = TabularDataset._of(definition, workspace)
    columns = None
    if validate or infer:
        files = _need_files(dataset)
        columns = _sample(definition, files)
        if columns is not None and not any(columns.values()):
            raise _no_data("{} has no record.".format(", ".join(one.full for one in files[:5])))
    definition["types"] = dict(_inferred(columns) if infer else {}, **given)
    return dataset


def _sample(definition, files):
    from azureml.data._tables import sample
    from azureml.data._types import SAMPLE_ROWS

    if definition["read"]["format"] != "parquet":
        return sample(definition, files, SAMPLE_ROWS)
    for one in files:
        with open(one.local, "rb") as file:
            if file.read(4) != b"PAR1":
                raise _no_data("{} is no parquet file.".format(one.full))
    return None


def _inferred(columns):
    from azureml.data._types import infer

    types, doubtful = {}, []
    for name, values in columns.items():
        types[name], ambiguous = infer(values)
        if ambiguous:
            doubtful.append(name)
    if doubtful:
        import logging

        logging.getLogger("azureml.data").warning(
            'Ambiguous datetime formats inferred for columns %s are resolved as "month-day". Desired format can be '
            "specified by `set_column_types`.", doubtful
        )
    return types


def _progress(show):
    return (lambda text: sys.stdout.write(text + "\n")) if show else (lambda text: None)


def _target(target):
    """(datastore, path) of a DataPath, a datastore, or a tuple of both."""
    from azureml.data.abstract_datastore import AbstractDatastore

    if isinstance(target, AbstractDatastore):
        return target, ""
    if isinstance(target, tuple) and len(target) == 2 and isinstance(target[0], AbstractDatastore):
        return target[0], str(target[1]).strip("/")
    if hasattr(target, "path_on_datastore"):
        return getattr(target, "datastore", None) or target._datastore, str(target.path_on_datastore or "").strip("/")
    raise ValueError("The target type is not supported, target: {}".format(target))


def _for_parquet(frame):
    """What parquet can hold of a DataFrame: no index, no dots in names."""
    frame = frame.reset_index(drop=True)
    for column in list(frame.columns):
        if isinstance(column, str) and "." in column:
            renamed = column.replace(".", "_")
            sys.stdout.write(
                "Column header contains '.' This period will be translated to '_' as we write the data out to parquet "
                "files: '{}' -> '{}'\n".format(column, renamed)
            )
            frame = frame.rename(columns={column: renamed})
            column = renamed
        first = frame[column].iloc[0] if len(frame) else None
        if isinstance(first, list) or type(first).__name__ == "ndarray":
            raise _error(
                "Cannot register pandas dataframes with columns containing complex data types. Encountered column with "
                "type: {}".format(type(first))
            )
    return frame


def _write_parquet(frame, datastore, place, **options):
    import os
    import tempfile

    from azureml.data.azure_storage_datastore import copy

    handle, file = tempfile.mkstemp(suffix=".parquet")
    os.close(handle)
    try:
        frame.to_parquet(file, index=False, **options)
        copy(file, datastore._place(place))
    finally:
        os.unlink(file)


def write_partitions(frame, keys, target, name, show_progress, as_files):
    """For TabularDataset.partition_by."""
    import uuid

    say = _progress(show_progress)
    say("Validating arguments.")
    datastore, place = _target(target)
    place = "{}/{}".format(place, uuid.uuid4()).lstrip("/")
    say("Arguments validated.")
    say("Uploading file to {}".format(place))
    for values, part in frame.groupby(keys, sort=True):
        values = values if isinstance(values, tuple) else (values,)
        folders = "/".join(str(value).replace("/", "_") for value in values)
        _write_parquet(_for_parquet(part.drop(columns=keys)), datastore, "{}/{}/part-00000.parquet".format(place, folders))
    say("Successfully uploaded file to datastore.")
    layout = "{}/{}/*.parquet".format(place, "/".join("{%s}" % key for key in keys))
    source = (datastore, place + "/**/*.parquet")
    if as_files:
        dataset = FileDatasetFactory.from_files(source, partition_format=layout)
    else:
        dataset = TabularDatasetFactory.from_parquet_files(source, partition_format=layout)
    return dataset.register(datastore.workspace, name, create_new_version=True) if name else dataset


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
