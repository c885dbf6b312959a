"""TabularDataset: files that are one table."""
from azureml.data.abstract_dataset import AbstractDataset


def _error(text):
    from azureml.exceptions import UserErrorException

    return UserErrorException(text)


def _names(columns):
    if isinstance(columns, str):
        return [columns]
    if isinstance(columns, (list, tuple)) and columns and all(isinstance(one, str) for one in columns):
        return list(columns)
    raise _error("columns must be the name of a column or a list of names, not {!r}.".format(columns))


class TabularDataset(AbstractDataset):
    """A table. Made by Dataset.Tabular.from_delimited_files and its like."""

    # -- reading ----------------------------------------------------------------------------------
    def to_pandas_dataframe(self, on_error="null", out_of_range_datetime="null"):
        """The table. What does not fit its column's type is null, or an error with on_error="fail"."""
        from azureml.data._tables import frame_of

        for name, value in (("on_error", on_error), ("out_of_range_datetime", out_of_range_datetime)):
            if value not in ("null", "fail"):
                raise _error("{} is 'null' or 'fail', not {!r}.".format(name, value))
        return frame_of(self, on_error, out_of_range_datetime)

    def to_dask_dataframe(self, sample_size=10000, dtypes=None, on_error="null", out_of_range_datetime="null"):
        try:
            import dask.dataframe
        except ImportError:
            raise _error("to_dask_dataframe needs dask, which this Python does not have.") from None
        return dask.dataframe.from_pandas(self.to_pandas_dataframe(on_error, out_of_range_datetime), npartitions=1)

    def to_spark_dataframe(self):
        _refuse("to_spark_dataframe", "use to_pandas_dataframe, and spark.createDataFrame of it")

    def to_csv_files(self, separator=","):
        """The table as a FileDataset of one CSV file."""
        return self._as_file("part-00000.csv", lambda frame, file: frame.to_csv(file, sep=separator, index=False))

    def to_parquet_files(self):
        """The table as a FileDataset of one parquet file."""
        from azureml.data._tables import need_parquet

        need_parquet()
        return self._as_file("part-00000.parquet", lambda frame, file: frame.to_parquet(file, index=False))

    def _as_file(self, name, write):
        import os
        import tempfile

        from azureml.data.file_dataset import FileDataset

        file = os.path.join(tempfile.mkdtemp(prefix="amlocal-table-"), name)
        write(self.to_pandas_dataframe(), file)
        return FileDataset._of({"kind": "file", "paths": [{"file": file}], "steps": []}, self._workspace)

    # -- columns ----------------------------------------------------------------------------------
    def keep_columns(self, columns, validate=False):
        """Only these columns, in the table's order. A name that it has not is left out."""
        return self._of_columns("keep", columns, validate)

    def drop_columns(self, columns):
        """All but these columns."""
        return self._of_columns("drop", columns, False)

    def _of_columns(self, do, columns, validate):
        names = _names(columns)
        stamp = self._definition.get("timestamp")
        gone = stamp not in names if do == "keep" else stamp in names
        changed = self._with({"do": do, "columns": names})
        if stamp and gone:
            changed._definition = dict(changed._definition, timestamp=None)
        if validate:
            changed.take(1).to_pandas_dataframe()
        return changed

    # -- times ------------------------------------------------------------------------------------
    def with_timestamp_columns(self, timestamp=None, partition_timestamp=None, validate=False, **kwargs):
        """Says which column is the rows' time: time_after and its like use it, and it is the index."""
        if partition_timestamp is not None and timestamp is None:
            raise _error("partition_timestamp can be assigned only if timestamp is assigned.")
        if timestamp is not None and timestamp == partition_timestamp:
            raise _error("partition_timestamp cannot be the same as timestamp.")
        definition = dict(self._definition, timestamp=timestamp, partition_timestamp=partition_timestamp)
        dataset = type(self)._of(definition, self._workspace)
        if validate:
            frame = self.to_pandas_dataframe()
            for name in (timestamp, partition_timestamp):
                if name is not None and (name not in frame.columns or frame[name].dtype.kind != "M"):
                    raise _validation("The specified columns {} do not have the expected types [DATE].".format([name]))
        return dataset

    @property
    def timestamp_columns(self):
        """(the column of the rows' times, that of their partitions)"""
        return self._definition.get("timestamp"), self._definition.get("partition_timestamp")

    def time_before(self, end_time, include_boundary=True, validate=True):
        """The rows before a time."""
        return self._time("time_before", None, end_time, include_boundary)

    def time_after(self, start_time, include_boundary=True, validate=True):
        """The rows after a time."""
        return self._time("time_after", start_time, None, include_boundary)

    def time_between(self, start_time, end_time, include_boundary=True, validate=True):
        """The rows between two times."""
        return self._time("time_between", start_time, end_time, include_boundary)

    def time_recent(self, time_delta, include_boundary=True, validate=True):
        """The rows of the last while (a timedelta, counted from now)."""
        import datetime

        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        return self._time("time_recent", now - time_delta, None, include_boundary)

    def _time(self, method, after, before, boundary):
        column = self._definition.get("timestamp")
        if column is None:
            from azureml.exceptions import DatasetTimestampMissingError

            raise DatasetTimestampMissingError(
                "{} needs a column of times: dataset.with_timestamp_columns(timestamp=COLUMN) names it.".format(method)
            )
        step = {"do": "time", "column": column, "boundary": bool(boundary)}
        for name, value in (("after", after), ("before", before)):
            if value is not None:
                if not hasattr(value, "isoformat"):
                    raise _error("{} takes a datetime, not {!r}.".format(method, value))
                step[name] = value.isoformat()
        return self._with(step)

    # -- partitions -------------------------------------------------------------------------------
    def partition_by(self, partition_keys, target, name=None, show_progress=True, partition_as_file_dataset=False):
        """Writes the table below `target` as parquet, one folder a value of the keys; a dataset of it,
        registered if it has a name."""
        from azureml.data._tables import need_parquet
        from azureml.data.dataset_factory import write_partitions

        keys = _names(partition_keys)
        frame = self.to_pandas_dataframe()
        wrong = [key for key in keys if key not in frame.columns]
        if wrong:
            raise _error("{0} are invalid partition keys".format(wrong))
        if len(set(keys)) != len(keys):
            raise _error("partition_keys cannot have duplicates")
        need_parquet()
        return write_partitions(frame, keys, target, name, show_progress, partition_as_file_dataset)

    # -- what has no counterpart ------------------------------------------------------------------
    def get_profile(self, workspace=None):
        _refuse("get_profile", "use to_pandas_dataframe().describe()")

    def get_profile_runs(self, workspace=None):
        _refuse("get_profile_runs", "use to_pandas_dataframe().describe()")

    def submit_profile_run(self, compute_target, experiment, cache_datastore_name=None):
        _refuse("submit_profile_run", "use to_pandas_dataframe().describe()")

    def download(self, stream_column, target_path=None, overwrite=False, ignore_not_found=True):
        _refuse("download", "use a FileDataset over the files that the column names")

    def mount(self, stream_column, mount_point=None):
        _refuse("mount", "use a FileDataset over the files that the column names")


def _validation(text):
    from azureml.data.dataset_error_handling import DatasetValidationError

    return DatasetValidationError(text)


def _refuse(name, instead):
    from azureml._absent import refuse

    refuse("azureml.data.TabularDataset." + name, instead)


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
