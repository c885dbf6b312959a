"""`azureml` as amlocal gives it to a step: the v1 SDK against the gateway of the run.

The standard library only, Python 3.8 to 3.13. Whatever costs time is imported where it is first used:
`import azureml.core` is part of every step's start.
"""
import os
import sys

__amlocal__ = True  # what tells it from the real one


def _with_installed(own, name):
    """`own` and the folders of that package in sys.path: what this shim does not stand in for
    (azureml.mlflow, azureml.opendatasets) is found where it is installed. What pkgutil.extend_path
    does, without its 10 ms of imports."""
    folders = list(own)
    relative = name.replace(".", os.sep)
    for entry in sys.path:
        folder = os.path.join(entry, relative)
        if folder not in folders and os.path.isdir(folder):
            folders.append(folder)
    return folders


__path__ = _with_installed(__path__, __name__)

from azureml import _absent  # noqa: E402  (needs __path__)

_absent.install_finder()
