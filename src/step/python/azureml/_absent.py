"""What the real SDK has and this one has not: importable, and one clear error where it is used.

Scripts import more than they use. So `from azureml.core.webservice import AciWebservice` works, and
`AciWebservice.deploy_configuration()` says what is missing and what to use instead.
"""
import sys

# Module of the real SDK → what to do instead. Its submodules are meant too. Not azureml.mlflow,
# .opendatasets and .dataprep: programs look whether these are installed by trying to import them.
MODULES = {
    "azureml.core.webservice": "load the model with Model.get_model_path and call the scoring code in a step",
    "azureml.core.image": "use an Environment",
    "azureml.core.profile": "measure the scoring code in a step",
    "azureml.core.private_endpoint": "nothing here leaves the machine; leave the call out",
    "azureml.core.linked_service": "leave the call out: everything runs on this machine",
    "azureml.core.databricks": "leave the call out: everything runs on this machine",
    "azureml.core.diagnostic_log": "set logging's level yourself",
    "azureml.core.resource_configuration": "leave it out: models are not deployed here",
    "azureml.automl": "train with the library itself (scikit-learn, LightGBM, …) in a PythonScriptStep",
    "azureml.train.automl": "train with the library itself (scikit-learn, LightGBM, …) in a PythonScriptStep",
    "azureml.contrib": "run this part in the cloud, or leave it out",
    "azureml.datadrift": "compare the tables in a step of your own",
    "azureml.explain": "use interpret or shap directly",
    "azureml.interpret": "use interpret or shap directly",
    "azureml.fairness": "use fairlearn directly",
    "azureml.tensorboard": "point tensorboard at the run's ./logs folder",
    "azureml.accel": "run this part in the cloud",
    "azureml.data.dbfs_datastore": "use a datastore that is a folder (amlocal datastore create)",
    "azureml.data.hdfs_datastore": "use a datastore that is a folder (amlocal datastore create)",
    "azureml.data.sql_data_reference": "read the table in the step and write it to an output",
    "azureml.data.azure_sql_database_datastore": "read the table in the step and write it to an output",
    "azureml.data.azure_my_sql_datastore": "read the table in the step and write it to an output",
    "azureml.data.azure_postgre_sql_datastore": "read the table in the step and write it to an output",
    "azureml.data.azure_data_lake_datastore": "use a datastore that is a folder (amlocal datastore create)",
    "azureml.data.datacache": "leave it out: files are on this machine already",
    "azureml.data.datacache_client": "leave it out: files are on this machine already",
}


def message(name, instead=None):
    text = "{} is in the real azureml SDK but not in amlocal's".format(name)
    return "{}: {}".format(text, instead) if instead else text + "."


class NotHereError(NotImplementedError):
    """A part of the real SDK that has no local counterpart was used."""


class _Absent(type):
    """The class of placeholder classes: importing and naming them is free, every use is the error."""

    def __call__(cls, *args, **kwargs):
        raise NotHereError(cls._message)

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotHereError(cls._message)

    def __repr__(cls):
        return "<{}: not in amlocal>".format(cls._name)


def placeholder(name, instead=None):
    """A class that stands for `name` (azureml.core.Webservice) and refuses to be used."""
    space = {"_message": message(name, instead), "_name": name, "__module__": name.rpartition(".")[0]}
    return _Absent(name.rpartition(".")[2], (), space)


def refuse(name, instead=None):
    """For a method that exists, and cannot do what it does in the cloud."""
    raise NotHereError(message(name, instead))


def instead_for(module):
    """What MODULES says about a module or the nearest package above it, or None."""
    while module:
        if module in MODULES:
            return MODULES[module]
        module = module.rpartition(".")[0]
    return None


class _Finder:
    """Stands at the end of sys.meta_path: what is installed is found before it."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if not name.startswith("azureml.") or instead_for(name) is None:
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, _Loader(), is_package=True)


class _Loader:
    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        name, instead = module.__name__, instead_for(module.__name__)
        module.__doc__ = message(name, instead)

        def lookup(attribute):
            if attribute.startswith("_"):
                raise AttributeError("module {!r} has no attribute {!r}".format(name, attribute))
            found = placeholder(name + "." + attribute, instead)
            setattr(module, attribute, found)
            return found

        module.__getattr__ = lookup


def install_finder():
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
