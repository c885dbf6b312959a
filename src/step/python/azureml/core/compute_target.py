"""Targets that need no workspace, and ComputeTarget's second address."""
from azureml.exceptions import ComputeTargetException, UserErrorException  # noqa: F401  (imported from here)


class AbstractComputeTarget:
    _type = None

    def __init__(self, compute_target_type, name):
        self._type, self._name = compute_target_type, name

    @property
    def name(self):
        return self._name

    @property
    def type(self):
        return self._type

    @staticmethod
    def deserialize_from_dict(compute_target_name, compute_target_dict):
        return AbstractComputeTarget(compute_target_dict.get("type"), compute_target_name)


class LocalTarget(AbstractComputeTarget):
    def __init__(self):
        super().__init__("local", "local")


def __getattr__(name):
    if name == "ComputeTarget":
        from azureml.core.compute import ComputeTarget

        return ComputeTarget
    if name in _ABSENT:
        from azureml._absent import placeholder

        return placeholder("azureml.core.compute_target." + name, _ABSENT[name])
    raise AttributeError("module 'azureml.core.compute_target' has no attribute {!r}".format(name))


_ABSENT = {
    "attach_legacy_compute_target": "use ComputeTarget.create",
    "remove_legacy_compute_target": "use ComputeTarget.delete",
    "is_compute_target_prepared": "leave it out: every target is ready here",
    "prepare_compute_target": "leave it out: every target is ready here",
}
