"""Where runs lie: a folder each, below pytest's own temporary folder."""
import re

import pytest_amlocal


def new_folder(name):
    base = getattr(pytest_amlocal._config, "_tmp_path_factory", None)
    word = re.sub(r"\W+", "_", name.rsplit("/", 1)[-1].partition("#")[2] or name.rsplit("/", 1)[-1])
    if base is not None:
        return str(base.mktemp("amlocal-" + word))
    import atexit
    import shutil
    import tempfile

    folder = tempfile.mkdtemp(prefix="amlocal-{}-".format(word))  # without pytest: a script or a notebook
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
