"""A package whose names are imported when they are first asked for."""
import importlib


def exports(package, homes, absent=None):
    """(__getattr__, __dir__, __all__) of `package`. `homes`: {name: module}; `absent`: {name: what to do instead}."""
    absent = absent or {}
    space = importlib.import_module(package).__dict__

    def lookup(name):
        if name in homes:
            found = getattr(importlib.import_module(homes[name]), name)
        elif name in absent:
            from azureml._absent import placeholder

            found = placeholder(package + "." + name, absent[name])
        else:
            raise AttributeError("module {!r} has no attribute {!r}".format(package, name))
        space[name] = found
        return found

    return lookup, lambda: sorted(set(space) | set(homes) | set(absent)), sorted(homes)
