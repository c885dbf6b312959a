"""FileDataset: files, to be mounted, downloaded or listed."""
import os

from azureml.data.abstract_dataset import AbstractDataset


def _error(text):
    from azureml.exceptions import UserErrorException

    return UserErrorException(text)


class FileDataset(AbstractDataset):
    """Files of datastores or the web. Made by Dataset.File.from_files."""

    def _chosen_files(self):
        """The files after the definition's steps."""
        from azureml.data import _records

        files = self._files()
        for step in self._definition.get("steps", []):
            if step["do"] in _records.KINDS:
                files = [files[place] for place in _records.chosen(step, len(files))]
            else:
                from azureml.data._expressions import test

                columns = self._partition_columns(files)
                keep = test(step["expression"], self._facts_of(files, columns), len(files))
                files = [one for one, wanted in zip(files, keep) if wanted]
        return files

    @staticmethod
    def _facts_of(files, columns):
        """name → the values, one a file; for filter."""

        def values(name):
            if name in columns:
                return columns[name]
            if name == "Path":
                return [one.full for one in files]
            if name == "file_metadata.Size":
                return [os.stat(one.local).st_size for one in files]
            if name in ("file_metadata.LastModifiedTime", "file_metadata.CreationTime"):
                import datetime

                return [datetime.datetime.fromtimestamp(os.stat(one.local).st_mtime) for one in files]
            if name == "file_metadata.CanSeek":
                return [True] * len(files)
            raise _error("Files have no {!r}: a partition's column, or file_metadata('Size').".format(name))

        return values

    def to_path(self):
        """The files' paths, from the dataset's folder down: ["/a.csv", "/sub/b.csv"]."""
        return [one.relative for one in self._chosen_files()]

    def download(self, target_path=None, overwrite=False, ignore_not_found=False):
        """Copies the files below `target_path` (default: a new temporary folder); their paths there."""
        from azureml.data.azure_storage_datastore import copy

        if target_path is None:
            import tempfile

            target_path = tempfile.mkdtemp()
        folder = os.path.abspath(target_path)
        files = self._chosen_files()
        targets = [os.path.join(folder, *one.relative.strip("/").split("/")) for one in files]
        for target in targets:
            if os.path.exists(target) and not overwrite:
                raise _error('File "{}" already exists. Set overwrite=True to overwrite it.'.format(target))
        for one, target in zip(files, targets):
            copy(one.local, target)
        return targets

    def mount(self, mount_point=None, **kwargs):
        """A context in which the files lie below `mount_point` (default: a new temporary folder)."""
        if mount_point is not None:
            mount_point = os.path.abspath(mount_point)
            if os.path.isdir(mount_point) and os.listdir(mount_point):
                raise _error("Dataset mount point must be empty, mounting dataset to non-empty folder is not supported.")
        return MountContext(self, mount_point)

    def as_mount(self, path_on_compute=None):
        """As an input of a step, mounted there."""
        return self._unnamed("mount", path_on_compute)

    def as_download(self, path_on_compute=None):
        """As an input of a step, copied there before it starts."""
        return self._unnamed("download", path_on_compute)

    def as_hdfs(self):
        return self._unnamed("hdfs", None)

    def _unnamed(self, mode, path_on_compute):
        import uuid

        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig("input__{}".format(uuid.uuid4().hex[:8]), self, mode, path_on_compute)

    def file_metadata(self, col):
        """For filter: "Size", "LastModifiedTime", "CreationTime" or "CanSeek" of each file."""
        from azureml.data._expressions import column

        return column("file_metadata." + col)

    def as_cache(self, datacache_store):
        from azureml._absent import refuse

        refuse("azureml.data.FileDataset.as_cache", "use as_mount: the files are on this machine already")

    def hydrate(self, datacache_store, replica_count=None):
        from azureml._absent import refuse

        refuse("azureml.data.FileDataset.hydrate", "leave it out: the files are on this machine already")


class MountContext:
    """Shows a dataset's files in a folder, by links to where they lie, between start() and stop()."""

    def __init__(self, dataset, mount_point):
        self._dataset, self._given = dataset, mount_point
        self._made, self._folder = [], mount_point

    @property
    def mount_point(self):
        if self._folder is None:
            import tempfile

            self._folder = tempfile.mkdtemp(prefix="amlocal-mount-")
        return self._folder

    def start(self):
        if self._made:
            raise _error('"{0}" is already mounted. Call stop() first.'.format(self.mount_point))
        top = self.mount_point
        self._folder_for(top)
        for one in self._dataset._chosen_files():
            target = os.path.join(top, *one.relative.strip("/").split("/"))
            self._folder_for(os.path.dirname(target))
            os.symlink(os.path.abspath(one.local), target)
            self._made.append(target)

    def _folder_for(self, folder):
        if not os.path.isdir(folder):
            self._folder_for(os.path.dirname(folder))
            os.mkdir(folder)
            self._made.append(folder)

    def stop(self):
        """Takes away what start() made; what the script put there itself stays."""
        for path in reversed(self._made):
            try:
                if os.path.islink(path):
                    os.unlink(path)
                else:
                    os.rmdir(path)
            except OSError:
                pass
        self._made = []
        if self._given is None and self._folder is not None:
            try:
                os.rmdir(self._folder)
            except OSError:
                pass
            self._folder = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()
        return False


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
