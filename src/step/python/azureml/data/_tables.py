"""A tabular definition as a pandas DataFrame.

Its "read" is {"format": "delimited", "separator", "header", "multi_line", "empty_as_string", "encoding"},
{"format": "json_lines", "invalid_lines", "encoding"} or {"format": "parquet"}; "types" is {column: type},
"include_path" says whether there is a column Path.
"""


def need_pandas():
    try:
        import pandas
    except ImportError:
        from azureml.exceptions import UserErrorException

        raise UserErrorException(
            "to_pandas_dataframe needs pandas, which this Python does not have. Add pandas to the environment's conda or "
            "pip packages, or run `pip install pandas`."
        ) from None
    return pandas


def need_parquet():
    """Raises what to do where pandas could not read or write parquet."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        try:
            import fastparquet  # noqa: F401
        except ImportError:
            from azureml.exceptions import UserErrorException

            raise UserErrorException(
                "Parquet needs pyarrow, which this Python does not have. Add pyarrow to the environment's conda or pip "
                "packages, or run `pip install pyarrow`."
            ) from None


def sample(definition, files, count):
    """{column: its first texts or values} without pandas; None for parquet."""
    read = definition["read"]
    if read["format"] == "delimited":
        from azureml.data._delimited import table

        return table(files, read, count)[0]
    if read["format"] == "json_lines":
        return _json_lines(files, read, count)[0]
    return None


def _json_lines(files, read, limit=None):
    """({name: values}, origin) of files with a JSON object a line."""
    import json

    from azureml.data._delimited import lines_of
    from azureml.data.dataset_error_handling import DatasetExecutionError

    columns, origin = {}, []
    for place, one in enumerate(files):
        for number, line in enumerate(lines_of(one.local, read["encoding"], one.full), 1):
            if limit is not None and len(origin) >= limit:
                return columns, origin
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise ValueError("not an object")
            except ValueError as error:
                if read["invalid_lines"] == "drop":
                    continue
                raise DatasetExecutionError(
                    "{}, line {} is no JSON object ({}). invalid_lines='drop' leaves such lines out.".format(
                        one.full, number, error
                    ),
                    error,
                ) from None
            for name in record:
                if name not in columns:
                    columns[name] = [None] * len(origin)
            origin.append(place)
            for name, values in columns.items():
                values.append(record.get(name))
    return columns, origin


def _parquet(pandas, files):
    """(DataFrame, origin)"""
    from azureml.data.dataset_error_handling import DatasetExecutionError

    need_parquet()
    frames, origin = [], []
    for place, one in enumerate(files):
        try:
            frames.append(pandas.read_parquet(one.local))
        except Exception as error:  # each of the engines has its own
            raise DatasetExecutionError("{} cannot be read as parquet: {}".format(one.full, error), error) from None
        origin += [place] * len(frames[-1])
    return pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame(), origin


def _fail(name):
    from azureml.data.dataset_error_handling import DatasetExecutionError

    def fail(value):
        raise DatasetExecutionError(
            "Column {!r} has {!r}, which does not fit its type. on_error='null' makes it null; set_column_types gives "
            "the column another type.".format(name, value)
        )

    return fail


def frame_of(dataset, on_error, out_of_range_datetime):
    """The DataFrame of a TabularDataset, after its steps."""
    pandas = need_pandas()
    definition, files = dataset._definition, dataset._files()
    read, steps = definition["read"], list(definition.get("steps", []))
    limit = steps[0]["count"] if steps and steps[0]["do"] == "take" else None
    types = definition.get("types") or {}
    if read["format"] == "parquet":
        frame, origin = _parquet(pandas, files)
        columns = {name: frame[name] for name in frame.columns}
    elif read["format"] == "delimited":
        from azureml.data._delimited import table

        columns, origin = table(files, read, limit)
        if read["empty_as_string"]:
            columns = {name: ["" if value is None else value for value in values] for name, values in columns.items()}
    else:
        columns, origin = _json_lines(files, read, limit)
    converted = {}
    for name, values in columns.items():
        converted[name] = _typed(pandas, name, values, types.get(name), read["format"], on_error, out_of_range_datetime)
    extra = _from_paths(pandas, dataset, files, origin, types)
    frame = pandas.DataFrame(dict(extra, **{name: one for name, one in converted.items() if name not in extra}))
    for step in steps:
        frame = _apply(frame, step)
    stamp = definition.get("timestamp")
    if stamp and stamp in frame.columns:
        frame = frame.set_index(stamp, drop=False)
    return frame


def _typed(pandas, name, values, kind, read_format, on_error, out_of_range_datetime):
    from azureml.data._types import STRING, convert

    if kind is None:
        if read_format != "delimited":
            return pandas.Series(values)
        kind = STRING
    strict = out_of_range_datetime == "fail" if kind["type"] == "datetime" else False
    fail = _fail(name) if on_error == "fail" or strict else None
    values = values.where(values.notna(), None).tolist() if hasattr(values, "notna") else values
    return convert(pandas, values, kind, fail)


def _from_paths(pandas, dataset, files, origin, types):
    """The columns that the files' places give: Path, and those of partition_format."""
    from azureml.data._types import convert

    found = {}
    if dataset._definition.get("include_path"):
        found["Path"] = pandas.Series([files[place].full for place in origin], dtype=object)
    for name, values in dataset._partition_columns(files).items():
        series = pandas.Series([values[place] for place in origin], dtype=None if origin else object)
        found[name] = convert(pandas, series.tolist(), types[name]) if name in types else series
    return found


def _apply(frame, step):
    """One step of the definition."""
    from azureml.data import _records

    do = step["do"]
    if do in _records.KINDS:
        return frame.iloc[list(_records.chosen(step, len(frame)))].reset_index(drop=True)
    if do == "keep":
        kept = [name for name in frame.columns if name in step["columns"]]
        if not kept:
            raise _no_column(step["columns"], frame)
        return frame[kept]
    if do == "drop":
        return frame[[name for name in frame.columns if name not in step["columns"]]]
    if do == "filter":
        from azureml.data._expressions import test

        def values(name):
            if name not in frame.columns:
                raise _no_column([name], frame)
            return frame[name].tolist()

        return frame[test(step["expression"], values, len(frame))].reset_index(drop=True)
    return _between(frame, step)


def _between(frame, step):
    """A range of times in the column of the timestamps."""
    import pandas

    if step["column"] not in frame.columns:
        raise _no_column([step["column"]], frame)
    times, keep = frame[step["column"]], None
    for bound, sign in ((step.get("after"), 1), (step.get("before"), -1)):
        if bound is None:
            continue
        when = pandas.Timestamp(bound)
        if sign > 0:
            fits = times >= when if step["boundary"] else times > when
        else:
            fits = times <= when if step["boundary"] else times < when
        keep = fits if keep is None else keep & fits
    return (frame if keep is None else frame[keep]).reset_index(drop=True)


def _no_column(names, frame):
    from azureml.data.dataset_error_handling import DatasetValidationError

    return DatasetValidationError(
        "The specified columns {} do not exist in the current dataset. It has: {}.".format(
            list(names), ", ".join(str(name) for name in frame.columns)
        )
    )
