"""A part of the real SDK's inside that scripts import from: the root of its exceptions."""
from azureml import _with_installed

__path__ = _with_installed(__path__, __name__)
