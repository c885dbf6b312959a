"""The estimators of the frameworks: Estimator's parameters less or more, and the framework's packages."""
from azureml.train.estimator import MMLBaseEstimator

_COMMON = (
    "compute_target vm_size vm_priority entry_script script_params node_count process_count_per_node "
    "distributed_backend distributed_training use_gpu use_docker custom_docker_base_image custom_docker_image "
    "image_registry_details user_managed conda_packages pip_packages conda_dependencies_file_path "
    "pip_requirements_file_path conda_dependencies_file pip_requirements_file environment_variables "
    "environment_definition inputs source_directory_data_store shm_size resume_from max_run_duration_seconds "
    "framework_version"
).split()


def framework(name, module, version, versions, packages, also=(), without=()):
    """A class `name`. `packages` are pip names; their versions are not pinned: the framework of the machine counts."""
    names = [each for each in _COMMON if each not in without]
    at = names.index("process_count_per_node") + 1 if "process_count_per_node" in names else 0
    names[at:at] = list(also)

    def __init__(self, source_directory, **parameters):
        unknown = sorted(set(parameters) - set(names))
        if unknown:
            raise TypeError("{}.__init__() got an unexpected keyword argument {!r}".format(name, unknown[0]))
        MMLBaseEstimator.__init__(self, source_directory, parameters.get("compute_target"))
        self._framework_version = parameters.get("framework_version") or version
        self._configure(parameters)

    __init__.__signature__ = _signature(names)
    return type(
        name,
        (MMLBaseEstimator,),
        {
            "__init__": __init__,
            "__doc__": "{}'s estimator.".format(name),
            "__module__": module,
            "_packages": tuple(packages),
            "DEFAULT_VERSION": version,
            "framework_version": property(lambda estimator: estimator._framework_version),
            "get_supported_versions": classmethod(lambda kind: list(versions)),
        },
    )


def _signature(names):
    import inspect

    kinds = inspect.Parameter
    parameters = [kinds("self", kinds.POSITIONAL_OR_KEYWORD), kinds("source_directory", kinds.POSITIONAL_OR_KEYWORD)]
    return inspect.Signature(parameters + [kinds(each, kinds.KEYWORD_ONLY, default=None) for each in names])
