"""A v1 environment and run configuration in the words of a v2 step."""
import re


def environment_of(environment, files):
    """The `environment` of a step: a reference where only its name is known, else its whole definition.

    `files` takes what a definition needs beside it: {relative path: text}."""
    known = getattr(environment, "_known_by_name", None)
    if known is not None:
        version = environment.version
        return "azureml:{}:{}".format(environment.name, version) if version else "azureml:{}@{}".format(environment.name, known)
    inline = {"name": environment.name} if environment.name else {}
    docker, python = environment.docker, environment.python
    if docker.base_dockerfile:
        import hashlib

        folder = "dockerfile-" + hashlib.sha256(docker.base_dockerfile.encode()).hexdigest()[:12]
        files[folder + "/Dockerfile"] = docker.base_dockerfile
        inline["build"] = {"path": "./" + folder}
        return inline
    if docker.build_context is not None and not docker.base_image:
        inline["build"] = {"path": docker.build_context.location, "dockerfile_path": docker.build_context.dockerfile_path}
        return inline
    from azureml.core.environment import DEFAULT_CPU_IMAGE

    inline["image"] = docker.base_image or DEFAULT_CPU_IMAGE
    if not python.user_managed_dependencies and python.conda_dependencies is not None:
        inline["conda_file"] = python.conda_dependencies.as_dict()
    return inline


def compute_of(target):
    """`azureml:NAME`, or None for this machine under its own name."""
    name = getattr(target, "name", target)
    if not isinstance(name, str) or name in ("", "local", "amlcompute"):
        return None
    return "azureml:" + name if re.match(r"[\w-]+\Z", name) else None


def distribution_of(runconfig, counts):
    """(`distribution` or None, node count)"""
    nodes = int(counts.get("NodeCount") or runconfig.node_count or 1)
    communicator = str(runconfig.communicator or "None").lower()
    if communicator in ("mpi", "intelmpi", "openmpi"):
        each = int(counts.get("MpiProcessCountPerNode") or runconfig.mpi.process_count_per_node or 1)
        return {"type": "mpi", "process_count_per_instance": each}, nodes
    if communicator in ("nccl", "gloo") and str(runconfig.framework).lower() == "pytorch":
        every = runconfig.pytorch.process_count
        return {"type": "pytorch", "process_count_per_instance": max(1, int(every) // nodes) if every else 1}, nodes
    if communicator == "parameterserver":
        return {
            "type": "tensorflow",
            "worker_count": int(counts.get("TensorflowWorkerCount") or runconfig.tensorflow.worker_count),
            "parameter_server_count": int(
                counts.get("TensorflowParameterServerCount") or runconfig.tensorflow.parameter_server_count
            ),
        }, nodes
    return None, nodes


def variables_of(runconfig):
    """The environment variables that the user asks for; the run configuration's win."""
    found = dict(runconfig.environment.environment_variables or {})
    found.update(runconfig.environment_variables or {})
    return {str(name): str(value) for name, value in found.items()}
