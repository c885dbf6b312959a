"""What other packages' modules get when they are imported: the v2 client is local, credentials answer at once.

A finder that looks only at the names below, and otherwise costs one dictionary look-up an import.
"""
import importlib
import sys

# module → the module here whose install(module) runs when that one has been executed
PATCHES = {
    "azure.ai.ml._ml_client": "amlocal._v2",
    "azure.identity": "amlocal._identity",
    "azure.identity.aio": "amlocal._identity",
    "mltable": "amlocal._mltable",
}


class _Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in PATCHES:
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            importlib.import_module(PATCHES[name]).install(module)

        spec.loader.exec_module = exec_module
        return spec


def install():
    """Once a process. Modules that are loaded already get it now."""
    if any(getattr(finder, "__name__", "") == "_Finder" and finder.__module__ == __name__ for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Finder)
    for name, patch in PATCHES.items():
        if name in sys.modules:
            importlib.import_module(patch).install(sys.modules[name])
