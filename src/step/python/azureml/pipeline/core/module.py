"""Modules of a workspace: the real SDK's, without a counterpart here."""
_INSTEAD = "make the step with a function of your own, and call it in each pipeline"
__all__ = ["Module", "ModuleVersion", "ModuleVersionDescriptor"]


def __getattr__(name):
    if name not in __all__:
        raise AttributeError("module 'azureml.pipeline.core.module' has no attribute {!r}".format(name))
    from azureml._absent import placeholder

    globals()[name] = placeholder("azureml.pipeline.core.module." + name, _INSTEAD)
    return globals()[name]
