"""Which files a dataset is made of.

A definition's "paths" are {"datastore", "path"} (a path or a pattern with *), {"url"} or {"file"} (a path
of this machine: a data asset, a step's output). Found files are in the order of their names.
"""
import os
import re

MORE_THAN_A_NAME = re.compile(r"[*?]")
_URL = re.compile(r"^(https?|adl|wasbs?|abfss?)://", re.IGNORECASE)
_SIGNED_URL = re.compile(r"^https?://\w*\.blob\.[\w./]*\?.*", re.IGNORECASE)


class Found:
    """A file of a dataset. `relative` is its path from the dataset's folder down, with a leading slash;
    `full` what the column Path says; `local` where it lies, None for a URL that is not fetched yet."""

    __slots__ = ("relative", "full", "_local", "url")

    def __init__(self, relative, full, local=None, url=None):
        self.relative, self.full, self._local, self.url = relative, full, local, url

    @property
    def local(self):
        if self._local is None:
            self._local = fetch(self.url)
        return self._local


def normalize(path):
    """The "paths" of a definition, from what the user names. Also the workspace that it belongs to."""
    from azureml.data.abstract_datastore import AbstractDatastore
    from azureml.exceptions import UserErrorException

    wrong = UserErrorException(
        "Invalid argument type for `path`. It can be single value or a list of: "
        'string starting with "http://" or "https://", `azureml.data.datapath.DataPath` object, '
        "or tuple of `azureml.core.Datastore` object and string for relative path in the datastore. "
        "Url of blob can't contains SAS token, please use datastore instead. "
        "For a file of this machine: datastore.upload_files([FILE], target_path=…), then (datastore, PATH)."
    )
    paths = list(path) if isinstance(path, list) else [path]
    if not paths or paths == [None]:
        raise wrong
    if all(isinstance(one, str) for one in paths):
        if any(not _URL.match(one) or _SIGNED_URL.match(one) for one in paths):
            raise wrong
        return [{"url": one} for one in paths], None
    found, workspace = [], None
    for one in paths:
        if isinstance(one, tuple):
            if len(one) != 2 or not isinstance(one[0], AbstractDatastore) or not isinstance(one[1], str):
                raise UserErrorException(
                    "Invalid tuple for path. Please make sure the tuple consists of a datastore and a path/SQL query"
                )
            datastore, place = one
        elif hasattr(one, "path_on_datastore"):  # DataPath, DataReference
            datastore = getattr(one, "datastore", None) or getattr(one, "_datastore", None)
            place = one.path_on_datastore
        else:
            raise wrong
        found.append({"datastore": datastore.name, "path": str(place or "").strip("/")})
        workspace = workspace or datastore.workspace
    return found, workspace


def files(paths, workspace):
    """[Found] of all paths, in their order."""
    found = []
    for path in paths:
        if "url" in path:
            url = path["url"]
            found.append(Found("/" + url.split("?")[0].rsplit("/", 1)[-1], url, url=url))
        else:
            found += _in_folder(path, workspace)
    return found


def _in_folder(path, workspace):
    if "file" in path:
        root, pattern, head = "/", path["file"].strip("/"), "/"
    else:
        from azureml.core.datastore import Datastore

        datastore = Datastore.get(workspace, path["datastore"])
        root, pattern, head = datastore._folder, path["path"].strip("/"), "/"
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    if ".." in parts:
        from azureml.exceptions import UserErrorException

        raise UserErrorException("{!r} leads out of the datastore.".format(pattern))
    plain = []
    for part in parts:
        if MORE_THAN_A_NAME.search(part):
            break
        plain.append(part)
    start = os.path.join(root, *plain)
    if len(plain) == len(parts):
        if os.path.isfile(start):
            return [Found("/" + parts[-1], head + "/".join(parts), start)]
        match = None
    else:
        match = pattern_of("/".join(parts[len(plain) :]))
    found = []
    for place, folders, names in os.walk(start):
        folders.sort()
        for name in sorted(names):
            relative = os.path.relpath(os.path.join(place, name), start).replace(os.sep, "/")
            if match is None or match.match(relative):
                full = head + "/".join(plain + [relative])
                found.append(Found("/" + relative, full, os.path.join(place, name)))
    found.sort(key=lambda one: one.relative)
    return found


def pattern_of(glob):
    """A compiled pattern: * within a folder, ** through folders. A pattern that ends in a folder's name
    takes all that is below."""
    text = ""
    for part in re.split(r"(\*\*/?|\*|\?)", glob):
        if part.startswith("**"):
            text += "(?:.*/)?" if part.endswith("/") else ".*"
        else:
            text += {"*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
    return re.compile("^" + text + r"(?:/.*)?$", re.DOTALL)


def only_folder(paths):
    """The one folder or file without a pattern that the paths are, or None."""
    if len(paths) == 1 and "url" not in paths[0]:
        path = paths[0]
        if not MORE_THAN_A_NAME.search(path.get("path", path.get("file", ""))):
            return path
    return None


_fetched = {}


def fetch(url):
    """The file behind a URL, fetched once a process into a temporary folder."""
    if url not in _fetched:
        import atexit
        import shutil
        import tempfile
        from urllib.error import URLError
        from urllib.request import urlopen

        from azureml.data.dataset_error_handling import DatasetExecutionError

        if not url.lower().startswith(("http://", "https://")):
            raise DatasetExecutionError(
                "{} is in the cloud's storage, which is not reached from here: put a datastore in its place.".format(url)
            )
        folder = tempfile.mkdtemp(prefix="amlocal-url-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        target = os.path.join(folder, url.split("?")[0].rsplit("/", 1)[-1] or "file")
        try:
            with urlopen(url, timeout=60) as answer, open(target, "wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
        except (URLError, OSError) as error:
            raise DatasetExecutionError("{} cannot be fetched: {}".format(url, error), error) from None
        _fetched[url] = target
    return _fetched[url]
