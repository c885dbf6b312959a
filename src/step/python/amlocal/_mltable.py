"""mltable under amlocal: azureml:// addresses, given or in an MLTable file, are the folders that amlocal has for them."""
import functools
import os
import re

MAKERS = ("from_paths", "from_delimited_files", "from_parquet_files", "from_json_lines_files", "from_delta_lake")
WORKSPACE = r"azureml://(?:subscriptions/[^/]+/resource[gG]roups/[^/]+/(?:providers/[^/]+/)?workspaces/[^/]+/)?"


def install(module):
    """Replaces load() and the functions that take `paths`."""
    import sys

    for home in (module, sys.modules.get("mltable.mltable")):
        for name in ("load",) + MAKERS:
            function = getattr(home, name, None)
            if function is not None and not hasattr(function, "__amlocal__"):
                setattr(home, name, _with_local(function, _loadable if name == "load" else _paths))


def _with_local(function, change):
    @functools.wraps(function)
    def local(first, *arguments, **named):
        return function(change(first), *arguments, **named)

    @functools.wraps(function)
    def called(*arguments, **named):
        for name in ("uri", "paths", "delta_table_uri"):  # what the first one is called
            if name in named:
                return local(named.pop(name), *arguments, **named)
        return local(*arguments, **named)

    called.__amlocal__ = True
    return called


def local_path(text):
    """The path that an azureml: address means on this machine; anything else as it is."""
    from azureml import _client

    if not isinstance(text, str) or not text.startswith("azureml:"):
        return text
    store = re.match(WORKSPACE + r"datastores/([^/]+)/paths/(.*)$", text)
    if store:
        record = _client.connect().get("/datastores/" + _client.quote(store.group(1)))
        return os.path.join(record["folder"], store.group(2))
    data = re.match(WORKSPACE + r"data/([^/]+)/versions/([^/]+)$", text) or re.match(r"azureml:([^:/@]+):([^:/@]+)$", text)
    if data:
        name, version = data.groups()
        return local_path(_client.connect().get("/data/" + _client.quote(name), version=version)["path"])
    return text


def _paths(paths):
    """A list of {"file" | "folder" | "pattern": address}; of a Delta table the address alone."""
    if isinstance(paths, str):
        return local_path(paths)
    return [{key: local_path(value) for key, value in each.items()} for each in paths]


def _loadable(uri):
    """The folder of the MLTable file; one with local paths in it where it names azureml:// addresses."""
    folder = local_path(str(uri) if isinstance(uri, os.PathLike) else uri)
    file = os.path.join(folder, "MLTable") if "://" not in folder else ""
    try:
        with open(file, encoding="utf-8") as opened:
            text = opened.read()
    except OSError:
        return folder  # the real load() has its own words for that
    return _with_local_paths(text, os.path.abspath(folder)) if "azureml:" in text else folder


def _with_local_paths(text, folder):
    import atexit
    import shutil
    import tempfile

    import yaml

    table = yaml.safe_load(text)
    if not isinstance(table, dict) or not isinstance(table.get("paths"), list):
        return folder

    def meant(value):  # what is relative lies beside the original file
        value = local_path(value)
        return value if "://" in value else os.path.normpath(os.path.join(folder, value))

    table["paths"] = [{key: meant(value) for key, value in each.items()} for each in table["paths"]]
    made = tempfile.mkdtemp(prefix="amlocal-mltable-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)  # a table is read when it is asked for, not here
    with open(os.path.join(made, "MLTable"), "w", encoding="utf-8") as target:
        yaml.safe_dump(table, target, sort_keys=False)
    return made
