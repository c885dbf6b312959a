"""A run's files: what a script uploads, and what is fetched from a run."""
import os


def _user_error(text):
    from azureml.exceptions import UserErrorException

    return UserErrorException(text)


def check_equal(names, paths):
    if len(names) != len(paths):
        raise TypeError(
            "names and paths must be lists of equal lengths. "
            "Names was of length {} and paths of length {}.".format(len(names), len(paths))
        )


def files_of_folder(name, path):
    """[(artifact's name, file)] of a folder that is uploaded as `name`."""
    folder = os.path.normpath(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise _user_error("Cannot upload path: {} since it is not a valid directory.".format(path))
    found = []
    for place, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            whole = os.path.join(place, file)
            found.append(("{}/{}".format(name, os.path.relpath(whole, folder).replace(os.sep, "/")), whole))
    return found


def no_file(name, names):
    return _user_error(
        "File with path {} was not found,\navailable files include: {}.".format(name, ",".join(names) or "none")
    )


def artifact_name(name):
    """A name as the run keeps it: relative, with slashes, and inside the run's folder."""
    parts = [part for part in str(name).replace(os.sep, "/").split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise _user_error(
            "{!r} is no name for a file of a run: it would lie outside of the run's folder. "
            "Name it from the run's folder down, for example outputs/model.pkl.".format(str(name))
        )
    return "/".join(parts)


class Files:
    """Needs self._work_id, self._client."""

    _artifact_name = staticmethod(artifact_name)

    def upload_file(self, name, path_or_stream, datastore_name=None):
        """Puts a file (a path or an open stream) into the run under a name."""
        return self._put_file(name, path_or_stream)

    def upload_files(self, names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None):
        check_equal(names, paths)
        for name, path in zip(names, paths):
            artifact_name(name)
            self._readable(path)
        for name, path in zip(names, paths):
            self._put_file(name, path)
        return {artifact_name(name): {"path": artifact_name(name)} for name in names} if return_artifacts else None

    def upload_folder(self, name, path, datastore_name=None):
        """Puts all files below a folder into the run, below `name`."""
        for artifact, file in files_of_folder(name, path):
            self._put_file(artifact, file)

    @staticmethod
    def _readable(path):
        if isinstance(path, (str, os.PathLike)):
            with open(os.path.abspath(path), "rb"):
                pass

    def _put_file(self, name, source):
        from azureml._outbox import outbox
        from azureml.exceptions import ServiceException

        name = artifact_name(name)
        self._readable(source)
        if not isinstance(source, (str, bytes, bytearray, os.PathLike)):
            data = source.read()
            source = data.encode() if isinstance(data, str) else data
        path = self._file_path(name)
        if not outbox().is_silent():
            try:
                return self._client.upload(path, source)
            except ServiceException as error:
                if error.status_code is not None:
                    raise
        outbox().keep_file(path, source)

    def _file_path(self, name):
        from azureml._client import quote, quote_path

        return "/runs/{}/files/{}".format(quote(self._work_id), quote_path(name))

    def get_file_names(self):
        """The names of the run's files, sorted."""
        from azureml._client import quote

        answer = self._client.get("/runs/{}/files".format(quote(self._work_id)))
        return sorted(one["path"] for one in answer["files"])

    def download_file(self, name, output_file_path=None, _validate_checksum=False):
        """Fetches a file of the run into the current folder, or to `output_file_path` (a file or folder)."""
        target = output_file_path or os.path.basename(name)
        if os.path.isdir(target) or str(target).endswith(("/", os.sep)):
            target = os.path.join(target, os.path.basename(name))
        self._fetch(name, target)

    def _fetch(self, name, target):
        from azureml.exceptions import ServiceException

        try:
            self._client.download(self._file_path(artifact_name(name)), os.fspath(target))
        except ServiceException as error:
            if error.status_code != 404:
                raise
            raise no_file(name, self.get_file_names()) from None

    def download_files(
        self,
        prefix=None,
        output_directory=None,
        output_paths=None,
        batch_size=100,
        append_prefix=True,
        timeout_seconds=None,
    ):
        """Fetches the files whose names begin with `prefix`, with their folders (without the prefix's,
        if append_prefix is False)."""
        prefix = (prefix or "").lstrip("/")
        names = [name for name in self.get_file_names() if name.startswith(prefix)]
        if output_paths is not None:
            targets = [output_paths] if isinstance(output_paths, str) else list(output_paths)
            if len(targets) != len(names):
                raise _user_error(
                    "output_paths names {} files, and {} begin with {!r}.".format(len(targets), len(names), prefix)
                )
        else:
            cut = 0 if append_prefix else len(prefix)
            targets = [name[cut:].lstrip("/") or os.path.basename(name) for name in names]
        for name, target in zip(names, targets):
            self._fetch(name, os.path.join(output_directory or "", target))

    def get_all_logs(self, destination=None):
        """Fetches the run's logs below `destination` (default: the current folder); their paths."""
        from azureml._client import quote, quote_path

        if destination is not None and os.path.exists(destination) and not os.path.isdir(destination):
            raise _user_error("{} exists and is not a directory.".format(destination))
        base = "/runs/{}/logs".format(quote(self._work_id))
        paths = []
        for log in self._client.get(base)["logs"]:
            target = os.path.abspath(os.path.join(destination or "", *log["path"].split("/")))
            self._client.download("{}/{}".format(base, quote_path(log["path"])), target)
            paths.append(target)
        return paths

    def register_model(
        self,
        model_name,
        model_path=None,
        tags=None,
        properties=None,
        model_framework=None,
        model_framework_version=None,
        description=None,
        datasets=None,
        sample_input_dataset=None,
        sample_output_dataset=None,
        resource_configuration=None,
        **kwargs
    ):
        """Registers files of this run as a model. `model_path` is the name of a file or folder of the
        run (outputs/model.pkl), not of one on disk; ./outputs gets there when the script has ended."""
        from azureml.core.model import _register
        from azureml.exceptions import ModelPathNotFoundException

        path = artifact_name(model_path or model_name)
        names = self.get_file_names()
        if not any(name == path or name.startswith(path + "/") for name in names):
            raise ModelPathNotFoundException(
                "Could not locate the provided model_path {} in the set of files uploaded to the run: {}\n"
                "See https://aka.ms/run-logging for more details. Files in ./outputs get there when the script has "
                "ended: to register one before, call run.upload_file('{}', PATH) first.".format(
                    model_path or model_name, names, path
                )
            )
        body = {"run": self._work_id, "artifact": path}
        return _register(
            self.experiment.workspace, model_name, body, tags, properties, description, model_framework,
            model_framework_version, datasets,
        )
