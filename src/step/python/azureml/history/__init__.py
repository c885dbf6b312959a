"""azureml.history: the real package keeps its own bookkeeping here; scripts import nothing from it."""
from azureml import _with_installed

__path__ = _with_installed(__path__, __name__)
