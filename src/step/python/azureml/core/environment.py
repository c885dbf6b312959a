"""Environments: here a description that travels with the step. Which interpreter stands for one is said in amlocal.yml."""
from azureml.core._settings import Settings, fill, to_dict
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.container_registry import ContainerRegistry
from azureml.exceptions import AzureMLException, UserErrorException  # noqa: F401  (also imported from here)

DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04"
FILE_NAME = "azureml_environment.json"
CONDA_NAME = "conda_dependencies.yml"
_SUPPORTED = "amlocal builds no image: a Python of this machine stands for the environment (amlocal.yml, interpreters)"


class DockerImagePlatform(Settings):
    def __init__(self):
        self._set(os="Linux", architecture="amd64")


class DockerBuildContext(Settings):
    def __init__(self, location_type=None, location=None, dockerfile_path="Dockerfile"):
        self._set(location_type=location_type, location=location, dockerfile_path=dockerfile_path)

    @staticmethod
    def from_local_directory(workspace, path, dockerfile_path="Dockerfile"):
        return DockerBuildContext("local", str(path), dockerfile_path)


class DockerSection(Settings):
    def __init__(self, **kwargs):
        self._set(
            enabled=False,
            base_image=DEFAULT_CPU_IMAGE,
            base_dockerfile=None,
            build_context=None,
            base_image_registry=ContainerRegistry(),
            platform=DockerImagePlatform(),
            arguments=[],
            shared_volumes=True,
            shm_size="2g",
            gpu_support=None,
        )


class DockerEnvironment(DockerSection):
    pass


class PythonSection(Settings):
    def __init__(self, **kwargs):
        self._set(
            interpreter_path="python",
            user_managed_dependencies=False,
            conda_dependencies=CondaDependencies(),
            conda_dependencies_file=None,
            base_conda_environment=None,
        )


class PythonEnvironment(PythonSection):
    pass


class SparkPackage(Settings):
    def __init__(self, group=None, artifact=None, version=None):
        self._set(group=group, artifact=artifact, version=version)


class SparkSection(Settings):
    def __init__(self, **kwargs):
        self._set(repositories=[], packages=[], precache_packages=True)


class SparkEnvironment(SparkSection):
    pass


class RCranPackage(Settings):
    def __init__(self):
        self._set(name=None, version=None, repository=None)


class RGitHubPackage(Settings):
    def __init__(self):
        self._set(repository=None, auth_token=None)


class RSection(Settings):
    def __init__(self):
        self._set(
            r_version=None,
            user_managed=False,
            rscript_path=None,
            snapshot_date=None,
            cran_packages=None,
            github_packages=None,
            custom_url_packages=None,
            bioconductor_packages=None,
        )


class Environment(Settings):
    def __init__(self, name, **kwargs):
        self._set(
            name=name,
            version=None,
            environment_variables={"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"},
            python=PythonSection(),
            docker=DockerSection(),
            spark=SparkSection(),
            databricks=None,
            r=None,
            inferencing_stack_version=None,
            asset_id=None,
        )

    # -- from files -------------------------------------------------------------------------------
    @staticmethod
    def from_conda_specification(name, file_path):
        made = Environment(name)
        made.python.conda_dependencies = CondaDependencies(file_path)
        if made.python.conda_dependencies.get_python_version() is None:
            import logging

            logging.warning("No Python version provided, defaulting to the interpreter that stands for the environment")
        return made

    @staticmethod
    def from_pip_requirements(name, file_path, pip_version=None):
        with open(str(file_path), encoding="utf-8") as file:
            lines = [line.strip() for line in file if line.strip()]
        made = Environment(name)
        made.python.conda_dependencies.set_pip_requirements(lines)
        made.python.conda_dependencies.add_conda_package("pip" + ("=" + pip_version if pip_version else ""))
        return made

    @staticmethod
    def from_docker_image(name, image, container_registry=None, conda_specification=None, pip_requirements=None):
        made = Environment._with_packages(name, conda_specification, pip_requirements)
        made.docker.base_image = image
        if container_registry is not None:
            made.docker.base_image_registry = container_registry
        return made

    @staticmethod
    def from_dockerfile(name, dockerfile, conda_specification=None, pip_requirements=None):
        import os

        made = Environment._with_packages(name, conda_specification, pip_requirements)
        made.docker.base_image = None
        if "\n" not in str(dockerfile) or os.path.exists(str(dockerfile)):
            with open(str(dockerfile), encoding="utf-8") as file:
                dockerfile = file.read()
        made.docker.base_dockerfile = dockerfile
        return made

    @staticmethod
    def from_docker_build_context(name, docker_build_context):
        made = Environment(name)
        made.docker.base_image, made.docker.build_context = None, docker_build_context
        made.python.user_managed_dependencies = True
        return made

    @staticmethod
    def _with_packages(name, conda_specification, pip_requirements):
        if conda_specification and pip_requirements:
            raise UserErrorException("Only one of conda_specification or pip_requirements can be specified")
        if conda_specification:
            return Environment.from_conda_specification(name, conda_specification)
        if pip_requirements:
            return Environment.from_pip_requirements(name, pip_requirements)
        made = Environment(name)
        made.python.user_managed_dependencies = True
        return made

    @staticmethod
    def from_existing_conda_environment(name, conda_environment_name):
        import subprocess

        command = ["conda", "env", "export", "--name", conda_environment_name]
        text = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
        from azureml import _yaml

        made = Environment(name)
        made.python.conda_dependencies = CondaDependencies(_underlying_structure=_yaml.load(text, "conda's answer"))
        return made

    @staticmethod
    def load_from_directory(path):
        import json
        import os

        folder = str(path)
        if not os.path.isfile(os.path.join(folder, FILE_NAME)):
            raise FileNotFoundError(os.path.join(folder, FILE_NAME))
        with open(os.path.join(folder, FILE_NAME), encoding="utf-8") as file:
            made = Environment._from_dict(json.load(file))
        if os.path.isfile(os.path.join(folder, CONDA_NAME)):
            made.python.conda_dependencies = CondaDependencies(os.path.join(folder, CONDA_NAME))
        return made

    def save_to_directory(self, path, overwrite=False):
        import json
        import os

        os.makedirs(str(path), exist_ok=overwrite)
        document = self._to_dict()
        conda = document["python"].pop("condaDependencies", None)
        if conda:
            CondaDependencies(_underlying_structure=conda).save(os.path.join(str(path), CONDA_NAME))
        with open(os.path.join(str(path), FILE_NAME), "w", encoding="utf-8") as file:
            json.dump(document, file, indent=4)

    def _to_dict(self):
        return to_dict(self)

    @staticmethod
    def _from_dict(document):
        made = fill(Environment(document.get("name")), document)
        conda = made.python.conda_dependencies
        if isinstance(conda, dict):
            made.python.conda_dependencies = CondaDependencies(_underlying_structure=conda)
        return made

    def clone(self, new_name):
        import copy

        made = copy.deepcopy(self)
        made.name, made.version = new_name, None
        return made

    # -- in the workspace -------------------------------------------------------------------------
    def register(self, workspace):
        from azureml import _client

        answer = _client.connect().put("/documents/environment/" + _client.quote(self.name), self._to_dict())
        made = Environment._from_dict(self._to_dict())
        made.version = str(answer["version"])
        return made

    @staticmethod
    def get(workspace, name, version=None, label=None):
        if version and label:
            raise UserErrorException("Only one of version or label can be specified")
        from azureml import _client

        found = _client.connect().find("/documents/environment/" + _client.quote(name), version=version)
        if found is not None:
            made = Environment._from_dict(found["content"])
            made.version = str(found["version"])
            return made
        # A curated or a team's environment: known by name only, and a name is all that is needed here.
        made = Environment(name)
        made.version = version
        made.python.user_managed_dependencies = True
        made._set(_known_by_name=label or version or "latest")
        return made

    @staticmethod
    def list(workspace):
        from azureml import _client

        found = {}
        for each in _client.connect().get("/documents/environment")["documents"]:
            found[each["name"]] = Environment._from_dict(each["content"])
            found[each["name"]].version = str(each["version"])
        return found

    @staticmethod
    def label(workspace, name, version, labels):
        _no_build("Environment.label")

    @staticmethod
    def add_private_pip_wheel(workspace, file_path, exist_ok=False):
        _no_build("Environment.add_private_pip_wheel")

    def build(self, workspace, image_build_compute=None):
        _no_build("Environment.build")

    def build_local(self, workspace, platform=None, **kwargs):
        _no_build("Environment.build_local")

    def get_image_details(self, workspace):
        _no_build("Environment.get_image_details")

    def __str__(self):
        return "Environment(Name: {},\nVersion: {})".format(self.name, self.version)

    def __repr__(self):
        import json

        return json.dumps(self._to_dict(), indent=4, sort_keys=True)


class EnvironmentReference(Settings):
    def __init__(self, name, version=None):
        self._set(name=name, version=version)

    def get_environment(self, workspace):
        return Environment.get(workspace, self.name, self.version)


def _no_build(name):
    from azureml import _absent

    _absent.refuse(name, _SUPPORTED)


def __getattr__(name):
    if name not in ("DatabricksSection", "DockerImageDetails", "ImageBuildDetails", "EnvironmentClient"):
        raise AttributeError("module 'azureml.core.environment' has no attribute {!r}".format(name))
    from azureml._absent import placeholder

    return placeholder("azureml.core.environment." + name, _SUPPORTED)
