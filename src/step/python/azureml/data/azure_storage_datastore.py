"""Datastores that hold files: upload, download, and references to what is in them."""
import os
import shutil
import sys

from azureml.data.abstract_datastore import AbstractDatastore


def _error(text):
    from azureml.exceptions import UserErrorException

    return UserErrorException(text)


class AbstractAzureStorageDatastore(AbstractDatastore):
    def __init__(self, workspace, name, container_name=None, account_name=None, *unused, **kwargs):
        super().__init__(workspace, name, kwargs.get("_folder"), kwargs.get("_is_default", False))
        self.container_name = container_name or "azureml-blobstore"
        self.account_name = account_name or "local"
        self.endpoint, self.protocol = "core.windows.net", "https"
        self.account_key = self.sas_token = None
        self.credential_type = "None"
        self.is_sas = False

    # -- references -------------------------------------------------------------------------------
    def path(self, path=None, data_reference_name=None):
        """What lies at `path` in the datastore, for a step's inputs."""
        from azureml.data.data_reference import DataReference

        return DataReference(self, data_reference_name, path)

    def as_mount(self):
        return self.path().as_mount()

    def as_download(self, path_on_compute=None):
        return self.path().as_download(path_on_compute)

    def as_upload(self, path_on_compute=None):
        return self.path().as_upload(path_on_compute)

    # -- files ------------------------------------------------------------------------------------
    def _place(self, path):
        """The folder or file at a path of the datastore; never outside of it."""
        parts = [part for part in str(path or "").replace(os.sep, "/").split("/") if part not in ("", ".")]
        if ".." in parts:
            raise _error("{!r} leads out of the datastore {}.".format(str(path), self._name))
        return os.path.join(self._folder, *parts)

    def upload(self, src_dir, target_path=None, overwrite=False, show_progress=True):
        """Copies all files below a folder to `target_path`. A DataReference to it."""
        if not os.path.isdir(src_dir):
            raise _error("src_path must be a directory.")
        files = []
        for place, folders, names in os.walk(src_dir):
            folders.sort()
            files += [os.path.join(place, name) for name in sorted(names)]
        return self._upload(files, src_dir, target_path, overwrite, show_progress)

    def upload_files(self, files, relative_root=None, target_path=None, overwrite=False, show_progress=True):
        """Copies files to `target_path`, with their folders below `relative_root` (default: what their
        paths have in common). A DataReference to it."""
        files = [os.fspath(file) for file in files]
        for file in files:
            if not os.path.isfile(file):
                raise _error(
                    "'{}' does not point to a file. Please upload the file to cloud first if running in a cloud "
                    "notebook.".format(file)
                )
        root = relative_root
        if root is None:
            folders = [os.path.dirname(os.path.abspath(file)) for file in files]
            root = os.path.commonpath(folders) if folders else "."
        top = os.path.abspath(root)
        for file in files:
            if os.path.commonpath([top, os.path.abspath(file)]) != top:
                raise _error("relative_root: '{}' is not part of the file_path: '{}'.".format(root, file))
        return self._upload(files, root, target_path, overwrite, show_progress)

    def _upload(self, files, root, target_path, overwrite, show_progress):
        say = (lambda text: sys.stdout.write(text + "\n")) if show_progress else (lambda text: None)
        say("Uploading an estimated of {} files".format(len(files)))
        done = 0
        for file in files:
            relative = os.path.relpath(os.path.abspath(file), os.path.abspath(root)).replace(os.sep, "/")
            name = "{}/{}".format(str(target_path).strip("/"), relative) if target_path else relative
            target = self._place(name)
            if os.path.exists(target) and not overwrite:
                say("Target already exists. Skipping upload for {}".format(name))
                continue
            say("Uploading {}".format(file))
            copy(file, target)
            done += 1
            say("Uploaded {}, {} files out of an estimated total of {}".format(file, done, len(files)))
        say("Uploaded {} files".format(done))
        return self.path(target_path)

    def download(self, target_path, prefix=None, overwrite=False, show_progress=True):
        """Copies the files whose paths begin with `prefix` below `target_path`; how many there were."""
        say = (lambda text: sys.stdout.write(text + "\n")) if show_progress else (lambda text: None)
        prefix = (prefix or "").lstrip("/")
        names = []
        for place, folders, files in os.walk(self._folder):
            folders.sort()
            for file in sorted(files):
                name = os.path.relpath(os.path.join(place, file), self._folder).replace(os.sep, "/")
                if name.startswith(prefix):
                    names.append(name)
        done = 0
        for name in names:
            target = os.path.join(target_path, *name.split("/"))
            if os.path.exists(target) and not overwrite:
                import logging

                logging.getLogger("azureml").warning("Path already exists. Skipping download for %s", target)
                continue
            say("Downloading {}".format(name))
            copy(os.path.join(self._folder, name), target)
            done += 1
            say("Downloaded {}, {} files out of an estimated total of {}".format(name, done, len(names)))
        return done


def copy(source, target):
    """Copies a file; the target appears when it is complete."""
    import tempfile

    folder = os.path.dirname(os.path.abspath(target))
    os.makedirs(folder, exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=".part-", dir=folder)
    os.close(handle)
    try:
        shutil.copyfile(source, partial)
        shutil.copymode(source, partial)
        os.replace(partial, target)
    except BaseException:
        os.unlink(partial)
        raise


class AzureBlobDatastore(AbstractAzureStorageDatastore):
    datastore_type = "AzureBlob"


class AzureFileDatastore(AbstractAzureStorageDatastore):
    datastore_type = "AzureFile"
